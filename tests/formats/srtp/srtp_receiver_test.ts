import { createSrtpKeys, type SrtpKeys } from "#formats/srtp/srtp_keys.ts";
import {
  MAX_SRTP_SOURCES,
  openSrtpReceiver,
} from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { KEYS, rtpPacket } from "./reference.ts";

const RECEIVER_REPORT = Uint8Array.fromHex("80c90001cafebabe");

const KEY_SETS: readonly { readonly name: string; readonly keys: SrtpKeys }[] =
  [
    { name: "tags of 80 bits", keys: KEYS },
    { name: "tags of 32 bits", keys: { ...createSrtpKeys(), rtpTagBytes: 4 } },
    {
      name: "an identifier",
      keys: { ...createSrtpKeys(), mki: Uint8Array.of(0, 1, 2, 3) },
    },
  ];

for (const { name, keys } of KEY_SETS) {
  Deno.test(`SrtpReceiver takes what a sender made, with ${name}`, () => {
    using sender = openSrtpSender(keys);
    using receiver = openSrtpReceiver(keys);
    const packets = [rtpPacket(1, 0), rtpPacket(2, 1_300), rtpPacket(3)];
    for (const [i, one] of sender.protectRtp(packets, [1, 2, 3]).entries()) {
      const before = one.slice();
      assertEquals(receiver.unprotectRtp(one), packets[i]);
      assertEquals(one, before, "input must stay untouched");
    }
    const report = sender.protectRtcp(RECEIVER_REPORT);
    assertEquals(receiver.unprotectRtcp(report), RECEIVER_REPORT);
  });

  Deno.test(`SrtpReceiver refuses every prefix, with ${name}`, () => {
    using sender = openSrtpSender(keys);
    using receiver = openSrtpReceiver(keys);
    const [packet] = sender.protectRtp([rtpPacket(1)], [1]);
    const report = sender.protectRtcp(RECEIVER_REPORT);
    for (const prefix of prefixes(packet!)) {
      assertEquals(typeof receiver.unprotectRtp(prefix), "string");
    }
    for (const prefix of prefixes(report)) {
      assertEquals(typeof receiver.unprotectRtcp(prefix), "string");
    }
  });

  Deno.test(`SrtpReceiver takes no mutation, with ${name}`, () => {
    using sender = openSrtpSender(keys);
    const [packet] = sender.protectRtp([rtpPacket(1)], [1]);
    const report = sender.protectRtcp(RECEIVER_REPORT);
    using receiver = openSrtpReceiver(keys);
    receiver.unprotectRtp(packet!);
    receiver.unprotectRtcp(report);
    for (const bytes of mutations([packet!, report], 5_000)) {
      assertEquals(typeof receiver.unprotectRtp(bytes), "string");
      assertEquals(typeof receiver.unprotectRtcp(bytes), "string");
    }
  });
}

/** What becomes of packets with these indexes, in this order. */
function outcomes(
  indexes: readonly number[],
  rollovers?: ReadonlyMap<number, number>,
): string[] {
  using sender = openSrtpSender(KEYS);
  using receiver = openSrtpReceiver(KEYS, rollovers);
  return indexes.map((index) => {
    const [packet] = sender.protectRtp([rtpPacket(index)], [index]);
    const clear = receiver.unprotectRtp(packet!);
    return typeof clear === "string" ? clear : "ok";
  });
}

const ORDERS = [
  { name: "in order", indexes: [5, 6, 7], outcome: "ok ok ok" },
  { name: "late ones", indexes: [200, 100, 73], outcome: "ok ok ok" },
  {
    name: "one twice",
    indexes: [5, 6, 5],
    outcome: "ok ok srtp_replayed",
  },
  {
    name: "one behind the window",
    indexes: [200, 72],
    outcome: "ok srtp_replayed",
  },
  {
    name: "a rollover",
    indexes: [65_534, 65_535, 65_536, 65_537],
    outcome: "ok ok ok ok",
  },
  {
    name: "late ones over a rollover",
    indexes: [65_535, 65_537, 65_534, 65_536],
    outcome: "ok ok ok ok",
  },
  {
    name: "a gap of 30,000 over a rollover",
    indexes: [65_000, 95_000],
    outcome: "ok ok",
  },
  {
    name: "two rollovers",
    indexes: [60_000, 80_000, 100_000, 130_000, 131_073],
    outcome: "ok ok ok ok ok",
  },
  {
    name: "one from before the first",
    indexes: [3, -2 + 65_536],
    outcome: "ok ok",
  },
];

for (const { name, indexes, outcome } of ORDERS) {
  Deno.test(`SrtpReceiver.unprotectRtp() follows indexes: ${name}`, () => {
    assertEquals(outcomes(indexes).join(" "), outcome);
  });
}

Deno.test("SrtpReceiver.unprotectRtp() starts a source at the rollovers it is told", () => {
  const index = 7 * 65_536 + 65_535;
  const known = new Map([[0xcafebabe, 7]]);
  assertEquals(outcomes([index, index + 1], known), ["ok", "ok"]);
  assertEquals(outcomes([index]), ["srtp_not_authentic"]);
});

Deno.test("SrtpReceiver tells the keys of another from its own", () => {
  using sender = openSrtpSender(createSrtpKeys());
  using receiver = openSrtpReceiver(KEYS);
  const [packet] = sender.protectRtp([rtpPacket(1)], [1]);
  assertEquals(receiver.unprotectRtp(packet!), "srtp_not_authentic");
  const report = sender.protectRtcp(RECEIVER_REPORT);
  assertEquals(receiver.unprotectRtcp(report), "srtp_not_authentic");
});

Deno.test("SrtpReceiver.unprotectRtp() names what is wrong", () => {
  using receiver = openSrtpReceiver({ ...KEYS, mki: Uint8Array.of(9) });
  const packet = rtpPacket(1, 30);
  assertEquals(receiver.unprotectRtp(packet), "srtp_unknown_mki");
  packet[12 + 30 - 11] = 9;
  assertEquals(receiver.unprotectRtp(packet), "srtp_not_authentic");
  packet[0] = 0x40;
  assertEquals(receiver.unprotectRtp(packet), "srtp_bad_version");
  packet[0] = 0x8f;
  assertEquals(receiver.unprotectRtp(packet), "srtp_bad_header");
  assertEquals(receiver.unprotectRtp(packet.subarray(0, 22)), "srtp_too_short");
  const long = new Uint8Array(65_536 + 11);
  assertEquals(receiver.unprotectRtp(long), "srtp_too_long");
});

Deno.test("SrtpReceiver.unprotectRtcp() takes an index once", () => {
  using sender = openSrtpSender(KEYS);
  using receiver = openSrtpReceiver(KEYS);
  const first = sender.protectRtcp(RECEIVER_REPORT);
  const second = sender.protectRtcp(RECEIVER_REPORT);
  assertEquals(receiver.unprotectRtcp(second), RECEIVER_REPORT);
  assertEquals(receiver.unprotectRtcp(first), RECEIVER_REPORT);
  assertEquals(receiver.unprotectRtcp(first), "srtp_replayed");
});

Deno.test("SrtpReceiver.unprotectRtcp() notices a changed index or flag", () => {
  using sender = openSrtpSender(KEYS);
  using receiver = openSrtpReceiver(KEYS);
  const report = sender.protectRtcp(RECEIVER_REPORT);
  assertEquals(
    receiver.unprotectRtcp(report.with(11, 5)),
    "srtp_not_authentic",
  );
  assertEquals(
    receiver.unprotectRtcp(report.with(8, 0)),
    "srtp_not_authentic",
  );
});

Deno.test("SrtpReceiver has a limit of sources that strangers do not use up", () => {
  using sender = openSrtpSender(KEYS);
  using stranger = openSrtpSender(createSrtpKeys());
  using receiver = openSrtpReceiver(KEYS);
  const from = (one: typeof sender, ssrc: number) => {
    const [packet] = one.protectRtp([rtpPacket(1, 20, ssrc)], [1]);
    return receiver.unprotectRtp(packet!);
  };
  for (let ssrc = 0; ssrc < 100; ssrc++) {
    assertEquals(from(stranger, ssrc), "srtp_not_authentic");
  }
  for (let ssrc = 0; ssrc < MAX_SRTP_SOURCES; ssrc++) {
    assert(typeof from(sender, ssrc) !== "string");
  }
  assertEquals(from(sender, 1_000), "srtp_too_many_sources");
  assertEquals(from(sender, 3), "srtp_replayed");
});
