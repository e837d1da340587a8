import { ParseError } from "#base/errors.ts";
import { Base64Decoder } from "#protocols/rtsp/tunnel/base64_decoder.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { concatBytes } from "#test/fake_tcp.ts";
import { chunkings, mutations, seededRandom } from "#test/splits.ts";
import { bytesOf } from "../wire/messages.ts";

/** Decodes chunk by chunk. */
function decode(chunks: Iterable<Uint8Array>): Uint8Array {
  const decoder = new Base64Decoder();
  const decoded: Uint8Array[] = [];
  for (const chunk of chunks) {
    const bytes = concatBytes([chunk, Uint8Array.of(0xaa)]);
    const count = decoder.decode(bytes, chunk.length);
    assertEquals(bytes.at(-1), 0xaa, "what stands behind stays");
    decoded.push(bytes.subarray(0, count));
  }
  return concatBytes(decoded);
}

const RANDOM = seededRandom(1);
const BINARY = Uint8Array.from({ length: 300 }, () => RANDOM() * 256);

const STREAMS = [
  { name: "nothing", text: "", bytes: bytesOf("") },
  { name: "f [RFC 4648 §10]", text: "Zg==", bytes: bytesOf("f") },
  { name: "fo [RFC 4648 §10]", text: "Zm8=", bytes: bytesOf("fo") },
  { name: "foo [RFC 4648 §10]", text: "Zm9v", bytes: bytesOf("foo") },
  { name: "foobar [RFC 4648 §10]", text: "Zm9vYmFy", bytes: bytesOf("foobar") },
  {
    name: "messages that are padded one by one [ffmpeg 5.1, GStreamer 1.22]",
    text: "Zg==Zm8=Zm9vZg==",
    bytes: bytesOf("ffofoof"),
  },
  {
    name: "spaces and line breaks, in the padding too",
    text: " Zm\r\n9v\tZg=\n=Zm 8=\r\n",
    bytes: bytesOf("fooffo"),
  },
  { name: "every byte", text: BINARY.toBase64(), bytes: BINARY },
  {
    name: "the whole alphabet",
    text: "+/+/",
    bytes: Uint8Array.of(251, 255, 191),
  },
];

for (const { name, text, bytes } of STREAMS) {
  Deno.test(`Base64Decoder reads ${name}, in any chunks`, () => {
    for (const chunks of chunkings(bytesOf(text))) {
      assertEquals(decode(chunks), bytes);
    }
  });
}

const BAD_STREAMS: readonly [text: string, at: number, found: string][] = [
  ["OPTIONS * RTSP/1.0", 8, "found a byte 42"],
  ["Zm9v$", 4, "found a byte 36"],
  ["Zm9_", 3, "found a byte 95"],
  ["\x00", 0, "found a byte 0"],
  ["\xff", 0, "found a byte 195"],
  ["=", 0, "found padding"],
  ["Z=", 1, "found padding"],
  ["Zg=A", 3, "found a byte 65"],
  ["Zg===", 4, "found padding"],
];

for (const [text, at, found] of BAD_STREAMS) {
  Deno.test(`Base64Decoder rejects ${JSON.stringify(text)}`, () => {
    for (const chunks of chunkings(bytesOf(text), 3)) {
      const error = assertThrows(() => decode(chunks), ParseError);
      assertEquals(
        error.message,
        `Cannot parse body of the HTTP tunnel: character at byte ${at}: must be base64, ${found}`,
      );
    }
  });
}

Deno.test("Base64Decoder throws nothing but ParseError and agrees with the runtime, whatever comes", () => {
  let same = 0;
  const seeds = STREAMS.map(({ text }) => bytesOf(text));
  for (const bytes of mutations(seeds)) {
    let decoded: Uint8Array;
    try {
      decoded = decode([bytes]);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      continue;
    }
    const text = new TextDecoder().decode(bytes).replace(/\s/g, "");
    if (/=[^=]/.test(text) || text.replace(/=/g, "").length % 4 !== 0) continue;
    assertEquals(decoded, Uint8Array.fromBase64(text));
    same++;
  }
  assert(same > 100, `only ${same} were compared`);
});
