/**
 * What SRTP costs a packet: a video frame of 15 packets of 1,400 bytes, all at once and one by one, against the
 * runtime's own ciphers called for each packet.
 */
import { createCipheriv, createHmac } from "node:crypto";
import { deriveSessionKeys } from "#formats/srtp/key_derivation.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";

const FRAME_PACKETS = 15;
const PACKET_BYTES = 1_400;
const HEADER_BYTES = 12;
const TAG_BYTES = 10;

const keys = createSrtpKeys();
const packets = Array.from({ length: FRAME_PACKETS }, () => {
  const packet = new Uint8Array(PACKET_BYTES).fill(0x5a);
  packet[0] = 0x80;
  return packet;
});
let index = 0;

/** Numbers the packets of the next frame; answers their indexes. */
function nextFrame(): number[] {
  return packets.map((packet) => {
    packet[2] = index >>> 8;
    packet[3] = index;
    return index++;
  });
}

const sender = openSrtpSender(keys);
const receiver = openSrtpReceiver(keys);

Deno.bench({
  name: "protectRtp(), a frame at once",
  group: "protect 15 packets",
  baseline: true,
  fn() {
    sender.protectRtp(packets, nextFrame());
  },
});

Deno.bench({
  name: "protectRtp(), packet by packet",
  group: "protect 15 packets",
  fn() {
    const indexes = nextFrame();
    for (let i = 0; i < FRAME_PACKETS; i++) {
      sender.protectRtp([packets[i]!], [indexes[i]!]);
    }
  },
});

const { cipherKey, authenticationKey } = deriveSessionKeys(keys).rtp;
const counterBlock = new Uint8Array(16);
const rollovers = new Uint8Array(4);

Deno.bench({
  name: "a cipher and an HMAC of the runtime each packet",
  group: "protect 15 packets",
  fn() {
    nextFrame();
    for (const packet of packets) {
      const cipher = createCipheriv("aes-128-ctr", cipherKey, counterBlock);
      const out = new Uint8Array(PACKET_BYTES + TAG_BYTES);
      out.set(packet.subarray(0, HEADER_BYTES));
      out.set(cipher.update(packet.subarray(HEADER_BYTES)), HEADER_BYTES);
      cipher.final();
      const tag = createHmac("sha1", authenticationKey)
        .update(out.subarray(0, PACKET_BYTES)).update(rollovers).digest();
      out.set(tag.subarray(0, TAG_BYTES), PACKET_BYTES);
    }
  },
});

Deno.bench({
  name: "unprotectRtp()",
  group: "unprotect 15 packets",
  fn(b) {
    const frame = sender.protectRtp(packets, nextFrame());
    b.start();
    for (const packet of frame) receiver.unprotectRtp(packet);
    b.end();
  },
});
