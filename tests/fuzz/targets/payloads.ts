import { ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import { pictureTiming } from "#codecs/picture_timing.ts";
import { MAX_FLV_BODY_BYTES } from "#formats/flv/flv_codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { flvFrames, flvSequenceHeader } from "#formats/flv/tag_writer.ts";
import {
  type AnyRtpPayloadFormat,
  PAYLOAD_FORMATS,
  payloadFormatFor,
} from "#formats/rtp/payload_formats.ts";
import type { RtpPayload } from "#formats/rtp/payload_format.ts";
import { assert } from "#test/assert.ts";
import { distinct, hexLists } from "../literal_seeds.ts";
import { joinFramed, splitFramed } from "../framed_units.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { tryEach } from "./codecs.ts";
import { PARAMETERS, PARTS } from "./payload_parameters.ts";

/** Payloads that readers are sent. */
const MAX_PAYLOAD_BYTES = [200, 1_400];

/** The tests of a format, where they are not called as the format is. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  "rtp/mpeg4-generic": ["aac"],
  "rtp/mp4a-latm": ["aac_latm"],
  "rtp/mp4v-es": ["mpeg4_video"],
  "rtp/mpv": ["mpeg12_video", "mpeg12_packetizer"],
  "rtp/mpa": ["mpeg_audio"],
  "rtp/mpegts": ["mpeg_ts"],
  "rtp/jpeg": ["mjpeg"],
};

/** Every payload format: what comes in, and what becomes of it on its way out. */
export const PAYLOAD_TARGETS: readonly FuzzTarget[] = PAYLOAD_FORMATS.map(
  payloadTarget,
);

function payloadTarget(format: AnyRtpPayloadFormat): FuzzTarget {
  const tracks = PARAMETERS.filter((one) => payloadFormatFor(one) === format);
  return {
    name: `payload_${format.formatId.replace("rtp/", "").replace("-", "_")}`,
    seeds: () => seedsOf(format, tracks),
    rejects: [ParseError],
    // Inspected, taken apart, written in two sizes, read back, and written to FLV.
    passes: 7,
    run: (input) => {
      const parameters = tracks[(input[0] ?? 0) % tracks.length]!;
      return passThrough(format, parameters, splitFramed(input.subarray(1)));
    },
  };
}

/** A unit comes in and goes out over each output. */
function passThrough(
  format: AnyRtpPayloadFormat,
  announced: CodecParameters,
  payloads: readonly Uint8Array[],
): boolean {
  const depacketizer = format.openDepacketizer(announced);
  const summary = inspected(() => depacketizer.inspect(payloads));
  const parameters = summary.parameters ?? announced;
  tryEach(() => pictureTiming(parameters));
  assert(
    format.describe(parameters) !== undefined,
    "the format does not describe what it found",
  );
  if (format.codec === "generic") return payloads.length > 0;
  const parts = depacketizer.extract(payloads);
  for (const maxBytes of MAX_PAYLOAD_BYTES) {
    const written = format.openPacketizer(parameters, maxBytes)
      .packetize(parts, summary.isRandomAccess);
    for (const { bytes } of written) {
      assert(bytes.length <= maxBytes, `${bytes.length} bytes in a payload`);
    }
    inspected(() => readBack(format, parameters, written));
  }
  tryEach(() => writeFlv(parameters, parts, summary.isRandomAccess));
  return parts.length > 0;
}

/** What was written can be read. */
function readBack(
  format: AnyRtpPayloadFormat,
  parameters: CodecParameters,
  written: readonly RtpPayload[],
): void {
  const { unitBoundary } = format;
  const reader = format.openDepacketizer(parameters);
  let unit: Uint8Array[] = [];
  for (const [i, { bytes, offsetTicks }] of written.entries()) {
    unit.push(bytes);
    const isLast = unitBoundary === "packet" ||
      written[i + 1]?.offsetTicks !== offsetTicks ||
      typeof unitBoundary === "function" && unitBoundary(bytes);
    if (!isLast) continue;
    reader.inspect(unit);
    reader.extract(unit);
    unit = [];
  }
}

function writeFlv(
  parameters: CodecParameters,
  parts: readonly Uint8Array[],
  isRandomAccess: boolean,
): void {
  const flv = flvCodecOf(parameters);
  if (flv === undefined) return;
  const form = { flv, isEnhanced: flv.fourCc !== undefined, trackId: 0 };
  flvSequenceHeader(form, parameters);
  const unit = { parts, isRandomAccess, compositionTimeMs: 0 };
  for (const { body } of flvFrames(form, unit, parameters)) {
    assert(body.length <= MAX_FLV_BODY_BYTES, "a tag is too large");
  }
}

/** Runs what must not throw: not even a `ParseError`. */
function inspected<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`Threw though it must not: ${cause}`, { cause });
  }
}

/** The units of the format's tests, for each track that there may be. */
function seedsOf(
  format: AnyRtpPayloadFormat,
  tracks: readonly CodecParameters[],
): Uint8Array[] {
  const name = format.formatId.replace("rtp/", "");
  const tests = TESTS[format.formatId] ?? [name];
  const lists = hexLists(
    ...tests.map((one) => `formats/rtp/payloads/${one}_test.ts`),
  );
  const units = lists.flatMap((list) => [list, ...list.map((one) => [one])]);
  return distinct(
    tracks.flatMap((parameters, i) =>
      [...units, ...writtenUnits(format, parameters)].map((unit) =>
        Uint8Array.of(i, ...joinFramed(unit))
      )
    ),
  );
}

/** What a publisher makes of a whole unit, in packets of several sizes. */
function writtenUnits(
  format: AnyRtpPayloadFormat,
  parameters: CodecParameters,
): Uint8Array[][] {
  const parts = PARTS[parameters.codec];
  if (parts === undefined) return [];
  return MAX_PAYLOAD_BYTES.map((maxBytes) =>
    format.openPacketizer(parameters, maxBytes)
      .packetize(parts, true)
      .map(({ bytes }) => bytes)
  );
}
