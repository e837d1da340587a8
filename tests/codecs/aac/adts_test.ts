import { ParseError } from "#base/errors.ts";
import {
  adtsAudioSpecificConfig,
  adtsFrameSizeBytes,
  type AdtsHeader,
  parseAdtsHeader,
  serializeAdtsHeader,
  withoutAdtsHeader,
} from "#codecs/aac/adts.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

interface Row {
  name: string;
  hex: string;
  header: AdtsHeader;
  audioSpecificConfig: string;
}

const HEADERS: Row[] = [{
  name: "LC 48 kHz stereo, 10 bytes",
  hex: "fff14c80023ffc",
  header: {
    audioObjectType: 2,
    sampleRateHz: 48_000,
    channelConfiguration: 2,
    headerSizeBytes: 7,
    frameSizeBytes: 17,
  },
  audioSpecificConfig: "1190",
}, {
  name: "main 8 kHz, 8 channels, the largest frame",
  hex: "fff12dc3fffffc",
  header: {
    audioObjectType: 1,
    sampleRateHz: 8_000,
    channelConfiguration: 7,
    headerSizeBytes: 7,
    frameSizeBytes: 8_191,
  },
  audioSpecificConfig: "0db8",
}];

const FRAME = Uint8Array.fromHex("fff14c80023ffc21100460808182838485");
const FRAME_WITH_CRC = Uint8Array.fromHex("fff06040017ffcbeefaabb");

for (const { name, hex, header, audioSpecificConfig } of HEADERS) {
  Deno.test(`parseAdtsHeader() reads ${name} [made by hand]`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assertEquals(parseAdtsHeader(bytes), header);
    assertEquals(bytes.toHex(), hex, "input must stay untouched");
    for (const prefix of prefixes(bytes)) {
      assertThrows(() => parseAdtsHeader(prefix), ParseError);
    }
  });

  Deno.test(`serializeAdtsHeader() writes ${name}`, () => {
    assertEquals(
      serializeAdtsHeader(header, header.frameSizeBytes - 7).toHex(),
      hex,
    );
  });

  Deno.test(`adtsAudioSpecificConfig() translates ${name}`, () => {
    assertEquals(adtsAudioSpecificConfig(header).toHex(), audioSpecificConfig);
  });
}

Deno.test("parseAdtsHeader() names the field at fault", () => {
  for (
    const [hex, field] of [
      ["fef14c80023ffc", "syncword"],
      ["fff34c80023ffc", "layer"],
      ["fff17480023ffc", "sampling_frequency_index"],
      ["fff14c00023ffc", "channel_configuration"],
      ["fff14c8000fffc", "aac_frame_length"],
      ["fff14c80023ffd", "number_of_raw_data_blocks_in_frame"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseAdtsHeader(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals([hex, error.field], [hex, field]);
  }
});

Deno.test("serializeAdtsHeader() throws on what ADTS cannot express", () => {
  const plain = HEADERS[0]!.header;
  for (
    const [wrong, sizeBytes] of [
      [{ ...plain, audioObjectType: 5 }, 10],
      [{ ...plain, sampleRateHz: 47_999 }, 10],
      [{ ...plain, channelConfiguration: 0 }, 10],
      [plain, 8_185],
    ] as const
  ) {
    assertThrows(() => serializeAdtsHeader(wrong, sizeBytes), RangeError);
  }
});

Deno.test("withoutAdtsHeader() leaves everything but a whole frame alone", () => {
  assertEquals(withoutAdtsHeader(FRAME).toHex(), "21100460808182838485");
  assertEquals(withoutAdtsHeader(FRAME_WITH_CRC).toHex(), "aabb");
  for (const hex of ["", "fff1", "21100460808182838485"]) {
    assertEquals(withoutAdtsHeader(Uint8Array.fromHex(hex)).toHex(), hex);
  }
  const cut = FRAME.subarray(0, FRAME.length - 1);
  assertEquals(withoutAdtsHeader(cut), cut);
});

Deno.test("adtsFrameSizeBytes() tells the size where parseAdtsHeader() takes a header, and nowhere else", () => {
  const seeds = [FRAME, FRAME_WITH_CRC].map((one) => one.subarray(0, 9));
  for (const bytes of mutations(seeds)) {
    if (bytes.length < 7) continue;
    let sizeBytes = 0;
    try {
      sizeBytes = parseAdtsHeader(bytes).frameSizeBytes;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
    assertEquals(adtsFrameSizeBytes(bytes, 0), sizeBytes);
  }
});
