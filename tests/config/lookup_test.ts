import { nearestKey } from "#config/lookup.ts";
import { assertEquals } from "#test/assert.ts";

const KNOWN = ["rtmpAddress", "rtspAddress", "record", "api", "srt"];

/** What was written, and what was most likely meant. */
const KEYS: [key: string, nearest: string | undefined][] = [
  ["rtmpAdress", "rtmpAddress"],
  ["rtmpaddress", "rtmpAddress"],
  ["rtmp_address", "rtmpAddress"],
  ["rtspAdress", "rtspAddress"],
  ["recording", "record"],
  ["apis", "api"],
  ["x", undefined],
  ["completelyElse", undefined],
  ["", undefined],
  ["r".repeat(1_000), undefined],
];

for (const [key, nearest] of KEYS) {
  Deno.test(`nearestKey() answers '${key.slice(0, 20)}' with ${nearest}`, () => {
    assertEquals(nearestKey(key, KNOWN), nearest);
  });
}
