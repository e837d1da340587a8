import { createCipheriv, createHmac } from "node:crypto";
import { deriveSessionKeys } from "#formats/srtp/key_derivation.ts";
import type { SrtpKeys } from "#formats/srtp/srtp_keys.ts";

/** Keys of RFC 3711 §B.3, with tags of 80 bits. */
export const KEYS: SrtpKeys = {
  masterKey: Uint8Array.fromHex("e1f97a0d3e018be0d64fa32c06de4139"),
  masterSalt: Uint8Array.fromHex("0ec675ad498afeebb6960b3aabe6"),
  rtpTagBytes: 10,
  rtcpTagBytes: 10,
  mki: new Uint8Array(),
};

/** An RTP packet with a payload of `payloadBytes` bytes that count up. */
export function rtpPacket(
  sequenceNumber: number,
  payloadBytes = 20,
  ssrc = 0xcafebabe,
): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(12 + payloadBytes);
  const view = new DataView(packet.buffer);
  view.setUint16(0, 0x800f);
  view.setUint16(2, sequenceNumber);
  view.setUint32(4, 0xdecafbad);
  view.setUint32(8, ssrc);
  for (let i = 0; i < payloadBytes; i++) packet[12 + i] = i;
  return packet;
}

/** SRTP as the RFC tells it, one step after another with the runtime's ciphers. Spec: RFC 3711 §3.3. */
export function protectSlowly(
  packet: Uint8Array,
  index: number,
  keys: SrtpKeys,
  headerBytes = 12,
): Uint8Array {
  const { cipherKey, salt, authenticationKey } = deriveSessionKeys(keys).rtp;
  const ssrc = BigInt(
    new DataView(packet.buffer, packet.byteOffset).getUint32(8),
  );
  const saltNumber = BigInt(`0x${salt.toHex()}`);
  const counter = (saltNumber << 16n) ^ (ssrc << 64n) ^ (BigInt(index) << 16n);
  const block = Uint8Array.fromHex(counter.toString(16).padStart(32, "0"));
  const cipher = createCipheriv("aes-128-ctr", cipherKey, block);
  const encrypted = [
    ...packet.subarray(0, headerBytes),
    ...cipher.update(packet.subarray(headerBytes)),
  ];
  cipher.final();
  const rollovers = new DataView(new ArrayBuffer(4));
  rollovers.setUint32(0, Math.floor(index / 65_536));
  const tag = createHmac("sha1", authenticationKey)
    .update(Uint8Array.from(encrypted))
    .update(new Uint8Array(rollovers.buffer)).digest();
  return Uint8Array.from([
    ...encrypted,
    ...keys.mki,
    ...tag.subarray(0, keys.rtpTagBytes),
  ]);
}
