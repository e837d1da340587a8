import type { CodecParameters } from "#codecs/codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { type FlvTag, FlvTagReader } from "#formats/flv/tag_reader.ts";
import { flvFrames, flvSequenceHeader } from "#formats/flv/tag_writer.ts";
import { assert } from "#test/assert.ts";

/** Bytes of hex digits, spaces between them left out. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

/** What one reader says of each body. */
export function readTags(
  kind: "video" | "audio",
  ...bodies: readonly string[]
): FlvTag[][] {
  const reader = new FlvTagReader(kind);
  return bodies.map((body) => [...reader.read(hex(body))]);
}

/** What the last body holds, which must be one track. */
export function readLast(
  kind: "video" | "audio",
  ...bodies: readonly string[]
): FlvTag {
  const [tag, ...others] = readTags(kind, ...bodies).at(-1)!;
  assert(tag !== undefined && others.length === 0, "wanted one track");
  return tag;
}

/** Parameters that the last body tells. */
export function readParameters(
  kind: "video" | "audio",
  ...bodies: readonly string[]
): CodecParameters | undefined {
  const tag = readLast(kind, ...bodies);
  if (tag.kind === "frame") return tag.payload.parameters;
  return tag.kind === "parameters" ? tag.parameters : undefined;
}

/** Parts of the frame that the last body holds, as hex digits. */
export function readParts(
  kind: "video" | "audio",
  ...bodies: readonly string[]
): string[] {
  const tag = readLast(kind, ...bodies);
  assert(tag.kind === "frame", "wanted a frame");
  return tag.payload.parts.map((part) => part.toHex());
}

/** How a track is written, see {@linkcode formOf}. */
export interface WriteOptions {
  readonly isEnhanced?: boolean;
  readonly trackId?: number;
}

function formOf(parameters: CodecParameters, options: WriteOptions) {
  const { trackId = 0, isEnhanced = trackId > 0 } = options;
  const flv = flvCodecOf(parameters);
  assert(flv !== undefined, "FLV carries the codec");
  return { flv, isEnhanced, trackId };
}

/** The sequence header of a track as hex digits. */
export function headerOf(
  parameters: CodecParameters,
  options: WriteOptions = {},
): string | undefined {
  return flvSequenceHeader(formOf(parameters, options), parameters)?.toHex();
}

/** Tags of a unit as hex digits, `+N ` before those that are N ticks later. */
export function framesOf(
  parameters: CodecParameters,
  parts: readonly Uint8Array[],
  options: WriteOptions & {
    readonly isRandomAccess?: boolean;
    readonly compositionTimeMs?: number;
  } = {},
): string[] {
  const { isRandomAccess = true, compositionTimeMs = 0 } = options;
  const unit = { parts, isRandomAccess, compositionTimeMs };
  return flvFrames(formOf(parameters, options), unit, parameters).map((
    { body, offsetTicks },
  ) => `${offsetTicks > 0 ? `+${offsetTicks} ` : ""}${body.toHex()}`);
}
