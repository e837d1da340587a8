import { readBody } from "#http/body.ts";
import { HttpError } from "#http/http_error.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

const LIMITS = { maxBytes: 10, timeoutMs: 1_000, endReading: () => false };

function post(body: BodyInit | null, headers: HeadersInit = {}): Request {
  return new Request("http://a/", { method: "POST", body, headers });
}

Deno.test("readBody() reads what comes, and leaves no timer", async () => {
  const clock = new FakeClock();
  const bytes = await readBody(post("0123456789"), { ...LIMITS, clock });
  assertEquals(new TextDecoder().decode(bytes), "0123456789");
  assertEquals(
    await readBody(post(null), { ...LIMITS, clock }),
    new Uint8Array(),
  );
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("readBody() refuses what is announced as too long before it reads", async () => {
  const request = post("abc", { "Content-Length": "104857600" });
  const clock = new FakeClock();
  const error = await assertRejects(
    readBody(request, { ...LIMITS, clock }),
    HttpError,
  );
  assertEquals([error.status, error.message], [
    400,
    "size exceeds maximum allowed",
  ]);
  assertEquals(request.bodyUsed, false);
});

Deno.test("readBody() stops at the limit when nothing was announced", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(4));
    },
  });
  const clock = new FakeClock();
  const reading = readBody(post(endless), { ...LIMITS, clock });
  const error = await assertRejects(reading, HttpError);
  assertEquals(error.message, "size exceeds maximum allowed");
  assertEquals(pulled <= 5, true);
});

Deno.test("readBody() does not wait for a body that does not come", async () => {
  const clock = new FakeClock();
  const reading = readBody(post(new ReadableStream()), { ...LIMITS, clock });
  clock.advance(LIMITS.timeoutMs);
  const error = await assertRejects(reading, HttpError);
  assertEquals([error.status, error.message], [
    408,
    "the body takes over 1 s",
  ]);
});

Deno.test("readBody() ends the read before it gives up", async () => {
  const clock = new FakeClock();
  const { promise: broken, reject } = Promise.withResolvers<void>();
  const body = new ReadableStream({ pull: () => broken });
  const endReading = () => {
    reject(new Error("gone"));
    return true;
  };
  const reading = readBody(post(body), { ...LIMITS, clock, endReading });
  clock.advance(LIMITS.timeoutMs);
  assertEquals((await assertRejects(reading, HttpError)).status, 408);
  await assertRejects(broken, Error);
});

Deno.test("readBody() refuses a body that breaks off", async () => {
  const broken = new ReadableStream({
    start: (controller) => controller.error(new Error("gone")),
  });
  const clock = new FakeClock();
  const reading = readBody(post(broken), { ...LIMITS, clock });
  const error = await assertRejects(reading, HttpError);
  assertEquals([error.status, error.message], [400, "the body broke off"]);
  assertEquals(clock.pendingTimers, 0);
});
