import { assert, assertEquals } from "./assert.ts";
import {
  type BystanderOptions,
  type Bystanders,
  residentBytes,
  startBystanders,
} from "./bystanders.ts";
import type { RawRtmp } from "./raw_rtmp.ts";
import type { RawRtsp } from "./raw_rtsp.ts";
import type { RawTcp } from "./raw_tcp.ts";
import { seededRandom } from "./splits.ts";
import { startWeir, type WeirProcess } from "./weir_process.ts";

/** Where the bystanders of a scene are. */
export const GOOD_PATH = "live/good";

const FEW_READERS = { "rtsp-tcp": 2, "rtsp-udp": 2, rtmp: 2 };

/** Short, so that silence is noticed soon. */
const CONFIG = "readTimeout: 2s";

/** Memory that a server may keep after an attack, on top of what it had before. */
const MAX_KEPT_BYTES = 64 * 1_024 * 1_024;

const MEMORY_DEADLINE_MS = 30_000;

const LINES_DEADLINE_MS = 20_000;

/** A server with bystanders that each step must leave in peace. */
export interface Scene {
  readonly server: WeirProcess;
  readonly good: Bystanders;
}

/** What is different from a usual scene. */
export interface SceneOptions {
  /** Added to the configuration. */
  readonly config?: string;
  readonly readers?: BystanderOptions["readers"];
}

/** Registers a test of steps on one server; the bystanders and the server's memory are looked at after each. */
export function sceneTest(
  name: string,
  steps: (step: (name: string, run: StepRun) => Promise<void>) => Promise<void>,
  options: SceneOptions = {},
): void {
  const { config = "", readers = FEW_READERS } = options;
  Deno.test(name, async (t) => {
    await using server = await startWeir({ config: `${CONFIG}\n${config}` });
    await using good = await startBystanders(server, {
      path: GOOD_PATH,
      publisher: "rtsp",
      readers,
    });
    await good.assertUnharmed();
    const memoryBytes = await residentBytes(server.pid);
    await steps(async (stepName, run) => {
      await t.step(stepName, async () => {
        await run({ server, good });
        await good.assertUnharmed();
      });
    });
    await assertMemoryComesBack({ server, good }, memoryBytes);
    assertEquals(server.log.filter((line) => / ERR /.test(line)), []);
    assertEquals(await server.stop(), 0);
  });
}

/** What happens in one step. */
export type StepRun = (scene: Scene) => Promise<void>;

async function assertMemoryComesBack(
  { server, good }: Scene,
  beforeBytes: number,
): Promise<void> {
  const deadlineMs = performance.now() + MEMORY_DEADLINE_MS;
  let nowBytes = await residentBytes(server.pid);
  while (nowBytes > beforeBytes + MAX_KEPT_BYTES) {
    assert(
      performance.now() < deadlineMs,
      `the server had ${beforeBytes} bytes, and has ${nowBytes} now`,
    );
    await good.assertUnharmed();
    nowBytes = await residentBytes(server.pid);
  }
}

/** The log has two lines on this peer: that it came, and why it had to go. */
export async function assertRefused(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
  reason: RegExp,
): Promise<void> {
  const lines = await closedLines(server, client, reason);
  assertEquals(lines.length, 2, lines.join("\n"));
}

/** The log says, once, why this peer had to go. */
export async function assertClosed(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
  reason: RegExp,
): Promise<void> {
  await closedLines(server, client, reason);
}

/** Lines on a peer, from the one that says that it came to the one that says why it went. */
async function closedLines(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
  reason: RegExp,
): Promise<string[]> {
  client[Symbol.dispose](); // the server waits for that a moment
  const owner = ownerOf(server, client);
  const mark = `[${owner}] closed: `.replaceAll(/[[\]]/g, "\\$&");
  await server.waitForLog(
    new RegExp(`^(?=.*${mark}).*(?:${reason.source})`, reason.flags),
  );
  const lines = linesOf(server, owner);
  assert(lines[0]?.endsWith("opened"), lines.join("\n"));
  return lines;
}

/** What the log calls a peer: another server may know one of the same address. */
function ownerOf(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
): string {
  const { serverPort, address } = "tcp" in client ? client.tcp : client;
  const servers = new Map([
    [server.rtspPort, "RTSP] ["],
    [server.rtmpPort, "RTMP] ["],
  ]);
  return `${servers.get(serverPort) ?? ""}conn ${address}`;
}

/** Warnings about a peer, its session included. */
export function warningsOf(
  server: WeirProcess,
  client: RawRtsp | RawRtmp,
): string[] {
  const owners = [ownerOf(server, client), sessionOf(server, client)];
  return owners
    .flatMap((owner) => linesOf(server, owner))
    .filter((line) => line.includes(" WAR "));
}

/** `session X` of a peer, as log lines have it. */
export function sessionOf(
  server: WeirProcess,
  client: RawRtsp | RawRtmp,
): string {
  const mark = `] created by ${client.address}`;
  const line = server.log.findLast((one) => one.endsWith(mark)) ?? "";
  return /session \w+/.exec(line)?.[0] ?? "no session";
}

/** Lines of the last one who was called this: ports of peers are used again. */
function linesOf(server: WeirProcess, owner: string): string[] {
  const lines = server.log.filter((line) => line.includes(`[${owner}] `));
  const begin = lines.findLastIndex((line) => line.endsWith("] opened"));
  return lines.slice(Math.max(begin, 0));
}

/** Waits until so many lines of the log fit, while the bystanders must play on. */
export async function waitForLines(
  { server, good }: Scene,
  pattern: RegExp,
  count: number,
): Promise<void> {
  const deadlineMs = performance.now() + LINES_DEADLINE_MS;
  for (;;) {
    const found = server.log.filter((line) => pattern.test(line)).length;
    if (found >= count) return;
    const shown = `${found} lines fit ${pattern}, wanted ${count}`;
    assert(performance.now() < deadlineMs, shown);
    await good.assertUnharmed();
  }
}

/** Bytes without sense, the same for each seed. */
export function randomBytes(sizeBytes: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from(
    { length: sizeBytes },
    () => Math.floor(random() * 256),
  );
}
