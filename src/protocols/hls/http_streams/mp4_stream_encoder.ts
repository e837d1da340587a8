import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import type { CodecName } from "#codecs/codec.ts";
import { codecString } from "#codecs/codec_string.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";
import {
  type FragmentRun,
  serializeFragment,
} from "#formats/fmp4/fragment_writer.ts";
import { initEntry, serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { mp4CodecOf } from "#formats/fmp4/mp4_codecs.ts";
import type { TimedSample } from "#formats/fmp4/sample_timer.ts";
import { type Mp4Sample, samplesOfStep } from "#formats/fmp4/unit_samples.ts";
import { SharedEncodings } from "./shared_encodings.ts";

/** A track whose parameters are not known so long after the first attempt is left out. */
const PARAMETERS_PATIENCE_MS = 1_000;

/** A picture of which nothing tells how long it lasts. */
const DEFAULT_FRAME_RATE_HZ = 30;

/** What browsers decode in MP4, where they decode it at all. */
const SCRIPT_CODECS: readonly CodecName[] = [
  "h264",
  "h265",
  "av1",
  "vp9",
  "aac",
  "opus",
  "flac",
  "mpegAudio",
  "ac3",
];

/** What a file of some tracks looks like. */
export interface Mp4Layout {
  /** In the order of their numbers in the file, which begin at 1. */
  readonly tracks: readonly Track[];
  /** What comes before the first fragment. */
  readonly init: Uint8Array;
  /** With the codecs that have a name. */
  readonly mimeType: string;
}

interface Pace {
  readonly dtsTicks: number;
  readonly durationTicks: number | undefined;
}

/**
 * The fragments of a stream, made once for all readers that get the same tracks.
 *
 * Their times are those of the stream's time line, so that the same bytes serve whoever joins when. A sample that is
 * the last of its track is not held back until the next one tells how long it lasts: it is taken to last as long as
 * the one before.
 */
export class Mp4StreamEncoder {
  #encodings: SharedEncodings<Uint8Array | null, Mp4Layout>;
  #isScript: boolean;
  #errors: SampledError;
  /** By the tracks of the stream. */
  #layouts = new WeakMap<readonly Track[], Mp4Layout>();
  /** When parameters were first looked for, by the tracks of the stream. */
  #askedAtMs = new WeakMap<readonly Track[], number>();
  /** The latest sample and how long the one before it lasted, by track. */
  #paces = new Map<number, Pace>();

  private constructor({ options }: Stream, isScript: boolean, key: string) {
    this.#encodings = new SharedEncodings(
      key,
      (batch, layout) => this.#make(batch, layout),
    );
    this.#isScript = isScript;
    this.#errors = new SampledError(options.logger, options.clock, "MP4");
  }

  /** The one encoder of a stream for scripts in pages, or for all others. */
  static of(stream: Stream, isScript: boolean): Mp4StreamEncoder {
    const key = isScript ? "mp4/script" : "mp4/file";
    return stream.encoders.get<Mp4StreamEncoder>(key) ??
      stream.encoders.set(key, new Mp4StreamEncoder(stream, isScript, key));
  }

  /** Tracks that can be carried: for scripts one of each kind that browsers decode. */
  candidates(tracks: readonly Track[]): readonly Track[] {
    if (!this.#isScript) {
      return tracks.filter(({ codec }) => mp4CodecOf(codec) !== undefined);
    }
    return (["video", "audio"] as const).flatMap((wanted) =>
      tracks.find(({ kind, codec }) =>
        kind === wanted && SCRIPT_CODECS.includes(codec.codec)
      ) ?? []
    );
  }

  /** Layout of a file that begins with a batch; undefined while the parameters of its tracks are not known. */
  layoutFor(batch: Batch): Mp4Layout | undefined {
    const known = this.#layouts.get(batch.tracks);
    if (known !== undefined) return known;
    const candidates = this.candidates(batch.tracks);
    const tracks = candidates.map((track) => ({
      track,
      firstSample: this.#firstSample(batch, track),
    })).filter(({ track: { codec }, firstSample }) =>
      this.#isKnown({ codec, firstSample })
    );
    const askedAtMs = this.#askedAtMs.get(batch.tracks) ?? batch.publishedAtMs;
    this.#askedAtMs.set(batch.tracks, askedAtMs);
    const isLate = batch.publishedAtMs - askedAtMs > PARAMETERS_PATIENCE_MS;
    if (tracks.length === 0 || tracks.length < candidates.length && !isLate) {
      return undefined;
    }
    const init = serializeInitSegment(
      tracks.map(({ track: { codec, clockRateHz }, firstSample }, i) => ({
        trackNumber: i + 1,
        codec,
        clockRateHz,
        firstSample,
      })),
    )!;
    const names = tracks.flatMap(({ track, firstSample }) =>
      codecString(track.codec, firstSample) ?? []
    );
    const layout: Mp4Layout = {
      tracks: tracks.map(({ track }) => track),
      init,
      mimeType: `video/mp4; codecs="${names.join(",")}"`,
    };
    this.#layouts.set(batch.tracks, layout);
    return layout;
  }

  /** The fragment of a batch; undefined if it has none. Hot path. */
  encode(batch: Batch, layout: Mp4Layout): Uint8Array | undefined {
    return this.#encodings.of(batch, layout) ?? undefined;
  }

  #make(batch: Batch, layout: Mp4Layout): Uint8Array | null {
    const samples = this.#samplesOf(batch);
    const runs: FragmentRun[] = [];
    for (let i = 0; i < layout.tracks.length; i++) {
      const timed = this.#timed(samples, layout.tracks[i]!, batch);
      if (timed.length === 0) continue;
      runs.push({ trackNumber: i + 1, samples: timed });
    }
    return runs.length === 0
      ? null
      : serializeFragment(batch.unitsBefore % 2 ** 32, runs);
  }

  #samplesOf(batch: Batch): readonly Mp4Sample[] {
    return samplesOfStep(batch, (message) => this.#errors.add(message));
  }

  #isKnown(of: Parameters<typeof initEntry>[0]): boolean {
    try {
      return initEntry(of) !== undefined;
    } catch (error) {
      this.#errors.add(errorText(error));
      return false;
    }
  }

  #firstSample(from: Batch, { id }: Track): Uint8Array | undefined {
    let batch: Batch | undefined = from;
    while (batch !== undefined && batch.tracks === from.tracks) {
      const found = this.#samplesOf(batch).find(({ trackId }) =>
        trackId === id
      );
      if (found) return found.bytes;
      batch = batch.next;
    }
    return undefined;
  }

  #timed(
    all: readonly Mp4Sample[],
    track: Track,
    batch: Batch,
  ): TimedSample[] {
    const samples = all.filter(({ trackId }) => trackId === track.id);
    // What a joiner is given of the past says nothing new.
    if (batch.next === undefined) this.#learn(track, samples);
    return samples.map((sample, i) => {
      const { dtsTicks, ptsTicks } = sample;
      const nextTicks = samples[i + 1]?.dtsTicks ??
        nextUnitTicks(batch, track.id);
      return {
        sample,
        decodeTicks: dtsTicks,
        durationTicks: nextTicks === undefined
          ? sample.durationTicks ?? this.#usualTicks(track)
          : nextTicks - dtsTicks,
        compositionOffsetTicks: ptsTicks - dtsTicks,
      };
    });
  }

  #learn({ id, clockRateHz }: Track, samples: readonly Mp4Sample[]): void {
    for (const { dtsTicks } of samples) {
      const before = this.#paces.get(id);
      const stepTicks = before === undefined ? 0 : dtsTicks - before.dtsTicks;
      const isStep = stepTicks > 0 && stepTicks <= clockRateHz;
      const durationTicks = isStep ? stepTicks : before?.durationTicks;
      this.#paces.set(id, { dtsTicks, durationTicks });
    }
  }

  #usualTicks({ id, clockRateHz }: Track): number {
    return this.#paces.get(id)?.durationTicks ??
      Math.round(clockRateHz / DEFAULT_FRAME_RATE_HZ);
  }
}

/** Decoding time of the next unit of a track, if it is there: a batch of the past. */
function nextUnitTicks(after: Batch, trackId: number): number | undefined {
  for (let batch = after.next; batch !== undefined; batch = batch.next) {
    const unit = batch.units.find((one) => one.trackId === trackId);
    if (unit !== undefined) return unit.dtsTicks;
  }
  return undefined;
}
