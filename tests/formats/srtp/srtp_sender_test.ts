import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import { assertEquals } from "#test/assert.ts";
import { KEYS, protectSlowly, rtpPacket } from "./reference.ts";

Deno.test("SrtpSender.protectRtp() protects a packet [libsrtp srtp_validate]", () => {
  using sender = openSrtpSender(KEYS);
  const packet = Uint8Array.fromHex(
    "800f1234decafbadcafebabe" + "ab".repeat(16),
  );
  const before = packet.slice();
  assertEquals(
    sender.protectRtp([packet], [0x1234])[0]!.toHex(),
    "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
  );
  assertEquals(packet, before, "input must stay untouched");
});

Deno.test("SrtpSender.protectRtcp() protects a packet and counts [libsrtp srtp_validate]", () => {
  using sender = openSrtpSender(KEYS, 1);
  const packet = Uint8Array.fromHex("81c8000bcafebabe" + "ab".repeat(16));
  assertEquals(
    sender.protectRtcp(packet).toHex(),
    "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798",
  );
  assertEquals(sender.nextRtcpIndex, 2);
  const second = sender.protectRtcp(packet);
  assertEquals(second.subarray(24, 28).toHex(), "80000002");
});

Deno.test("SrtpSender.protectRtp() protects packets of all sizes at once, as one by one", () => {
  using sender = openSrtpSender(KEYS);
  for (const start of [0, 65_530, 2 ** 47]) {
    const packets = Array.from(
      { length: 19 },
      (_, i) => rtpPacket(start + i, (i * 97) % 300),
    );
    const indexes = packets.map((_, i) => start + i);
    const views = sender.protectRtp(packets, indexes);
    assertEquals(
      views.map((view) => view.toHex()),
      packets.map((packet, i) =>
        protectSlowly(packet, indexes[i]!, KEYS).toHex()
      ),
    );
  }
});

Deno.test("SrtpSender.protectRtp() puts its packets back to back in one piece of memory", () => {
  using sender = openSrtpSender(KEYS);
  const packets = [rtpPacket(1, 100), rtpPacket(2, 0), rtpPacket(3, 50)];
  const views = sender.protectRtp(packets, [1, 2, 3]);
  assertEquals(views.map((view) => view.byteOffset), [0, 122, 144]);
  assertEquals(new Set(views.map((view) => view.buffer)).size, 1);
  assertEquals(sender.protectRtp([], []), []);
});

Deno.test("SrtpSender.protectRtp() takes frames larger than what is worked on at once", () => {
  using sender = openSrtpSender(KEYS);
  const packets = Array.from({ length: 300 }, (_, i) => rtpPacket(i, 1_388));
  const views = sender.protectRtp(packets, packets.map((_, i) => i));
  for (const i of [0, 88, 89, 90, 91, 92, 93, 299]) {
    assertEquals(
      views[i]!.toHex(),
      protectSlowly(packets[i]!, i, KEYS).toHex(),
    );
  }
});

Deno.test("SrtpSender.protectRtp() leaves sources and extension in the clear", () => {
  using sender = openSrtpSender(KEYS);
  const packet = rtpPacket(7, 40);
  packet[0] = 0x91;
  packet.set(Uint8Array.fromHex("00000001bede000111111111"), 12);
  assertEquals(
    sender.protectRtp([packet], [7])[0]!.toHex(),
    protectSlowly(packet, 7, KEYS, 24).toHex(),
  );
});

Deno.test("SrtpSender writes identifier and short tags when the keys say so", () => {
  const keys = {
    ...createSrtpKeys(),
    rtpTagBytes: 4 as const,
    mki: Uint8Array.of(1, 2, 3),
  };
  using sender = openSrtpSender(keys);
  const packet = rtpPacket(9);
  const [protectedPacket] = sender.protectRtp([packet], [9]);
  assertEquals(
    protectedPacket!.toHex(),
    protectSlowly(packet, 9, keys).toHex(),
  );
  const rtcp = sender.protectRtcp(Uint8Array.fromHex("80c9000100000001"));
  assertEquals(rtcp.length, 8 + 4 + 3 + 10);
  assertEquals(rtcp.subarray(8, 15).toHex(), "80000000010203");
});

Deno.test("SrtpSender is disposed of twice without harm", () => {
  const sender = openSrtpSender(KEYS);
  sender[Symbol.dispose]();
  sender[Symbol.dispose]();
});
