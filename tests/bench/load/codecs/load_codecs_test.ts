import { parseAv1SequenceHeader } from "#codecs/av1/sequence_header.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import { parseH264Sps } from "#codecs/h264/sps.ts";
import { parseH265Sps } from "#codecs/h265/sps.ts";
import { FlvTagReader } from "#formats/flv/tag_reader.ts";
import { PAYLOAD_FORMATS } from "#formats/rtp/payload_formats.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FrameSource, StampFinder } from "../frame_source.ts";
import type { LoadCodec, RtpPayload } from "./load_codec.ts";
import { LOAD_CODECS } from "./load_codecs.ts";

const MAX_PAYLOAD_BYTES = 1_388;
const FRAME_BYTES = 20_000;

/** A key frame and the picture behind it. */
function picturesOf(codec: LoadCodec): Uint8Array[] {
  const source = new FrameSource({
    frameBytes: FRAME_BYTES,
    gopFrames: 30,
    codec,
  });
  return [source.next().slice(), source.next().slice()];
}

function payloadBytes({ header, data }: RtpPayload): Uint8Array {
  return Uint8Array.from([...header, ...data]);
}

/** What the server's own reading of a description makes of a codec. */
function formatOf({ encodingName, fmtp }: LoadCodec) {
  const description = {
    mediaType: "video",
    payloadType: 96,
    encodingName,
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map(
      fmtp.split("; ").map((field) => {
        const equals = field.indexOf("=");
        return [field.slice(0, equals), field.slice(equals + 1)];
      }),
    ),
  } as const;
  for (const format of PAYLOAD_FORMATS) {
    const parameters = format.parseDescription(description);
    if (parameters !== undefined) return { format, parameters };
  }
  throw new Error(`No payload format of ${encodingName}`);
}

function sizeOf(parameters: CodecParameters): number[] {
  switch (parameters.codec) {
    case "h264": {
      const { width, height } = parseH264Sps(parameters.sps[0]!);
      return [width, height];
    }
    case "h265": {
      const { width, height } = parseH265Sps(parameters.sps[0]!);
      return [width, height];
    }
    case "av1": {
      const { width, height } = parseAv1SequenceHeader(
        parameters.sequenceHeader!,
      );
      return [width, height];
    }
    default:
      throw new Error(`No size of ${parameters.codec}`);
  }
}

for (const [name, codec] of Object.entries(LOAD_CODECS)) {
  Deno.test(`${name}.rtpPayloads() makes what a server takes for the same pictures`, () => {
    const { format, parameters } = formatOf(codec);
    assertEquals(format.codec, name);
    const depacketizer = format.openDepacketizer(parameters);
    for (const [i, picture] of picturesOf(codec).entries()) {
      const payloads = codec.rtpPayloads(picture, i === 0, MAX_PAYLOAD_BYTES)
        .map(payloadBytes);
      assert(payloads.every((one) => one.length <= MAX_PAYLOAD_BYTES));
      const { isRandomAccess } = depacketizer.inspect(payloads);
      assertEquals(isRandomAccess, i === 0);
      assertEquals(depacketizer.extract(payloads).at(-1), picture);
      const starts = payloads.filter((one) => codec.isRtpKeyFrame(one, 0));
      assertEquals(starts.length, i === 0 ? 1 : 0);
      const finder = new StampFinder();
      for (const payload of payloads) finder.push(payload);
      assertEquals(finder.takeAll().length, 1);
    }
  });

  Deno.test(`${name}.rtmpMessage() makes what a server takes for the same pictures`, () => {
    const reader = new FlvTagReader("video");
    const [start] = reader.read(codec.sequenceHeader);
    assert(start?.kind === "parameters");
    assertEquals(start.parameters.codec, name);
    assertEquals(sizeOf(start.parameters), [1_280, 720]);
    for (const [i, picture] of picturesOf(codec).entries()) {
      const message = codec.rtmpMessage(picture, i === 0);
      assertEquals(codec.isRtmpKeyFrame(message), i === 0);
      const [tag] = reader.read(message);
      assert(tag?.kind === "frame");
      assertEquals(tag.compositionTimeMs, 0);
      assertEquals(tag.payload.isRandomAccess, i === 0);
      assertEquals(tag.payload.parts.at(-1), picture);
      assertEquals(tag.payload.parameters, undefined);
    }
  });

  Deno.test(`${name} says the same of itself in SDP and in RTMP`, () => {
    const { format, parameters } = formatOf(codec);
    const [start] = new FlvTagReader("video").read(codec.sequenceHeader);
    assert(start?.kind === "parameters");
    assertEquals(
      format.describe(parameters)?.fmtp,
      format.describe(start.parameters)?.fmtp,
    );
  });
}
