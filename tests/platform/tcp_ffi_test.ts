import { libc } from "#platform/libc.ts";
import { openDescriptorSender, sendEngine } from "#platform/tcp_ffi.ts";
import { assertEquals, assertIncludes } from "#test/assert.ts";

Deno.test("sendEngine() is the C library's where it may be called", () => {
  assertEquals(sendEngine(), libc ? "ffi" : "deno");
});

Deno.test("openDescriptorSender() finds a descriptor that is not told", {
  ignore: !libc,
}, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [accepted, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ port: listener.addr.port }),
  ]);
  const { localAddr, remoteAddr } = peer;
  const sender = openDescriptorSender({ localAddr, remoteAddr });
  assertEquals(sender?.send(Uint8Array.of(1, 2, 3), 2), 2);
  assertEquals(await accepted.read(new Uint8Array(9)), 2);
  const nobody = { ...remoteAddr, port: 1 };
  assertEquals(
    openDescriptorSender({ localAddr, remoteAddr: nobody }),
    undefined,
  );
  // One that tells a descriptor which is someone else's: nothing is sent there.
  Object.defineProperty(accepted, "remoteAddr", { value: nobody });
  assertEquals(openDescriptorSender(accepted), undefined);
  accepted.close();
  peer.close();
});

Deno.test("sendEngine() falls back without asking when calls are not allowed", async () => {
  const tcp = import.meta.resolve("#platform/tcp.ts");
  const script = `
    const { listenTcp, connectTcp, sendEngine } = await import("${tcp}");
    using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
    const [accepted, peer] = await Promise.all([
      listener.accept(),
      connectTcp({ hostname: "127.0.0.1", port: listener.port }),
    ]);
    accepted.send(new TextEncoder().encode("hello"));
    const into = new Uint8Array(10);
    const count = await peer.read(into);
    console.log(sendEngine(), new TextDecoder().decode(into.subarray(0, count)));
    accepted.close();
    peer.close();
  `;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-net", "--allow-read", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assertIncludes(decoder.decode(stdout) + decoder.decode(stderr), "deno hello");
});
