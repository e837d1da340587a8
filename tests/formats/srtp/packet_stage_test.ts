import { createHmac } from "node:crypto";
import { openAes128 } from "#base/crypto.ts";
import { hmacSha1States } from "#formats/srtp/hmac_states.ts";
import {
  MAX_SRTP_PACKET_BYTES,
  PacketStage,
  type PacketTransform,
} from "#formats/srtp/packet_stage.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";

const AUTHENTICATION_KEY = Uint8Array.from({ length: 20 }, (_, i) => 7 * i);

function openTransform(): PacketTransform & Disposable {
  const cipher = openAes128(
    Uint8Array.fromHex("2b7e151628aed2a6abf7158809cf4f3c"),
  );
  return {
    cipher,
    salt: Uint8Array.fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfd"),
    hmac: hmacSha1States(AUTHENTICATION_KEY),
    [Symbol.dispose]: () => cipher[Symbol.dispose](),
  };
}

const work = { payloadOffsetBytes: 0, ssrc: 0, index: 0, trailer: 0 };

function packetOf(stage: PacketStage, slot: number, sizeBytes: number) {
  const out = new Uint8Array(sizeBytes);
  stage.copyPacket(slot, out, 0);
  return out;
}

Deno.test("PacketStage.mix() makes the key stream of AES-CM [RFC 3711 B.2]", () => {
  using transform = openTransform();
  const stage = new PacketStage();
  stage.add(new Uint8Array(48), transform, work);
  stage.mix(transform);
  assertEquals(
    packetOf(stage, 0, 48).toHex(),
    "e03ead0935c95e80e166b16dd92b4eb4" +
      "d23513162b02d0f72a43a2fe4a5f97ab" +
      "41e95b3bb0a2e8dd477901e4fca894c0",
  );
});

Deno.test("PacketStage.mix() counts past 255 blocks", () => {
  using transform = openTransform();
  const stage = new PacketStage();
  stage.add(new Uint8Array(300 * 16), transform, work);
  stage.mix(transform);
  const counter = Uint8Array.fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0103");
  assertEquals(
    packetOf(stage, 0, 300 * 16).subarray(259 * 16, 260 * 16).toHex(),
    transform.cipher.encrypt(counter).toHex(),
  );
});

Deno.test("PacketStage.mix() twice gives back what was there, header untouched", () => {
  using transform = openTransform();
  const stage = new PacketStage();
  const random = seededRandom(3);
  const packets = Array.from(
    { length: 33 },
    () =>
      Uint8Array.from({ length: 12 + random() * 300 }, () => random() * 256),
  );
  const input = packets.map((packet) => packet.slice());
  for (const [i, packet] of packets.entries()) {
    stage.add(packet, transform, {
      payloadOffsetBytes: 12,
      ssrc: i,
      index: 2 ** 47 + i,
      trailer: 0,
    });
  }
  stage.mix(transform);
  for (const [i, packet] of packets.entries()) {
    const mixed = packetOf(stage, i, packet.length);
    assertEquals(mixed.subarray(0, 12), packet.subarray(0, 12));
    using again = openTransform();
    const back = new PacketStage();
    back.add(mixed, again, {
      payloadOffsetBytes: 12,
      ssrc: i,
      index: 2 ** 47 + i,
      trailer: 0,
    });
    back.mix(again);
    assertEquals(packetOf(back, 0, packet.length), packet);
  }
  assertEquals(packets, input, "input must stay untouched");
});

Deno.test("PacketStage.authenticate() gives each packet its own tag, whatever their sizes", () => {
  using transform = openTransform();
  const stage = new PacketStage();
  const random = seededRandom(5);
  for (let count = 1; count <= 9; count++) {
    stage.clear();
    const packets = Array.from(
      { length: count },
      () => Uint8Array.from({ length: random() * 400 }, () => random() * 256),
    );
    for (const [trailer, packet] of packets.entries()) {
      stage.add(packet, transform, {
        ...work,
        payloadOffsetBytes: packet.length,
        trailer,
      });
    }
    stage.authenticate(transform);
    for (const [i, packet] of packets.entries()) {
      const wanted = createHmac("sha1", AUTHENTICATION_KEY).update(packet)
        .update(Uint8Array.of(0, 0, 0, i)).digest().subarray(0, 10);
      const tag = new Uint8Array(10);
      stage.copyTag(i, 10, tag, 0);
      assertEquals(tag.toHex(), wanted.toString("hex"));
      assert(stage.hasTag(i, tag));
      assert(!stage.hasTag(i, tag.with(9, tag[9]! ^ 1)));
    }
  }
});

Deno.test("PacketStage.hasRoomFor() always takes one packet of the greatest size", () => {
  using transform = openTransform();
  const stage = new PacketStage();
  const packet = new Uint8Array(MAX_SRTP_PACKET_BYTES);
  assert(stage.hasRoomFor(packet.length));
  stage.add(packet, transform, work);
  stage.mix(transform);
  stage.authenticate(transform);
  let packets = 1;
  for (; stage.hasRoomFor(1_400); packets++) {
    stage.add(packet.subarray(0, 1_400), transform, work);
  }
  stage.mix(transform);
  stage.authenticate(transform);
  assertEquals(packets, 45);
  stage.clear();
  assert(stage.hasRoomFor(packet.length));
});

Deno.test("PacketStage.hasRoomFor() bounds even packets without any bytes", () => {
  using transform = openTransform();
  const stage = new PacketStage();
  let packets = 0;
  for (; stage.hasRoomFor(0); packets++) {
    stage.add(new Uint8Array(), transform, work);
  }
  stage.authenticate(transform);
  assertEquals(packets, 2_048);
});
