import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";

/** The bucket that servers have. */
export const BUCKET = "recordings";

/** Who may use a server, as programs that upload read it from their environment. */
export const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: "S3RVER", // the only one that s3rver knows
  AWS_SECRET_ACCESS_KEY: "S3RVER",
};

/** A program that is an S3 server. */
export interface S3Program {
  readonly name: string;
  /** Whether it refuses a wrong secret. */
  readonly checksSignatures: boolean;
  /** Starts it; `folder` is its own, and stays when it ends. */
  readonly start: (port: number, folder: string) => RunningProcess;
  /** Line of its output when it listens. */
  readonly listening: RegExp;
  /** Where it keeps an object. */
  readonly fileOf: (folder: string, key: string) => string;
}

const S3RVER = fileURLToPath(
  new URL("../helpers/peers/s3_server.ts", import.meta.url),
);

const VERSITYGW = Deno.env.get("VERSITYGW_BIN");

/** s3rver, and Versity's gateway where `VERSITYGW_BIN` names it. */
export const S3_PROGRAMS: readonly S3Program[] = [
  {
    name: "s3rver",
    checksSignatures: false,
    start: (port, folder) =>
      startProcess(Deno.execPath(), [
        ..."run --quiet --no-check --no-prompt --allow-all".split(" "),
        S3RVER,
        ...[String(port), folder, BUCKET],
      ]),
    listening: /^listening$/,
    fileOf: (folder, key) => join(folder, BUCKET, `${key}._S3rver_object`),
  },
  ...VERSITYGW === undefined ? [] : [{
    name: "versitygw",
    checksSignatures: true,
    start: (port: number, folder: string) => {
      // Below no folder whose name begins as that of the buckets.
      const sidecar = join(dirname(folder), "meta");
      for (const one of [join(folder, BUCKET), sidecar]) {
        Deno.mkdirSync(one, { recursive: true });
      }
      return startProcess(VERSITYGW, [
        ...["--access", AWS_ENVIRONMENT.AWS_ACCESS_KEY_ID],
        ...["--secret", AWS_ENVIRONMENT.AWS_SECRET_ACCESS_KEY],
        ...["--port", `127.0.0.1:${port}`, "posix", "--sidecar", sidecar],
        folder,
      ]);
    },
    listening: /listening on/,
    fileOf: (folder: string, key: string) => join(folder, BUCKET, key),
  }],
];

/** An S3 server that can go away and come back. */
export class S3Server implements AsyncDisposable {
  readonly program: S3Program;
  readonly url: string;
  #folder: string;
  #port = freeTcpPort();
  #running: RunningProcess | undefined;

  /** Not started yet; `folder` is for its files. */
  constructor(program: S3Program, folder: string) {
    this.program = program;
    this.url = `http://127.0.0.1:${this.#port}`;
    this.#folder = join(folder, program.name);
  }

  /** Starts it, with what it had before. */
  async start(): Promise<void> {
    const { start, listening } = this.program;
    this.#running = start(this.#port, this.#folder);
    await this.#running.waitForLine(listening);
  }

  /** Kills it. */
  async kill(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
  }

  /** What it keeps under a key. */
  read(key: string): Promise<Uint8Array> {
    return Deno.readFile(this.program.fileOf(this.#folder, key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
