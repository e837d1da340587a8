import type { Clock } from "#base/clock.ts";
import { rescaleTicks } from "#base/time.ts";
import {
  clockRateOf,
  codecKind,
  type CodecParameters,
  isSameCodec,
} from "#codecs/codec.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import type { FlvFrameTag } from "#formats/flv/tag_reader.ts";
import { RtpClock } from "#formats/rtp/rtp_clock.ts";
import { RtmpError } from "./errors.ts";
import { MediaGroup, type MediaKind, type MediaState } from "./media_group.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./wire/messages.ts";
import type { RtmpMetadata } from "./wire/metadata.ts";

/** Once one track has begun, the others have this long to begin, too. */
const DETECTION_MS = 250;

/** Promised pictures have longer: nginx-rtmp pushes audio at once, and video from the next key frame on. */
const PROMISED_VIDEO_MS = 3_000;

/** Frames kept while tracks are detected; with more, detection ends. */
const MAX_DETECTION_BYTES = 16 * 1_024 * 1_024;

/** What a frame that is kept takes beside its payload. */
const FRAME_OVERHEAD_BYTES = 512;

/** Tracks that one publisher may open, one after the other: each new clock rate makes a new one. */
const MAX_OPENED_TRACKS = 1_024;

const MILLISECONDS_HZ = 1_000;

/** Tracks go out in this order. */
const KINDS = ["video", "audio"] as const;

/** Settings of an ingest. */
export interface RtmpIngestOptions {
  readonly clock: Clock;
  /** Tracks are known: attaches the publisher. May throw what the path says. */
  readonly attach: (tracks: readonly Track[]) => Publication;
  /** The path did not take the publisher, or the publisher went too far. */
  readonly onRefused: (error: unknown) => void;
  /** A track of the publisher is left out; `trackId` is its number among those of its kind. */
  readonly onSkipped: (
    kind: MediaKind,
    codecId: string,
    trackId: number,
  ) => void;
}

interface MediaFrame {
  readonly state: MediaState;
  readonly dtsMs: number;
  readonly tag: FlvFrameTag;
}

/**
 * Messages of one RTMP publisher become units.
 *
 * The publisher is ready as soon as its tracks are known: both kinds and every promised track have begun, or the
 * metadata promises one kind only, or nothing more has begun within 250 ms (promised video: 3 s). What the metadata
 * says wrong is put right by what comes: a track that begins later is added.
 */
export class RtmpIngest {
  /** Media bytes received. */
  inboundBytes = 0;
  /** Messages that told parameters or held frames that can be decoded. */
  usedMessages = 0;
  #options: RtmpIngestOptions;
  #media = { video: new MediaGroup("video"), audio: new MediaGroup("audio") };
  /** One for all tracks, so that a wrap between them does not part them. */
  #clock = new RtpClock();
  #publication: Publication | undefined;
  #waiting: MediaFrame[] = [];
  #waitingBytes = 0;
  #cancelDetection: (() => void) | undefined;
  #openedTracks = 0;
  #isEnded = false;

  /** Begins to detect tracks. */
  constructor(options: RtmpIngestOptions) {
    this.#options = options;
  }

  /** Takes what the publisher promises. */
  handleMetadata({ videoTrackIds, audioTrackIds }: RtmpMetadata): void {
    this.#media.video.promisedIds = videoTrackIds;
    this.#media.audio.promisedIds = audioTrackIds;
  }

  /** Takes a video or audio message. Hot path. @throws {ParseError} if its body is malformed. */
  handleMedia(message: RtmpMessage): void {
    if (message.payload.length === 0 || this.#isEnded) return;
    this.inboundBytes += message.payload.length;
    const kind = message.typeId === RTMP_MESSAGE_TYPE.video ? "video" : "audio";
    const group = this.#media[kind];
    const dtsMs = this.#clock.unwrap(message.timestampMs);
    let isUsed = false;
    for (const tag of group.reader.read(message.payload)) {
      isUsed ||= tag.kind !== "unsupported";
      const state = group.stateOf(tag.trackId);
      switch (tag.kind) {
        case "parameters":
          this.#takeParameters(state, tag.parameters);
          break;
        case "frame":
          if (tag.payload.parameters) {
            this.#takeParameters(state, tag.payload.parameters);
          }
          this.#takeFrame({ state, dtsMs, tag });
          break;
        case "unsupported":
          this.#skip(group, state, tag.codecId);
          break;
      }
    }
    if (isUsed) this.usedMessages++;
  }

  /** Hands over what came with one read of the socket. */
  flush(): void {
    this.#publication?.flush();
  }

  /** The publisher has ended: what was kept still goes out. */
  end(): void {
    if (!this.#publication && this.#waiting.length > 0) this.#begin();
    this.#isEnded = true;
    this.#cancelDetection?.();
    this.#publication?.flush();
  }

  #skip(group: MediaGroup, state: MediaState, codecId: string): void {
    if (state.isSkipped) return;
    state.isSkipped = true;
    this.#options.onSkipped(group.kind, codecId, state.trackId);
  }

  #takeParameters(state: MediaState, codec: CodecParameters): void {
    if (state.codec && isSameCodec(state.codec, codec)) return;
    state.codec = codec;
    if (!this.#publication) {
      this.#beginIfKnown();
      return;
    }
    const { tracks } = this.#publication;
    const known = state.track;
    const isRenewed = known && known.clockRateHz === clockRateOf(codec);
    if (!isRenewed && this.#openedTracks === MAX_OPENED_TRACKS) {
      const what = `over ${MAX_OPENED_TRACKS} tracks, one after the other`;
      return this.#refuse(
        new RtmpError("too_many_tracks", `the publisher has opened ${what}`),
      );
    }
    const track = isRenewed ? { ...known, codec } : this.#openTrack(codec);
    state.track = track;
    // In the place of the old one: players number the tracks of a kind.
    this.#publication.setTracks(
      known
        ? tracks.map((one) => one.id === known.id ? track : one)
        : [...tracks, track],
    );
  }

  #takeFrame(frame: MediaFrame): void {
    if (frame.state.codec === undefined) return;
    if (this.#publication) {
      this.#publish(frame, this.#publication);
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += FRAME_OVERHEAD_BYTES + frame.tag.sizeBytes;
    this.#beginIfKnown();
  }

  #beginIfKnown(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    const latestMs = this.#waiting.at(-1)!.dtsMs;
    if (
      this.#isWhole || latestMs - first.dtsMs >= this.#detectionMs ||
      this.#waitingBytes > MAX_DETECTION_BYTES
    ) this.#begin();
    else {
      this.#cancelDetection ??= this.#options.clock.after(
        this.#detectionMs,
        () => this.#begin(),
      );
    }
  }

  /** Every track that is to come has begun, for all that is known. */
  get #isWhole(): boolean {
    const { video, audio } = this.#media;
    return (video.hasBegun || !this.#mayHave(video)) &&
      (audio.hasBegun || !this.#mayHave(audio)) &&
      video.isWhole && audio.isWhole;
  }

  get #detectionMs(): number {
    const { video } = this.#media;
    const isVideoDue = video.promisedIds.length > 0 && !video.hasBegun &&
      !video.isSkipped;
    return isVideoDue ? PROMISED_VIDEO_MS : DETECTION_MS;
  }

  /** A track of this kind may still begin, for all that is known. */
  #mayHave(group: MediaGroup): boolean {
    if (group.isSkipped) return false;
    const { video, audio } = this.#media;
    const isPromised = group.promisedIds.length > 0;
    return isPromised ||
      video.promisedIds.length + audio.promisedIds.length === 0;
  }

  #begin(): void {
    this.#cancelDetection?.();
    this.#cancelDetection = undefined;
    if (this.#publication || this.#isEnded) return;
    const tracks: Track[] = [];
    for (const kind of KINDS) {
      for (const state of this.#media[kind].states) {
        if (state.codec === undefined) continue;
        state.track = this.#openTrack(state.codec);
        tracks.push(state.track);
      }
    }
    try {
      this.#publication = this.#options.attach(tracks);
    } catch (error) {
      return this.#refuse(error);
    }
    for (const frame of this.#waiting) this.#publish(frame, this.#publication);
    this.#waiting = [];
    this.#publication.flush();
  }

  #publish(
    { state, tag, dtsMs }: MediaFrame,
    publication: Publication,
  ): void {
    const { track } = state;
    if (track === undefined) return;
    const ptsTicks = rescaleTicks(
      dtsMs + tag.compositionTimeMs,
      MILLISECONDS_HZ,
      track.clockRateHz,
    );
    const dtsTicks = rescaleTicks(dtsMs, MILLISECONDS_HZ, track.clockRateHz);
    const { parts, isRandomAccess } = tag.payload;
    publication.publish(track, {
      ptsTicks,
      dtsTicks: Math.min(dtsTicks, ptsTicks),
      isRandomAccess,
      sizeBytes: tag.sizeBytes,
      origin: { kind: "payload", parts },
    });
  }

  #openTrack(codec: CodecParameters): Track {
    const id = this.#openedTracks++;
    return {
      id,
      kind: codecKind(codec),
      codec,
      clockRateHz: clockRateOf(codec),
    };
  }

  #refuse(error: unknown): void {
    this.#isEnded = true;
    this.#options.onRefused(error);
  }
}
