import { ByteReader } from "#base/byte_reader.ts";
import type { NtpTime } from "#formats/rtp/rtcp/ntp_time.ts";
import {
  MAX_MIKEY_BYTES,
  MAX_MIKEY_KEYS,
  MAX_MIKEY_PAYLOADS,
  MIKEY_PAYLOADS,
  MIKEY_VERSION,
  type MikeyCryptoSession,
  type MikeyKey,
  type MikeyMessage,
  type MikeyPolicy,
} from "./mikey_message.ts";

const FORMAT = "MIKEY message";

const PRE_SHARED_KEY_INITIATOR = 0;
const SRTP_ID_MAP = 0;
const EMPTY_MAP = 1;
const SRTP_PROTOCOL = 0;
const NULL_ALGORITHM = 0;
const COUNTER_TIMESTAMP = 2;

const KEY_TYPES = { tek: 2, tekWithSalt: 3 } as const;
const KEY_VALIDITIES = { none: 0, spi: 1, interval: 2 } as const;

const MAX_PARAMETER_BYTES = 4;

/** What the payloads of a message say, while they come in. */
interface Draft {
  timestamp: NtpTime | undefined;
  random: Uint8Array;
  readonly policies: MikeyPolicy[];
  readonly keys: MikeyKey[];
}

/**
 * Parses a MIKEY message of the kind that SDP and RTSP carry over TLS.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |  version      |  data type    | next payload  |V| PRF func    |
 * |                         CSB ID                                |
 * | #CS           | CS ID map type| CS ID map info                ~
 * ```
 *
 * Input: the whole message, owned: keys are views into it.
 * Limits: {@linkcode MAX_MIKEY_BYTES}, {@linkcode MAX_MIKEY_PAYLOADS}, {@linkcode MAX_MIKEY_KEYS}.
 * Spec: RFC 3830 §6.
 * Deviates: payloads that mean nothing here are skipped where their length is known, the timestamp is not compared
 * with a clock, RAND may be short or missing, and zeros may follow [Milestone XProtect].
 *
 * @throws {ParseError} if it is malformed, passes a limit, or is protected in another way.
 */
export function parseMikey(bytes: Uint8Array): MikeyMessage {
  const reader = new ByteReader(bytes, FORMAT);
  if (bytes.length > MAX_MIKEY_BYTES) {
    throw reader.error(
      `has ${bytes.length} bytes, allowed are ${MAX_MIKEY_BYTES}`,
      "length",
    );
  }
  expect(reader, reader.u8("version"), MIKEY_VERSION, "version");
  const dataType = reader.u8("data type");
  expect(reader, dataType, PRE_SHARED_KEY_INITIATOR, "data type");
  let next = reader.u8("next payload");
  reader.u8("PRF func");
  const csbId = reader.u32("CSB ID");
  const cryptoSessions = readCryptoSessions(reader);
  const draft: Draft = {
    timestamp: undefined,
    random: new Uint8Array(),
    policies: [],
    keys: [],
  };
  for (let count = 0; next !== MIKEY_PAYLOADS.last; count++) {
    if (count === MAX_MIKEY_PAYLOADS) {
      throw reader.error(
        `is over the limit of ${MAX_MIKEY_PAYLOADS}`,
        "payload",
      );
    }
    next = readPayload(reader, next, draft);
  }
  if (reader.takeRest("rest").some((byte) => byte !== 0)) {
    throw reader.error("follows the last payload", "rest");
  }
  return { csbId, cryptoSessions, ...draft };
}

/** Spec: RFC 3830 §6.1.1, RFC 4563 §3 for the empty map. */
function readCryptoSessions(reader: ByteReader): MikeyCryptoSession[] {
  const count = reader.u8("#CS");
  const mapType = reader.u8("CS ID map type");
  if (mapType === EMPTY_MAP) return [];
  expect(reader, mapType, SRTP_ID_MAP, "CS ID map type");
  const sessions: MikeyCryptoSession[] = [];
  for (let i = 0; i < count; i++) {
    sessions.push({
      policyNumber: reader.u8(`CS ID map info[${i}].policy number`),
      ssrc: reader.u32(`CS ID map info[${i}].SSRC`),
      rolloverCounter: reader.u32(`CS ID map info[${i}].ROC`),
    });
  }
  return sessions;
}

/** Reads one payload; answers which one comes next. */
function readPayload(reader: ByteReader, type: number, draft: Draft): number {
  switch (type) {
    case MIKEY_PAYLOADS.keyDataTransport:
      return readKeyDataTransport(reader, draft.keys);
    case MIKEY_PAYLOADS.timestamp:
      return readTimestamp(reader, draft);
    case MIKEY_PAYLOADS.random: {
      const next = reader.u8("RAND next payload");
      draft.random = reader.take(reader.u8("RAND length"), "RAND");
      return next;
    }
    case MIKEY_PAYLOADS.securityPolicy:
      return readPolicy(reader, draft.policies);
    default:
      return skipPayload(reader, type);
  }
}

/** Spec: RFC 3830 §6.2. */
function readKeyDataTransport(reader: ByteReader, keys: MikeyKey[]): number {
  const next = reader.u8("KEMAC next payload");
  const encryption = reader.u8("KEMAC encr alg");
  expect(reader, encryption, NULL_ALGORITHM, "KEMAC encr alg");
  const data = reader.take(
    reader.u16("KEMAC encr data len"),
    "KEMAC encr data",
  );
  expect(reader, reader.u8("KEMAC MAC alg"), NULL_ALGORITHM, "KEMAC MAC alg");
  const inner = new ByteReader(data, FORMAT);
  let nextKey: number = MIKEY_PAYLOADS.keyData;
  while (nextKey !== MIKEY_PAYLOADS.last) {
    expect(inner, nextKey, MIKEY_PAYLOADS.keyData, "KEMAC sub-payload");
    if (keys.length === MAX_MIKEY_KEYS) {
      throw inner.error(`is over the limit of ${MAX_MIKEY_KEYS}`, "key data");
    }
    nextKey = inner.u8("key data next payload");
    keys.push(readKey(inner));
  }
  return next;
}

/** Spec: RFC 3830 §6.13. */
function readKey(reader: ByteReader): MikeyKey {
  const types = reader.u8("key data type");
  const type = types >> 4;
  if (type !== KEY_TYPES.tek && type !== KEY_TYPES.tekWithSalt) {
    throw reader.error(`must be a TEK, found ${type}`, "key data type");
  }
  const key = reader.take(reader.u16("key data len"), "key data");
  const salt = type === KEY_TYPES.tekWithSalt
    ? reader.take(reader.u16("salt len"), "salt data")
    : undefined;
  const validity = types & 0b1111;
  let spi: Uint8Array | undefined;
  if (validity === KEY_VALIDITIES.spi) {
    spi = reader.take(reader.u8("SPI length"), "SPI");
  } else if (validity === KEY_VALIDITIES.interval) {
    reader.take(reader.u8("VF length"), "valid from");
    reader.take(reader.u8("VT length"), "valid to");
  } else {
    expect(reader, validity, KEY_VALIDITIES.none, "key data KV");
  }
  return { key, salt, spi };
}

/** Spec: RFC 3830 §6.6. */
function readTimestamp(reader: ByteReader, draft: Draft): number {
  const next = reader.u8("T next payload");
  const type = reader.u8("TS type");
  if (type > COUNTER_TIMESTAMP) {
    throw reader.error(`must be 0 to 2, found ${type}`, "TS type");
  }
  const first = reader.u32("TS value");
  if (type !== COUNTER_TIMESTAMP) {
    draft.timestamp = { seconds: first, fraction: reader.u32("TS value") };
  }
  return next;
}

/** Spec: RFC 3830 §6.10. */
function readPolicy(reader: ByteReader, policies: MikeyPolicy[]): number {
  const next = reader.u8("SP next payload");
  const number = reader.u8("SP policy no");
  expect(reader, reader.u8("SP prot type"), SRTP_PROTOCOL, "SP prot type");
  const data = reader.take(reader.u16("SP param length"), "SP param");
  const inner = new ByteReader(data, FORMAT);
  const parameters = new Map<number, number>();
  while (inner.remainingBytes > 0) {
    const type = inner.u8("SP param type");
    const value = inner.take(inner.u8("SP param value length"), "SP param");
    if (value.length > MAX_PARAMETER_BYTES) {
      throw inner.error(
        `has ${value.length} bytes, allowed are ${MAX_PARAMETER_BYTES}`,
        `SP param ${type}`,
      );
    }
    const number = value.reduce((sum, byte) => sum * 256 + byte, 0);
    parameters.set(type, number);
  }
  policies.push({ number, parameters });
  return next;
}

/** Spec: RFC 3830 §6.3, §6.5, §6.7, §6.12, §6.15. */
function skipPayload(reader: ByteReader, type: number): number {
  switch (type) {
    case MIKEY_PAYLOADS.id:
    case MIKEY_PAYLOADS.certificate:
    case MIKEY_PAYLOADS.generalExtension: {
      const next = reader.u8("next payload");
      reader.u8("type");
      reader.take(reader.u16("length"), "data");
      return next;
    }
    case MIKEY_PAYLOADS.envelope: {
      const next = reader.u8("PKE next payload");
      reader.take(reader.u16("PKE data len") & 0x3fff, "PKE data");
      return next;
    }
    case MIKEY_PAYLOADS.signature:
      reader.take(reader.u16("signature len") & 0xfff, "signature");
      return MIKEY_PAYLOADS.last;
    case MIKEY_PAYLOADS.error: {
      const next = reader.u8("ERR next payload");
      reader.take(3, "ERR");
      return next;
    }
    default:
      throw reader.error(`is of unknown type ${type}`, "payload");
  }
}

function expect(
  reader: ByteReader,
  found: number,
  wanted: number,
  field: string,
): void {
  if (found === wanted) return;
  throw reader.error(`must be ${wanted}, found ${found}`, field);
}
