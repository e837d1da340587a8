import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import { rescaleTicks } from "#base/time.ts";
import { isSameCodec } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import {
  flvCodecId,
  flvFrames,
  flvSequenceHeader,
  type FlvTrackForm,
} from "#formats/flv/tag_writer.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import type { CarriedTrack, RtmpSelection } from "./track_selection.ts";
import {
  SERVER_CHUNK_SIZE_BYTES,
  SERVER_MESSAGE_STREAM_ID,
} from "./wire/answers.ts";
import { serializeRtmpMessages } from "./wire/chunk_writer.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./wire/messages.ts";
import { serializeRtmpMetadata } from "./wire/metadata.ts";

const MILLISECONDS_HZ = 1_000;

const NONE: readonly number[] = [];

/** The encoder among those of a stream. */
const ENCODER_KEY = "rtmp";

/**
 * RTMP chunks of a stream, made once for all players that get the same tracks in the same form.
 *
 * Every message has an absolute timestamp and a full header, so that the same bytes serve whoever joins when.
 */
export class RtmpStreamEncoder {
  #errors: SampledError;

  private constructor({ options }: Stream) {
    this.#errors = new SampledError(options.logger, options.clock, "RTMP");
  }

  /** The one encoder of a stream. */
  static of(stream: Stream): RtmpStreamEncoder {
    return stream.encoders.get<RtmpStreamEncoder>(ENCODER_KEY) ??
      stream.encoders.set(ENCODER_KEY, new RtmpStreamEncoder(stream));
  }

  /**
   * What comes before a batch for a player whose selection was another one: sequence headers of tracks that are new
   * to it, or changed; metadata before them if it had none yet.
   *
   * ffmpeg 9 confuses tracks whose sequence headers come twice.
   */
  opening(
    batch: Batch,
    { carried }: RtmpSelection,
    before: RtmpSelection | undefined,
  ): Uint8Array {
    const messages = before === undefined ? [metadataOf(carried)] : [];
    const timestampMs = startMs(batch);
    for (const one of carried) {
      if (before !== undefined && isKnown(one, before)) continue;
      try {
        const body = flvSequenceHeader(one.form, one.track.codec);
        if (body) messages.push(mediaMessage(one.form, timestampMs, body));
      } catch (error) {
        this.#errors.add(errorText(error));
      }
    }
    return serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES);
  }

  /**
   * The frames of a batch as chunks; empty if it has none for players of a selection. Hot path.
   *
   * `awaited`: IDs of tracks that are left out up to the first unit at which a decoder may start.
   */
  encode(
    batch: Batch,
    { carried, key }: RtmpSelection,
    awaited: readonly number[] = NONE,
  ): Uint8Array {
    const fullKey = awaited.length === 0 ? key : `${key}-${awaited.join("-")}`;
    const known = batch.encodings.get<Uint8Array>(fullKey);
    if (known !== undefined) return known;
    const messages: RtmpMessage[] = [];
    let left = awaited;
    for (const unit of batch.units) {
      const one = carriedTrack(carried, unit.trackId);
      if (one === undefined) continue;
      if (left.includes(unit.trackId)) {
        if (!unit.isRandomAccess) continue;
        left = left.filter((id) => id !== unit.trackId);
      }
      this.#addFrames(messages, unit, one);
    }
    const bytes = serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES);
    return batch.encodings.set(fullKey, bytes);
  }

  #addFrames(
    messages: RtmpMessage[],
    unit: MediaUnit,
    { track, form }: CarriedTrack,
  ): void {
    const { clockRateHz } = track;
    const dtsMs = dtsMsOf(unit, track);
    const ptsMs = rescaleTicks(unit.ptsTicks, clockRateHz, MILLISECONDS_HZ);
    try {
      const frames = flvFrames(form, {
        parts: unitParts(unit, track),
        isRandomAccess: unit.isRandomAccess,
        compositionTimeMs: form.flv.kind === "video" ? ptsMs - dtsMs : 0,
      }, track.codec);
      for (const { body, offsetTicks } of frames) {
        const ticks = unit.dtsTicks + offsetTicks;
        const timestampMs = rescaleTicks(ticks, clockRateHz, MILLISECONDS_HZ);
        messages.push(mediaMessage(form, timestampMs, body));
      }
    } catch (error) {
      this.#errors.add(errorText(error));
    }
  }
}

function metadataOf(carried: readonly CarriedTrack[]): RtmpMessage {
  const codecIds = { video: [] as number[], audio: [] as number[] };
  for (const { track, form } of carried) {
    codecIds[form.flv.kind].push(flvCodecId(form, track.codec));
  }
  return serializeRtmpMetadata(codecIds);
}

/** Who had `before` got this track with these parameters, in this form. */
function isKnown(
  { track, form }: CarriedTrack,
  before: RtmpSelection,
): boolean {
  const same = carriedTrack(before.carried, track.id);
  return same !== undefined && same.form.trackId === form.trackId &&
    same.form.isEnhanced === form.isEnhanced &&
    isSameCodec(same.track.codec, track.codec);
}

/** Hot path. */
function carriedTrack(
  carried: readonly CarriedTrack[],
  trackId: number,
): CarriedTrack | undefined {
  for (const one of carried) {
    if (one.track.id === trackId) return one;
  }
  return undefined;
}

/** Time of the first unit. */
function startMs({ units, tracks }: Batch): number {
  const first = units[0]!;
  const track = tracks.find(({ id }) => id === first.trackId);
  return track === undefined ? 0 : dtsMsOf(first, track);
}

function dtsMsOf(unit: MediaUnit, { clockRateHz }: Track): number {
  return rescaleTicks(unit.dtsTicks, clockRateHz, MILLISECONDS_HZ);
}

function mediaMessage(
  { flv }: FlvTrackForm,
  timestampMs: number,
  payload: Uint8Array,
): RtmpMessage {
  const typeId = flv.kind === "video"
    ? RTMP_MESSAGE_TYPE.video
    : RTMP_MESSAGE_TYPE.audio;
  return {
    typeId,
    messageStreamId: SERVER_MESSAGE_STREAM_ID,
    timestampMs: timestampMs % 2 ** 32,
    payload,
  };
}
