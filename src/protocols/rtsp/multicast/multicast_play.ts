import type { Logger } from "#base/log.ts";
import type { Batch } from "#core/batch.ts";
import type { ReadGrant } from "#core/ports.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import {
  differenceOfCounts,
  type MediaCounts,
} from "#protocols/rtsp/media_counts.ts";
import { playAnswerHeaders } from "#protocols/rtsp/play_answer.ts";
import { ReaderSilence } from "#protocols/rtsp/reader_silence.ts";
import type { MulticastGroup } from "./multicast_group.ts";

/** What a reader of a group is made of. */
export interface MulticastPlayOptions {
  readonly grant: ReadGrant;
  readonly group: MulticastGroup;
  /** Those that it has set up. */
  readonly tracks: readonly Track[];
  /** URL of the PLAY request. */
  readonly url: string;
  /** Logger of the session. */
  readonly logger: Logger;
  readonly isProtected: boolean;
  readonly onEnd: (reason: string) => void;
}

/**
 * One of the readers that share a group, from PLAY to PAUSE or TEARDOWN.
 *
 * The media is the group's; its own subscription only says that it reads.
 */
export class MulticastPlay implements BatchSink {
  /** The tracks that it has set up. */
  readonly tracks: readonly Track[];
  /** The media does not share the connection of the requests. */
  readonly isInterleaved = false;
  #group: MulticastGroup;
  #subscription: Subscription;
  #url: string;
  #isLate: boolean;
  #silence: ReaderSilence;
  /** What the group had sent before. */
  #before: Partial<MediaCounts>;
  #onEnd: (reason: string) => void;

  /** Joins the group; media flows after `start()`, unless it does already. */
  constructor(options: MulticastPlayOptions) {
    const { grant, group, tracks, url, onEnd } = options;
    this.tracks = tracks;
    this.#group = group;
    this.#url = url;
    this.#onEnd = onEnd;
    this.#isLate = group.isRunning;
    group.enter(this);
    this.#silence = new ReaderSilence(options.logger, {
      isProtected: options.isProtected,
      nowMs: group.clock.monotonicMs(),
    });
    this.#before = group.egress?.counts() ?? {};
    this.#subscription = grant.subscribe(this);
  }

  /** Whether packets with this source are sent to the reader. */
  isSource(ssrc: number): boolean {
    return this.#group.source.encoder.isSource(ssrc, this.tracks);
  }

  /** What was handed to the system since it plays: what the group sends once for all its readers. */
  counts(): Partial<MediaCounts> {
    const { egress } = this.#group;
    return egress ? differenceOfCounts(egress.counts(), this.#before) : {};
  }

  /** Units that were left out because the group was too slow. */
  get droppedUnits(): number {
    return this.#group.egress?.subscription?.droppedUnits ?? 0;
  }

  /** Headers of the answer to PLAY; `range` is what it asked for. */
  answerHeaders(range: string | undefined): Record<string, string> {
    const { source: { encoder }, clock, egress, latest } = this.#group;
    const next = egress?.subscription?.next;
    const media = {
      encoder,
      tracks: this.tracks,
      url: this.#url,
      clock,
      isRunning: this.#isLate && next === undefined,
    };
    return playAnswerHeaders(media, media.isRunning ? latest : next, range);
  }

  /** RTCP from the reader's address, borrowed. */
  handleRtcp(packet: Uint8Array): void {
    this.#silence.handleRtcp(packet);
  }

  /** Lets the media flow: the answer to PLAY has been sent. */
  start(): void {
    this.#subscription.resume();
    this.#group.start();
  }

  /** Sends reports that are due. */
  tick(nowMs: number): void {
    this.#group.egress?.tick(nowMs);
    this.#silence.tick(nowMs);
  }

  /** Tells the group that the media is over, if nobody else reads it. */
  sayGoodbye(): void {
    if (this.#group.isAlone(this)) this.#group.egress?.sayGoodbye();
  }

  /** Leaves the group. */
  stop(): void {
    this.#subscription[Symbol.dispose]();
    this.#group.leave(this);
  }

  /** Part of the subscription: the group sends the media. Hot path. */
  deliver(batch: Batch): boolean {
    this.#group.latest = batch;
    return true;
  }

  /** Part of the subscription: the group tells when everything was sent. */
  end(): void {
    this.#group.retire();
  }

  /** Part of the group: everything was sent. */
  handleEnd(reason: string): void {
    this.#onEnd(reason);
  }
}
