import {
  parseAv1CodecConfigurationRecord,
  serializeAv1CodecConfigurationRecord,
} from "#codecs/av1/av1c.ts";
import {
  AV1_OBU,
  av1ObuType,
  isAv1KeyFrame,
  isDroppedAv1Obu,
  joinObus,
  splitObus,
} from "#codecs/av1/obu.ts";
import type { Av1Parameters } from "#codecs/codec.ts";
import {
  isSameBytes,
  MAX_PARAMETER_SET_BYTES,
} from "#codecs/parameter_sets.ts";
import {
  type FlvCodec,
  type FlvFrame,
  type FlvPayload,
  type FlvPayloadReader,
  MAX_FLV_BODY_BYTES,
} from "#formats/flv/flv_codec.ts";

/** Without size field. */
const TEMPORAL_DELIMITER = Uint8Array.of(AV1_OBU.temporalDelimiter << 3);

class Av1PayloadReader implements FlvPayloadReader {
  #sequenceHeader: Uint8Array | undefined;

  configure(payload: Uint8Array): Av1Parameters | undefined {
    // ffmpeg sends an empty one first, when it does not know better yet.
    if (payload.length === 0) return undefined;
    const { sequenceHeader } = parseAv1CodecConfigurationRecord(payload);
    this.#sequenceHeader = sequenceHeader ?? this.#sequenceHeader;
    return { codec: "av1", sequenceHeader: this.#sequenceHeader };
  }

  read(payload: Uint8Array): FlvPayload | undefined {
    const parts = splitObus(payload);
    const known = this.#sequenceHeader;
    let inBand: Uint8Array | undefined;
    let isRandomAccess = false;
    for (const obu of parts) {
      if (isKeptHeader(obu)) inBand ??= obu;
      isRandomAccess ||= isAv1KeyFrame(obu, 0, obu.length);
    }
    const sequenceHeader = inBand ?? known;
    if (parts.length === 0 || sequenceHeader === undefined) return undefined;
    // Readers that know no configuration find it where a decoder may start.
    if (isRandomAccess && inBand === undefined) parts.unshift(sequenceHeader);
    if (known && isSameBytes(known, sequenceHeader)) {
      return { parts, isRandomAccess, parameters: undefined };
    }
    this.#sequenceHeader = sequenceHeader.slice();
    const parameters: Av1Parameters = {
      codec: "av1",
      sequenceHeader: this.#sequenceHeader,
    };
    return { parts, isRandomAccess, parameters };
  }
}

function isKeptHeader(obu: Uint8Array): boolean {
  return av1ObuType(obu) === AV1_OBU.sequenceHeader &&
    obu.length <= MAX_PARAMETER_SET_BYTES;
}

function frames(
  parts: readonly Uint8Array[],
  _: Av1Parameters,
  headBytes: number,
): FlvFrame[] {
  const obus: Uint8Array[] = [TEMPORAL_DELIMITER];
  for (const obu of parts) {
    if (obu.length > 0 && !isDroppedAv1Obu(av1ObuType(obu))) obus.push(obu);
  }
  if (obus.length === 1) return [];
  const unit = joinObus(obus);
  if (unit.length > MAX_FLV_BODY_BYTES - headBytes) return [];
  const body = new Uint8Array(headBytes + unit.length);
  body.set(unit, headBytes);
  return [{ body, offsetTicks: 0 }];
}

/** AV1 in FLV: whole temporal units, delimiter included. Spec: Enhanced RTMP v2, `av01`. */
export const av1Flv: FlvCodec<"av1"> = {
  codec: "av1",
  kind: "video",
  fourCc: "av01",
  codecIds: [],
  hasConfiguration: true,
  hasCompositionTime: false,
  isCarried: () => true,
  configuration: ({ sequenceHeader }) =>
    sequenceHeader && serializeAv1CodecConfigurationRecord(sequenceHeader),
  frames,
  openReader: () => new Av1PayloadReader(),
};
