import { ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import { pictureTiming } from "#codecs/picture_timing.ts";
import {
  amf0Property,
  type Amf0Value,
  parseAmf0Values,
  serializeAmf0Values,
} from "#formats/flv/amf0.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { parseOpusHead } from "#formats/flv/opus_head.ts";
import { type FlvTag, FlvTagReader } from "#formats/flv/tag_reader.ts";
import { flvFrames, flvSequenceHeader } from "#formats/flv/tag_writer.ts";
import { parseVpcC } from "#formats/flv/vp_configuration.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { assert } from "#test/assert.ts";
import { joinFramed, splitFramed } from "../framed_units.ts";
import { type FuzzTarget, takes } from "../fuzz_target.ts";
import { distinct, hexLists, hexSeeds } from "../literal_seeds.ts";
import { bytesTarget, tryEach } from "./codecs.ts";
import { PARAMETERS, PARTS } from "./payload_parameters.ts";

/** Payloads of the packets that are made of a frame. */
const MAX_PAYLOAD_BYTES = 1_400;

const ROOMS = [
  "aac",
  "ac3",
  "av1",
  "flac",
  "g711",
  "h264",
  "h265",
  "lpcm",
  "mpeg_audio",
  "opus",
  "vp8",
  "vp9",
].map((codec) => `formats/flv/codecs/${codec}_test.ts`);

/** Bodies of FLV tags, and the values in RTMP's commands and data. */
export const FLV_TARGETS: readonly FuzzTarget[] = [
  tagTarget("video"),
  tagTarget("audio"),
  bytesTarget(
    "opus_head",
    ["formats/flv/opus_head_test.ts"],
    parseOpusHead,
    [
      Uint8Array.fromHex("4f70757348656164" + "0106380180bb0000000001040200"),
      Uint8Array.fromHex(
        "4f70757348656164" + "0106380180bb00000000010402000401020305",
      ),
    ],
  ),
  bytesTarget(
    "vpcc_flv",
    ["formats/flv/codecs/vp9_test.ts", "codecs/vp9/vpcc_test.ts"],
    parseVpcC,
  ),
  {
    name: "amf0",
    seeds: () =>
      hexSeeds("formats/flv/amf0_test.ts", "formats/flv/amf3_test.ts"),
    rejects: [ParseError],
    run: takes((bytes) => {
      const values = parseAmf0Values(bytes);
      for (const value of values) {
        amf0Property(value, "app");
        checkValue(value);
      }
      // What was read can be written, and means the same.
      parseAmf0Values(serializeAmf0Values(values));
      return values;
    }),
  },
  {
    name: "amf3",
    seeds: () => hexSeeds("formats/flv/amf3_test.ts"),
    rejects: [ParseError],
    run: takes((bytes) => parseAmf0Values(Uint8Array.of(0x11, ...bytes))),
  },
];

/** Nothing of a peer gets near the prototypes of objects. */
function checkValue(value: Amf0Value): void {
  if (typeof value !== "object" || value === null) return;
  const prototype = Object.getPrototypeOf(value);
  assert(
    prototype === Object.prototype || prototype === Array.prototype ||
      prototype === null,
    "an object has another prototype",
  );
  for (const one of Object.values(value)) checkValue(one);
}

/** Several tags of one publisher, one after the other: a reader remembers tracks and their configuration. */
function tagTarget(kind: "video" | "audio"): FuzzTarget {
  return {
    name: `flv_${kind}`,
    seeds: () => tagSeeds(kind),
    rejects: [ParseError],
    passes: 3,
    run: (input) => {
      const reader = new FlvTagReader(kind);
      const known = new Map<number, CodecParameters>();
      let count = 0;
      for (const body of splitFramed(input)) {
        const tags = reader.read(body);
        for (const tag of tags) {
          if (tag.kind !== "unsupported") count++;
          writeOut(tag, known);
        }
      }
      return count > 0;
    },
  };
}

/** What becomes of a tag on its way to readers over RTP and over RTMP. */
function writeOut(
  tag: FlvTag,
  known: Map<number, CodecParameters>,
): void {
  if (tag.kind === "unsupported") return;
  const changed = tag.kind === "parameters"
    ? tag.parameters
    : tag.payload.parameters;
  if (changed !== undefined) {
    known.set(tag.trackId, changed);
    tryEach(() => pictureTiming(changed));
    const flv = flvCodecOf(changed);
    assert(flv !== undefined, "FLV does not carry what came in FLV");
    const form = { flv, isEnhanced: false, trackId: 0 };
    tryEach(() => flvSequenceHeader(form, changed));
    assert(
      payloadFormatFor(changed).describe(changed) !== undefined,
      "RTP does not describe what came in FLV",
    );
  }
  if (tag.kind !== "frame") return;
  const { parts, isRandomAccess } = tag.payload;
  assert(parts.length > 0, "a frame has no parts");
  const parameters = known.get(tag.trackId);
  if (parameters === undefined) return;
  tryEach(() =>
    payloadFormatFor(parameters).openPacketizer(parameters, MAX_PAYLOAD_BYTES)
      .packetize(parts, isRandomAccess)
  );
}

/** Tags in the tests, each alone and those of one list together, and those of whole units of each codec. */
function tagSeeds(kind: "video" | "audio"): Uint8Array[] {
  const lists = hexLists("formats/flv/tag_reader_test.ts", ...ROOMS);
  const written: Uint8Array[][] = [];
  for (const parameters of PARAMETERS) {
    const flv = flvCodecOf(parameters);
    const parts = PARTS[parameters.codec];
    if (flv?.kind !== kind || parts === undefined) continue;
    for (const isEnhanced of [false, true]) {
      if (isEnhanced ? !flv.fourCc : flv.codecId === undefined) continue;
      const form = { flv, isEnhanced, trackId: 0 };
      const unit = { parts, isRandomAccess: true, compositionTimeMs: 40 };
      const head = flvSequenceHeader(form, parameters);
      const frames = flvFrames(form, unit, parameters).map(({ body }) => body);
      written.push(head === undefined ? frames : [head, ...frames]);
    }
  }
  return distinct([
    ...written.map(joinFramed),
    ...lists.flatMap((list) => [
      joinFramed(list),
      ...list.map((one) => joinFramed([one])),
    ]),
  ]);
}
