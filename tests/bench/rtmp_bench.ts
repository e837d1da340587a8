import type { AacParameters, H264Parameters } from "#codecs/codec.ts";
import { aacFlv } from "#formats/flv/codecs/aac.ts";
import { h264Flv } from "#formats/flv/codecs/h264.ts";
import { FlvTagReader } from "#formats/flv/tag_reader.ts";
import {
  flvFrames,
  flvSequenceHeader,
  type FlvTrackForm,
} from "#formats/flv/tag_writer.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";

/** The reference load: 20 KB a frame. */
const FRAME_BYTES = 20_000;
const READ_BYTES = 65_536;
const MESSAGES = 100;

const H264: H264Parameters = {
  codec: "h264",
  sps: [
    Uint8Array.fromHex("6742c01ed900a02ff97011000003000100000300320f162e48"),
  ],
  pps: [Uint8Array.fromHex("68cb83cb20")],
};
const AAC: AacParameters = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.of(0x12, 0x10),
  sampleRateHz: 44_100,
  channelCount: 2,
};

const slice = new Uint8Array(FRAME_BYTES).fill(0x41);
const videoUnit = {
  parts: [slice],
  isRandomAccess: false,
  compositionTimeMs: 40,
};
const audioUnit = {
  parts: [new Uint8Array(300)],
  isRandomAccess: true,
  compositionTimeMs: 0,
};
const formOf = (flv: unknown, isEnhanced: boolean) =>
  ({ flv, isEnhanced, trackId: 0 }) as FlvTrackForm;
const video = formOf(h264Flv, false);
const enhancedVideo = formOf(h264Flv, true);
const audio = formOf(aacFlv, false);
const [frame] = flvFrames(video, videoUnit, H264);
const body = frame!.body;

const message = (index: number): RtmpMessage => ({
  typeId: RTMP_MESSAGE_TYPE.video,
  messageStreamId: 1,
  timestampMs: index * 33,
  payload: body,
});

/** What a publisher with this chunk size sends, as its socket is read. */
function reads(chunkSizeBytes: number): Uint8Array[] {
  const sizeMessage = serializeRtmpControl({
    kind: "setChunkSize",
    chunkSizeBytes,
  });
  const messages = Array.from({ length: MESSAGES }, (_, i) => message(i));
  const bytes = serializeRtmpMessages(
    [sizeMessage, ...messages],
    chunkSizeBytes,
  );
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += READ_BYTES) {
    chunks.push(bytes.slice(at, at + READ_BYTES));
  }
  return chunks;
}

for (const chunkSizeBytes of [128, 4_096, 65_536]) {
  const chunks = reads(chunkSizeBytes);
  Deno.bench(
    `ChunkReader.push() of ${MESSAGES} frames in chunks of ${chunkSizeBytes} bytes`,
    () => {
      let count = 0;
      const reader = new ChunkReader();
      const sink = { handleMessage: () => void count++ };
      for (const chunk of chunks) reader.push(chunk, sink);
      if (count !== MESSAGES) throw new Error(`Read ${count} messages`);
    },
  );
}

const oneMessage = [message(1)];
for (const chunkSizeBytes of [4_096, 65_536]) {
  Deno.bench(
    `serializeRtmpMessages() of 1 frame in chunks of ${chunkSizeBytes} bytes`,
    () => {
      serializeRtmpMessages(oneMessage, chunkSizeBytes);
    },
  );
}

Deno.bench("flvFrames() of 1 frame of H264", () => {
  flvFrames(video, videoUnit, H264);
});

Deno.bench("flvFrames() of 1 frame of H264 with a FourCC", () => {
  flvFrames(enhancedVideo, videoUnit, H264);
});

Deno.bench("flvFrames() of 1 access unit of AAC", () => {
  flvFrames(audio, audioUnit, AAC);
});

const reader = new FlvTagReader("video");
reader.read(flvSequenceHeader(video, H264)!);
Deno.bench("FlvTagReader.read() of 1 frame", () => {
  reader.read(body);
});

const enhancedReader = new FlvTagReader("video");
enhancedReader.read(flvSequenceHeader(enhancedVideo, H264)!);
const [enhancedFrame] = flvFrames(enhancedVideo, videoUnit, H264);
Deno.bench("FlvTagReader.read() of 1 frame with a FourCC", () => {
  enhancedReader.read(enhancedFrame!.body);
});
