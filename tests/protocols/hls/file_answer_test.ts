import type { DirectHead } from "#http/direct.ts";
import { answerFile, fileHead } from "#protocols/hls/file_answer.ts";
import { assertEquals } from "#test/assert.ts";

const BYTES = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);

const RANGES = [
  [undefined, 200, "0123456789", null],
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=8-", 206, "89", "bytes 8-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=-30", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["bytes=5-4", 416, "", "bytes */10"],
  ["bytes=-0", 416, "", "bytes */10"],
  ["bytes=-", 200, "0123456789", null],
  ["bytes=0-1,3-4", 200, "0123456789", null],
  ["items=0-1", 200, "0123456789", null],
  ["bytes=99999999999999999999-", 200, "0123456789", null],
] as const;

for (const [range, status, content, contentRange] of RANGES) {
  Deno.test(`answerFile() to the range ${range}`, () => {
    const answers: [DirectHead, Uint8Array][] = [];
    answerFile(range, BYTES, {
      type: "video/mp4",
      isCdn: false,
      answer: (head, body) => void answers.push([head, body]),
    });
    const [[head, body]] = answers as [[DirectHead, Uint8Array]];
    assertEquals(head.status, status);
    assertEquals(head.fields["Content-Range"] ?? null, contentRange);
    assertEquals([...body].join(""), content);
  });
}

Deno.test("fileHead() is the same for the same files", () => {
  const head = fileHead("video/mp4", true);
  assertEquals(head.fields["Cache-Control"], "public, max-age=3600");
  assertEquals(fileHead("video/mp4", true) === head, true);
  assertEquals(fileHead("video/mp4", false) === head, false);
});
