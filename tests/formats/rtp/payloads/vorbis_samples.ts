import {
  IDENTIFICATION_HEX,
  vorbisSetup,
} from "../../../codecs/vorbis_samples.ts";

/** Ident of {@linkcode CONFIGURATION}. */
export const IDENT = 0x123456;

const SETUP_HEX = vorbisSetup([false, true]).toHex();

/** Number and lengths of headers, then a stream's three: blocks of 256 and 2,048 samples, no comments. */
export const PACKED_HEADERS: Uint8Array<ArrayBuffer> = Uint8Array.fromHex(
  "021e00" + IDENTIFICATION_HEX + SETUP_HEX,
);

const HEADERS_BYTES = PACKED_HEADERS.length - 3;

/** The same as a `configuration` parameter. */
export const CONFIGURATION: Uint8Array<ArrayBuffer> = Uint8Array.of(
  ...[0, 0, 0, 1, 0x12, 0x34, 0x56, HEADERS_BYTES >>> 8, HEADERS_BYTES & 0xff],
  ...PACKED_HEADERS,
);
