import { ByteWriter } from "#base/byte_writer.ts";
import { writeFullBox } from "#formats/fmp4/box_writer.ts";
import { writeFileType, writeMovie } from "#formats/fmp4/movie_writer.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import { serializeRecordingBox } from "#formats/fmp4/recording_box.ts";
import { audioEntry, visualEntry } from "#formats/fmp4/sample_entry.ts";
import { openInputFile } from "#platform/input_file.ts";
import type { PlayableFile } from "#recording/playback/recorded_segment.ts";
import type { SpanTrack } from "#recording/playback/span_samples.ts";
import { segmentNames } from "#recording/segment_files.ts";

/** A sample on the time line of its stream. */
export interface MadeSample {
  readonly trackNumber: number;
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly durationTicks: number;
  readonly isSync: boolean;
  readonly bytes: Uint8Array;
}

/** What is recorded, and how. */
export interface MadeRecording {
  readonly recordPath: string;
  readonly pathName: string;
  /** Wall clock of the first sample, microseconds since the epoch. */
  readonly startUs: number;
  readonly tracks: readonly SpanTrack[];
  /** In the order of their decoding times. */
  readonly samples: readonly MadeSample[];
  /** Where segments begin, on the time line of the stream; the first one at 0. */
  readonly cutSeconds: readonly number[];
  /** What the segments say where they belong: a byte of the recording's UUID; undefined for nothing. */
  readonly streamByte: number | undefined;
  /** The last segment was not closed: its header knows no duration. */
  readonly isOpen?: boolean;
}

/** Length of the parts within a segment. */
const PART_SECONDS = 1;

/** Writes the files of a recording as a recorder does. Output: their names, the oldest first. */
export async function writeRecording(
  made: MadeRecording,
): Promise<string[]> {
  const names = segmentNames({
    recordPath: made.recordPath,
    recordFormat: "fmp4",
  });
  const files: string[] = [];
  for (const [i, fromSeconds] of made.cutSeconds.entries()) {
    const file = names.format({
      pathName: made.pathName,
      startUs: made.startUs + fromSeconds * 1e6,
    });
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(file, segment(made, i));
    files.push(file);
  }
  return files;
}

function segment(made: MadeRecording, index: number): Uint8Array<ArrayBuffer> {
  const { cutSeconds, tracks } = made;
  const fromSeconds = cutSeconds[index]!;
  const toSeconds = cutSeconds[index + 1] ?? Infinity;
  const parts = new Fmp4PartWriter(
    tracks.map(({ number, clockRateHz }) => ({
      trackId: number,
      trackNumber: number,
      clockRateHz,
    })),
  );
  const body = new ByteWriter();
  let endSeconds = 0;
  let partNumber = 0;
  const finish = () => {
    const part = parts.finish(partNumber++);
    if (part) body.bytes(part.bytes);
  };
  for (const sample of made.samples) {
    const { clockRateHz } = tracks.find(({ number }) =>
      number === sample.trackNumber
    )!;
    const seconds = sample.dtsTicks / clockRateHz;
    if (seconds < fromSeconds || seconds >= toSeconds) continue;
    if (parts.spanSeconds >= PART_SECONDS) finish();
    const decodeTicks = sample.dtsTicks - Math.round(fromSeconds * clockRateHz);
    const { durationTicks, trackNumber: trackId } = sample;
    parts.add({
      sample: { ...sample, trackId, wallClockMs: 0 },
      decodeTicks,
      durationTicks,
      compositionOffsetTicks: sample.ptsTicks - sample.dtsTicks,
    });
    endSeconds = Math.max(
      endSeconds,
      (decodeTicks + durationTicks) / clockRateHz,
    );
  }
  finish();
  const isOpen = made.isOpen && index === cutSeconds.length - 1;
  return new ByteWriter()
    .bytes(header(made, index, isOpen ? 0 : endSeconds))
    .bytes(body.finish()).finish();
}

function header(made: MadeRecording, index: number, seconds: number) {
  const { streamByte, cutSeconds, startUs, tracks } = made;
  const fromSeconds = cutSeconds[index]!;
  const writer = new ByteWriter();
  writeFileType(writer, "mp42", ["mp41", "mp42", "isom", "hlsf"]);
  writeMovie(writer, {
    durationTicks: Math.round(seconds * 1_000),
    tracks: tracks.map(({ number, clockRateHz, entry }) => ({
      trackNumber: number,
      clockRateHz,
      entry,
      durationTicks: 0,
      edits: [],
      writeSampleTables(tables: ByteWriter): void {
        writeFullBox(tables, "stts", {}, () => tables.u32(0));
        writeFullBox(tables, "stsc", {}, () => tables.u32(0));
        writeFullBox(tables, "stsz", {}, () => tables.u32(0).u32(0));
        writeFullBox(tables, "stco", {}, () => tables.u32(0));
      },
    })),
    isFragmented: true,
    userData: streamByte === undefined
      ? new Uint8Array()
      : serializeRecordingBox({
        streamId: new Uint8Array(16).fill(streamByte),
        segmentNumber: BigInt(index),
        dtsNs: BigInt(Math.round(fromSeconds * 1e9)),
        wallClockNs: BigInt(startUs) * 1_000n +
          BigInt(Math.round(fromSeconds * 1e9)),
      }),
  });
  return writer.finish();
}

/** A file of the path `cam` that can be played. */
export function playableFile(file: string, startUs: number): PlayableFile {
  return { file, startUs, pathName: "cam", open: () => openInputFile(file) };
}

/** A track of pictures and one of sound whose samples are not media: their bytes say which they are. */
export const PLAIN_TRACKS: readonly SpanTrack[] = [
  {
    number: 1,
    clockRateHz: 90_000,
    entry: visualEntry("avc1", { width: 64, height: 48 }, [
      { type: "avcC", body: new Uint8Array([1, 66, 0, 10, 255, 224, 0]) },
    ]),
  },
  {
    number: 2,
    clockRateHz: 48_000,
    entry: audioEntry("Opus", { channelCount: 2, sampleRateHz: 48_000 }, []),
  },
];

/** Samples of {@linkcode PLAIN_TRACKS}: ten pictures and fifty frames of sound a second, a key frame every second. */
export function plainSamples(seconds: number): MadeSample[] {
  const samples: MadeSample[] = [];
  for (let i = 0; i < seconds * 50; i++) {
    if (i % 5 === 0) {
      const dtsTicks = i * 1_800;
      samples.push({
        trackNumber: 1,
        dtsTicks,
        ptsTicks: dtsTicks,
        durationTicks: 9_000,
        isSync: i % 50 === 0,
        bytes: new TextEncoder().encode(`picture ${i / 5}`),
      });
    }
    samples.push({
      trackNumber: 2,
      dtsTicks: i * 960,
      ptsTicks: i * 960,
      durationTicks: 960,
      isSync: true,
      bytes: new TextEncoder().encode(`sound ${i}`),
    });
  }
  return samples;
}
