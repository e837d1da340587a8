import { type AcceptSource, listenTcp, TcpListener } from "#platform/tcp.ts";
import { assert, assertEquals } from "#test/assert.ts";

/** A listener of the runtime that does what the table says, then waits until closed. */
function scriptedSource(
  script: (() => Promise<Deno.TcpConn>)[],
): AcceptSource {
  const closed = Promise.withResolvers<Deno.TcpConn>();
  closed.promise.catch(() => {}); // nobody waits where the script ends the test
  return {
    addr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    accept: () => script.shift()?.() ?? closed.promise,
    close: () => closed.reject(new Deno.errors.BadResource("closed")),
  };
}

async function openRuntimePair(): Promise<Deno.TcpConn[]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([
    listener.accept(),
    Deno.connect({ port: listener.addr.port }),
  ]);
}

Deno.test("TcpListener.accept() survives and counts refusals of the system", async () => {
  const [accepted, peer] = await openRuntimePair();
  const tooMany = Object.assign(new Error("Too many open files"), {
    code: "EMFILE",
  });
  using listener = new TcpListener(
    scriptedSource([
      () => Promise.reject(tooMany),
      () => Promise.reject(new Deno.errors.ConnectionAborted("gone")),
      () => Promise.resolve(accepted!),
    ]),
    { useFfi: true },
  );
  const connection = await listener.accept();
  assert(connection);
  assertEquals(connection.peer.port, peer!.localAddr.port);
  assertEquals(listener.failedAccepts, 2);
  connection.close();
  peer!.close();
});

Deno.test("TcpListener.accept() answers undefined once closed", async () => {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  listener[Symbol.dispose]();
  listener[Symbol.dispose]();
  assertEquals(await accepting, undefined);
  assertEquals(await listener.accept(), undefined);
  assertEquals(listener.failedAccepts, 0);
});

Deno.test("TcpListener closes while it waits after a refusal", async () => {
  const failed = Promise.withResolvers<void>();
  const listener = new TcpListener(
    scriptedSource([() => {
      failed.resolve();
      return Promise.reject(new Error("refused"));
    }]),
    { useFfi: true },
  );
  const accepting = listener.accept();
  await failed.promise;
  await Promise.resolve();
  listener[Symbol.dispose]();
  assertEquals(await accepting, undefined);
});

Deno.test("TcpListener closes a peer that arrives while it is being closed", async () => {
  const [accepted, peer] = await openRuntimePair();
  const arrival = Promise.withResolvers<Deno.TcpConn>();
  const listener = new TcpListener(
    scriptedSource([() => arrival.promise]),
    { useFfi: true },
  );
  const accepting = listener.accept();
  listener[Symbol.dispose]();
  arrival.resolve(accepted!);
  assertEquals(await accepting, undefined);
  assertEquals(await peer!.read(new Uint8Array(1)), null);
  peer!.close();
});
