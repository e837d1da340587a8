import { serializeFragment } from "#formats/fmp4/fragment_writer.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { timedSample } from "./fragment_samples.ts";

Deno.test("serializeFragment() writes two runs with everything a sample may say", () => {
  const bytes = serializeFragment(7, [
    {
      trackNumber: 1,
      samples: [
        timedSample(2 ** 32 + 9, {
          compositionOffsetTicks: 80,
          bytes: Uint8Array.of(0xaa, 0xbb, 0xcc),
        }),
        timedSample(2 ** 32 + 49, {
          isSync: false,
          compositionOffsetTicks: -1,
          bytes: Uint8Array.of(0xdd),
        }),
      ],
    },
    { trackNumber: 2, samples: [timedSample(5, { durationTicks: 1_024 })] },
  ]);
  assertEquals(
    bytes.toHex(),
    "000000c06d6f6f66" + // moof
      "000000106d666864" + "00000000" + "00000007" + // mfhd
      "0000006074726166" + // traf
      "0000001074666864" + "00020000" + "00000001" + // tfhd
      "0000001474666474" + "01000000" + "0000000100000009" + // tfdt
      "000000347472756e" + "01000f01" + "00000002" + "000000c8" + // trun
      "00000028" + "00000003" + "00000000" + "00000050" +
      "00000028" + "00000001" + "00010000" + "ffffffff" +
      "0000004874726166" + // traf
      "0000001074666864" + "00020000" + "00000002" +
      "0000001474666474" + "01000000" + "0000000000000005" +
      "0000001c7472756e" + "01000301" + "00000001" + "000000cc" +
      "00000400" + "00000002" +
      "0000000e6d646174" + "aabbccdd" + "0102",
  );
});

Deno.test("serializeFragment() promises runs that begin at 0 or later", () => {
  assertThrows(
    () =>
      serializeFragment(0, [{ trackNumber: 1, samples: [timedSample(-1)] }]),
    Error,
  );
  assertThrows(
    () => serializeFragment(0, [{ trackNumber: 1, samples: [] }]),
    Error,
  );
});
