import { randomBytes } from "#base/crypto.ts";
import { readU32 } from "#base/big_endian.ts";
import { ParseError } from "#base/errors.ts";
import { ntpFromUnixMs } from "#formats/rtp/rtcp/ntp_time.ts";
import {
  SRTP_MASTER_KEY_BYTES,
  SRTP_MASTER_SALT_BYTES,
  type SrtpKeys,
  type SrtpTagBytes,
} from "#formats/srtp/srtp_keys.ts";
import {
  type MikeyMessage,
  type MikeyPolicy,
  SRTP_POLICY_PARAMETERS,
} from "./mikey_message.ts";

const RAND_BYTES = 16;

const AES_CM = 1;
const HMAC_SHA1 = 1;
const HMAC_SHA1_KEY_BYTES = 20;
const LONG_TAG_BYTES = 10;
const SHORT_TAG_BYTES = 4;

/** Longest master key identifier; RFC 3711 §3.1 leaves it open. */
const MAX_MKI_BYTES = 128;

/** Values of the policy that this program can follow; the first is what counts if a message does not say. */
const SUPPORTED: ReadonlyMap<number, readonly number[]> = new Map([
  [SRTP_POLICY_PARAMETERS.encryptionAlgorithm, [AES_CM]],
  [SRTP_POLICY_PARAMETERS.encryptionKeyBytes, [SRTP_MASTER_KEY_BYTES]],
  [SRTP_POLICY_PARAMETERS.authenticationAlgorithm, [HMAC_SHA1]],
  [SRTP_POLICY_PARAMETERS.authenticationKeyBytes, [
    HMAC_SHA1_KEY_BYTES,
    LONG_TAG_BYTES,
    SHORT_TAG_BYTES,
  ]],
  [SRTP_POLICY_PARAMETERS.saltBytes, [SRTP_MASTER_SALT_BYTES]],
  [SRTP_POLICY_PARAMETERS.pseudoRandomFunction, [0]],
  [SRTP_POLICY_PARAMETERS.keyDerivationRate, [0]],
  [SRTP_POLICY_PARAMETERS.isSrtpEncrypted, [1]],
  [SRTP_POLICY_PARAMETERS.isSrtcpEncrypted, [1]],
  [SRTP_POLICY_PARAMETERS.isSrtpAuthenticated, [1]],
  [SRTP_POLICY_PARAMETERS.tagBytes, [LONG_TAG_BYTES, SHORT_TAG_BYTES]],
  [SRTP_POLICY_PARAMETERS.prefixBytes, [0]],
]);

/** What two peers of SRTP agree on: keys, and where each source stands. */
export interface SrtpExchange {
  readonly keys: SrtpKeys;
  /** Rollover counters by source. Spec: RFC 3711 §3.3.1. */
  readonly rollovers: ReadonlyMap<number, number>;
}

/** Puts keys into a message. `nowMs`: wall clock, milliseconds since the epoch. */
export function mikeyFromExchange(
  { keys, rollovers }: SrtpExchange,
  nowMs: number,
): MikeyMessage {
  const { masterKey, masterSalt, mki, rtpTagBytes } = keys;
  return {
    csbId: readU32(randomBytes(4), 0),
    cryptoSessions: [...rollovers].map(([ssrc, rolloverCounter]) => ({
      policyNumber: 0,
      ssrc,
      rolloverCounter,
    })),
    timestamp: ntpFromUnixMs(nowMs),
    random: randomBytes(RAND_BYTES),
    policies: [{ number: 0, parameters: policyOf(rtpTagBytes) }],
    keys: [{
      key: masterKey,
      salt: masterSalt,
      spi: mki.length === 0 ? undefined : mki,
    }],
  };
}

/**
 * Takes keys out of a message.
 *
 * Only the first key is used, and of several policies the one of the first source.
 * Deviates: GStreamer writes the length of the tag where that of the key for authentication belongs, and means both
 * SRTP and SRTCP by it.
 *
 * @throws {ParseError} if there is no key, or a policy that cannot be followed.
 */
export function exchangeFromMikey(message: MikeyMessage): SrtpExchange {
  const { cryptoSessions, policies, keys } = message;
  const wanted = cryptoSessions[0]?.policyNumber;
  const policy = policies.find(({ number }) => number === wanted) ??
    policies[0];
  if (policy !== undefined) checkPolicy(policy);
  const shared = policy?.parameters.get(
    SRTP_POLICY_PARAMETERS.authenticationKeyBytes,
  );
  const told = policy?.parameters.get(SRTP_POLICY_PARAMETERS.tagBytes);
  const isShort = (told ?? shared) === SHORT_TAG_BYTES;
  const first = keys[0];
  if (first === undefined) throw error("is missing", "key data");
  return {
    keys: {
      ...masterOf(first.key, first.salt),
      rtpTagBytes: tagBytes(isShort),
      rtcpTagBytes: tagBytes(isShort && told === undefined),
      mki: mkiOf(first.spi),
    },
    rollovers: new Map(
      cryptoSessions.map((one) => [one.ssrc, one.rolloverCounter]),
    ),
  };
}

/** Spec: RFC 3830 §6.10.1. */
function policyOf(rtpTagBytes: SrtpTagBytes): Map<number, number> {
  const names = SRTP_POLICY_PARAMETERS;
  return new Map([
    [names.encryptionAlgorithm, AES_CM],
    [names.encryptionKeyBytes, SRTP_MASTER_KEY_BYTES],
    [names.authenticationAlgorithm, HMAC_SHA1],
    [names.authenticationKeyBytes, HMAC_SHA1_KEY_BYTES],
    [names.isSrtpEncrypted, 1],
    [names.isSrtcpEncrypted, 1],
    [names.isSrtpAuthenticated, 1],
    [names.tagBytes, rtpTagBytes],
  ]);
}

function checkPolicy({ parameters }: MikeyPolicy): void {
  for (const [type, value] of parameters) {
    const values = SUPPORTED.get(type);
    if (values === undefined || values.includes(value)) continue;
    throw error(
      `must be ${values.join(" or ")}, found ${value}`,
      `SP param ${type}`,
    );
  }
}

function masterOf(
  key: Uint8Array,
  salt: Uint8Array | undefined,
): Pick<SrtpKeys, "masterKey" | "masterSalt"> {
  const masterKey = key.subarray(0, SRTP_MASTER_KEY_BYTES);
  const masterSalt = salt ?? key.subarray(SRTP_MASTER_KEY_BYTES);
  const isRight = masterKey.length === SRTP_MASTER_KEY_BYTES &&
    masterSalt.length === SRTP_MASTER_SALT_BYTES &&
    (salt === undefined || key.length === SRTP_MASTER_KEY_BYTES);
  if (isRight) return { masterKey, masterSalt };
  throw error(
    `must be key and salt of ${SRTP_MASTER_KEY_BYTES} and ${SRTP_MASTER_SALT_BYTES} bytes, found ${key.length} and ${
      salt?.length ?? 0
    }`,
    "key data",
  );
}

function mkiOf(spi: Uint8Array | undefined): Uint8Array {
  if (spi === undefined) return new Uint8Array();
  if (spi.length <= MAX_MKI_BYTES) return spi;
  throw error(
    `has ${spi.length} bytes, allowed are ${MAX_MKI_BYTES}`,
    "SPI",
  );
}

function tagBytes(isShort: boolean): SrtpTagBytes {
  return isShort ? SHORT_TAG_BYTES : LONG_TAG_BYTES;
}

function error(reason: string, field: string): ParseError {
  return new ParseError(reason, {
    format: "MIKEY message",
    field,
    offsetBytes: 0,
  });
}
