/**
 * Cost of sending 20 KB to 50 readers on loopback: the C library's send against the runtime's write, and UDP segments
 * against single datagrams.
 *
 * Run: `deno run -A tests/bench/send_bench.ts`. Readers are a process of their own; what counts is this process's CPU.
 */
import process from "node:process";
import { connectTcp, sendEngine, type TcpConnection } from "#platform/tcp.ts";
import { openUdp } from "#platform/udp/open_udp.ts";

const READERS = 50;
const WRITE_BYTES = 20_000;
const PART_BYTES = 1_250;
const WARM_UP_ROUNDS = 100;
const ROUNDS = 300;
const PAUSE_MS = 5;
const SEGMENT_BYTES = 1_400;
const HOSTNAME = "127.0.0.1";

/** Accepts TCP and takes datagrams, reads all, keeps nothing; prints its ports first. */
async function runReaders(): Promise<void> {
  const listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
  const datagrams = openUdp({ hostname: HOSTNAME, port: 0 });
  print(`${listener.addr.port} ${datagrams.port}`);
  datagrams.receive(() => {});
  for await (const connection of listener) {
    readAll(connection);
  }
}

async function readAll(connection: Deno.TcpConn): Promise<void> {
  const into = new Uint8Array(65_536);
  try {
    while (await connection.read(into) !== null);
  } finally {
    connection.close();
  }
}

async function readPorts(
  stdout: ReadableStream<Uint8Array>,
): Promise<number[]> {
  const reader = stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value).trim().split(" ").map(Number);
}

interface Case {
  name: string;
  /** One send to each reader. */
  run: () => void;
  callUs: number[];
  cpuUs: number;
}

/** Rotates through the cases at a steady pace, as frames come, so that what else the machine does meets all alike. */
async function measure(cases: Case[]): Promise<void> {
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const one of cases) {
      const cpuBefore = processCpuUs();
      const start = performance.now();
      one.run();
      const callUs = (performance.now() - start) * 1_000 / READERS;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (round < 0) continue;
      one.callUs.push(callUs);
      one.cpuUs += processCpuUs() - cpuBefore;
    }
  }
  for (const { name, callUs, cpuUs } of cases) {
    callUs.sort((a, b) => a - b);
    const medianUs = callUs[callUs.length >> 1]!;
    const cpuPerSendUs = cpuUs / (ROUNDS * READERS);
    const coreGbit = cpuPerSendUs / (WRITE_BYTES * 8 / 1e3);
    print(
      `${name.padEnd(34)} ${medianUs.toFixed(2).padStart(7)} us a call` +
        ` ${cpuPerSendUs.toFixed(2).padStart(7)} us CPU` +
        ` ${coreGbit.toFixed(4)} core/Gbit`,
    );
  }
}

function processCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function toCase(name: string, run: () => void): Case {
  return { name, run, callUs: [], cpuUs: 0 };
}

async function openConnections(
  useFfi: boolean,
  port: number,
): Promise<TcpConnection[]> {
  const options = { hostname: HOSTNAME, port, useFfi };
  const connections: TcpConnection[] = [];
  for (let i = 0; i < READERS; i++) connections.push(await connectTcp(options));
  return connections;
}

async function measureTcp(port: number): Promise<void> {
  const foreign = await openConnections(true, port);
  const own = await openConnections(false, port);
  const bytes = new Uint8Array(WRITE_BYTES);
  const parts = Array.from(
    { length: WRITE_BYTES / PART_BYTES },
    (_, i) => bytes.subarray(i * PART_BYTES, (i + 1) * PART_BYTES),
  );
  await measure([
    toCase(`TCP 20 KB [${sendEngine()}]`, () => {
      for (const connection of foreign) connection.send(bytes);
    }),
    toCase("TCP 20 KB [deno]", () => {
      for (const connection of own) connection.send(bytes);
    }),
  ]);
  await measure([
    toCase(`TCP 20 KB in 16 parts [${sendEngine()}]`, () => {
      for (const connection of foreign) connection.sendAll(parts);
    }),
    toCase("TCP 20 KB in 16 parts [deno]", () => {
      for (const connection of own) connection.sendAll(parts);
    }),
  ]);
  for (const connection of [...foreign, ...own]) connection.close();
}

async function measureUdp(port: number): Promise<void> {
  await using foreign = openUdp({ hostname: HOSTNAME, port: 0 });
  await using own = openUdp({ hostname: HOSTNAME, port: 0, useFfi: false });
  const bytes = new Uint8Array(WRITE_BYTES);
  await measure([foreign, own].map((socket, i) => {
    const engine = i === 0 ? sendEngine() : "deno";
    const peer = socket.resolvePeer(HOSTNAME, port);
    return toCase(`UDP 20 KB in segments [${engine}]`, () => {
      for (let i = 0; i < READERS; i++) {
        socket.sendSegments(bytes, SEGMENT_BYTES, peer);
      }
    });
  }));
}

if (Deno.args[0] === "readers") {
  await runReaders();
} else {
  const readers = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--unstable-net",
      import.meta.filename!,
      "readers",
    ],
    stdout: "piped",
  }).spawn();
  const [tcpPort = 0, udpPort = 0] = await readPorts(readers.stdout);
  await measureTcp(tcpPort);
  await measureUdp(udpPort);
  readers.kill();
  await readers.status;
  await readers.stdout.cancel();
}
