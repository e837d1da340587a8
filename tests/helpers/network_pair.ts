import { type InteropTest, interopTest, programs } from "./programs.ts";
import { startProcess } from "./processes.ts";

/** A host of a {@linkcode NetworkPair}. */
export interface NetworkHost {
  /** Its address on the cable between both. */
  readonly ip: string;
  /** Name of its end of the cable. */
  readonly interfaceName: string;
  /** Words before a command that run it there. */
  readonly runner: readonly string[];
}

/** Two hosts with a cable between them, and nothing else. */
export interface NetworkPair extends AsyncDisposable {
  readonly near: NetworkHost;
  readonly far: NetworkHost;
}

const NEAR = { ip: "10.77.0.1", interfaceName: "near" };
const FAR = { ip: "10.77.0.2", interfaceName: "far" };

/** Configures one end of the cable, which everything goes by. */
function configuration({ ip, interfaceName }: typeof NEAR): string {
  return `
    ip address add ${ip}/24 dev ${interfaceName}
    ip link set lo up
    ip link set ${interfaceName} up
    ip route add default dev ${interfaceName}`;
}

/** Ordinary users do not look for `ip` where it is. */
const FIND_TOOLS = "PATH=$PATH:/usr/sbin:/sbin";

/** Runs on the near host: makes the other one, prints the processes by which they are known, and ends with its input. */
const SCRIPT = `
  set -e
  ${FIND_TOOLS}
  exec 3<&0
  unshare --net sh -e -c "
    ip link add ${FAR.interfaceName} type veth peer name ${NEAR.interfaceName} netns $$
    ${configuration(FAR)}
    echo \\$\\$
    read -r _" <&3 | {
    read -r far
    ${configuration(NEAR)}
    echo pair $$ $far
    cat
  }`;

/** New networks, and a user who may do everything there and nothing elsewhere. */
const UNSHARE = ["--user", "--map-root-user", "--net"];

/**
 * Registers a test that opens a pair.
 *
 * It is ignored, by name, where the system's kernel or policy lets no ordinary
 * user make networks: no installation changes that.
 */
export function networkPairTest(test: InteropTest): void {
  const needs = [...test.needs, "networkTools"] as const;
  if (!programs.has("networkTools") || mayMakeNetworks()) {
    interopTest({ ...test, needs });
  } else {
    Deno.test.ignore(`${test.name} (no user may make networks here)`, () => {});
  }
}

function mayMakeNetworks(): boolean {
  const trial = `${FIND_TOOLS}; ip link add name cable type veth`;
  const args = [...UNSHARE, "sh", "-c", trial];
  return new Deno.Command("unshare", { args }).outputSync().success;
}

/** Opens both hosts; whatever runs there must have ended before they are disposed of. */
export async function openNetworkPair(): Promise<NetworkPair> {
  const process = startProcess("unshare", [...UNSHARE, "sh", "-c", SCRIPT], {
    input: true,
  });
  const [, near, far] = await process.waitForLine(/^pair (\d+) (\d+)$/);
  return {
    near: { ...NEAR, runner: runnerOf(near!) },
    far: { ...FAR, runner: runnerOf(far!) },
    async [Symbol.asyncDispose]() {
      await process.writeLine("end");
      await process.waitForExit();
    },
  };
}

function runnerOf(processId: string): string[] {
  const namespaces = ["--user", "--net", "--preserve-credentials"];
  return ["nsenter", "--target", processId, ...namespaces];
}
