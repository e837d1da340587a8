/**
 * Range to choose from: below what Linux hands out for outgoing connections,
 * so that nothing takes a port between its choice and its use by accident.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

const MAX_TRIES = 1_000;

const handedOut = new Set<number>();

/** A TCP port that nobody listens on; never the same one twice. */
export function freeTcpPort(): number {
  return findPort(1, (port) => isFree(port, listenTcp));
}

/** A UDP port that nobody is bound to; never the same one twice. */
export function freeUdpPort(): number {
  return findPort(1, (port) => isFree(port, listenUdp));
}

/** An even UDP port for RTP whose odd neighbour, for RTCP, is free too. */
export function freeUdpPortPair(): number {
  return findPort(
    2,
    (port) => isFree(port, listenUdp) && isFree(port + 1, listenUdp),
  );
}

function findPort(width: number, isUsable: (port: number) => boolean): number {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const slot = Math.floor(Math.random() * (PORT_COUNT / width));
    const port = FIRST_PORT + slot * width;
    const taken = Array.from({ length: width }, (_, i) => port + i);
    if (taken.some((one) => handedOut.has(one)) || !isUsable(port)) continue;
    for (const one of taken) handedOut.add(one);
    return port;
  }
  throw new Error(`Cannot find a free port: ${MAX_TRIES} were taken`);
}

function isFree(port: number, listen: (port: number) => Disposable): boolean {
  try {
    listen(port)[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

function listenTcp(port: number): Disposable {
  return Deno.listen({ hostname: "0.0.0.0", port });
}

function listenUdp(port: number): Disposable {
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "0.0.0.0",
    port,
  });
  return { [Symbol.dispose]: () => socket.close() };
}
