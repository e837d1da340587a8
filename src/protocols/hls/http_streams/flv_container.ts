import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import { rescaleTicks } from "#base/time.ts";
import { isSameCodec } from "#codecs/codec.ts";
import { videoSize } from "#codecs/codec_properties.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import {
  type FlvFileTag,
  serializeFlvStart,
  serializeFlvTags,
} from "#formats/flv/file_writer.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import {
  flvCodecId,
  flvFrames,
  flvSequenceHeader,
  type FlvTrackForm,
} from "#formats/flv/tag_writer.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import type {
  MediaWriter,
  MediaWriterOptions,
  StreamContainer,
} from "./media_writer.ts";
import { SharedEncodings } from "./shared_encodings.ts";

const MILLISECONDS_HZ = 1_000;

const CONTENT_TYPE = "video/x-flv";

/** The encoder among those of a stream. */
const ENCODER_KEY = "flv";

/** A track that is written, and how. */
interface FlvTrack {
  readonly track: Track;
  readonly form: FlvTrackForm;
}

/** FLV without end: the first track of each kind; with a FourCC where the codec had none before. */
export const flvContainer: StreamContainer = {
  name: "flv",
  suffix: ".flv",
  contentType: CONTENT_TYPE,
  isAnnounced: false,
  open({ stream }: MediaWriterOptions) {
    const carried = carriedTracks(stream.tracks);
    if (carried.length === 0) return undefined;
    return new FlvWriter(FlvEncoder.of(stream), carried);
  },
};

/** The tags of one reader. */
class FlvWriter implements MediaWriter {
  readonly mimeType = CONTENT_TYPE;
  #encoder: FlvEncoder;
  #carried: readonly FlvTrack[];
  #batchTracks: readonly Track[] | undefined;
  #hasStarted = false;

  constructor(encoder: FlvEncoder, carried: readonly FlvTrack[]) {
    this.#encoder = encoder;
    this.#carried = carried;
  }

  get tracks(): readonly Track[] {
    return this.#carried.map(({ track }) => track);
  }

  write(batch: Batch): readonly Uint8Array[] {
    if (batch.tracks === this.#batchTracks) return this.#frames(batch);
    this.#batchTracks = batch.tracks;
    const before = this.#hasStarted ? this.#carried : undefined;
    this.#carried = carriedTracks(batch.tracks);
    this.#hasStarted = true;
    const opening = this.#encoder.opening(batch, this.#carried, before);
    return [...opening, ...this.#frames(batch)];
  }

  #frames(batch: Batch): readonly Uint8Array[] {
    const bytes = this.#encoder.encode(batch, this.#carried);
    return bytes.length === 0 ? [] : [bytes];
  }
}

/**
 * The tags of a stream, made once for all readers.
 *
 * Their timestamps are those of the stream's time line, so that the same bytes serve whoever joins when.
 */
class FlvEncoder {
  #errors: SampledError;
  #encodings = new SharedEncodings(
    ENCODER_KEY,
    (batch: Batch, carried: readonly FlvTrack[]) => this.#make(batch, carried),
  );

  private constructor({ options }: Stream) {
    this.#errors = new SampledError(options.logger, options.clock, "FLV");
  }

  /** The one encoder of a stream. */
  static of(stream: Stream): FlvEncoder {
    return stream.encoders.get<FlvEncoder>(ENCODER_KEY) ??
      stream.encoders.set(ENCODER_KEY, new FlvEncoder(stream));
  }

  /** Sequence headers that a reader does not have yet; before the first ones the header of the file. */
  opening(
    batch: Batch,
    carried: readonly FlvTrack[],
    before: readonly FlvTrack[] | undefined,
  ): readonly Uint8Array[] {
    const tags: FlvFileTag[] = [];
    const first = batch.units[0]!;
    const firstTrack = batch.tracks.find(({ id }) => id === first.trackId);
    const timestampMs = firstTrack ? dtsMsOf(first.dtsTicks, firstTrack) : 0;
    for (const { track, form } of carried) {
      const same = before?.find((one) => one.track.id === track.id);
      if (same && isSameCodec(same.track.codec, track.codec)) continue;
      try {
        const body = flvSequenceHeader(form, track.codec);
        if (body) tags.push({ kind: form.flv.kind, timestampMs, body });
      } catch (error) {
        this.#errors.add(errorText(error));
      }
    }
    const bytes = tags.length === 0 ? [] : [serializeFlvTags(tags)];
    return before === undefined ? [this.#start(carried), ...bytes] : bytes;
  }

  /** The frames of a batch; empty if it has none. Hot path. */
  encode(batch: Batch, carried: readonly FlvTrack[]): Uint8Array {
    // All readers get the same tracks of a batch.
    return this.#encodings.of(batch, carried);
  }

  #make(batch: Batch, carried: readonly FlvTrack[]): Uint8Array {
    const tags: FlvFileTag[] = [];
    for (const unit of batch.units) {
      const one = carried.find(({ track }) => track.id === unit.trackId);
      if (one !== undefined) this.#addTags(tags, unit, one);
    }
    return serializeFlvTags(tags);
  }

  #start(carried: readonly FlvTrack[]): Uint8Array {
    const [video, audio] = (["video", "audio"] as const).map((kind) =>
      carried.find(({ form }) => form.flv.kind === kind)
    );
    const codecIdOf = (one: FlvTrack | undefined) =>
      one && flvCodecId(one.form, one.track.codec);
    return serializeFlvStart({
      videoCodecId: codecIdOf(video),
      audioCodecId: codecIdOf(audio),
      size: video && videoSize(video.track.codec),
    });
  }

  #addTags(
    tags: FlvFileTag[],
    unit: MediaUnit,
    { track, form }: FlvTrack,
  ): void {
    const { kind } = form.flv;
    const dtsMs = dtsMsOf(unit.dtsTicks, track);
    try {
      const frames = flvFrames(form, {
        parts: unitParts(unit, track),
        isRandomAccess: unit.isRandomAccess,
        compositionTimeMs: kind === "video"
          ? dtsMsOf(unit.ptsTicks, track) - dtsMs
          : 0,
      }, track.codec);
      for (const { body, offsetTicks } of frames) {
        const timestampMs = dtsMsOf(unit.dtsTicks + offsetTicks, track);
        tags.push({ kind, timestampMs, body });
      }
    } catch (error) {
      this.#errors.add(errorText(error));
    }
  }
}

function carriedTracks(tracks: readonly Track[]): readonly FlvTrack[] {
  const carried: FlvTrack[] = [];
  for (const track of tracks) {
    const flv = flvCodecOf(track.codec);
    const isFirst = flv &&
      !carried.some(({ form }) => form.flv.kind === flv.kind);
    if (!isFirst) continue;
    const isEnhanced = flv.codecId === undefined;
    carried.push({ track, form: { flv, isEnhanced, trackId: 0 } });
  }
  return carried;
}

function dtsMsOf(ticks: number, { clockRateHz }: Track): number {
  return rescaleTicks(ticks, clockRateHz, MILLISECONDS_HZ);
}
