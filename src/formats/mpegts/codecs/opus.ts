import { joinBytes } from "#base/join_bytes.ts";
import { isSameCodec, type OpusParameters } from "#codecs/codec.ts";
import { MAX_OPUS_CHANNEL_COUNT, opusPacketTicks } from "#codecs/opus.ts";
import { opusParametersOf } from "#formats/flv/opus_head.ts";
import {
  descriptorOf,
  EXTENSION_DESCRIPTOR_TAG,
  extensionOf,
  formatDescriptor,
  isRegisteredAs,
} from "#formats/mpegts/descriptors.ts";
import {
  STREAM_TYPE_PRIVATE,
  type StreamEntry,
} from "#formats/mpegts/program_tables.ts";
import {
  type AccessUnit,
  NO_UNITS,
  type PesPacket,
  type StreamReader,
  type TsCodec,
} from "#formats/mpegts/ts_codec.ts";
import { STREAM_ID, type TsPayloadWriter } from "#formats/mpegts/ts_payload.ts";

const FORMAT = "Opus";
const EXTENSION_TAG = 0x80;
/** Two channels that have nothing to do with each other. */
const DUAL_MONO: OpusParameters = {
  codec: "opus",
  channelCount: 2,
  multistream: {
    streamCount: 2,
    coupledStreamCount: 0,
    channelMapping: [0, 1],
  },
};

/** Eleven bits in front of a control header, then flags. */
const CONTROL_PREFIX = 0x7fe0;
const CONTROL_PREFIX_MASK = 0xffe0;
const START_TRIM_BIT = 0b1_0000;
const END_TRIM_BIT = 0b0_1000;
const EXTENSION_BIT = 0b0_0100;
const CONTROL_BYTES = 2;
const TRIM_BYTES = 2;
/** A size byte of this value says that one more follows. */
const SIZE_GOES_ON = 0xff;

/** Packets of one PES packet. */
const MAX_PACKETS = 256;

/** Layout by `channel_config_code`; undefined if it is another than those of RFC 7845 §5.1.1.2. */
function parametersOf(entry: StreamEntry): OpusParameters | undefined {
  const code = extensionOf(entry.descriptors, EXTENSION_TAG)?.[0];
  if (code === undefined || code > MAX_OPUS_CHANNEL_COUNT) return undefined;
  return code === 0 ? DUAL_MONO : { codec: "opus", channelCount: code };
}

class OpusReader implements StreamReader {
  readonly codec: OpusParameters;
  #onError: (message: string) => void;

  constructor(codec: OpusParameters, onError: (message: string) => void) {
    this.codec = codec;
    this.#onError = onError;
  }

  read({ payload, ptsTicks }: PesPacket): readonly AccessUnit[] {
    if (ptsTicks === undefined) return NO_UNITS;
    const parts: Uint8Array[] = [];
    for (let at = 0; at < payload.length && parts.length < MAX_PACKETS;) {
      const end = this.#takePacket(payload, at, parts);
      if (end < 0) {
        this.#onError("an Opus control header cannot be read");
        break;
      }
      at = end;
    }
    if (parts.length === 0) return NO_UNITS;
    const { codec } = this;
    const dtsTicks = ptsTicks;
    return [{ ptsTicks, dtsTicks, isRandomAccess: true, parts, codec }];
  }

  handleGap(): void {}

  /** Adds the packet behind the control header at `at`; answers where it ends, -1 if there is none. Hot path. */
  #takePacket(bytes: Uint8Array, at: number, parts: Uint8Array[]): number {
    if (bytes.length - at <= CONTROL_BYTES) return -1;
    const control = bytes[at]! << 8 | bytes[at + 1]!;
    if ((control & CONTROL_PREFIX_MASK) !== CONTROL_PREFIX) return -1;
    let from = at + CONTROL_BYTES;
    let sizeBytes = 0;
    for (let part = SIZE_GOES_ON; part === SIZE_GOES_ON;) {
      if (from >= bytes.length) return -1;
      part = bytes[from++]!;
      sizeBytes += part;
    }
    if ((control & START_TRIM_BIT) !== 0) from += TRIM_BYTES;
    if ((control & END_TRIM_BIT) !== 0) from += TRIM_BYTES;
    if ((control & EXTENSION_BIT) !== 0) from += 1 + (bytes[from] ?? 0);
    const end = from + sizeBytes;
    if (end > bytes.length) return -1;
    const packet = bytes.subarray(from, end);
    if (opusPacketTicks(packet) === undefined) return -1;
    parts.push(packet);
    return end;
  }
}

/**
 * Opus in MPEG-TS, packets behind control headers; what trims samples is passed over.
 *
 * Spec: Encapsulation of Opus in MPEG-TS, draft 0.1.3, as multiplexers follow it.
 */
export const opusTs: TsCodec<"opus"> = {
  codec: "opus",
  isCodecOf: (entry) =>
    entry.streamType === STREAM_TYPE_PRIVATE &&
    isRegisteredAs(entry.descriptors, FORMAT) &&
    parametersOf(entry) !== undefined,
  openReader: (entry, onError) =>
    new OpusReader(parametersOf(entry) ?? DUAL_MONO, onError),
};

/** `channel_config_code` of a layout; undefined if only another kind of descriptor could tell it. */
function channelCode(parameters: OpusParameters): number | undefined {
  const { channelCount, multistream } = parameters;
  if (multistream === undefined) {
    return channelCount <= MAX_OPUS_CHANNEL_COUNT ? channelCount : undefined;
  }
  if (isSameCodec(parameters, DUAL_MONO)) return 0;
  return isSameCodec(parameters, opusParametersOf(channelCount))
    ? channelCount
    : undefined;
}

/** The control header of a packet: no trimming. */
function controlHeader(packetBytes: number): Uint8Array {
  const longBytes = Math.floor(packetBytes / SIZE_GOES_ON);
  const header = new Uint8Array(CONTROL_BYTES + longBytes + 1);
  header[0] = CONTROL_PREFIX >>> 8;
  header[1] = CONTROL_PREFIX & 0xff;
  header.fill(SIZE_GOES_ON, CONTROL_BYTES, CONTROL_BYTES + longBytes);
  header[header.length - 1] = packetBytes % SIZE_GOES_ON;
  return header;
}

/** Opus that is written, packets behind control headers. */
export const opusTsPayload: TsPayloadWriter<"opus"> = {
  codec: "opus",
  form(parameters) {
    const code = channelCode(parameters);
    return code === undefined ? undefined : {
      streamType: STREAM_TYPE_PRIVATE,
      streamId: STREAM_ID.private1,
      descriptors: joinBytes([
        formatDescriptor(FORMAT),
        descriptorOf(
          EXTENSION_DESCRIPTOR_TAG,
          Uint8Array.of(EXTENSION_TAG, code),
        ),
      ]),
    };
  },
  pieces(parts) {
    const pieces: Uint8Array[] = [];
    for (const packet of parts) {
      if (opusPacketTicks(packet) === undefined) continue;
      pieces.push(controlHeader(packet.length), packet);
    }
    return pieces;
  },
};
