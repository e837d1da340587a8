import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import { rescaleTicks } from "#base/time.ts";
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
import {
  type CarriedTrack,
  type RtmpSelection,
  selectTracks,
} from "./track_selection.ts";
import {
  SERVER_CHUNK_SIZE_BYTES,
  SERVER_MESSAGE_STREAM_ID,
} from "./wire/answers.ts";
import {
  PLAIN_CAPABILITIES,
  type RtmpCapabilities,
} from "./wire/capabilities.ts";
import { serializeRtmpMessages } from "./wire/chunk_writer.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./wire/messages.ts";
import { serializeRtmpMetadata } from "./wire/metadata.ts";

const MILLISECONDS_HZ = 1_000;

/**
 * RTMP chunks of a stream, made once for all players that get the same tracks in the same form.
 *
 * Every message has an absolute timestamp and a full header, so that the same bytes serve whoever joins when.
 */
export class RtmpStreamEncoder {
  #errors: SampledError;
  #capabilities: RtmpCapabilities;
  #selections = new WeakMap<readonly Track[], RtmpSelection>();
  #latestTracks: readonly Track[] | undefined;
  #latest: RtmpSelection | undefined;

  private constructor({ options }: Stream, capabilities: RtmpCapabilities) {
    this.#errors = new SampledError(options.logger, options.clock, "RTMP");
    this.#capabilities = capabilities;
  }

  /** The encoder of a stream for all players of these capabilities. */
  static of(
    stream: Stream,
    capabilities: RtmpCapabilities = PLAIN_CAPABILITIES,
  ): RtmpStreamEncoder {
    const { fourCcs, canMultitrack } = capabilities;
    const key = `rtmp/${fourCcs.join()}${canMultitrack ? "/multitrack" : ""}`;
    return stream.encoders.get<RtmpStreamEncoder>(key) ??
      stream.encoders.set(key, new RtmpStreamEncoder(stream, capabilities));
  }

  /** What players get of a stream with these tracks. Hot path. */
  selectionOf(tracks: readonly Track[]): RtmpSelection {
    if (tracks === this.#latestTracks) return this.#latest!;
    let selection = this.#selections.get(tracks);
    if (selection === undefined) {
      selection = selectTracks(tracks, this.#capabilities);
      this.#selections.set(tracks, selection);
    }
    this.#latestTracks = tracks;
    this.#latest = selection;
    return selection;
  }

  /**
   * What a player gets before its first batch: metadata, and sequence headers unless the batch begins with them.
   *
   * ffmpeg 9 confuses tracks whose sequence headers come twice.
   */
  opening(batch: Batch): Uint8Array {
    const { carried } = this.selectionOf(batch.tracks);
    const codecIds = { video: [] as number[], audio: [] as number[] };
    for (const { track, form } of carried) {
      codecIds[form.flv.kind].push(flvCodecId(form, track.codec));
    }
    const messages = [serializeRtmpMetadata(codecIds)];
    if (!batch.tracksChanged) messages.push(...this.#headers(carried, batch));
    return serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES);
  }

  /** A batch as chunks; empty if it has nothing for players. Hot path. */
  encode(batch: Batch): Uint8Array {
    const { carried, key } = this.selectionOf(batch.tracks);
    const known = batch.encodings.get<Uint8Array>(key);
    if (known !== undefined) return known;
    const messages = batch.tracksChanged ? this.#headers(carried, batch) : [];
    for (const unit of batch.units) {
      const one = carried.find(({ track }) => track.id === unit.trackId);
      if (one) this.#addFrames(messages, unit, one);
    }
    const bytes = serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES);
    return batch.encodings.set(key, bytes);
  }

  /** Sequence headers, at the time of the batch's first unit. */
  #headers(carried: readonly CarriedTrack[], batch: Batch): RtmpMessage[] {
    const first = batch.units[0]!;
    const firstTrack = batch.tracks.find(({ id }) => id === first.trackId);
    const timestampMs = firstTrack ? dtsMsOf(first, firstTrack) : 0;
    const messages: RtmpMessage[] = [];
    for (const { track, form } of carried) {
      try {
        const body = flvSequenceHeader(form, track.codec);
        if (body) messages.push(mediaMessage(form, timestampMs, body));
      } catch (error) {
        this.#errors.add(errorText(error));
      }
    }
    return messages;
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
