import { ConnectionSweeper } from "#platform/connection_sweeper.ts";
import { libc } from "#platform/libc.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

const SWEEP_MS = 1_000;

const LIMITS = {
  firstRequestMs: 3_000,
  idleMs: 8_000,
  writeTimeoutMs: 10_000,
  maxConnections: 100,
};

interface Pair {
  readonly client: Deno.TcpConn;
  readonly accepted: Deno.TcpConn;
  readonly peer: { readonly ip: string; readonly port: number };
}

/** Connections that came in at a port, and who looks after them. */
interface Scene {
  readonly clock: FakeClock;
  readonly sweeper: ConnectionSweeper;
  connect(): Promise<Pair & Disposable>;
}

/** Runs on systems where connections can be looked at. */
function sweeperTest(
  name: string,
  limits: Partial<typeof LIMITS>,
  run: (scene: Scene) => Promise<void>,
): void {
  const ignore = libc === undefined;
  Deno.test({ name: `ConnectionSweeper ${name}`, ignore }, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const clock = new FakeClock();
    using sweeper = new ConnectionSweeper(port, {
      limits: { ...LIMITS, ...limits },
      clock,
    });
    const connect = async (): Promise<Pair & Disposable> => {
      const client = await Deno.connect({ hostname: "127.0.0.1", port });
      const accepted = await listener.accept();
      return {
        client,
        accepted,
        peer: { ip: "127.0.0.1", port: client.localAddr.port },
        [Symbol.dispose]() {
          client.close();
          accepted.close();
        },
      };
    };
    await run({ clock, sweeper, connect });
  });
}

/** Waits until the other side has ended the connection. */
async function awaitEnd({ client }: Pair): Promise<void> {
  assertEquals(await client.read(new Uint8Array(1)), null);
}

/** Sees that bytes still pass, from the other side to this one. */
async function assertOpen({ client, accepted }: Pair): Promise<void> {
  await accepted.write(Uint8Array.of(7));
  assertEquals(await client.read(new Uint8Array(1)), 1);
}

sweeperTest("closes what never asks", {}, async ({ clock, connect }) => {
  using silent = await connect();
  clock.advance(LIMITS.firstRequestMs);
  await assertOpen(silent);
  clock.advance(SWEEP_MS);
  await awaitEnd(silent);
});

sweeperTest(
  "closes what asks no more",
  {},
  async ({ clock, sweeper, connect }) => {
    using idle = await connect();
    const end = sweeper.begin(idle.peer);
    clock.advance(60_000);
    await assertOpen(idle);
    end();
    clock.advance(LIMITS.idleMs - SWEEP_MS);
    await assertOpen(idle);
    clock.advance(2 * SWEEP_MS);
    await awaitEnd(idle);
  },
);

sweeperTest(
  "closes those that wait longest when there are too many, none that is served",
  { maxConnections: 2 },
  async ({ clock, sweeper, connect }) => {
    using served = await connect();
    sweeper.begin(served.peer);
    using first = await connect();
    clock.advance(SWEEP_MS);
    using second = await connect();
    clock.advance(SWEEP_MS);
    await awaitEnd(first);
    await assertOpen(second);
    await assertOpen(served);
  },
);

sweeperTest("leaves other ports alone", {}, async ({ clock }) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  using accepted = await listener.accept();
  clock.advance(100_000);
  const peer = { ip: "127.0.0.1", port: client.localAddr.port };
  await assertOpen({ client, accepted, peer });
});

sweeperTest(
  "ends reading and keeps writing",
  {},
  async ({ sweeper, connect }) => {
    using pair = await connect();
    assertEquals(sweeper.endReading(pair.peer), true);
    assertEquals(await pair.accepted.read(new Uint8Array(1)), null);
    await assertOpen(pair);
    assertEquals(sweeper.endReading({ ip: "192.0.2.1", port: 1 }), false);
  },
);

sweeperTest("closes all", {}, async ({ sweeper, connect }) => {
  using one = await connect();
  using other = await connect();
  sweeper.closeAll();
  await awaitEnd(one);
  await awaitEnd(other);
});

sweeperTest(
  "finds what is above many that were closed at once",
  {},
  async ({ clock, sweeper, connect }) => {
    const closed = [];
    for (let i = 0; i < 800; i++) closed.push(await connect());
    using last = await connect();
    clock.advance(SWEEP_MS);
    for (const one of closed) one[Symbol.dispose]();
    assertEquals(sweeper.endReading(last.peer), true);
    clock.advance(LIMITS.firstRequestMs);
    await awaitEnd(last);
  },
);
