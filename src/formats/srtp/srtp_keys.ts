import { randomBytes } from "#base/crypto.ts";

/** Bytes of a master key for AES-128. Spec: RFC 3711 §8.2. */
export const SRTP_MASTER_KEY_BYTES = 16;

/** Bytes of a master salt. Spec: RFC 3711 §8.2. */
export const SRTP_MASTER_SALT_BYTES = 14;

/** Bytes of an authentication tag: 80 or 32 bits. Spec: RFC 3711 §5.2, RFC 4568 §6.2. */
export type SrtpTagBytes = 10 | 4;

/** What both sides must know: transforms AES_CM_128 and HMAC-SHA1, a key derivation rate of zero. */
export interface SrtpKeys {
  /** {@linkcode SRTP_MASTER_KEY_BYTES} long. */
  readonly masterKey: Uint8Array;
  /** {@linkcode SRTP_MASTER_SALT_BYTES} long. */
  readonly masterSalt: Uint8Array;
  readonly rtpTagBytes: SrtpTagBytes;
  readonly rtcpTagBytes: SrtpTagBytes;
  /** Master key identifier that stands in every packet; empty if none does. Spec: RFC 3711 §3.1. */
  readonly mki: Uint8Array;
}

/** New random keys with tags of 80 bits and no identifier. */
export function createSrtpKeys(): SrtpKeys {
  return {
    masterKey: randomBytes(SRTP_MASTER_KEY_BYTES),
    masterSalt: randomBytes(SRTP_MASTER_SALT_BYTES),
    rtpTagBytes: 10,
    rtcpTagBytes: 10,
    mki: new Uint8Array(),
  };
}

/** Bytes that an RTP packet grows by. */
export function srtpOverheadBytes(keys: SrtpKeys): number {
  return keys.mki.length + keys.rtpTagBytes;
}
