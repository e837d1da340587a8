import { RtpClock } from "#formats/rtp/rtp_clock.ts";
import { assertEquals } from "#test/assert.ts";

const LINES = [
  { name: "the first timestamp as it is", timestamps: [5000], ticks: [5000] },
  {
    name: "a step over the wrap-around",
    timestamps: [0xffff_ff00, 0x100],
    ticks: [0xffff_ff00, 0x1_0000_0100],
  },
  {
    name: "pictures out of order",
    timestamps: [9000, 18000, 12000, 15000, 27000],
    ticks: [9000, 18000, 12000, 15000, 27000],
  },
  {
    name: "a step back over the wrap-around",
    timestamps: [0x10, 0xffff_fff0, 0x20],
    ticks: [0x10, -0x10, 0x20],
  },
  {
    name: "many wrap-arounds",
    timestamps: [0, 0x7fff_ffff, 0xffff_fffe, 0x7fff_fffd, 0xffff_fffc, 1],
    ticks: [
      0,
      0x7fff_ffff,
      0xffff_fffe,
      0x1_7fff_fffd,
      0x1_ffff_fffc,
      0x2_0000_0001,
    ],
  },
];

for (const { name, timestamps, ticks } of LINES) {
  Deno.test(`RtpClock.unwrap() places ${name}`, () => {
    const clock = new RtpClock();
    assertEquals(timestamps.map((one) => clock.unwrap(one)), ticks);
  });
}
