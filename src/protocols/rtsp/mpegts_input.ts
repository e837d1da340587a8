import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { serialDistance } from "#base/serial_number.ts";
import { PathError } from "#core/errors.ts";
import type { Publication, PublishedUnit } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import { MpegTsError } from "#formats/mpegts/errors.ts";
import type { DemuxedUnit } from "#formats/mpegts/track_list.ts";
import { rtpPayload, rtpSequenceNumber } from "#formats/rtp/rtp_packet.ts";
import type { IngestPublication } from "./ingest.ts";

/** From the first packet on, the tracks have this long to be known. */
const DETECTION_MS = 10_000;

/** Continuity counters show the loss of 15 transport packets; an RTP packet has 7 of them. */
const MAX_COUNTED_LOSS_PACKETS = 2;

/** What an input is made of. */
export interface MpegTsInputOptions {
  /** The track that the publisher announced. */
  readonly track: Track;
  readonly clock: Clock;
  /** Tracks are known: attaches the publisher. May throw what the path says. */
  readonly attach: (tracks: readonly Track[]) => Publication;
  /** Nothing can be made of the stream, or the path does not take it. Said once. */
  readonly onFailed: (message: string) => void;
  /** A track is left out; `number` is its place in the program, from 1. */
  readonly onSkipped: (number: number) => void;
  /** Something of the stream could not be used. */
  readonly onError: (message: string) => void;
}

/**
 * A transport stream inside RTP, taken apart into its tracks on the way to a path.
 *
 * It stands in for the publication of the one track that was announced; the true one begins once the tracks within
 * are known.
 */
export class MpegTsInput implements IngestPublication {
  /** The track that was announced. */
  readonly tracks: readonly Track[];
  /** A multiplexer cannot be asked. */
  onKeyFrameWanted: (() => void) | undefined;
  #options: MpegTsInputOptions;
  #demuxer: MpegTsDemuxer;
  #publication: Publication | undefined;
  #hasEnded = false;
  #startedAtMs: number | undefined;
  #nextSequenceNumber: number | undefined;

  /** Begins to detect tracks. */
  constructor(options: MpegTsInputOptions) {
    this.tracks = [options.track];
    this.#options = options;
    this.#demuxer = new MpegTsDemuxer({
      handleTracks: (tracks) => this.#setTracks(tracks),
      handleUnit: (track, unit) => this.#takeUnit(track, unit),
      handleSkipped: options.onSkipped,
      handleError: options.onError,
    });
  }

  /** The track that was announced does not change. */
  setTracks(_: readonly Track[]): void {}

  /** Takes the RTP packets of a unit of the announced track. Hot path. */
  publish(_: Track, { origin }: PublishedUnit): void {
    if (this.#hasEnded || origin.kind !== "packets") return;
    this.#startedAtMs ??= this.#options.clock.monotonicMs();
    const { packets } = origin;
    try {
      for (let i = 0; i < packets.length; i++) this.#takePacket(packets[i]!);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Hands over what came with one read of the socket. */
  flush(): void {
    this.#publication?.flush();
  }

  /** Gives up waiting for tracks in time. */
  tick(nowMs: number): void {
    if (
      this.#hasEnded || this.#publication !== undefined ||
      this.#startedAtMs === undefined ||
      nowMs - this.#startedAtMs < DETECTION_MS
    ) return;
    try {
      this.#demuxer.start();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The publisher has ended: what was held back still goes out. */
  end(): void {
    if (this.#hasEnded) return;
    try {
      this.#demuxer.end();
    } catch (error) {
      this.#options.onError(failureOf(error));
    }
    this.#hasEnded = true;
    this.#publication?.flush();
  }

  #takePacket(packet: Uint8Array): void {
    const sequenceNumber = rtpSequenceNumber(packet);
    const expected = this.#nextSequenceNumber ?? sequenceNumber;
    const lost = serialDistance(expected, sequenceNumber, 16);
    if (lost > MAX_COUNTED_LOSS_PACKETS || lost < 0) this.#demuxer.interrupt();
    this.#nextSequenceNumber = sequenceNumber + 1 & 0xffff;
    this.#demuxer.push(rtpPayload(packet));
  }

  #setTracks(tracks: readonly Track[]): void {
    if (this.#publication) this.#publication.setTracks(tracks);
    else this.#publication = this.#options.attach(tracks);
  }

  #takeUnit(track: Track, unit: DemuxedUnit): void {
    this.#publication?.publish(track, unit);
  }

  #fail(error: unknown): void {
    const message = failureOf(error);
    this.#hasEnded = true;
    this.#options.onFailed(message);
  }
}

/** Text of what a stream failed of. @throws what is a bug of this program. */
function failureOf(error: unknown): string {
  if (error instanceof MpegTsError || error instanceof PathError) {
    return `MPEG-TS demuxer error: ${errorText(error)}`;
  }
  throw error;
}
