import { sniffHttp } from "#protocols/rtsp/wire/http_sniff.ts";
import { assertEquals } from "#test/assert.ts";
import { bytesOf } from "./messages.ts";

const STARTS: [string, boolean | undefined][] = [
  ["", undefined],
  ["G", undefined],
  ["GET", undefined],
  ["GET ", true],
  ["GET / HTTP/1.0", true],
  ["GET_PARAMETER", false],
  ["P", undefined],
  ["POST", undefined],
  ["POST /", true],
  ["PLAY", false],
  ["OPTIONS", false],
  ["$", false],
];

for (const [text, answer] of STARTS) {
  Deno.test(`sniffHttp() answers ${answer} to ${JSON.stringify(text)}`, () => {
    assertEquals(sniffHttp(bytesOf(text)), answer);
  });
}
