/**
 * Cost of sending 20 KB to 50 readers on loopback: the C library's send against the runtime's write, both against TLS,
 * and UDP segments against single datagrams.
 *
 * Run: `deno run -A tests/bench/send_bench.ts`. Readers are a process of their own; what counts is this process's CPU.
 */
import process from "node:process";
import { connectTcp, sendEngine, type TcpConnection } from "#platform/tcp.ts";
import { connectTls } from "#platform/tls.ts";
import { openUdp } from "#platform/udp/open_udp.ts";
import { makeCertificate } from "#test/certificates.ts";

const READERS = 50;
const WRITE_BYTES = 20_000;
const PART_BYTES = 1_250;
const WARM_UP_ROUNDS = 100;
const ROUNDS = 300;
const PAUSE_MS = 5;
const SEGMENT_BYTES = 1_400;
const HOSTNAME = "127.0.0.1";

/** Accepts TCP and TLS and takes datagrams, reads all, keeps nothing; prints ports and fingerprint first. */
async function runReaders(): Promise<void> {
  const listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
  const { keyPem, certificatePem, fingerprint } = makeCertificate();
  const tlsListener = Deno.listenTls({
    hostname: HOSTNAME,
    port: 0,
    key: keyPem,
    cert: certificatePem,
  });
  const datagrams = openUdp({ hostname: HOSTNAME, port: 0 });
  const ports = [listener.addr.port, tlsListener.addr.port, datagrams.port];
  print(`${ports.join(" ")} ${fingerprint}`);
  datagrams.receive(() => {});
  await Promise.all([readFrom(listener), readFrom(tlsListener)]);
}

async function readFrom(listener: AsyncIterable<Deno.Conn>): Promise<void> {
  for await (const connection of listener) readAll(connection);
}

async function readAll(connection: Deno.Conn): Promise<void> {
  const into = new Uint8Array(65_536);
  try {
    while (await connection.read(into) !== null);
  } finally {
    connection.close();
  }
}

interface Readers {
  readonly tcpPort: number;
  readonly tlsPort: number;
  readonly udpPort: number;
  /** Of the TLS certificate. */
  readonly fingerprint: string;
}

async function readReaders(
  stdout: ReadableStream<Uint8Array>,
): Promise<Readers> {
  const reader = stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const words = new TextDecoder().decode(value).trim().split(" ");
  const [tcpPort = 0, tlsPort = 0, udpPort = 0] = words.map(Number);
  return { tcpPort, tlsPort, udpPort, fingerprint: words.at(-1)! };
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

async function openTlsConnections(
  { tlsPort: port, fingerprint }: Readers,
): Promise<TcpConnection[]> {
  const options = { hostname: HOSTNAME, port, fingerprint };
  const connections: TcpConnection[] = [];
  for (let i = 0; i < READERS; i++) connections.push(await connectTls(options));
  return connections;
}

async function measureTcp(readers: Readers): Promise<void> {
  const foreign = await openConnections(true, readers.tcpPort);
  const own = await openConnections(false, readers.tcpPort);
  const secured = await openTlsConnections(readers);
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
    toCase("TLS 20 KB", () => {
      for (const connection of secured) connection.send(bytes);
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
  const all = [...foreign, ...own, ...secured];
  await Promise.all(all.map((one) => one.closeAfterDrain(1_000)));
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
  const ports = await readReaders(readers.stdout);
  await measureTcp(ports);
  await measureUdp(ports.udpPort);
  readers.kill();
  await readers.status;
  await readers.stdout.cancel();
}
