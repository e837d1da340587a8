import { amf0Property } from "#formats/flv/amf0.ts";
import { answerAdobeChallenge } from "#protocols/rtmp/client/adobe_authentication.ts";
import { serializeRtmpControl } from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { AUDIO, VIDEO } from "#test/units.ts";
import { picture, videoHeader } from "../messages.ts";
import { FakePull, sendStart } from "./fake_origin.ts";

const ORIGIN = "rtmp://origin:1935/live/cam";

function unitsOf({ sink }: FakePull): number {
  return sink.batches.reduce((sum, { units }) => sum + units.length, 0);
}

Deno.test("rtmpSource pulls: connect, createStream, play, media, the end", async () => {
  const pull = new FakePull();
  await settled();
  const { origin } = pull;
  await origin.shakeHands();
  const [name, transaction, properties] = await origin.values();
  assertEquals([name, transaction], ["connect", 1]);
  assertEquals(
    ["app", "tcUrl", "flashVer", "objectEncoding"].map((one) =>
      amf0Property(properties, one)
    ),
    ["live", "rtmp://origin:1935/live", "LNX 9,0,124,2", 0],
  );
  assert(Array.isArray(amf0Property(properties, "fourCcList")));
  await origin.send(
    serializeRtmpControl({ kind: "windowAckSize", windowBytes: 2_500_000 }),
    serializeRtmpControl({
      kind: "setPeerBandwidth",
      windowBytes: 2_500_000,
      limitType: 2,
    }),
  );
  await origin.result(1, {}, { level: "status" });
  assertEquals(await origin.take(), ["windowAckSize", "createStream"]);
  await origin.result(2, null, 5);
  const [buffer, play] = await origin.takeMessages();
  assertEquals([buffer?.messageStreamId, play?.messageStreamId], [0, 5]);
  await origin.status("status", "NetStream.Play.Reset");
  await origin.status("status", "NetStream.Play.Start");
  assertEquals(pull.publications, []);
  await sendStart(origin);
  assertEquals(pull.publications[0]?.tracks, [VIDEO, AUDIO]);
  await origin.send(picture(40));
  assertEquals(unitsOf(pull), 3);
  assert(pull.counters.inboundBytes > 100);
  await origin.status("status", "NetStream.Play.UnpublishNotify");
  await pull.done;
  assertEquals(pull.result, "ended");
  assert(pull.publications[0]!.isClosed);
  assert(origin.tcp.isClosed);
  assertEquals(pull.clock.pendingTimers, 0);
});

Deno.test("rtmpSource passes on why it cannot connect", async () => {
  const pull = new FakePull();
  pull.connectError = new Error("Cannot connect to origin:1935: refused");
  await settled();
  pull.stop();
  await pull.done;
  const next = new FakePull("rtmp:origin");
  await next.done;
  assertEquals(
    next.result,
    "Cannot parse source: scheme at byte 0: must be an RTMP URL",
  );
});

const NEED_AUTH =
  "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
const CHALLENGE =
  "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=ann&salt=SALT==&challenge=C+H==&opaque=O+P==";

async function refuseConnect(
  pull: FakePull,
  description: string,
): Promise<string> {
  await settled();
  const properties = await pull.origin.connected();
  await pull.origin.error(1, {
    level: "error",
    code: "NetConnection.Connect.Rejected",
    description,
  });
  await settled();
  return String(amf0Property(properties, "app"));
}

Deno.test("rtmpSource proves who it is [Adobe Media Server]", async () => {
  const pull = new FakePull("rtmp://ann:secret@origin/live/cam");
  assertEquals(await refuseConnect(pull, NEED_AUTH), "live");
  assertEquals(
    await refuseConnect(pull, CHALLENGE),
    "live?authmod=adobe&user=ann",
  );
  await settled();
  const properties = await pull.origin.connected();
  const app = String(amf0Property(properties, "app"));
  const clientChallenge = /challenge=([0-9a-f]{8})&/.exec(app)![1]!;
  const query = answerAdobeChallenge(
    CHALLENGE,
    { user: "ann", password: "secret" },
    clientChallenge,
  );
  assertEquals(app, `live?${query}`);
  assertEquals(
    amf0Property(properties, "tcUrl"),
    `rtmp://origin:1935/live?${query}`,
  );
  assertEquals(pull.origins.length, 3);
  pull.stop();
  await pull.done;
});

Deno.test("rtmpSource gives up an origin that is never content with its answers", async () => {
  const pull = new FakePull("rtmp://ann:secret@origin/live/cam");
  for (let i = 0; i < 3; i++) await refuseConnect(pull, CHALLENGE);
  await pull.done;
  assertEquals(
    pull.result,
    `Cannot pull ${ORIGIN}: the origin asks for user and password again and again`,
  );
});

/** Statuses that send a client elsewhere, with the address to which it goes. */
const REDIRECTS = [
  {
    name: "the application [Adobe Media Server, SRS]",
    redirect: "rtmp://other:1936/live",
    address: "rtmp://other:1936/live/cam",
  },
  {
    name: "the stream [nginx-rtmp]",
    redirect: "rtmp://other/live2/cam",
    address: "rtmp://other:1935/live2/cam",
  },
] as const;

for (const { name, redirect, address } of REDIRECTS) {
  Deno.test(`rtmpSource follows a redirect to ${name}`, async () => {
    const pull = new FakePull();
    await settled();
    await pull.origin.connected();
    await pull.origin.error(1, {
      level: "error",
      code: "NetConnection.Connect.Rejected",
      ex: { code: 302, redirect },
    });
    const other = await pull.play();
    assertEquals(pull.origins.length, 2);
    assert(pull.origins[0]!.tcp.isClosed);
    await sendStart(other);
    assertEquals(pull.publications.length, 1);
    assertEquals(pull.lines, [`info: redirected to ${address}`]);
    pull.stop();
    await pull.done;
  });
}

Deno.test("rtmpSource follows only so many redirects", async () => {
  const pull = new FakePull();
  for (let i = 0; i < 6; i++) {
    await settled();
    await pull.origin.connected();
    await pull.origin.error(1, {
      ex: { code: 302, redirect: `rtmp://o${i}/a` },
    });
  }
  await pull.done;
  assertEquals(
    pull.result,
    "Cannot pull rtmp://o4:1935/a/cam: over 5 redirects",
  );
});

Deno.test("rtmpSource follows only so many reconnect requests at a time", async () => {
  const pull = new FakePull();
  const ask = async () => {
    const origin = await pull.play();
    await sendStart(origin);
    await origin.status("status", "NetConnection.Connect.ReconnectRequest");
  };
  for (let i = 0; i < 5; i++) await ask();
  const calm = await pull.play();
  await sendStart(calm);
  for (let i = 1; i <= 4; i++) {
    await pull.pass(4_000);
    await calm.send(picture(40 * i));
  }
  await calm.status("status", "NetConnection.Connect.ReconnectRequest");
  for (let i = 0; i < 4; i++) await ask();
  assertEquals(pull.result, undefined);
  await ask();
  await pull.done;
  assertEquals(
    pull.result,
    "Cannot pull rtmp://origin:1935/live/cam: over 5 redirects",
  );
});

Deno.test("rtmpSource goes on over another connection when the origin asks for it [Enhanced RTMP v2]", async () => {
  const pull = new FakePull();
  const first = await pull.play();
  await sendStart(first, 5_000);
  await first.status("status", "NetConnection.Connect.ReconnectRequest", {
    tcUrl: "rtmp://other/live",
    description: "the server is ending",
  });
  const second = await pull.play();
  assert(first.tcp.isClosed);
  assertEquals(second.address.hostname, "other");
  await sendStart(second, 5_200);
  assertEquals(pull.publications.length, 1, "readers stay");
  await pull.pass(15);
  assertEquals(unitsOf(pull), 4);
  await second.status("status", "NetConnection.Connect.ReconnectRequest");
  const third = await pull.play();
  assertEquals(third.address.hostname, "other");
  await third.send(
    videoHeader(6_000),
    picture(6_000, { isRandomAccess: true }),
  );
  await pull.pass(250);
  await pull.done;
  assertEquals(
    pull.result,
    "Cannot pull rtmp://other:1935/live/cam: the stream has other tracks after the reconnect",
  );
  assert(pull.publications[0]!.isClosed);
});
