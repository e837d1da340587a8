import { Webhook as Verifier } from "standardwebhooks";
import { createLogger } from "#base/log.ts";
import { type Webhook, WebhookSender } from "#hooks/webhook_sender.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { freeTcpPort } from "#test/ports.ts";
import { openWebhookReceiver } from "#test/webhook_receiver.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

function openSender() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const ends: string[] = [];
  let wake = Promise.withResolvers<void>();
  const failures: string[] = [];
  const logger = createLogger((level, text) => {
    if (level === "debug") failures.push(text);
    else lines.push(`${level}: ${text}`);
    wake.resolve();
    wake = Promise.withResolvers();
  }, "debug");
  const sender = new WebhookSender({
    clock,
    logger,
    secret: () => SECRET,
    random: () => 1,
    onEnd: ({ isFailure, reason }) => {
      ends.push(`${isFailure ? "failed" : "ok"}: ${reason}`);
      wake.resolve();
      wake = Promise.withResolvers();
    },
  });
  return {
    sender,
    clock,
    lines,
    ends,
    hook: (url: string, changes: Partial<Webhook> = {}): Webhook => ({
      name: "runOnAvailable",
      url,
      subject: "cam",
      type: "path.available",
      data: { path: "cam" },
      logger: logger.child("path cam"),
      ...changes,
    }),
    async waitForEnds(count: number): Promise<void> {
      while (ends.length < count) await wake.promise;
    },
    /** Attempts that failed and have others after them: the pause has begun. */
    async waitForFailures(count: number): Promise<void> {
      while (failures.length < count) await wake.promise;
    },
  };
}

Deno.test("WebhookSender.send() posts a signed event [verified by standardwebhooks]", async () => {
  await using receiver = openWebhookReceiver();
  const { sender, hook, clock, ends, lines } = openSender();
  clock.shiftWall(Date.now() - clock.wallMs()); // the receiver looks at its own
  sender.send(hook(`${receiver.url}?token=abc`));
  await sender[Symbol.asyncDispose]();
  assertEquals(ends, ["ok: taken"]);
  const [{ url, headers, body }] = receiver.received as [
    (typeof receiver.received)[0],
  ];
  assertEquals(url, `${receiver.url}?token=abc`);
  assertEquals(headers["content-type"], "application/json");
  const event = new Verifier(SECRET).verify(body, headers) as Record<
    string,
    unknown
  >;
  assertEquals(event["id"], headers["webhook-id"]);
  assertEquals(event["type"], "path.available");
  assertEquals(event["data"], { path: "cam" });
  assert(Math.abs(Date.parse(`${event["timestamp"]}`) - Date.now()) < 60_000);
  const { origin } = new URL(receiver.url);
  assertEquals(lines, [
    `info: [path cam] runOnAvailable webhook was taken by ${origin}`,
  ]);
});

Deno.test("WebhookSender.send() sends user and password of the address as a header, and tells them to no log", async () => {
  await using receiver = openWebhookReceiver(() => 410);
  const { sender, hook, lines } = openSender();
  sender.send(hook(receiver.url.replace("//", "//ann:s3cret@")));
  await sender[Symbol.asyncDispose]();
  assertEquals(
    receiver.received[0]!.headers["authorization"],
    `Basic ${btoa("ann:s3cret")}`,
  );
  assertEquals(lines.length, 1);
  assert(!lines[0]!.includes("s3cret"), lines[0]);
});

Deno.test("WebhookSender.send() sends again with the same id and growing pauses until the receiver is back", async () => {
  await using receiver = openWebhookReceiver((count) => count < 4 ? 500 : 200);
  const { sender, hook, clock, waitForEnds, waitForFailures, ends, lines } =
    openSender();
  sender.send(hook(receiver.url));
  for (const [i, pauseMs] of [1_000, 2_000, 4_000].entries()) {
    await waitForFailures(i + 1);
    clock.advance(pauseMs - 1);
    await settled();
    assertEquals(receiver.received.length, i + 1);
    clock.advance(1);
  }
  await waitForEnds(1);
  assertEquals(ends, ["ok: taken"]);
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  assertEquals(new Set(ids).size, 1);
  const times = receiver.received.map(({ headers }) =>
    Number(headers["webhook-timestamp"])
  );
  assert(times[3]! - times[0]! >= 7, `signed at ${times}`);
  assertEquals(lines.length, 1);
  assert(lines[0]!.endsWith("(attempt 4)"), lines[0]);
  await sender[Symbol.asyncDispose]();
});

Deno.test("WebhookSender.send() gives up after six attempts, with one line", async () => {
  const { sender, hook, clock, waitForEnds, waitForFailures, lines } =
    openSender();
  sender.send(hook(`http://127.0.0.1:${freeTcpPort()}/`));
  for (let count = 1; count <= 5; count++) {
    await waitForFailures(count);
    clock.advance(16_000);
  }
  await waitForEnds(1);
  await sender[Symbol.asyncDispose]();
  assertEquals(lines.length, 1);
  assert(
    /^warn: \[path cam\] runOnAvailable webhook failed: Cannot post to http:\/\/127\.0\.0\.1:\d+: .*\(attempt 6\)$/
      .test(lines[0]!),
    lines[0],
  );
});

const FINAL = [
  {
    status: 302,
    reason: "the answer is 302, a redirect, which is not followed",
  },
  { status: 410, reason: "the answer is 410" },
];

for (const { status, reason } of FINAL) {
  Deno.test(`WebhookSender.send() does not send again what is answered with ${status}`, async () => {
    await using elsewhere = openWebhookReceiver();
    await using receiver = openWebhookReceiver(() =>
      new Response("x".repeat(1_000_000), {
        status,
        headers: { location: elsewhere.url },
      })
    );
    const { sender, hook, waitForEnds, ends } = openSender();
    sender.send(hook(receiver.url));
    await waitForEnds(1);
    assertEquals(ends, [`failed: ${reason}`]);
    assertEquals([receiver.received.length, elsewhere.received.length], [1, 0]);
    await sender[Symbol.asyncDispose]();
  });
}

Deno.test("WebhookSender.send() waits 10 s for an answer", async () => {
  await using receiver = openWebhookReceiver((count) =>
    count === 1 ? "never" : 200
  );
  const { sender, hook, clock, waitForEnds, waitForFailures, ends } =
    openSender();
  sender.send(hook(receiver.url));
  await receiver.waitFor(1);
  clock.advance(10_000);
  await waitForFailures(1);
  clock.advance(1_000);
  await waitForEnds(1);
  assertEquals(ends, ["ok: taken"]);
  await sender[Symbol.asyncDispose]();
});

Deno.test("WebhookSender.send() keeps the order of a subject, and lets others and other receivers pass", async () => {
  await using slow = openWebhookReceiver((_, { body }) =>
    body.includes('"a1"') ? "never" : 200
  );
  await using quick = openWebhookReceiver();
  const { sender, hook, waitForEnds, ends } = openSender();
  const send = (url: string, subject: string, path: string) =>
    sender.send(hook(url, { subject, data: { path } }));
  send(slow.url, "a", "a1");
  send(slow.url, "a", "a2");
  send(slow.url, "b", "b1");
  send(quick.url, "a", "a3");
  await waitForEnds(2);
  assertEquals(ends, ["ok: taken", "ok: taken"]);
  const paths = slow.received.map(({ body }) => JSON.parse(body).data.path);
  assertEquals(paths.sort(), ["a1", "b1"]);
  assertEquals(sender.pendingCount, 2);
  sender.cut();
  await sender[Symbol.asyncDispose]();
  assertEquals(ends.slice(2), [
    "failed: the server ends",
    "failed: the server ends",
  ]);
});

Deno.test("WebhookSender.send() has a few under way to one receiver, a thousand in all, and discards the rest with one line", async () => {
  await using receiver = openWebhookReceiver(() => "never");
  const { sender, hook, clock, lines, ends } = openSender();
  for (let i = 0; i < 1_100; i++) {
    sender.send(hook(receiver.url, { subject: `cam${i}` }));
  }
  assertEquals(sender.pendingCount, 1_000);
  assertEquals(ends.length, 100);
  await receiver.waitFor(8);
  await settled();
  assertEquals(receiver.received.length, 8);
  clock.advance(1_000);
  assertEquals(lines, [
    "warn: 1 webhook(s) discarded: 1000 wait for their receivers already",
    "warn: 99 webhook(s) discarded: 1000 wait for their receivers already",
  ]);
  sender.cut();
  await sender[Symbol.asyncDispose]();
  assertEquals(ends.length, 1_100);
  assertEquals(sender.pendingCount, 0);
});

Deno.test("WebhookSender.handleShutdown() ends pauses: what has failed is not tried again", async () => {
  const { sender, hook, clock, waitForFailures, ends, lines } = openSender();
  sender.send(hook(`http://127.0.0.1:${freeTcpPort()}/`));
  await waitForFailures(1);
  sender.handleShutdown();
  await sender[Symbol.asyncDispose]();
  assertEquals(ends.length, 1);
  assertEquals(lines.length, 1);
  assertEquals(clock.pendingTimers, 0);
});
