import type { Track } from "#core/track.ts";
import type { UnitOrigin } from "#core/unit.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { ntpFromUnixMs } from "#formats/rtp/rtcp/ntp_time.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import { RtspIngest } from "#protocols/rtsp/ingest.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import {
  aacPayload,
  AUDIO,
  CollectingSink,
  H264_PARAMETERS,
  H264_REORDERED_PARAMETERS,
  h264Slice,
  noLimits,
  rtpPacket,
  type RtpPacketFields,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";

/** Where the publisher's clocks stand when it begins. */
const VIDEO_BASE = 4_000_000_000;
const AUDIO_BASE = 77_000;

const SSRC = 0x1234_5678;

function openIngest(
  tracks: readonly Track[] = [VIDEO, AUDIO],
  isReordering = false,
  useAbsoluteTimestamp = false,
) {
  const { stream, clock } = testStream();
  const sink = new CollectingSink();
  const publication = stream.attach(tracks);
  stream.subscribe(sink, noLimits()).resume();
  const errors: string[] = [];
  const losses: number[] = [];
  const sent: { trackIndex: number; packet: Uint8Array }[] = [];
  const ingest = new RtspIngest({
    tracks: tracks.map((track, i) => ({
      track,
      format: payloadFormatFor(track.codec),
      payloadType: 96 + i,
      keyFrameFeedback: track.kind === "video" ? "pli" : undefined,
    })),
    publication,
    clock,
    isReordering,
    useAbsoluteTimestamp,
    sendRtcp: (trackIndex, packet) => sent.push({ trackIndex, packet }),
    onError: (message) => errors.push(message),
    onLoss: (count) => losses.push(count),
  });
  return { ingest, publication, stream, sink, clock, errors, losses, sent };
}

type Test = ReturnType<typeof openIngest>;

/** A picture in one packet, `atMs` behind the beginning. */
function sendPicture(
  { ingest }: Test,
  sequenceNumber: number,
  atMs: number,
  options: RtpPacketFields & { readonly isRandomAccess?: boolean } = {},
): Uint8Array {
  const { isRandomAccess = sequenceNumber === 0, ...fields } = options;
  const packet = rtpPacket({
    payloadType: 96,
    sequenceNumber: sequenceNumber & 0xffff,
    timestampTicks: (VIDEO_BASE + atMs * 90) % 2 ** 32,
    marker: true,
    ...fields,
  }, h264Slice(isRandomAccess));
  ingest.handleRtp(0, packet);
  ingest.flush();
  return packet;
}

/** A frame of audio, `atMs` behind the beginning. */
function sendAudio(
  { ingest }: Test,
  sequenceNumber: number,
  atMs: number,
): void {
  ingest.handleRtp(
    1,
    rtpPacket({
      payloadType: 97,
      sequenceNumber,
      timestampTicks: AUDIO_BASE + atMs * 48,
      marker: true,
    }, aacPayload(Uint8Array.of(0x21, sequenceNumber))),
  );
  ingest.flush();
}

/** Sender report: the track's ticks `atMs` behind the beginning are that long behind `wallMs`. */
function sendReport(
  { ingest }: Test,
  trackIndex: 0 | 1,
  atMs: number,
  wallMs = 1_600_000_000_000,
): void {
  const ticks = trackIndex === 0
    ? (VIDEO_BASE + atMs * 90) % 2 ** 32
    : AUDIO_BASE + atMs * 48;
  ingest.handleRtcp(
    trackIndex,
    serializeRtcpCompound([{
      type: "senderReport",
      ssrc: SSRC,
      ntp: ntpFromUnixMs(wallMs + atMs),
      rtpTimestampTicks: ticks,
      packetCount: 0,
      octetCount: 0,
      reportBlocks: [],
    }]),
  );
  ingest.flush();
}

/** Kind and time of each unit, in milliseconds behind the start of the stream. */
function placed({ sink, clock }: Test): string[] {
  clock.advance(15);
  return sink.units.map((unit) => {
    const track = unit.trackId === VIDEO.id ? VIDEO : AUDIO;
    const ms = unit.ptsTicks * 1_000 / track.clockRateHz - 1_000;
    return `${unit.trackId === VIDEO.id ? "v" : "a"}${Math.round(ms)}`;
  });
}

Deno.test("RtspIngest hands packets on as they came", () => {
  const test = openIngest();
  const packets = [0, 1, 2].map((i) => sendPicture(test, i, i * 40));
  const origins = test.sink.units.map(({ origin }) => origin);
  assertEquals(
    origins,
    packets.map((packet): UnitOrigin => ({
      kind: "packets",
      formatId: "rtp/h264",
      packets: [packet],
    })),
  );
  assertEquals(
    test.sink.units.map(({ isRandomAccess }) => isRandomAccess),
    [true, false, false],
  );
  assertEquals(test.sink.units[0]!.sizeBytes, 32);
  assertEquals(test.sink.units[0]!.wallClockMs, START_WALL_MS);
  assertEquals(test.errors, []);
});

Deno.test("RtspIngest joins the packets of a picture, over a wrap of both counters", () => {
  const test = openIngest();
  const fragments = ["7c8501", "7c0502", "7c4503"].map((hex) =>
    Uint8Array.fromHex(hex)
  );
  for (let picture = 0; picture < 2; picture++) {
    for (const [i, payload] of fragments.entries()) {
      test.ingest.handleRtp(
        0,
        rtpPacket({
          sequenceNumber: 65_533 + picture * 3 + i & 0xffff,
          timestampTicks: (2 ** 32 - 1_000 + picture * 3_600) % 2 ** 32,
          marker: i === 2,
        }, payload),
      );
    }
  }
  test.ingest.flush();
  assertEquals(placed(test), ["v0", "v40"]);
  assertEquals(test.losses, []);
});

const PLACES: readonly {
  readonly name: string;
  readonly send: (test: Test) => void;
  readonly is: readonly string[];
}[] = [
  {
    name: "by reports that come before the media",
    send(test) {
      sendReport(test, 0, 0);
      sendReport(test, 1, 0);
      sendPicture(test, 0, 0);
      test.clock.advance(90);
      sendAudio(test, 0, 20);
      sendPicture(test, 1, 40);
    },
    is: ["v0", "a20", "v40"],
  },
  {
    name: "by reports that come behind the first media",
    send(test) {
      sendPicture(test, 0, 0);
      sendAudio(test, 0, 20);
      sendAudio(test, 1, 41);
      test.clock.advance(60);
      sendReport(test, 0, 50);
      sendReport(test, 1, 55);
      sendPicture(test, 1, 80);
    },
    is: ["v0", "a20", "a41", "v80"],
  },
  {
    name: "by its arrival if no report comes within 200 ms",
    send(test) {
      sendPicture(test, 0, 0);
      test.clock.advance(30);
      sendAudio(test, 0, 500);
      test.clock.advance(200);
      sendAudio(test, 1, 700);
      test.clock.advance(1);
      sendAudio(test, 2, 701);
    },
    is: ["v0", "a30", "a230", "a231"],
  },
  {
    name: "by its arrival if the reports make no sense",
    send(test) {
      sendReport(test, 0, 0);
      sendReport(test, 1, 0, 1_500_000_000_000);
      sendPicture(test, 0, 0);
      test.clock.advance(10);
      sendAudio(test, 0, 500);
      test.clock.advance(201);
      sendAudio(test, 1, 701);
    },
    is: ["v0", "a10", "a211"],
  },
  {
    name: "by its arrival if only one track reports",
    send(test) {
      sendReport(test, 0, 0);
      sendPicture(test, 0, 0);
      sendAudio(test, 0, 300);
      test.clock.advance(201);
      sendAudio(test, 1, 501);
    },
    is: ["v0", "a0", "a201"],
  },
];

for (const { name, send, is } of PLACES) {
  Deno.test(`RtspIngest places the second track ${name}`, () => {
    const test = openIngest();
    send(test);
    assertEquals(placed(test), is);
    assertEquals(test.errors, []);
  });
}

Deno.test("RtspIngest.end() hands over what waits for a report", () => {
  const test = openIngest();
  sendPicture(test, 0, 0);
  test.clock.advance(10);
  sendAudio(test, 0, 20);
  assertEquals(placed(test), ["v0"]);
  test.ingest.end();
  assertEquals(placed(test), ["v0", "a10"]);
});

Deno.test("RtspIngest keeps no more than 16 MB for a report that does not come", () => {
  const test = openIngest();
  sendPicture(test, 0, 0);
  for (let i = 0; i < 300; i++) {
    const fields = { payloadType: 97, sequenceNumber: i, timestampTicks: i };
    test.ingest.handleRtp(1, rtpPacket(fields, new Uint8Array(65_000)));
    test.ingest.flush();
  }
  assertEquals(placed(test).length > 250, true);
});

Deno.test("RtspIngest.end() hands over a picture without a marker bit", () => {
  const test = openIngest();
  sendPicture(test, 0, 0, { marker: false });
  assertEquals(placed(test), []);
  test.ingest.end();
  assertEquals(placed(test), ["v0"]);
});

Deno.test("RtspIngest puts datagrams in order and counts what is lost", () => {
  const test = openIngest([VIDEO], true);
  for (const i of [0, 2, 1, 3, 3, 5]) sendPicture(test, i, i * 40);
  assertEquals(placed(test), ["v0", "v40", "v80", "v120"]);
  assertEquals(test.losses, []);
  for (let i = 6; i < 69; i++) sendPicture(test, i, i * 40);
  assertEquals(test.losses, [1]);
  assertEquals(test.sink.units.length, 4 + 64);
  // One came twice, and one never.
  assertEquals(test.ingest.receivedPackets, 4 + 64);
});

Deno.test("RtspIngest counts what a TCP publisher left out, and passes the rest at once", () => {
  const test = openIngest([VIDEO]);
  for (const i of [0, 1, 4, 5]) sendPicture(test, i, i * 40);
  assertEquals(placed(test), ["v0", "v40", "v160", "v200"]);
  assertEquals(test.losses, [2]);
});

Deno.test("RtspIngest.receiverReport() tells losses and the last sender report", () => {
  const test = openIngest([VIDEO], true);
  test.ingest.sendReports();
  assertEquals(test.sent, []);
  const wallMs = 1_600_000_000_000;
  sendReport(test, 0, 0, wallMs);
  test.clock.advance(500);
  for (const i of [0, 1, 2, 5, 6, 7, 8, 9]) sendPicture(test, i, i * 40);
  test.ingest.sendReports();
  assertEquals(test.sent.map(({ trackIndex }) => trackIndex), [0]);
  const packets = parseRtcpCompound(test.sent[0]!.packet);
  assert(typeof packets !== "string" && packets[0]!.type === "receiverReport");
  const { reportBlocks: [block] } = packets[0]!;
  const ntp = ntpFromUnixMs(wallMs);
  assertEquals(
    { ...block, jitterTicks: 0 },
    {
      ssrc: SSRC,
      fractionLost: Math.floor(2 * 256 / 10),
      cumulativeLost: 2,
      extendedHighestSequenceNumber: 9,
      jitterTicks: 0,
      lastSenderReport: (ntp.seconds << 16 | ntp.fraction >>> 16) >>> 0,
      delaySinceLastSenderReport: 32_768,
    },
  );
});

Deno.test("RtspIngest takes parameter sets that change in the band", () => {
  const test = openIngest();
  sendPicture(test, 0, 0);
  const { sps, pps } = H264_REORDERED_PARAMETERS;
  const payloads = [sps[0]!, pps[0]!, h264Slice(true)];
  for (const [i, payload] of payloads.entries()) {
    test.ingest.handleRtp(
      0,
      rtpPacket({
        sequenceNumber: 1 + i,
        timestampTicks: VIDEO_BASE + VIDEO_FRAME_TICKS,
        marker: i === 2,
      }, payload),
    );
  }
  test.ingest.flush();
  sendPicture(test, 4, 80);
  assertEquals(
    test.sink.batches.map(({ tracksChanged }) => tracksChanged),
    [true, true, false],
  );
  const [before, after] = test.sink.batches.map(({ tracks }) => tracks);
  assertEquals(before, [VIDEO, AUDIO]);
  assertEquals(after, [
    { ...VIDEO, codec: H264_REORDERED_PARAMETERS },
    AUDIO,
  ]);
  assert(test.publication.tracks === after);
});

Deno.test("RtspIngest changes nothing when parameter sets are repeated", () => {
  const test = openIngest();
  const payloads = [H264_PARAMETERS.sps[0]!, H264_PARAMETERS.pps[0]!];
  for (const [i, payload] of [...payloads, h264Slice(true)].entries()) {
    const fields = { sequenceNumber: i, marker: i === 2 };
    test.ingest.handleRtp(0, rtpPacket(fields, payload));
  }
  test.ingest.flush();
  assertEquals(test.publication.tracks, [VIDEO, AUDIO]);
  assertEquals(test.sink.batches.length, 1);
});

Deno.test("RtspIngest works out decoding times of pictures that are shown later", () => {
  const track = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };
  const test = openIngest([track]);
  // I P B B P B B, 30 frames a second, in decoding order.
  const shown = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8].map((i) => i * 100 / 3);
  for (const [i, atMs] of shown.entries()) sendPicture(test, i, atMs);
  const frames = test.sink.units.map(({ ptsTicks, dtsTicks }) => ({
    pts: Math.round((ptsTicks - 90_000) / 3_000),
    dts: Math.round((dtsTicks - 90_000) / 3_000),
  }));
  const first = frames[0]!.pts;
  assertEquals(frames.map(({ pts }) => pts - first), [
    ...[0, 3, 1, 2, 6, 4, 5, 9, 7, 8],
  ]);
  for (const [i, { pts, dts }] of frames.entries()) {
    assert(dts <= pts);
    assert(i === 0 || dts > frames[i - 1]!.dts, "decoding times rise");
  }
});

const BAD_PACKETS = [
  {
    name: "too short a packet",
    send: ({ ingest }: Test) => ingest.handleRtp(0, new Uint8Array(11)),
    error: "RTP packet rejected: rtp_too_short",
  },
  {
    name: "another payload type",
    send: ({ ingest }: Test) =>
      ingest.handleRtp(
        0,
        rtpPacket({ payloadType: 101, marker: true }, h264Slice(true)),
      ),
    error: "RTP packet rejected: payload type 101, announced was 96",
  },
  {
    name: "RTCP that is none",
    send: ({ ingest }: Test) => ingest.handleRtcp(0, new Uint8Array(3)),
    error: "RTCP packet rejected: rtcp_too_short",
  },
];

for (const { name, send, error } of BAD_PACKETS) {
  Deno.test(`RtspIngest counts ${name} and goes on`, () => {
    const test = openIngest();
    sendPicture(test, 0, 0);
    send(test);
    sendPicture(test, 1, 40);
    assertEquals(placed(test), ["v0", "v40"]);
    assertEquals(test.errors, [error]);
    assertEquals(test.losses, []);
  });
}

Deno.test("RtspIngest passes a picture that cannot be taken apart", () => {
  const test = openIngest();
  sendPicture(test, 0, 0);
  const fields = { sequenceNumber: 1, timestampTicks: VIDEO_BASE + 3_600 };
  test.ingest.handleRtp(
    0,
    rtpPacket({ ...fields, marker: true }, Uint8Array.of(0x7c, 0x05, 1)),
  );
  test.ingest.flush();
  assertEquals(placed(test), ["v0", "v40"]);
  assertEquals(test.sink.units[1]!.isRandomAccess, false);
});

Deno.test("RtspIngest leaves out what has no absolute time yet, where that is wanted", () => {
  const test = openIngest([VIDEO], false, true);
  sendPicture(test, 0, 0);
  assertEquals(test.sink.units.length, 0);
  assertEquals(test.errors, [
    "received RTP packet without absolute time, skipping it",
  ]);
  const reportMs = 1_600_000_000_000;
  sendReport(test, 0, 40, reportMs);
  sendPicture(test, 1, 80, { isRandomAccess: true });
  assertEquals(
    test.sink.units.map(({ wallClockMs }) => Math.round(wallClockMs)),
    [reportMs + 80],
  );
});

Deno.test("RtspIngest asks for a key frame when a reader has nowhere to start, once a second", () => {
  const test = openIngest([VIDEO, AUDIO]);
  const join = () => void test.stream.subscribe(test.sink, noLimits());
  join();
  assertEquals(test.sent.length, 0, "nothing came from the publisher yet");
  test.clock.advance(1_000);
  sendPicture(test, 1, 40);
  join();
  join();
  assertEquals(
    test.sent.map(({ trackIndex, packet }) => [trackIndex, packet[9]]),
    [[0, 206]],
  );
  test.clock.advance(1_000);
  join();
  assertEquals(test.sent.length, 2);
  sendPicture(test, 2, 80, { isRandomAccess: true });
  test.clock.advance(1_000);
  join();
  assertEquals(test.sent.length, 2, "there is a group to start at");
});

for (const isReordering of [false, true]) {
  const name = isReordering ? "UDP" : "TCP";
  Deno.test(`RtspIngest puts sound that comes before the first picture behind it, over ${name} [GStreamer 1.22 rtsp-server]`, () => {
    const test = openIngest([VIDEO, AUDIO], isReordering);
    sendReport(test, 0, 0);
    sendReport(test, 1, 0);
    sendAudio(test, 0, 0);
    sendAudio(test, 1, 20);
    assertEquals(test.sink.units, []);
    sendPicture(test, 0, 0);
    const trackIds = test.sink.units.map(({ trackId }) => trackId);
    assertEquals(trackIds, [VIDEO.id, AUDIO.id, AUDIO.id]);
  });
}
