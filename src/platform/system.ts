const ARCHITECTURES = new Map([["x86_64", "amd64"], ["aarch64", "arm64"]]);

/** Operating system and CPU, as releases name them, e.g. `"linux, amd64"`. */
export function systemName(): string {
  const { os, arch } = Deno.build;
  return `${os}, ${ARCHITECTURES.get(arch) ?? arch}`;
}

/** Number of this process. */
export function processId(): number {
  return Deno.pid;
}

/** Arguments of the command line. */
export function commandLine(): readonly string[] {
  return Deno.args;
}

/** Ends the process; what was written is out. */
export function exitProcess(code: number): never {
  Deno.exit(code);
}
