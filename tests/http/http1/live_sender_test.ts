import { LiveBody } from "#platform/live_body.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { readAnswers } from "./answers.ts";
import { ConnectionScene, get, LIMITS } from "./connection_scene.ts";

const HEADERS = { "Content-Type": "video/x-flv" };

/** A connection that is answered with one live body, and how often it was asked for more and has lost its reader. */
function openScene(): {
  readonly scene: ConnectionScene;
  readonly body: LiveBody;
  readonly count: { drained: number; gone: number };
} {
  const body = new LiveBody();
  const count = { drained: 0, gone: 0 };
  body.onDrained = () => count.drained++;
  body.onGone = () => count.gone++;
  const scene = new ConnectionScene({
    serve: () => Promise.resolve(body.respond(HEADERS)),
  });
  return { scene, body, count };
}

Deno.test("LiveSender sends the head, what it is given in chunks, and the end", async () => {
  const { scene, body, count } = openScene();
  await scene.send(get("/b") + get("/now"));
  assertEquals(count, { drained: 1, gone: 0 });
  const head = new TextDecoder().decode(scene.tcp.takeSent());
  assertIncludes(head, "content-type: video/x-flv\r\n");
  assertIncludes(head, "Connection: close\r\n");
  const sends = scene.tcp.sends;
  assert(body.send([Uint8Array.of(1, 2), Uint8Array.of(3)]), "there is room");
  assertEquals(scene.tcp.sends, sends + 1, "in one go");
  assert(body.send([Uint8Array.of(4)]), "there is room");
  assert(body.send([new Uint8Array()]) && body.send([]), "nothing is no end");
  body.end();
  await scene.ended;
  const sent = Uint8Array.from([
    ...new TextEncoder().encode(head),
    ...scene.tcp.takeSent(),
  ]);
  const [answer, ...more] = readAnswers(sent);
  assertEquals([answer?.body, more], ["\x01\x02\x03\x04", []]);
  assertEquals(body.send([Uint8Array.of(5)]), false);
  assertEquals(count, { drained: 1, gone: 0 });
});

Deno.test("LiveSender sends bare bytes to HTTP/1.0, until the connection ends", async () => {
  const { scene, body } = openScene();
  await scene.send(get("/b", "Connection: keep-alive\r\n", "1.0"));
  body.send([Uint8Array.of(1)]);
  body.send([Uint8Array.of(2), Uint8Array.of(3)]);
  body.end();
  await scene.ended;
  const [answer] = readAnswers(scene.tcp.takeSent());
  assertEquals(answer?.body, "\x01\x02\x03");
  assertEquals(answer?.fields["connection"], "close");
  assertEquals(answer?.fields["transfer-encoding"], undefined);
});

Deno.test("LiveSender says when its reader is busy, and goes on where it was", async () => {
  const { scene, body, count } = openScene();
  await scene.send(get("/b"));
  scene.tcp.stall();
  assertEquals(body.send([Uint8Array.of(1)]), false);
  assertEquals(count, { drained: 1, gone: 0 });
  scene.tcp.drain();
  assertEquals(count, { drained: 2, gone: 0 });
  assert(body.send([Uint8Array.of(2)]), "there is room again");
  await scene.pass(10 * LIMITS.idleMs);
  assertEquals(scene.hasEnded, false, "a silent body is no idle connection");
  scene.tcp.stalledSinceMs = performance.now() - LIMITS.writeTimeoutMs;
  await scene.pass(1_000);
  await scene.ended;
  assertEquals(count, { drained: 2, gone: 1 });
});

Deno.test("LiveSender hears that its reader has gone, even if it is sent nothing", async () => {
  for (const how of ["left", "broken", "closed"]) {
    const { scene, body, count } = openScene();
    await scene.send(get("/b"));
    if (how === "left") scene.tcp.endInput();
    else if (how === "broken") scene.tcp.onBroken!(new Error("reset"));
    else scene.connection.close();
    await scene.ended;
    assertEquals(count, { drained: 1, gone: 1 });
    assertEquals(body.send([Uint8Array.of(1)]), false);
  }
});

Deno.test("LiveSender lets a body go whose reader left before it began", async () => {
  const { promise: begin, resolve } = Promise.withResolvers<void>();
  const body = new LiveBody();
  let hasGone = false;
  body.onGone = () => hasGone = true;
  const scene = new ConnectionScene({
    serve: async () => {
      await begin;
      return body.respond(HEADERS);
    },
  });
  await scene.send(get("/b"));
  scene.connection.close();
  resolve();
  await scene.ended;
  assertEquals([hasGone, scene.answers()], [true, []]);
});

Deno.test("LiveSender drops what a reader goes on sending", async () => {
  const { scene, body } = openScene();
  await scene.send(get("/b"));
  for (let i = 0; i < 100; i++) scene.tcp.receive(new Uint8Array(10_000));
  await settled();
  assertEquals(scene.tcp.receivedBytes > 1_000_000, true);
  body.end();
  await scene.ended;
});
