import { serializeFragment } from "#formats/fmp4/fragment_writer.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { timedSample } from "./fragment_samples.ts";

const TRACKS = [
  { trackId: 4, trackNumber: 1, clockRateHz: 1_000 },
  { trackId: 9, trackNumber: 2, clockRateHz: 100 },
];

Deno.test("Fmp4PartWriter collects samples of its tracks to parts", () => {
  const writer = new Fmp4PartWriter(TRACKS);
  assertEquals(writer.finish(0), undefined);
  assertEquals([writer.spanSeconds, writer.payloadBytes], [0, 0]);
  const video = [0, 40].map((ticks) =>
    timedSample(500 + ticks, { trackId: 4 })
  );
  const sound = timedSample(49, { trackId: 9, durationTicks: 10 });
  for (const one of [video[0]!, sound, video[1]!]) writer.add(one);
  assertEquals(writer.payloadBytes, 6);
  assertEquals(writer.spanSeconds.toFixed(6), "0.100000");
  const part = writer.finish(3)!;
  assertEquals([part.startSeconds, part.endSeconds], [0.49, 0.59]);
  assertEquals(
    part.bytes,
    serializeFragment(3, [
      { trackNumber: 1, samples: video },
      { trackNumber: 2, samples: [sound] },
    ]),
  );
  assertEquals(writer.payloadBytes, 0);
});

Deno.test("Fmp4PartWriter leaves tracks without samples out of a part", () => {
  const writer = new Fmp4PartWriter(TRACKS);
  const sound = timedSample(0, { trackId: 9 });
  writer.add(sound);
  assertEquals(
    writer.finish(0)?.bytes,
    serializeFragment(0, [{ trackNumber: 2, samples: [sound] }]),
  );
  assertThrows(() => writer.add(timedSample(0, { trackId: 5 })), Error);
});
