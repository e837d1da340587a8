import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";

/** How long the packets of a stream last. */
export interface VorbisTiming {
  /** Samples of each channel that a short block covers. */
  readonly shortBlockSamples: number;
  /** Samples of each channel that a long block covers. */
  readonly longBlockSamples: number;
  /** `vorbis_mode_blockflag` of each mode, 1 to 64 of them: its blocks are long. */
  readonly longModes: readonly boolean[];
}

const IDENTIFICATION_TYPE = 1;
const SETUP_TYPE = 5;
/** Packet type and `"vorbis"`. */
const COMMON_HEADER_BYTES = 7;
const MAGIC = "vorbis";

const MIN_BLOCK_EXPONENT = 6;
const MAX_BLOCK_EXPONENT = 13;

const MAX_MODES = 64;
const MODE_COUNT_BITS = 6;
/** A mode: block flag, window type, transform type, mapping. Spec: Vorbis I §4.2.4. */
const MODE_BITS = 1 + 16 + 16 + 8;
const MAX_MAPPING = 63;

/**
 * Reads from the headers of a stream how long its packets last.
 *
 * Input: identification and setup header, as packets. The modes stand at the very end of the setup header, whose
 * codebooks need not be read for them: they are found from the end.
 * Spec: Vorbis I §4.2.2, §4.2.4.
 *
 * @throws {ParseError} if one is cut or not such a header.
 */
export function parseVorbisTiming(
  identification: Uint8Array,
  setup: Uint8Array,
): VorbisTiming {
  const reader = new ByteReader(identification, "Vorbis identification header");
  checkCommonHeader(reader, IDENTIFICATION_TYPE);
  reader.take(4, "vorbis_version");
  reader.take(1, "audio_channels");
  reader.take(4, "audio_sample_rate");
  reader.take(12, "bitrate");
  const exponents = reader.u8("blocksize");
  const shortExponent = exponents & 0b1111;
  const longExponent = exponents >>> 4;
  if (
    shortExponent < MIN_BLOCK_EXPONENT || longExponent < shortExponent ||
    longExponent > MAX_BLOCK_EXPONENT
  ) {
    throw reader.error(
      `must be rising and 2^${MIN_BLOCK_EXPONENT} to 2^${MAX_BLOCK_EXPONENT}, found 2^${shortExponent} and 2^${longExponent}`,
      "blocksize",
    );
  }
  return {
    shortBlockSamples: 2 ** shortExponent,
    longBlockSamples: 2 ** longExponent,
    longModes: parseModes(setup),
  };
}

function checkCommonHeader(reader: ByteReader, type: number): void {
  const found = reader.u8("packet_type");
  if (found !== type) {
    throw reader.error(`must be ${type}, found ${found}`, "packet_type");
  }
  const magic = reader.take(COMMON_HEADER_BYTES - 1, "vorbis");
  for (let i = 0; i < MAGIC.length; i++) {
    if (magic[i] !== MAGIC.charCodeAt(i)) {
      throw reader.error(`must be "${MAGIC}"`, "vorbis");
    }
  }
}

/** Counts back from the framing bit as long as there can be modes; the number in front of them must agree. */
function parseModes(setup: Uint8Array): boolean[] {
  checkCommonHeader(new ByteReader(setup, "Vorbis setup header"), SETUP_TYPE);
  const endBits = framingBit(setup);
  const minStartBits = 8 * COMMON_HEADER_BYTES + MODE_COUNT_BITS;
  let count = 0;
  for (let tried = 1; tried <= MAX_MODES; tried++) {
    const at = endBits - tried * MODE_BITS;
    if (at < minStartBits || !isMode(setup, at)) break;
    const stated = bitsAt(setup, at - MODE_COUNT_BITS, MODE_COUNT_BITS) + 1;
    if (stated === tried) count = tried;
  }
  if (count === 0) {
    throw new ParseError("are not at the end", {
      format: "Vorbis setup header",
      field: "vorbis_mode_configurations",
      offsetBytes: Math.max(0, endBits >>> 3),
    });
  }
  return Array.from(
    { length: count },
    (_, i) => bitsAt(setup, endBits - (count - i) * MODE_BITS, 1) === 1,
  );
}

/** Position of the last bit that is set; -1 if none is. */
function framingBit(setup: Uint8Array): number {
  let last = setup.length - 1;
  while (last >= 0 && setup[last] === 0) last--;
  return last < 0 ? -1 : 8 * last + 31 - Math.clz32(setup[last]!);
}

function isMode(setup: Uint8Array, at: number): boolean {
  const windowType = bitsAt(setup, at + 1, 16);
  const transformType = bitsAt(setup, at + 17, 16);
  const mapping = bitsAt(setup, at + 33, 8);
  return windowType === 0 && transformType === 0 && mapping <= MAX_MAPPING;
}

/** Up to 16 bits, least significant first. Spec: Vorbis I §2.1.4. */
function bitsAt(bytes: Uint8Array, atBits: number, countBits: number): number {
  const at = atBits >>> 3;
  const three = bytes[at]! | (bytes[at + 1] ?? 0) << 8 |
    (bytes[at + 2] ?? 0) << 16;
  return three >>> (atBits & 7) & (1 << countBits) - 1;
}

/**
 * Samples of each channel that the block of an audio packet covers.
 *
 * Blocks overlap by half: from where one begins to where the next begins, it is a quarter of both.
 * Hot path. Output: undefined if it is no audio packet of this stream.
 * Spec: Vorbis I §4.3.1.
 */
export function vorbisBlockSamples(
  packet: Uint8Array,
  timing: VorbisTiming,
): number | undefined {
  if (packet.length === 0 || (packet[0]! & 1) !== 0) return undefined;
  const { longModes, longBlockSamples, shortBlockSamples } = timing;
  const modeBits = 32 - Math.clz32(longModes.length - 1);
  const mode = packet[0]! >>> 1 & (1 << modeBits) - 1;
  if (mode >= longModes.length) return undefined;
  return longModes[mode] ? longBlockSamples : shortBlockSamples;
}
