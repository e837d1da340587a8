import {
  serializeBasicChallenge,
  serializeDigestChallenge,
} from "#protocols/rtsp/wire/headers/www_authenticate.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("serializeBasicChallenge() and serializeDigestChallenge() write what clients expect", () => {
  assertEquals(serializeBasicChallenge("ipcam"), 'Basic realm="ipcam"');
  assertEquals(
    serializeDigestChallenge("ipcam", "0a1b"),
    'Digest realm="ipcam", nonce="0a1b"',
  );
  assertEquals(serializeBasicChallenge('a"b'), 'Basic realm="a\\"b"');
});
