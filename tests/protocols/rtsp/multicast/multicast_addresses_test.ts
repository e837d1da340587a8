import {
  isMulticastIp,
  MulticastAddresses,
} from "#protocols/rtsp/multicast/multicast_addresses.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

Deno.test("MulticastAddresses gives addresses one after the other, and again from the beginning", () => {
  const addresses = new MulticastAddresses("224.1.0.0/30");
  const take = () => addresses.take();
  assertEquals([take(), take(), take()], [
    "224.1.0.1",
    "224.1.0.2",
    "224.1.0.3",
  ]);
  addresses.release("224.1.0.2");
  assertEquals(take(), "224.1.0.0");
  assertEquals(take(), "224.1.0.2");
  assertEquals([take(), addresses.takenCount], [undefined, 4]);
  addresses.release("224.1.0.3");
  addresses.release("224.1.0.3");
  assertEquals([take(), take()], ["224.1.0.3", undefined]);
});

/** Ranges, and the first address of each. */
const RANGES = [
  ["224.1.0.0/16", "224.1.0.1"],
  ["224.1.255.254/16", "224.1.0.1"],
  ["239.255.0.255/23", "239.255.0.1"],
  ["224.0.0.0/4", "224.0.0.1"],
  ["239.255.255.255/32", "239.255.255.255"],
  ["239.1.2.3", "239.1.2.3"],
] as const;

for (const [range, first] of RANGES) {
  Deno.test(`MulticastAddresses begins ${range} with ${first}`, () => {
    assertEquals(new MulticastAddresses(range).take(), first);
  });
}

for (
  const range of ["", "224.1.0.0/33", "10.0.0.0/8", "224.0.0.0/3", "ff02::/16"]
) {
  Deno.test(`MulticastAddresses refuses "${range}"`, () => {
    const { message } = assertThrows(
      () => new MulticastAddresses(range),
      RangeError,
    );
    const start = `Cannot use config key multicastIPRange: found "${range}": `;
    assertEquals(message.slice(0, start.length), start);
  });
}

Deno.test("isMulticastIp() knows the class of an address", () => {
  const answers = [
    "224.0.0.1",
    "239.255.255.255",
    "223.255.255.255",
    "240.0.0.0",
    "192.0.2.1",
    "ff02::1",
    "group.example",
    "",
  ].map(isMulticastIp);
  assertEquals(answers, [true, true, ...Array(6).fill(false)]);
});
