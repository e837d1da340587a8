import { joinBytes } from "#base/join_bytes.ts";
import { initEntry, serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { serializeFragment } from "#formats/fmp4/fragment_writer.ts";
import { Mp4FileWriter, type WrittenSample } from "#formats/mp4/file_writer.ts";
import { timedSample } from "../fmp4/fragment_samples.ts";
import { codecSample } from "../fmp4/mp4_samples.ts";

/** Pictures at 90 kHz, sound at 48 kHz. */
export const VIDEO_NUMBER = 1;
export const AUDIO_NUMBER = 2;

const VIDEO_TICKS = 9_000;
const AUDIO_TICKS = 4_800;

/** A sample whose bytes tell which it is. */
interface MadeSample extends WrittenSample {
  readonly trackNumber: number;
  readonly bytes: Uint8Array;
}

/** So many tenths of a second, a picture and a frame of sound in each; every third picture is a key frame. */
export function madeSamples(tenths: number): MadeSample[] {
  return Array.from({ length: tenths }, (_, i): MadeSample[] => {
    const picture = Uint8Array.of(0xa0, i, ...new Uint8Array(i % 5));
    const sound = Uint8Array.of(0xb0, i);
    return [{
      trackNumber: VIDEO_NUMBER,
      bytes: picture,
      sizeBytes: picture.length,
      durationTicks: VIDEO_TICKS,
      compositionOffsetTicks: i % 3 === 0 ? 0 : 4_500,
      isSync: i % 3 === 0,
    }, {
      trackNumber: AUDIO_NUMBER,
      bytes: sound,
      sizeBytes: sound.length,
      durationTicks: AUDIO_TICKS,
      compositionOffsetTicks: 0,
      isSync: true,
    }];
  }).flat();
}

/** A writer of both tracks. */
export function fileWriter(
  starts: { readonly video?: number; readonly audio?: number } = {},
): Mp4FileWriter {
  return new Mp4FileWriter([
    {
      trackNumber: VIDEO_NUMBER,
      clockRateHz: 90_000,
      entry: initEntry({ codec: codecSample("h264").codec })!,
      startTicks: starts.video ?? 0,
    },
    {
      trackNumber: AUDIO_NUMBER,
      clockRateHz: 48_000,
      entry: initEntry({ codec: codecSample("opus").codec })!,
      startTicks: starts.audio ?? 0,
    },
  ]);
}

/** A file without fragments. */
export function progressiveBytes(
  tenths: number,
  starts: { readonly video?: number; readonly audio?: number } = {},
): Uint8Array {
  const samples = madeSamples(tenths);
  const writer = fileWriter(starts);
  for (const sample of samples) writer.add(sample.trackNumber, sample);
  return joinBytes([writer.header(), ...samples.map(({ bytes }) => bytes)]);
}

/** The header of a file with fragments. */
export function initBytes(): Uint8Array {
  return serializeInitSegment([
    {
      trackNumber: VIDEO_NUMBER,
      codec: codecSample("h264").codec,
      clockRateHz: 90_000,
    },
    {
      trackNumber: AUDIO_NUMBER,
      codec: codecSample("opus").codec,
      clockRateHz: 48_000,
    },
  ])!;
}

/** Fragments of two tenths of a second each. */
export function fragmentBytes(tenths: number): Uint8Array[] {
  const samples = madeSamples(tenths);
  const runOf = (trackNumber: number, fragment: number, ticks: number) => ({
    trackNumber,
    samples: samples.filter((one) => one.trackNumber === trackNumber)
      .map((one, i) => timedSample(i * ticks, one))
      .slice(2 * fragment, 2 * fragment + 2),
  });
  return Array.from({ length: tenths / 2 }, (_, i) =>
    serializeFragment(i, [
      runOf(VIDEO_NUMBER, i, VIDEO_TICKS),
      runOf(AUDIO_NUMBER, i, AUDIO_TICKS),
    ]));
}
