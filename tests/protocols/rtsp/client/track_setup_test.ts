import { readU32 } from "#base/big_endian.ts";
import { serializeSdpKeyMgmt } from "#formats/mikey/sdp_key_mgmt.ts";
import {
  exchangeFromMikey,
  mikeyFromExchange,
  type SrtpExchange,
} from "#formats/mikey/srtp_exchange.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import {
  parseKeyMgmt,
  serializeKeyMgmt,
} from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import { h264Slice, rtpPacket } from "#test/units.ts";
import { SDP } from "../fake_peer.ts";
import { type CameraQuirk, pullFrom, type PullOptions } from "./fake_camera.ts";

const URL = "rtsps://ann:secret@127.0.0.1/cam";

/** Source of the camera's pictures. */
const SSRC = 0x0102_0304;

/** Keys of the camera; its pictures have rolled over three times. */
const CAMERA: SrtpExchange = {
  keys: createSrtpKeys(),
  rollovers: new Map([[SSRC, 3]]),
};

const MESSAGE = mikeyFromExchange(CAMERA, START_WALL_MS);
const KEY_MGMT = `a=key-mgmt:${serializeSdpKeyMgmt(MESSAGE)}`;

/** One track, offered as SRTP, with the keys nowhere. */
const SECURE_SDP = SDP.split("m=audio")[0]!
  .replace("RTP/AVP", "RTP/SAVP");

const tellsKeys: CameraQuirk = ({ method, url }) =>
  method === "SETUP"
    ? { headers: { KeyMgmt: serializeKeyMgmt({ uri: url, message: MESSAGE }) } }
    : undefined;

/** A picture of the camera, protected with keys. */
function protectedPicture(
  number: number,
  { keys, rollovers }: SrtpExchange,
): Uint8Array {
  const packet = rtpPacket({
    payloadType: 96,
    sequenceNumber: number,
    timestampTicks: number * 3_600,
    marker: true,
    ssrc: SSRC,
  }, h264Slice(number === 0));
  using sender = openSrtpSender(keys);
  const index = (rollovers.get(SSRC) ?? 0) * 65_536 + number;
  return sender.protectRtp([packet], [index])[0]!;
}

/** Where the camera tells its keys. */
const KEYS: readonly (PullOptions & { readonly name: string })[] = [
  {
    name: "the answer to SETUP [gortsplib]",
    sdp: SECURE_SDP,
    quirk: tellsKeys,
  },
  {
    name: "the track's description [GStreamer 1.22 rtsp-server]",
    sdp: `${SECURE_SDP}${KEY_MGMT}\r\n`,
  },
  {
    name: "the session's description",
    sdp: SECURE_SDP.replace("t=0 0", `t=0 0\r\n${KEY_MGMT}`),
  },
  {
    name: "one of two profiles of the same track [GStreamer 1.22 rtsp-server]",
    sdp: `${SECURE_SDP}${KEY_MGMT}\r\n`.replace(
      /m=video[^]*/,
      (section) => section.replace("RTP/SAVP", "RTP/AVP") + section,
    ),
  },
];

for (const { name, ...options } of KEYS) {
  Deno.test(`PullSession takes the keys of SRTP from ${name}`, async () => {
    const test = pullFrom({ url: URL, ...options });
    await test.settle();
    const [setup, ...more] = test.camera.asked("SETUP");
    assertEquals(more, []);
    assertEquals(
      setup!.headers.get("Transport"),
      "RTP/SAVP/TCP;unicast;interleaved=0-1",
    );
    for (const number of [0, 1, 2]) {
      const packet = protectedPicture(number, CAMERA);
      test.camera.receive(serializeInterleavedFrames([packet], 0));
    }
    await test.settle();
    assertEquals(test.outcome(), undefined, String(test.outcome()));
    assertEquals(test.sink.units.length, 3);
    test.clock.advance(6_000);
    const own = exchangeFromMikey(
      parseKeyMgmt(setup!.headers.get("KeyMgmt")!).message,
    );
    const [report] = test.camera.frames;
    assertEquals(report!.channel, 1);
    using receiver = openSrtpReceiver(own.keys, own.rollovers);
    const clear = receiver.unprotectRtcp(report!.packet);
    assert(typeof clear !== "string", `${clear}`);
    assertEquals([...own.rollovers], [[readU32(clear, 4), 0]]);
    await test.stop();
  });
}

Deno.test("PullSession drops what is not protected with the camera's keys", async () => {
  const test = pullFrom({ url: URL, sdp: SECURE_SDP, quirk: tellsKeys });
  await test.settle();
  const stranger = { ...CAMERA, keys: createSrtpKeys() };
  for (const number of [0, 1]) {
    const packet = protectedPicture(number, stranger);
    test.camera.receive(serializeInterleavedFrames([packet], 0));
  }
  test.camera.receive(
    serializeInterleavedFrames([protectedPicture(2, stranger)], 1),
  );
  await test.settle();
  assertEquals([test.sink.units, test.counters.inboundBytes], [[], 0]);
  test.clock.advance(1_000);
  assertIncludes(test.lines.join("\n"), "srtp_not_authentic");
  test.clock.advance(10_000);
  await test.ended;
  assertIncludes(String(test.outcome()), "no media came for 10 s");
});

Deno.test("PullSession gives its own keys to a camera that has none [Axis]", async () => {
  const test = pullFrom({
    url: URL,
    sdp: SECURE_SDP,
    quirk: ({ method, headers }) => {
      if (method !== "SETUP") return undefined;
      const { message } = parseKeyMgmt(headers.get("KeyMgmt")!);
      return message.keys[0]!.spi ? undefined : { status: 463 };
    },
  });
  await test.settle();
  const [, setup] = test.camera.asked("SETUP");
  const told = exchangeFromMikey(
    parseKeyMgmt(setup!.headers.get("KeyMgmt")!).message,
  );
  assertEquals(told.keys.mki.length, 4);
  const camera = { keys: told.keys, rollovers: new Map<number, number>() };
  test.camera.receive(
    serializeInterleavedFrames([protectedPicture(0, camera)], 0),
  );
  await test.settle();
  assertEquals(test.sink.units.length, 1);
  await test.stop();
});

/** What an RTSPS origin offers in the clear, and what becomes of it. */
const CLEAR: readonly {
  readonly name: string;
  readonly choice: PullOptions["choice"];
  readonly sdp: string;
  readonly transport?: string;
  readonly error?: string;
}[] = [
  {
    name: "TCP where UDP would be in the clear",
    choice: { lowerTransport: "udp", mayFallBack: true },
    sdp: SDP,
    transport: "RTP/AVP/TCP;unicast;interleaved=0-1",
  },
  {
    name: "TCP where one of the tracks would be in the clear",
    choice: { lowerTransport: "udp", mayFallBack: true },
    sdp: `${SECURE_SDP}${KEY_MGMT}\r\nm=audio${SDP.split("m=audio")[1]}`,
    transport: "RTP/SAVP/TCP;unicast;interleaved=0-1",
  },
  {
    name: "nothing where UDP is wanted and would be in the clear",
    choice: { lowerTransport: "udp", mayFallBack: false },
    sdp: SDP,
    error: "only TCP (rtspTransport) keeps the media encrypted",
  },
  {
    name: "nothing where multicast is wanted and would be in the clear",
    choice: { lowerTransport: "multicast", mayFallBack: false },
    sdp: SDP,
    error: "only TCP (rtspTransport) keeps the media encrypted",
  },
  {
    name: "nothing where the keys are missing",
    choice: undefined,
    sdp: SECURE_SDP,
    error: "the origin offers SRTP and does not tell its keys",
  },
];

for (const { name, choice, sdp, transport, error } of CLEAR) {
  Deno.test(`PullSession asks an RTSPS origin for ${name}`, async () => {
    const test = pullFrom({ url: URL, sdp, ...choice ? { choice } : {} });
    await test.settle();
    const [setup] = test.camera.asked("SETUP");
    if (transport) assertEquals(setup?.headers.get("Transport"), transport);
    if (error) assertIncludes(String(test.outcome()), error);
    await test.stop();
  });
}

Deno.test("PullSession asks an RTSP origin for the profile in the clear, where there are both", async () => {
  const test = pullFrom({ sdp: KEYS[3]!.sdp! });
  await test.settle();
  const setups = test.camera.asked("SETUP");
  assertEquals(
    setups.map(({ headers }) => [
      headers.get("Transport"),
      headers.get("KeyMgmt"),
    ]),
    [["RTP/AVP/TCP;unicast;interleaved=0-1", undefined]],
  );
  await test.stop();
});
