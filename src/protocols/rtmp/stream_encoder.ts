import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import { rescaleTicks } from "#base/time.ts";
import type { CodecName } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import type { FlvCodec } from "#formats/flv/flv_codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import {
  SERVER_CHUNK_SIZE_BYTES,
  SERVER_MESSAGE_STREAM_ID,
} from "./wire/answers.ts";
import { serializeRtmpMessages } from "./wire/chunk_writer.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./wire/messages.ts";
import { serializeRtmpMetadata } from "./wire/metadata.ts";

const KEY = "rtmp";

const MILLISECONDS_HZ = 1_000;

/** A track that goes out, and how. */
interface CarriedTrack {
  readonly track: Track;
  readonly flv: FlvCodec<CodecName>;
}

/** Tracks of a stream as RTMP players get them. */
export interface RtmpSelection {
  readonly carried: readonly CarriedTrack[];
  /** Left out: another codec, or a second track of its kind. */
  readonly skipped: readonly Track[];
}

/** Takes the first video and the first audio track that RTMP carries. */
export function selectTracks(tracks: readonly Track[]): RtmpSelection {
  const carried: CarriedTrack[] = [];
  const skipped: Track[] = [];
  for (const track of tracks) {
    const flv = flvCodecOf(track.codec);
    const isTaken = carried.some((one) => one.flv.kind === flv?.kind);
    if (flv === undefined || isTaken) skipped.push(track);
    else carried.push({ track, flv });
  }
  return { carried, skipped };
}

/**
 * RTMP chunks of a stream, made once for all players.
 *
 * Every message has an absolute timestamp and a full header, so that the same bytes serve whoever joins when.
 */
export class RtmpStreamEncoder {
  #errors: SampledError;
  #selections = new WeakMap<readonly Track[], RtmpSelection>();

  private constructor({ options }: Stream) {
    this.#errors = new SampledError(options.logger, options.clock, "RTMP");
  }

  /** The encoder of a stream. */
  static of(stream: Stream): RtmpStreamEncoder {
    return stream.encoders.get<RtmpStreamEncoder>(KEY) ??
      stream.encoders.set(KEY, new RtmpStreamEncoder(stream));
  }

  /** What a player gets before its first batch: metadata and sequence headers. */
  opening(batch: Batch): Uint8Array {
    const { carried } = this.#selection(batch.tracks);
    const idOf = (kind: "video" | "audio") => {
      const one = carried.find(({ flv }) => flv.kind === kind);
      return one?.flv.codecId(one.track.codec);
    };
    const metadata = serializeRtmpMetadata({
      videoCodecId: idOf("video"),
      audioCodecId: idOf("audio"),
    });
    const messages = [metadata, ...this.#headers(carried, batch)];
    return serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES);
  }

  /** A batch as chunks; empty if it has nothing for players. Hot path. */
  encode(batch: Batch): Uint8Array {
    const known = batch.encodings.get<Uint8Array>(KEY);
    if (known !== undefined) return known;
    const { carried } = this.#selection(batch.tracks);
    const messages = batch.tracksChanged ? this.#headers(carried, batch) : [];
    for (const unit of batch.units) {
      const one = carried.find(({ track }) => track.id === unit.trackId);
      if (one) this.#addFrames(messages, unit, one);
    }
    const bytes = serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES);
    return batch.encodings.set(KEY, bytes);
  }

  #selection(tracks: readonly Track[]): RtmpSelection {
    let selection = this.#selections.get(tracks);
    if (selection === undefined) {
      selection = selectTracks(tracks);
      this.#selections.set(tracks, selection);
    }
    return selection;
  }

  /** Sequence headers, at the time of the batch's first unit. */
  #headers(carried: readonly CarriedTrack[], batch: Batch): RtmpMessage[] {
    const first = batch.units[0]!;
    const firstTrack = batch.tracks.find(({ id }) => id === first.trackId);
    const timestampMs = firstTrack ? dtsMsOf(first, firstTrack) : 0;
    const messages: RtmpMessage[] = [];
    for (const { track, flv } of carried) {
      try {
        const body = flv.sequenceHeader(track.codec);
        if (body) messages.push(mediaMessage(flv, timestampMs, body));
      } catch (error) {
        this.#errors.add(errorText(error));
      }
    }
    return messages;
  }

  #addFrames(
    messages: RtmpMessage[],
    unit: MediaUnit,
    { track, flv }: CarriedTrack,
  ): void {
    const { clockRateHz } = track;
    const dtsMs = dtsMsOf(unit, track);
    const ptsMs = rescaleTicks(unit.ptsTicks, clockRateHz, MILLISECONDS_HZ);
    try {
      const frames = flv.frames({
        parts: unitParts(unit, track),
        isRandomAccess: unit.isRandomAccess,
        compositionTimeMs: flv.kind === "video" ? ptsMs - dtsMs : 0,
      }, track.codec);
      for (const { body, offsetTicks } of frames) {
        const ticks = unit.dtsTicks + offsetTicks;
        const timestampMs = rescaleTicks(ticks, clockRateHz, MILLISECONDS_HZ);
        messages.push(mediaMessage(flv, timestampMs, body));
      }
    } catch (error) {
      this.#errors.add(errorText(error));
    }
  }
}

function dtsMsOf(unit: MediaUnit, { clockRateHz }: Track): number {
  return rescaleTicks(unit.dtsTicks, clockRateHz, MILLISECONDS_HZ);
}

function mediaMessage(
  { kind }: FlvCodec<CodecName>,
  timestampMs: number,
  payload: Uint8Array,
): RtmpMessage {
  const typeId = kind === "video"
    ? RTMP_MESSAGE_TYPE.video
    : RTMP_MESSAGE_TYPE.audio;
  return {
    typeId,
    messageStreamId: SERVER_MESSAGE_STREAM_ID,
    timestampMs: timestampMs % 2 ** 32,
    payload,
  };
}
