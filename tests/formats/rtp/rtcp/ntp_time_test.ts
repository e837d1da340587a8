import {
  compactNtp,
  ntpFromUnixMs,
  unixMsFromNtp,
} from "#formats/rtp/rtcp/ntp_time.ts";
import { assert, assertEquals } from "#test/assert.ts";

const TIMES = [
  { name: "the Unix epoch", unixMs: 0, seconds: 2_208_988_800, fraction: 0 },
  {
    name: "half a second",
    unixMs: 1_700_000_000_500,
    seconds: 3_908_988_800,
    fraction: 0x8000_0000,
  },
  {
    name: "the second era",
    unixMs: 2_085_978_496_250,
    seconds: 0,
    fraction: 0x4000_0000,
  },
];

for (const { name, unixMs, seconds, fraction } of TIMES) {
  Deno.test(`ntpFromUnixMs() and unixMsFromNtp() convert ${name}`, () => {
    assertEquals(ntpFromUnixMs(unixMs), { seconds, fraction });
    assertEquals(unixMsFromNtp({ seconds, fraction }), unixMs);
  });
}

Deno.test("unixMsFromNtp() gives back every millisecond of a second", () => {
  for (let ms = 1_712_345_678_000; ms < 1_712_345_679_000; ms++) {
    const ntp = ntpFromUnixMs(ms);
    assert(ntp.fraction < 2 ** 32);
    assertEquals(unixMsFromNtp(ntp), ms);
  }
});

Deno.test("compactNtp() takes the middle 32 bits [RFC 3550 §6.4.1, figure 2]", () => {
  const ntp = { seconds: 0xb44d_b705, fraction: 0x2000_0000 };
  assertEquals(compactNtp(ntp), 0xb705_2000);
});
