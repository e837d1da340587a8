import { type BodySink, LiveBody } from "#platform/live_body.ts";
import { assert, assertEquals } from "#test/assert.ts";

const HEADERS = { "Content-Type": "video/x-flv" };

function drained(body: LiveBody): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  body.onDrained = resolve;
  return promise;
}

Deno.test("LiveBody is a stream for whoever reads it", async () => {
  const body = new LiveBody();
  const response = body.respond(HEADERS);
  const reader = response.body!.getReader();
  const isDrained = drained(body);
  const reading = reader.read();
  await isDrained;
  assert(body.send([Uint8Array.of(1)]), "there is room");
  assertEquals((await reading).value, Uint8Array.of(1));
  const busy = drained(body);
  assertEquals(body.send([new Uint8Array(70_000)]), false);
  assertEquals((await reader.read()).value!.length, 70_000);
  const end = reader.read();
  await busy;
  body.end();
  assertEquals(await end, { done: true, value: undefined });
});

Deno.test("LiveBody hears that its stream is not read any more", async () => {
  const body = new LiveBody();
  let hasGone = false;
  body.onGone = () => hasGone = true;
  await body.respond(HEADERS).body!.cancel();
  assert(hasGone, "it has gone");
});

/** A sink of the server, and what it was given. */
function openSink(hasRoom = true): BodySink & { readonly events: unknown[] } {
  const events: unknown[] = [];
  return {
    events,
    send: (pieces) => {
      events.push(pieces.map((piece) => [...piece]));
      return hasRoom;
    },
    end: () => void events.push("end"),
  };
}

Deno.test("LiveBody gives its pieces to the server as they come", () => {
  for (const hasRoom of [true, false]) {
    const body = new LiveBody();
    const response = body.respond(HEADERS);
    assertEquals(LiveBody.of(response), body);
    let drains = 0;
    body.onDrained = () => drains++;
    const sink = openSink(hasRoom);
    body.sendTo(sink);
    assertEquals(drains, 1);
    const pieces = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    assertEquals(body.send(pieces), hasRoom);
    body.handleDrained();
    assertEquals(drains, 2);
    body.end();
    body.end();
    assertEquals(body.send(pieces), false);
    body.handleDrained();
    assertEquals([drains, sink.events], [2, [[[1, 2], [3]], "end"]]);
  }
});

Deno.test("LiveBody tells the server at once that it ended before", () => {
  const body = new LiveBody();
  body.end();
  const sink = openSink();
  body.sendTo(sink);
  assertEquals(sink.events, ["end"]);
});

Deno.test("LiveBody hears once that its reader has gone, and not after its end", () => {
  for (const isEnded of [false, true]) {
    const body = new LiveBody();
    let goes = 0;
    body.onGone = () => goes++;
    const sink = openSink();
    body.sendTo(sink);
    if (isEnded) body.end();
    body.handleGone();
    body.handleGone();
    body.end();
    assertEquals([goes, body.send([])], [isEnded ? 0 : 1, false]);
    assertEquals(sink.events, isEnded ? ["end"] : []);
  }
});

Deno.test("LiveBody.of() knows no other body", () => {
  assertEquals(LiveBody.of(new Response("a")), undefined);
});
