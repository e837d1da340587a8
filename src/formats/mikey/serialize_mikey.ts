import { ByteWriter } from "#base/byte_writer.ts";
import {
  MIKEY_PAYLOADS,
  MIKEY_VERSION,
  type MikeyKey,
  type MikeyMessage,
  type MikeyPolicy,
} from "./mikey_message.ts";

const TEK_TYPE = 2;
const SPI_VALIDITY = 1;

/** One payload behind the header: which one it is, and how it is written behind the field for the next one. */
interface Part {
  readonly type: number;
  readonly write: (writer: ByteWriter) => void;
}

/**
 * Writes a MIKEY message: header, T, RAND, SP, KEMAC, in the order of the peers.
 *
 * A salt is written behind its key, in one piece, because not every peer looks for it elsewhere.
 * Spec: RFC 3830 §6.
 */
export function serializeMikey(message: MikeyMessage): Uint8Array<ArrayBuffer> {
  const parts = partsOf(message);
  const nextOf = (i: number) => parts[i]?.type ?? MIKEY_PAYLOADS.last;
  const writer = new ByteWriter()
    .u8(MIKEY_VERSION)
    .u8(0) // data type: initiator's pre-shared key message
    .u8(nextOf(0))
    .u8(0) // no answer wanted, PRF MIKEY-1
    .u32(message.csbId)
    .u8(message.cryptoSessions.length)
    .u8(0); // SRTP-ID map
  for (const one of message.cryptoSessions) {
    writer.u8(one.policyNumber).u32(one.ssrc).u32(one.rolloverCounter);
  }
  for (const [i, part] of parts.entries()) {
    writer.u8(nextOf(i + 1));
    part.write(writer);
  }
  return writer.finish();
}

function partsOf({ timestamp, random, policies, keys }: MikeyMessage): Part[] {
  const parts: Part[] = [];
  if (timestamp !== undefined) {
    parts.push({
      type: MIKEY_PAYLOADS.timestamp,
      write: (writer) =>
        writer.u8(0).u32(timestamp.seconds).u32(timestamp.fraction),
    });
  }
  parts.push({
    type: MIKEY_PAYLOADS.random,
    write: (writer) => writer.u8(random.length).bytes(random),
  });
  for (const policy of policies) {
    parts.push({
      type: MIKEY_PAYLOADS.securityPolicy,
      write: (writer) => writePolicy(writer, policy),
    });
  }
  parts.push({
    type: MIKEY_PAYLOADS.keyDataTransport,
    write: (writer) => writeKeys(writer, keys),
  });
  return parts;
}

/** Spec: RFC 3830 §6.10. */
function writePolicy(writer: ByteWriter, policy: MikeyPolicy): void {
  const { number, parameters } = policy;
  writer.u8(number).u8(0).u16(parameters.size * 3);
  for (const [type, value] of parameters) writer.u8(type).u8(1).u8(value);
}

/** Spec: RFC 3830 §6.2, §6.13. */
function writeKeys(writer: ByteWriter, keys: readonly MikeyKey[]): void {
  writer.u8(0); // null encryption
  const lengthAt = writer.lengthBytes;
  writer.u16(0);
  for (const [i, { key, salt = new Uint8Array(), spi }] of keys.entries()) {
    const isLast = i === keys.length - 1;
    writer.u8(isLast ? MIKEY_PAYLOADS.last : MIKEY_PAYLOADS.keyData)
      .u8(TEK_TYPE << 4 | (spi === undefined ? 0 : SPI_VALIDITY))
      .u16(key.length + salt.length).bytes(key).bytes(salt);
    if (spi !== undefined) writer.u8(spi.length).bytes(spi);
  }
  writer.patchU16(lengthAt, writer.lengthBytes - lengthAt - 2);
  writer.u8(0); // null MAC
}
