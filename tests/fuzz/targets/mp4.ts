import { ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { jpegSize } from "#codecs/jpeg/jpeg_size.ts";
import { codecString } from "#codecs/codec_string.ts";
import { readBoxes, readBoxHeader } from "#formats/fmp4/box_reader.ts";
import { parseEsds } from "#formats/fmp4/descriptors.ts";
import { readMediaSegment } from "#formats/fmp4/fragment_reader.ts";
import { initEntry, serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { openMp4SampleReader } from "#formats/fmp4/mp4_codecs.ts";
import { type Mp4Movie, parseInitSegment } from "#formats/fmp4/movie_reader.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import {
  parseRecordingBox,
  serializeRecordingBox,
} from "#formats/fmp4/recording_box.ts";
import { SampleTimer } from "#formats/fmp4/sample_timer.ts";
import { samplesOfUnit } from "#formats/fmp4/unit_samples.ts";
import { Mp4FileWriter } from "#formats/mp4/file_writer.ts";
import { findWholePart } from "#formats/mp4/file_fragments.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { ChunkScan } from "#recording/playback/chunk_scan.ts";
import { assert } from "#test/assert.ts";
import { JPEG_IMAGES } from "../../codecs/jpeg/samples.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";
import {
  CODEC_SAMPLES,
  type CodecSample,
  trackOf,
  unitOf,
} from "../../formats/fmp4/mp4_samples.ts";
import { type FuzzTarget, takes } from "../fuzz_target.ts";
import { bytesTarget, tryEach } from "./codecs.ts";

/** Samples of a file that are looked at. */
const MAX_SAMPLES = 200;

const MOVIE = parseInitSegment(initOf(CODEC_SAMPLES));

/** MP4 files from their boxes to the frames in them. */
export const MP4_TARGETS: readonly FuzzTarget[] = [
  {
    name: "mp4_init",
    seeds: () => [
      ...CODEC_SAMPLES.map((sample) => initOf([sample])),
      initOf(CODEC_SAMPLES.slice(0, 3)),
    ],
    rejects: [ParseError],
    run: takes((bytes) => {
      tryEach(() => readBoxes(bytes), () => readBoxHeader(bytes));
      const movie = parseInitSegment(bytes);
      readSamples(movie, bytes);
      return movie;
    }),
  },
  {
    name: "mp4_segment",
    seeds: () => [partOf(CODEC_SAMPLES.slice(0, 1)), partOf(CODEC_SAMPLES)],
    rejects: [ParseError],
    run: takes((bytes) => {
      const samples = readMediaSegment(bytes, MOVIE);
      for (const { bytes: sample, sizeBytes } of samples) {
        assert(sample.length === sizeBytes, "a sample is cut");
      }
      return samples.length > 0;
    }),
  },
  {
    name: "mp4_file",
    seeds: () => [
      fileOf(CODEC_SAMPLES.slice(0, 1)),
      fileOf(CODEC_SAMPLES.slice(7, 9)),
      joinBytes([
        initOf(CODEC_SAMPLES.slice(0, 1)),
        partOf(CODEC_SAMPLES.slice(0, 1)),
        partOf(CODEC_SAMPLES.slice(0, 1), 1),
      ]),
    ],
    rejects: [ParseError],
    cost: 8,
    passes: 4,
    run: async (bytes) => {
      const input = new BytesInput(bytes);
      const file = await openMp4File(input);
      await findWholePart(input, file.movie, file.headerEndBytes);
      const scan = new ChunkScan();
      await scan.read(input, file);
      for (const chunk of scan.chunks(scan.endSeconds)) {
        assert(chunk.startSeconds <= chunk.endSeconds, "a chunk goes on");
      }
      const fromSeconds = (bytes.at(-1) ?? 0) / 32;
      await readFile(file, { fromSeconds });
      return await readFile(file, {}) > 0;
    },
  },
  bytesTarget(
    "mp4_esds",
    ["formats/fmp4/descriptors_test.ts"],
    parseEsds,
  ),
  bytesTarget("mp4_recording_box", [], parseRecordingBox, [
    serializeRecordingBox({
      streamId: new Uint8Array(16).fill(1),
      segmentNumber: 3n,
      dtsNs: -4n,
      wallClockNs: 5n,
    }).subarray(16),
  ]),
  bytesTarget(
    "jpeg_size",
    ["codecs/jpeg/jpeg_size_test.ts"],
    jpegSize,
    JPEG_IMAGES.map(({ bytes }) => bytes),
  ),
];

async function readFile(
  file: Awaited<ReturnType<typeof openMp4File>>,
  range: { readonly fromSeconds?: number },
): Promise<number> {
  let count = 0;
  for await (const sample of file.samples(range)) {
    const bytes = await file.read(sample);
    assert(bytes.length === sample.sizeBytes, "a sample is cut");
    if (++count === MAX_SAMPLES) break;
  }
  return count;
}

/** Every track whose codec is known gives its parameters, and what its samples hold can be written again. */
function readSamples(movie: Mp4Movie, bytes: Uint8Array): void {
  for (const { entry } of movie.tracks) {
    if (entry === undefined) continue;
    tryEach(() => {
      const reader = openMp4SampleReader(entry);
      if (reader === undefined) return;
      const payload = reader.read(bytes.subarray(-64), true);
      const { codec } = reader;
      if (codec === undefined) return;
      tryEach(() => codecString(codec, bytes));
      if (payload === undefined) return;
      const track = trackOf({ codec, parts: payload.parts, format: "" });
      const [sample] = samplesOfUnit(unitOf(payload.parts), track);
      if (sample) initEntry({ codec, firstSample: sample.bytes });
    });
  }
}

function samplesOf(sample: CodecSample, id: number, dtsTicks = 0) {
  const unit = unitOf(sample.parts, { trackId: id, dtsTicks });
  return samplesOfUnit(unit, trackOf(sample, id));
}

function initOf(samples: readonly CodecSample[]): Uint8Array {
  const tracks = samples.map((sample, i) => ({
    trackNumber: i + 1,
    codec: sample.codec,
    clockRateHz: trackOf(sample).clockRateHz,
    firstSample: samplesOf(sample, i + 1)[0]!.bytes,
  }));
  return serializeInitSegment(tracks)!;
}

function partOf(samples: readonly CodecSample[], turn = 0): Uint8Array {
  const tracks = samples.map((sample, i) => ({
    trackId: i + 1,
    trackNumber: i + 1,
    clockRateHz: trackOf(sample).clockRateHz,
  }));
  const writer = new Fmp4PartWriter(tracks);
  for (
    const { sample, id } of samples.map((sample, i) => ({ sample, id: i + 1 }))
  ) {
    const timer = new SampleTimer(0);
    for (const one of samplesOf(sample, id, turn * 10_000)) {
      const before = timer.push(one);
      if (before) writer.add(before);
    }
    writer.add(timer.flush()!);
  }
  return writer.finish(turn)!.bytes;
}

function fileOf(samples: readonly CodecSample[]): Uint8Array {
  const all = samples.map((sample, i) => samplesOf(sample, i + 1));
  const writer = new Mp4FileWriter(samples.map((sample, i) => ({
    trackNumber: i + 1,
    clockRateHz: trackOf(sample).clockRateHz,
    entry: initEntry({
      codec: sample.codec,
      firstSample: all[i]![0]!.bytes,
    })!,
    startTicks: -100 * i,
  })));
  for (const one of all.flat()) {
    writer.add(one.trackId, {
      sizeBytes: one.bytes.length,
      durationTicks: 1_000,
      compositionOffsetTicks: one.isSync ? 0 : 500,
      isSync: one.isSync,
    });
  }
  return joinBytes([writer.header(), ...all.flat().map(({ bytes }) => bytes)]);
}
