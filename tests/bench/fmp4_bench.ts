import { EncodingCache } from "#core/encoding_cache.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import { SampleTimer } from "#formats/fmp4/sample_timer.ts";
import { samplesOfStep } from "#formats/fmp4/unit_samples.ts";
import { readMediaSegment } from "#formats/fmp4/fragment_reader.ts";
import { parseInitSegment } from "#formats/fmp4/movie_reader.ts";
import { serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import {
  MEDIA_SECOND_TEXT,
  mediaSecond,
  type MediaStep,
  TRACKS,
} from "./media_second.ts";

const steps = mediaSecond();

const PART_TRACKS = TRACKS.map(({ id, clockRateHz }, i) => ({
  trackId: id,
  trackNumber: i + 1,
  clockRateHz,
}));

/** Parts of one length, each track in the same file. */
function writeParts(from: readonly MediaStep[], partSeconds: number) {
  const writer = new Fmp4PartWriter(PART_TRACKS);
  const timers = TRACKS.map(() => new SampleTimer(0));
  const parts: Uint8Array[] = [];
  for (const { units, tracks } of from) {
    const step = { units, tracks, encodings: new EncodingCache() };
    for (const sample of samplesOfStep(step, () => {})) {
      const timed = timers[sample.trackId]!.push(sample);
      if (timed === undefined) continue;
      if (writer.spanSeconds >= partSeconds) {
        parts.push(writer.finish(parts.length)!.bytes);
      }
      writer.add(timed);
    }
  }
  const last = writer.finish(parts.length);
  if (last) parts.push(last.bytes);
  return parts;
}

const movie = parseInitSegment(
  serializeInitSegment(
    TRACKS.map(({ codec, clockRateHz }, i) => ({
      trackNumber: i + 1,
      codec,
      clockRateHz,
    })),
  )!,
);
const parts = writeParts(steps, 0.2);

for (const partSeconds of [0.2, 1]) {
  Deno.bench(
    `write ${MEDIA_SECOND_TEXT} as fMP4, parts of ${partSeconds} s`,
    { group: "fmp4" },
    () => void writeParts(steps, partSeconds),
  );
}

Deno.bench(`read ${MEDIA_SECOND_TEXT} from fMP4`, { group: "fmp4" }, () => {
  for (const part of parts) readMediaSegment(part, movie);
});
