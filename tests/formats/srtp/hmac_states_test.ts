import { hmacSha1States } from "#formats/srtp/hmac_states.ts";
import { packetStage } from "#formats/srtp/packet_stage.ts";
import { openAes128 } from "#base/crypto.ts";
import { assert } from "#test/assert.ts";

Deno.test("hmacSha1States() has the states that HMAC goes on from [RFC 2202 case 1]", () => {
  const key = new Uint8Array(20).fill(0x0b);
  using cipher = openAes128(new Uint8Array(16));
  const stage = packetStage();
  const message = new TextEncoder().encode("Hi T");
  stage.clear();
  const transform = {
    cipher,
    salt: new Uint8Array(14),
    hmac: hmacSha1States(key),
  };
  // The message ends with the word behind the packet.
  stage.add(message, transform, {
    payloadOffsetBytes: message.length,
    ssrc: 0,
    index: 0,
    trailer: 0x68657265,
  });
  stage.authenticate(transform);
  assert(
    stage.hasTag(0, Uint8Array.fromHex("b617318655057264e28b")),
    "b617318655057264e28bc0b6fb378c8ef146be00 was wanted",
  );
});
