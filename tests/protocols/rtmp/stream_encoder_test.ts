import type { Track } from "#core/track.ts";
import { parseAmf0Values } from "#formats/flv/amf0.ts";
import { parseAvcDecoderConfigurationRecord } from "#codecs/h264/avcc.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { parseRtmpMetadata } from "#protocols/rtmp/wire/metadata.ts";
import { RtmpStreamEncoder } from "#protocols/rtmp/stream_encoder.ts";
import {
  type RtmpSelection,
  selectTracks,
} from "#protocols/rtmp/track_selection.ts";
import {
  parseRtmpCapabilities,
  PLAIN_CAPABILITIES,
  type RtmpCapabilities,
} from "#protocols/rtmp/wire/capabilities.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  CollectingSink,
  H264_REORDERED_PARAMETERS,
  h264Slice,
  noLimits,
  publishPicture,
  rtpPacket,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";
import { messagesOf } from "./messages.ts";

const OPUS: Track = {
  id: 2,
  kind: "audio",
  codec: { codec: "opus", channelCount: 2 },
  clockRateHz: 48_000,
};

/** Takes every codec. */
const ENHANCED: RtmpCapabilities = parseRtmpCapabilities({ fourCcList: ["*"] });

/** Takes every track, too. */
const MULTITRACK: RtmpCapabilities = { ...ENHANCED, canMultitrack: true };

function opened(tracks: readonly Track[] = [VIDEO, AUDIO]) {
  const test = testStream();
  const publication = test.stream.attach(tracks);
  const sink = new CollectingSink();
  test.stream.subscribe(sink, noLimits()).resume();
  const encoder = RtmpStreamEncoder.of(test.stream);
  /** The frames of a batch, the last one unless told otherwise. */
  const encode = (
    capabilities = PLAIN_CAPABILITIES,
    { batch = sink.batches.at(-1)!, awaited = [] as readonly number[] } = {},
  ) => encoder.encode(batch, selectTracks(batch.tracks, capabilities), awaited);
  /** What comes before the last batch. */
  const opening = (
    capabilities: RtmpCapabilities = PLAIN_CAPABILITIES,
    before: RtmpSelection | undefined = undefined,
  ) => {
    const batch = sink.batches.at(-1)!;
    const selection = selectTracks(batch.tracks, capabilities);
    return encoder.opening(batch, selection, before);
  };
  return { ...test, publication, sink, encoder, encode, opening };
}

/** What a message is, when, and for video how much later it is shown. */
function textOf({ typeId, timestampMs, payload }: RtmpMessage): string {
  if (typeId === RTMP_MESSAGE_TYPE.audio) {
    return `${payload[1] === 0 ? "audio header" : "audio"} ${timestampMs}`;
  }
  if (typeId !== RTMP_MESSAGE_TYPE.video) return `data ${timestampMs}`;
  if (payload[1] === 0) return `video header ${timestampMs}`;
  const [high, middle, low] = payload.subarray(2, 5);
  const later = high! << 16 | middle! << 8 | low!;
  return `${payload[0] === 0x17 ? "key " : ""}video ${timestampMs} +${later}`;
}

function texts(bytes: Uint8Array): string[] {
  return messagesOf(bytes).map(textOf);
}

/** The first bytes of each message's body. */
function heads(bytes: Uint8Array): string[] {
  return messagesOf(bytes).map(({ payload }) => payload.subarray(0, 7).toHex());
}

Deno.test("RtmpStreamEncoder.of() is one for all players of a stream", () => {
  const { stream, encoder } = opened();
  assert(RtmpStreamEncoder.of(stream) === encoder);
});

Deno.test("RtmpStreamEncoder.encode() makes the same bytes for all players that get the same tracks", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const bytes = test.encode();
  assert(test.encode() === bytes);
  assert(test.encode(MULTITRACK) === bytes);
  test.publication.setTracks([VIDEO, AUDIO, OPUS]);
  publishPicture(test.publication, VIDEO_FRAME_TICKS);
  assert(test.encode(MULTITRACK) !== test.encode());
  assert(test.encode(ENHANCED) === test.encode());
});

Deno.test("RtmpStreamEncoder tells players of enhanced RTMP all codecs and every track", () => {
  const second = { ...VIDEO, id: 3 };
  const test = opened([VIDEO, OPUS, AUDIO, second]);
  publishPicture(test.publication, 0, { isRandomAccess: true });
  publishPicture(test.publication, VIDEO_FRAME_TICKS, { isRandomAccess: true });
  const [metadata, ...headers] = messagesOf(test.opening(MULTITRACK));
  assertEquals(parseAmf0Values(metadata!.payload).at(-1), {
    videocodecid: 7,
    videodatarate: 0,
    audiocodecid: 0x4f707573,
    audiodatarate: 0,
    videoTrackIdInfoMap: { 1: { videocodecid: 0x61766331 } },
    audioTrackIdInfoMap: { 1: { audiocodecid: 0x6d703461 } },
  });
  assertEquals(
    headers.map(({ typeId, payload }) => [
      typeId,
      payload.subarray(0, 7).toHex(),
    ]),
    [
      [RTMP_MESSAGE_TYPE.video, "17000000000142"],
      [RTMP_MESSAGE_TYPE.audio, "904f7075734f70"],
      [RTMP_MESSAGE_TYPE.audio, "95006d70346101"],
      [RTMP_MESSAGE_TYPE.video, "96006176633101"],
    ],
  );
  test.publication.publish(OPUS, audioUnit(1_920));
  test.publication.publish(second, videoUnit(3_600, { isRandomAccess: true }));
  test.publication.flush();
  test.clock.advance(15);
  assertEquals(heads(test.encode(MULTITRACK)), [
    ...["914f7075732121", "96036176633101"],
  ]);
});

Deno.test("RtmpStreamEncoder.opening() tells codecs and parameters at the time of the batch", () => {
  const test = opened([VIDEO, AUDIO, OPUS]);
  for (const dtsTicks of [0, VIDEO_FRAME_TICKS]) {
    publishPicture(test.publication, dtsTicks, { isRandomAccess: true });
  }
  const messages = messagesOf(test.opening());
  assertEquals(messages.map(textOf), [
    "data 0",
    "video header 1040",
    "audio header 1040",
  ]);
  assertEquals(parseRtmpMetadata(messages[0]!), {
    videoTrackIds: [0],
    audioTrackIds: [0],
  });
  const { sps } = parseAvcDecoderConfigurationRecord(
    messages[1]!.payload.subarray(5),
  );
  assertEquals(sps, VIDEO.codec.codec === "h264" ? VIDEO.codec.sps : []);
  assertEquals(messages[2]!.payload, Uint8Array.of(0xaf, 0, 0x11, 0x90));
  for (const { messageStreamId } of messages) assertEquals(messageStreamId, 1);
});

Deno.test("RtmpStreamEncoder.opening() says that a kind is not there", () => {
  const test = opened([AUDIO]);
  for (const ptsTicks of [0, 1_920]) {
    test.publication.publish(AUDIO, audioUnit(ptsTicks));
    test.publication.flush();
  }
  const [metadata, ...headers] = messagesOf(test.opening());
  assertEquals(parseRtmpMetadata(metadata!), {
    videoTrackIds: [],
    audioTrackIds: [0],
  });
  assertEquals(headers.map(textOf), ["audio header 1040"]);
});

/** Tracks before and after a change, and what a player gets that had those before. */
const CHANGES: readonly {
  readonly name: string;
  readonly before: readonly Track[];
  readonly after: readonly Track[];
  readonly capabilities?: RtmpCapabilities;
  readonly opening: readonly string[];
}[] = [
  {
    name: "nothing where the tracks are the same",
    before: [VIDEO, AUDIO],
    after: [{ ...VIDEO }, { ...AUDIO }],
    opening: [],
  },
  {
    name: "the header that changed alone [ffmpeg 9.0.2]",
    before: [VIDEO, AUDIO],
    after: [{ ...VIDEO, codec: H264_REORDERED_PARAMETERS }, AUDIO],
    opening: ["17000000000164"],
  },
  {
    name: "the header of a track that comes late",
    before: [VIDEO],
    after: [VIDEO, AUDIO],
    opening: ["af001190"],
  },
  {
    name: "the header of a further track that comes late",
    before: [VIDEO, AUDIO],
    after: [VIDEO, AUDIO, OPUS],
    capabilities: MULTITRACK,
    opening: ["95004f70757301"],
  },
  {
    name: "nothing of a late track that it cannot take",
    before: [VIDEO, AUDIO],
    after: [VIDEO, AUDIO, OPUS],
    opening: [],
  },
  {
    name: "the header of a track that takes the place of another one",
    before: [VIDEO, AUDIO, { ...AUDIO, id: 3 }],
    after: [VIDEO, OPUS, { ...AUDIO, id: 3 }],
    opening: ["af001190"],
  },
  {
    name: "the headers of tracks whose numbers change",
    before: [VIDEO, OPUS, AUDIO],
    after: [VIDEO, AUDIO],
    capabilities: MULTITRACK,
    opening: ["af001190"],
  },
];

for (
  const { name, before, after, capabilities = PLAIN_CAPABILITIES, opening }
    of CHANGES
) {
  Deno.test(`RtmpStreamEncoder.opening() has ${name}`, () => {
    const test = opened(before);
    publishPicture(test.publication, 0, { isRandomAccess: true });
    test.publication.setTracks(after);
    publishPicture(test.publication, VIDEO_FRAME_TICKS);
    const known = selectTracks(before, capabilities);
    assertEquals(heads(test.opening(capabilities, known)), [...opening]);
  });
}

Deno.test("RtmpStreamEncoder.encode() leaves awaited tracks out up to a picture to start with, once for all players", () => {
  const second = { ...VIDEO, id: 2 };
  const test = opened([VIDEO, second]);
  publishPicture(test.publication, 0, { isRandomAccess: true });
  for (const isRandomAccess of [false, true, false]) {
    test.publication.publish(second, videoUnit(0, { isRandomAccess }));
    test.publication.publish(VIDEO, videoUnit(0));
  }
  test.publication.flush();
  const bytes = test.encode(MULTITRACK, { awaited: [2] });
  assertEquals(heads(bytes), [
    ...["27010000000000", "96036176633101", "27010000000000"],
    ...["a6036176633101", "27010000000000"],
  ]);
  assert(test.encode(MULTITRACK, { awaited: [2] }) === bytes);
  assertEquals(heads(test.encode(MULTITRACK)).length, 6);
});

Deno.test("RtmpStreamEncoder.encode() gives decoding times, and how much later pictures are shown", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const frames = [[3_600, 14_400], [7_200, 7_200], [10_800, 10_845]];
  for (const [dtsTicks, ptsTicks] of frames) {
    test.publication.publish(
      VIDEO,
      videoUnit(dtsTicks!, { ptsTicks: ptsTicks! }),
    );
  }
  test.publication.publish(AUDIO, audioUnit(5_760));
  test.publication.flush();
  assertEquals(texts(test.encode()), [
    "video 1040 +120",
    "video 1080 +0",
    "video 1120 +1",
    "audio 1120",
  ]);
});

Deno.test("RtmpStreamEncoder.encode() takes RTP packets apart", () => {
  const test = opened();
  const { sps, pps } = H264_REORDERED_PARAMETERS;
  const nals = [sps[0]!, pps[0]!, h264Slice(true)];
  const packets = nals.map((nal, i) => rtpPacket({ marker: i === 2 }, nal));
  test.publication.publish(VIDEO, {
    ...videoUnit(0, { isRandomAccess: true }),
    origin: { kind: "packets", formatId: "rtp/h264", packets },
  });
  const frames = [1, 2].map((fill) => new Uint8Array(5).fill(fill));
  const payload = Uint8Array.fromHex(
    "002000280028" + "0101010101" + "0202020202",
  );
  test.publication.publish(AUDIO, {
    ...audioUnit(0),
    origin: {
      kind: "packets",
      formatId: "rtp/mpeg4-generic",
      packets: [rtpPacket({ marker: true }, payload)],
    },
  });
  test.publication.flush();
  const messages = messagesOf(test.encode()).slice(-3);
  assertEquals(messages.map(textOf), [
    "key video 1000 +0",
    "audio 1000",
    "audio 1021",
  ]);
  const body = messages[0]!.payload;
  assertEquals(body.subarray(5, 9), Uint8Array.of(0, 0, 0, nals[2]!.length));
  assertEquals(body.subarray(9), nals[2]);
  assertEquals(
    messages.slice(1).map(({ payload }) => payload.subarray(2)),
    frames,
  );
});

Deno.test("RtmpStreamEncoder.encode() has nothing for players in what RTMP does not carry", () => {
  const test = opened([VIDEO, OPUS]);
  publishPicture(test.publication, 0, { isRandomAccess: true });
  test.publication.publish(OPUS, audioUnit(0));
  test.publication.flush();
  test.clock.advance(15);
  assertEquals(test.encode().length, 0);
});

Deno.test("RtmpStreamEncoder.encode() reports what cannot be taken apart and goes on", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const packets = [rtpPacket({}, Uint8Array.of(0x7c, 0x05, 1))];
  test.publication.publish(VIDEO, {
    ...videoUnit(VIDEO_FRAME_TICKS),
    origin: { kind: "packets", formatId: "rtp/h264", packets },
  });
  test.publication.publish(AUDIO, audioUnit(0));
  test.publication.flush();
  assertEquals(texts(test.encode()), ["audio 1000"]);
  assertEquals(test.warnings.length, 1);
});

Deno.test("RtmpStreamEncoder.encode() goes over 2^24 ms and wraps at 2^32", () => {
  const test = opened([VIDEO]);
  const start = 2 ** 32 - 20 - 1_000;
  test.publication.timeline.offsetTicks(VIDEO, 0);
  for (let ms = 0; ms <= start; ms += 9_000) {
    test.publication.timeline.offsetTicks(VIDEO, ms * 90);
  }
  publishPicture(test.publication, start * 90, { isRandomAccess: true });
  publishPicture(test.publication, (start + 40) * 90);
  const bytes = test.sink.batches.flatMap((batch) =>
    texts(test.encode(PLAIN_CAPABILITIES, { batch })).slice(-1)
  );
  assertEquals(bytes, [`key video ${2 ** 32 - 20} +0`, "video 20 +0"]);
});
