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
import { AudioTagReader } from "#formats/flv/audio_tag.ts";
import type { FlvFrameTag, FlvTagReader } from "#formats/flv/flv_codec.ts";
import { VideoTagReader } from "#formats/flv/video_tag.ts";
import { RtpClock } from "#formats/rtp/rtp_clock.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./wire/messages.ts";
import type { RtmpMetadata } from "./wire/metadata.ts";

/** Once one kind of track has begun, the other one has this long to begin, too. */
const DETECTION_MS = 250;

/** Promised pictures have longer: nginx-rtmp pushes audio at once, and video from the next key frame on. */
const PROMISED_VIDEO_MS = 3_000;

/** Frames kept while tracks are detected; with more, detection ends. */
const MAX_DETECTION_BYTES = 16 * 1_024 * 1_024;

const MILLISECONDS_HZ = 1_000;

type MediaKind = "video" | "audio";

/** Settings of an ingest. */
export interface RtmpIngestOptions {
  readonly clock: Clock;
  /** Tracks are known: attaches the publisher. May throw what the path says. */
  readonly attach: (tracks: readonly Track[]) => Publication;
  /** The path did not take the publisher. */
  readonly onRefused: (error: unknown) => void;
  /** A track of the publisher is left out. */
  readonly onSkipped: (kind: MediaKind, codecId: string) => void;
}

interface MediaFrame {
  readonly kind: MediaKind;
  readonly dtsMs: number;
  readonly tag: FlvFrameTag;
  readonly sizeBytes: number;
}

/** What is known of the publisher's video or audio. */
class MediaState {
  readonly reader: FlvTagReader;
  codec: CodecParameters | undefined;
  track: Track | undefined;
  isSkipped = false;

  constructor(kind: MediaKind) {
    this.reader = kind === "video"
      ? new VideoTagReader()
      : new AudioTagReader();
  }
}

/**
 * Messages of one RTMP publisher become units.
 *
 * The publisher is ready as soon as its tracks are known: both kinds have begun, or the metadata promises one kind
 * only, or the other kind has not begun within 250 ms (promised video: 3 s). What the metadata says wrong is put right by what comes:
 * a track that begins later is added.
 */
export class RtmpIngest {
  /** Media bytes received. */
  inboundBytes = 0;
  #options: RtmpIngestOptions;
  #media = { video: new MediaState("video"), audio: new MediaState("audio") };
  /** One for both kinds, so that a wrap between them does not part them. */
  #clock = new RtpClock();
  #metadata: RtmpMetadata | undefined;
  #publication: Publication | undefined;
  #waiting: MediaFrame[] = [];
  #waitingBytes = 0;
  #cancelDetection: (() => void) | undefined;
  #isEnded = false;

  /** Begins to detect tracks. */
  constructor(options: RtmpIngestOptions) {
    this.#options = options;
  }

  /** Takes what the publisher promises. */
  handleMetadata(metadata: RtmpMetadata): void {
    this.#metadata = metadata;
  }

  /** Takes a video or audio message. Hot path. @throws {ParseError} if its body is malformed. */
  handleMedia(message: RtmpMessage): void {
    if (message.payload.length === 0 || this.#isEnded) return;
    this.inboundBytes += message.payload.length;
    const kind = message.typeId === RTMP_MESSAGE_TYPE.video ? "video" : "audio";
    const state = this.#media[kind];
    const dtsMs = this.#clock.unwrap(message.timestampMs);
    const tag = state.reader.read(message.payload);
    switch (tag.kind) {
      case "parameters":
        this.#takeParameters(kind, tag.parameters);
        break;
      case "frame":
        if (tag.parameters) this.#takeParameters(kind, tag.parameters);
        this.#takeFrame({
          kind,
          dtsMs,
          tag,
          sizeBytes: message.payload.length,
        });
        break;
      case "unsupported":
        if (!state.isSkipped) this.#options.onSkipped(kind, tag.codecId);
        state.isSkipped = true;
        break;
    }
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

  #takeParameters(kind: MediaKind, codec: CodecParameters): void {
    const state = this.#media[kind];
    if (state.codec && isSameCodec(state.codec, codec)) return;
    state.codec = codec;
    if (!this.#publication) {
      this.#beginIfKnown();
      return;
    }
    const { tracks } = this.#publication;
    const known = state.track;
    const isRenewed = known && known.clockRateHz === clockRateOf(codec);
    state.track = isRenewed
      ? { ...known, codec }
      : newTrack(tracks.at(-1)!.id + 1, codec);
    const others = tracks.filter((track) => track !== known);
    const next = [...others, state.track].sort((a, b) => a.id - b.id);
    this.#publication.setTracks(next);
  }

  #takeFrame(frame: MediaFrame): void {
    if (this.#media[frame.kind].codec === undefined) return;
    if (this.#publication) {
      this.#publish(frame, this.#publication);
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.sizeBytes;
    this.#beginIfKnown();
  }

  #beginIfKnown(): void {
    const { video, audio } = this.#media;
    const first = this.#waiting[0];
    if (first === undefined) return;
    const isWhole = video.codec !== undefined && audio.codec !== undefined;
    const isPromised = video.codec !== undefined && !this.#mayHave("audio") ||
      audio.codec !== undefined && !this.#mayHave("video");
    const latestMs = this.#waiting.at(-1)!.dtsMs;
    if (
      isWhole || isPromised || latestMs - first.dtsMs >= this.#detectionMs ||
      this.#waitingBytes > MAX_DETECTION_BYTES
    ) this.#begin();
    else {
      this.#cancelDetection ??= this.#options.clock.after(
        this.#detectionMs,
        () => this.#begin(),
      );
    }
  }

  get #detectionMs(): number {
    const isVideoDue = this.#metadata?.hasVideo === true &&
      this.#media.video.codec === undefined &&
      !this.#media.video.isSkipped;
    return isVideoDue ? PROMISED_VIDEO_MS : DETECTION_MS;
  }

  /** A track of this kind may still begin, for all that is known. */
  #mayHave(kind: MediaKind): boolean {
    if (this.#media[kind].isSkipped) return false;
    if (!this.#metadata) return true;
    const { hasVideo, hasAudio } = this.#metadata;
    if (!hasVideo && !hasAudio) return true;
    return kind === "video" ? hasVideo : hasAudio;
  }

  #begin(): void {
    this.#cancelDetection?.();
    this.#cancelDetection = undefined;
    if (this.#publication || this.#isEnded) return;
    const tracks: Track[] = [];
    for (const state of [this.#media.video, this.#media.audio]) {
      if (state.codec === undefined) continue;
      state.track = newTrack(tracks.length, state.codec);
      tracks.push(state.track);
    }
    try {
      this.#publication = this.#options.attach(tracks);
    } catch (error) {
      this.#isEnded = true;
      this.#options.onRefused(error);
      return;
    }
    for (const frame of this.#waiting) this.#publish(frame, this.#publication);
    this.#waiting = [];
    this.#publication.flush();
  }

  #publish(frame: MediaFrame, publication: Publication): void {
    const track = this.#media[frame.kind].track;
    if (track === undefined) return;
    const { tag, dtsMs, sizeBytes } = frame;
    const ptsTicks = rescaleTicks(
      dtsMs + tag.compositionTimeMs,
      MILLISECONDS_HZ,
      track.clockRateHz,
    );
    const dtsTicks = rescaleTicks(dtsMs, MILLISECONDS_HZ, track.clockRateHz);
    publication.publish(track, {
      ptsTicks,
      dtsTicks: Math.min(dtsTicks, ptsTicks),
      isRandomAccess: tag.isRandomAccess,
      sizeBytes,
      origin: { kind: "payload", parts: tag.parts },
    });
  }
}

function newTrack(id: number, codec: CodecParameters): Track {
  const clockRateHz = clockRateOf(codec);
  return { id, kind: codecKind(codec), codec, clockRateHz };
}
