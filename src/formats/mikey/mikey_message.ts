import type { NtpTime } from "#formats/rtp/rtcp/ntp_time.ts";

/** Longest message. */
export const MAX_MIKEY_BYTES = 8_192;

/** Most payloads of a message. */
export const MAX_MIKEY_PAYLOADS = 32;

/** Most keys of a message. */
export const MAX_MIKEY_KEYS = 16;

/** The only version there is. Spec: RFC 3830 §6.1. */
export const MIKEY_VERSION = 1;

/** Payloads, as the field before each one names it. Spec: RFC 3830 §6.1, table 6.1.b. */
export const MIKEY_PAYLOADS = {
  last: 0,
  keyDataTransport: 1,
  envelope: 2,
  signature: 4,
  timestamp: 5,
  id: 6,
  certificate: 7,
  securityPolicy: 10,
  random: 11,
  error: 12,
  keyData: 20,
  generalExtension: 21,
} as const;

/** Parameters of a security policy for SRTP. Spec: RFC 3830 §6.10.1. */
export const SRTP_POLICY_PARAMETERS = {
  encryptionAlgorithm: 0,
  encryptionKeyBytes: 1,
  authenticationAlgorithm: 2,
  authenticationKeyBytes: 3,
  saltBytes: 4,
  pseudoRandomFunction: 5,
  keyDerivationRate: 6,
  isSrtpEncrypted: 7,
  isSrtcpEncrypted: 8,
  fecOrder: 9,
  isSrtpAuthenticated: 10,
  tagBytes: 11,
  prefixBytes: 12,
} as const;

/** One source whose packets the keys protect: an entry of the SRTP-ID map. Spec: RFC 3830 §6.1.1. */
export interface MikeyCryptoSession {
  /** Which of the policies. */
  readonly policyNumber: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** Rollover counter of the source, 32 bits. */
  readonly rolloverCounter: number;
}

/** How packets are protected. Spec: RFC 3830 §6.10. */
export interface MikeyPolicy {
  readonly number: number;
  /** Values by {@linkcode SRTP_POLICY_PARAMETERS}, of at most 32 bits. */
  readonly parameters: ReadonlyMap<number, number>;
}

/** A key for traffic, a TEK. Spec: RFC 3830 §6.13. */
export interface MikeyKey {
  readonly key: Uint8Array;
  /** Undefined if there is none of its own: it may stand behind the key. */
  readonly salt: Uint8Array | undefined;
  /** Security parameter index, for SRTP the master key identifier; undefined if there is none. */
  readonly spi: Uint8Array | undefined;
}

/**
 * A message of the initiator that is protected by what carries it: keys and MAC are in the clear.
 *
 * Spec: RFC 3830 §3.1 with null algorithms, RFC 4567 §4.
 */
export interface MikeyMessage {
  /** Crypto session bundle, 32 bits. */
  readonly csbId: number;
  readonly cryptoSessions: readonly MikeyCryptoSession[];
  /** Undefined if there was none, or one of another kind than NTP. */
  readonly timestamp: NtpTime | undefined;
  /** Random bytes against equal derived keys, 16 or more; empty if there were none. */
  readonly random: Uint8Array;
  readonly policies: readonly MikeyPolicy[];
  readonly keys: readonly MikeyKey[];
}
