import type { Batch } from "#core/batch.ts";
import type { Track } from "#core/track.ts";
import { parseAmf0Values } from "#formats/flv/amf0.ts";
import { parseAvcDecoderConfigurationRecord } from "#codecs/h264/avcc.ts";
import { SERVER_CHUNK_SIZE_BYTES } from "#protocols/rtmp/wire/answers.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import { parseRtmpMetadata } from "#protocols/rtmp/wire/metadata.ts";
import { RtmpStreamEncoder } from "#protocols/rtmp/stream_encoder.ts";
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
  return { ...test, publication, sink, encoder };
}

/** Messages of bytes behind SetChunkSize. */
function messagesOf(bytes: Uint8Array): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader();
  const sink = { handleMessage: (one: RtmpMessage) => void messages.push(one) };
  const chunkSize = serializeRtmpControl({
    kind: "setChunkSize",
    chunkSizeBytes: SERVER_CHUNK_SIZE_BYTES,
  });
  reader.push(serializeRtmpMessages([chunkSize], 128), sink);
  reader.push(bytes, sink);
  return messages;
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

function last({ sink }: { sink: CollectingSink }): Batch {
  return sink.batches.at(-1)!;
}

Deno.test("RtmpStreamEncoder.of() is one for all players of the same capabilities", () => {
  const { stream, encoder } = opened();
  assert(RtmpStreamEncoder.of(stream) === encoder);
  assert(RtmpStreamEncoder.of(stream, PLAIN_CAPABILITIES) === encoder);
  const enhanced = RtmpStreamEncoder.of(stream, ENHANCED);
  assert(enhanced !== encoder);
  assert(RtmpStreamEncoder.of(stream, { ...ENHANCED }) === enhanced);
  const multitrack = RtmpStreamEncoder.of(stream, MULTITRACK);
  assert(multitrack !== enhanced);
});

Deno.test("RtmpStreamEncoder.encode() makes the same bytes for all players that get the same tracks", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const enhanced = RtmpStreamEncoder.of(test.stream, MULTITRACK);
  const bytes = test.encoder.encode(last(test));
  assert(enhanced.encode(last(test)) === bytes);
  test.publication.setTracks([VIDEO, AUDIO, OPUS]);
  publishPicture(test.publication, VIDEO_FRAME_TICKS);
  assert(enhanced.encode(last(test)) !== test.encoder.encode(last(test)));
  assertEquals(
    texts(test.encoder.encode(last(test))),
    ["video header 1040", "audio header 1040", "video 1040 +0"],
  );
  assertEquals(
    messagesOf(enhanced.encode(last(test))).map(({ payload }) =>
      payload.subarray(0, 7).toHex()
    ),
    [
      "1700000000" + "0142",
      "af001190",
      "95004f7075" + "7301",
      "2701000000" + "0000",
    ],
  );
});

Deno.test("RtmpStreamEncoder tells players of enhanced RTMP all codecs and every track", () => {
  const second = { ...VIDEO, id: 3 };
  const test = opened([VIDEO, OPUS, AUDIO, second]);
  publishPicture(test.publication, 0, { isRandomAccess: true });
  publishPicture(test.publication, VIDEO_FRAME_TICKS, { isRandomAccess: true });
  const encoder = RtmpStreamEncoder.of(test.stream, MULTITRACK);
  const [metadata, ...headers] = messagesOf(encoder.opening(last(test)));
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
  assertEquals(
    messagesOf(encoder.encode(last(test))).map(({ payload }) =>
      payload.subarray(0, 7).toHex()
    ),
    ["914f7075732121", "96036176633101"],
  );
});

Deno.test("RtmpStreamEncoder.opening() tells codecs and parameters at the time of the batch", () => {
  const test = opened([VIDEO, AUDIO, OPUS]);
  for (const dtsTicks of [0, VIDEO_FRAME_TICKS]) {
    publishPicture(test.publication, dtsTicks, { isRandomAccess: true });
  }
  const messages = messagesOf(test.encoder.opening(last(test)));
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
  const [metadata, ...headers] = messagesOf(test.encoder.opening(last(test)));
  assertEquals(parseRtmpMetadata(metadata!), {
    videoTrackIds: [],
    audioTrackIds: [0],
  });
  assertEquals(headers.map(textOf), ["audio header 1040"]);
});

Deno.test("RtmpStreamEncoder.opening() leaves the headers to a batch that begins with them [ffmpeg 9.0.2]", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const batch = last(test);
  assertEquals(texts(test.encoder.opening(batch)), ["data 0"]);
  assertEquals(texts(test.encoder.encode(batch)), [
    "video header 1000",
    "audio header 1000",
    "key video 1000 +0",
  ]);
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
  assertEquals(texts(test.encoder.encode(last(test))), [
    "video 1040 +120",
    "video 1080 +0",
    "video 1120 +1",
    "audio 1120",
  ]);
});

Deno.test("RtmpStreamEncoder.encode() makes the same bytes for all players", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const bytes = test.encoder.encode(last(test));
  assert(test.encoder.encode(last(test)) === bytes);
  assertEquals(texts(bytes).at(-1), "key video 1000 +0");
});

Deno.test("RtmpStreamEncoder.encode() writes new headers where the tracks change", () => {
  const test = opened();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  const renewed = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };
  test.publication.setTracks([renewed, AUDIO]);
  test.publication.publish(
    renewed,
    videoUnit(VIDEO_FRAME_TICKS, { isRandomAccess: true }),
  );
  test.publication.flush();
  const messages = messagesOf(test.encoder.encode(last(test)));
  assertEquals(messages.map(textOf), [
    "video header 1040",
    "audio header 1040",
    "key video 1040 +0",
  ]);
  const { sps } = parseAvcDecoderConfigurationRecord(
    messages[0]!.payload.subarray(5),
  );
  assertEquals(sps, H264_REORDERED_PARAMETERS.sps);
  publishPicture(test.publication, 2 * VIDEO_FRAME_TICKS);
  assertEquals(texts(test.encoder.encode(last(test))), ["video 1080 +0"]);
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
  const messages = messagesOf(test.encoder.encode(last(test))).slice(-3);
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
  assertEquals(test.encoder.encode(last(test)).length, 0);
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
  assertEquals(texts(test.encoder.encode(last(test))), ["audio 1000"]);
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
    texts(test.encoder.encode(batch)).slice(-1)
  );
  assertEquals(bytes, [`key video ${2 ** 32 - 20} +0`, "video 20 +0"]);
});
