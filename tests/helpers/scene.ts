import { assert, assertEquals } from "./assert.ts";
import {
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

/** Short, so that silence is noticed soon. */
const CONFIG = "readTimeout: 2s";

/** Memory that a server may keep after an attack, on top of what it had before. */
const MAX_KEPT_BYTES = 64 * 1_024 * 1_024;

const MEMORY_DEADLINE_MS = 30_000;

/** A server with bystanders that each step must leave in peace. */
export interface Scene {
  readonly server: WeirProcess;
  readonly good: Bystanders;
}

/** Registers a test of steps on one server; the bystanders and the server's memory are looked at after each. */
export function sceneTest(
  name: string,
  steps: (step: (name: string, run: StepRun) => Promise<void>) => Promise<void>,
): void {
  Deno.test(name, async (t) => {
    await using server = await startWeir({ config: CONFIG });
    await using good = await startBystanders(server, {
      path: GOOD_PATH,
      publisher: "rtsp",
      readers: { "rtsp-tcp": 2, "rtsp-udp": 2, rtmp: 2 },
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
  await assertClosed(server, client, reason);
  const lines = linesOf(server, `conn ${client.address}`);
  assertEquals(lines.length, 2, lines.join("\n"));
}

/** The log says, once, why this peer had to go. */
export async function assertClosed(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
  reason: RegExp,
): Promise<void> {
  client[Symbol.dispose](); // the server waits for that a moment
  const owner = `conn ${client.address}`;
  await server.waitForLog(new RegExp(`\\[${owner}\\] closed: `));
  const lines = linesOf(server, owner);
  assert(lines[0]!.endsWith("opened"), lines[0]);
  assert(reason.test(lines.at(-1)!), `"${lines.at(-1)}" is not ${reason}`);
}

/** Warnings about a peer, its session included. */
export function warningsOf(
  server: WeirProcess,
  client: RawRtsp | RawRtmp,
): string[] {
  const owners = [`conn ${client.address}`, sessionOf(server, client)];
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
  const line = server.log.find((one) => one.endsWith(mark)) ?? "";
  return /session \w+/.exec(line)?.[0] ?? "no session";
}

function linesOf(server: WeirProcess, owner: string): string[] {
  return server.log.filter((line) => line.includes(`[${owner}] `));
}

/** Bytes without sense, the same for each seed. */
export function randomBytes(sizeBytes: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from(
    { length: sizeBytes },
    () => Math.floor(random() * 256),
  );
}
