import { Webhook } from "standardwebhooks";
import { assert, assertEquals } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { openWebhookReceiver } from "#test/webhook_receiver.ts";
import { startWeir } from "#test/weir_process.ts";

/** From the signal to the end of the process. */
const MAX_SHUTDOWN_MS = 5_000;

/** A stream that nothing must disturb, and whose hooks are called. */
const BYSTANDERS = {
  path: "live/good",
  publisher: "rtsp",
  readers: { "rtsp-tcp": 2, "rtsp-udp": 2, rtmp: 2 },
} as const;

/** The publisher's and the readers'. */
const CONNECTIONS = 7;

interface Event {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

Deno.test("webhooks tell what happens, signed, and come again while they are not taken [verified by standardwebhooks]", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  await using receiver = openWebhookReceiver((count) => count < 3 ? 500 : 204);
  await using server = await startWeir({
    config: `
hookSecret: ${secret}
paths:
  all_others:
    runOnAvailable: ${receiver.url}?token=abc
    runOnUnavailable: ${receiver.url}?token=abc
`,
  });
  await using good = await startBystanders(server, BYSTANDERS);
  await server.waitForLog(
    /\[path live\/good\] runOnAvailable webhook was taken by http:\/\/127\.0\.0\.1:\d+ \(attempt 3\)$/,
  );
  await good.assertUnharmed();
  await good.publisher.stop();
  await server.waitForLog(/runOnUnavailable webhook was taken by \S+$/);
  assertEquals(await server.stop(), 0);
  const verifier = new Webhook(secret);
  const events = receiver.received.map(({ body, headers }) => {
    const event = verifier.verify(body, headers) as Event;
    assertEquals(event.id, headers["webhook-id"]);
    return event;
  });
  assertEquals(events.map(({ type }) => type), [
    ...Array(3).fill("path.available"),
    "path.unavailable",
  ]);
  assertEquals(new Set(events.map(({ id }) => id)).size, 2);
  const { path, confName, source } = events[0]!.data;
  const { type, remoteAddr } = source as Record<string, string>;
  assertEquals({ path, confName, type }, {
    path: "live/good",
    confName: "all_others",
    type: "rtspSession",
  });
  assert(remoteAddr!.startsWith("127.0.0.1:"), remoteAddr);
  const tokens = server.log.filter((line) => line.includes("token=abc"));
  assertEquals(tokens, [], "the query of the address is in no line");
});

Deno.test("media flows on whatever receivers of webhooks do: hang, redirect, refuse", async () => {
  await using hanging = openWebhookReceiver(() => "never");
  await using redirecting = openWebhookReceiver(() =>
    new Response(null, { status: 307, headers: { location: hanging.url } })
  );
  await using server = await startWeir({
    config: `
runOnConnect: ${hanging.url}
paths:
  all_others:
    runOnAvailable: ${redirecting.url}
    runOnRead: http://127.0.0.1:1/
`,
  });
  await using good = await startBystanders(server, BYSTANDERS);
  await server.waitForLog(
    /runOnAvailable webhook failed: Cannot post to \S+: the answer is 307, a redirect, which is not followed$/,
  );
  await hanging.waitFor(CONNECTIONS);
  await good.assertUnharmed();
  assertEquals(redirecting.received.length, 1);
  const startMs = performance.now();
  assertEquals(await server.stop(), 0);
  const tookMs = performance.now() - startMs;
  assert(tookMs < MAX_SHUTDOWN_MS, `the end took ${tookMs} ms`);
  const failures = (part: string) =>
    server.log.filter((line) => line.includes(` ${part} webhook failed: `));
  assertEquals(failures("runOnConnect").length, CONNECTIONS);
  assertEquals(failures("runOnRead").length, CONNECTIONS - 1);
});
