import { assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { ConnectionScene, get, HEAD, LIMITS } from "./connection_scene.ts";

const encoder = new TextEncoder();

Deno.test("Http1Connection.tick() closes whoever is slow with its first request", async () => {
  for (const start of ["", "GET / HTTP/1.1\r\n", "\r\n"]) {
    const scene = new ConnectionScene();
    await scene.send(start);
    for (let ms = 0; ms < LIMITS.firstRequestMs - 1_000; ms += 1_000) {
      await scene.pass(1_000);
      await scene.send(
        start === "" ? "" : start === "\r\n" ? start : "A:b\r\n",
      );
    }
    assertEquals(scene.hasEnded, false);
    await scene.pass(1_000);
    await scene.ended;
    assertEquals([scene.tcp.isClosed, scene.answers()], [true, []]);
  }
});

Deno.test("Http1Connection.tick() gives the next request as long as the first, once it has begun", async () => {
  const scene = new ConnectionScene();
  await scene.send(get("/now"));
  await scene.pass(LIMITS.idleMs - 1_000);
  await scene.send("GET / HTTP/1.1\r\n");
  await scene.pass(LIMITS.firstRequestMs - 1_000);
  assertEquals(scene.hasEnded, false, "it has only begun");
  await scene.send("Host: a\r\n\r\nGET");
  assertEquals(scene.answers().length, 2);
  await scene.pass(LIMITS.firstRequestMs);
  assertEquals(scene.hasEnded, false, "another has begun");
  await scene.send(" ");
  await scene.pass(2_000);
  await scene.ended;
});

Deno.test("Http1Connection.tick() closes an idle one after a while, and none that begins again and again", async () => {
  const scene = new ConnectionScene();
  await scene.send(get("/now"));
  await scene.pass(LIMITS.idleMs);
  assertEquals(scene.hasEnded, false);
  await scene.pass(1_000);
  await scene.ended;
  const other = new ConnectionScene();
  await other.send(get("/now"));
  for (let ms = 0; ms <= LIMITS.idleMs; ms += 1_000) {
    await other.send("\r");
    await other.pass(1_000);
    await other.send("\n");
  }
  await other.ended;
});

Deno.test("Http1Connection.tick() leaves one alone whose answer is still made", async () => {
  const scene = new ConnectionScene();
  await scene.send(get("/later"));
  await scene.pass(10 * LIMITS.idleMs);
  scene.waiting[0]!.answer(HEAD, encoder.encode("late"));
  await settled();
  assertEquals(scene.answers()[0]?.body, "late");
  await scene.pass(LIMITS.idleMs - 1_000);
  assertEquals(scene.hasEnded, false);
  scene.connection.close();
  await scene.ended;
});

Deno.test("Http1Connection waits with the next request until an answer has left, or the peer takes nothing", async () => {
  const scene = new ConnectionScene();
  scene.tcp.stall();
  await scene.send(get("/now?1") + get("/b") + get("/now?2"));
  assertEquals(scene.answers().map(({ body }) => body), ["/now 1"]);
  scene.tcp.drain();
  scene.tcp.stall();
  await settled();
  assertEquals(scene.answers().map(({ body }) => body), ["GET http://a/b"]);
  assertEquals(scene.connection.isWaiting, false);
  // Of the runtime's clock, as every real connection tells it.
  scene.tcp.stalledSinceMs = performance.now();
  await scene.pass(2 * LIMITS.writeTimeoutMs);
  assertEquals(scene.hasEnded, false);
  scene.tcp.stalledSinceMs = performance.now() - LIMITS.writeTimeoutMs;
  await scene.pass(1_000);
  await scene.ended;
  assertEquals(scene.answered, ["/now 200 6"]);
});

Deno.test("Http1Connection.finish() lets an answer leave, and says that it is the last", async () => {
  const scene = new ConnectionScene();
  await scene.send(get("/later") + get("/now"));
  scene.connection.finish();
  assertEquals(scene.hasEnded, false);
  scene.waiting[0]!.answer(HEAD, encoder.encode("late"));
  await scene.ended;
  const [answer, ...more] = scene.answers();
  assertEquals([answer?.fields["connection"], more], ["close", []]);
  const idle = new ConnectionScene();
  idle.connection.finish();
  await idle.ended;
});
