import type { Logger } from "#base/log.ts";
import type { ReadGrant } from "#core/ports.ts";
import type { Stream } from "#core/stream.ts";
import type { Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import type { RtspConnection } from "./connection.ts";
import { TcpEgress, UdpEgress, type UdpTarget } from "./egress.ts";
import type { MediaCounts } from "./media_counts.ts";
import { playAnswerHeaders } from "./play_answer.ts";
import { ReaderSilence } from "./reader_silence.ts";
import { type RtpProfile, RtspStreamEncoder } from "./stream_encoder.ts";
import type { TrackTransport } from "./track_transport.ts";

/** What a play session is made of. */
export interface PlaySessionOptions {
  readonly grant: ReadGrant;
  readonly connection: RtspConnection;
  readonly transports: ReadonlyMap<number, TrackTransport>;
  readonly tracks: readonly Track[];
  /** URL of the PLAY request. */
  readonly url: string;
  /** Logger of the session. */
  readonly logger: Logger;
  readonly onEnd: (reason: string) => void;
}

/** The media that flows to one reader, from PLAY to PAUSE or TEARDOWN. */
export class PlaySession {
  /** The tracks that are sent. */
  readonly tracks: readonly Track[];
  #encoder: RtspStreamEncoder;
  #encoderUse: Disposable;
  #egress: TcpEgress | UdpEgress;
  #subscription: Subscription;
  #connection: RtspConnection;
  #url: string;
  /** Only over UDP. */
  #silence: ReaderSilence | undefined;
  #resume = () => this.#subscription.resume();

  /** Subscribes; media flows after `start()`. */
  constructor(options: PlaySessionOptions) {
    const { grant, connection, transports, tracks } = options;
    this.tracks = tracks;
    this.#connection = connection;
    this.#url = options.url;
    this.#encoder = PlaySession.encoderOf(
      grant.stream,
      connection,
      profileOf(transports),
    );
    this.#encoderUse = this.#encoder.use();
    const egress = {
      encoder: this.#encoder,
      tracks,
      clock: connection.context.ports.clock,
      onEnd: options.onEnd,
    };
    const { udp } = connection.context;
    const targets = targetsOf(transports);
    if (targets.size > 0 && udp) {
      this.#egress = new UdpEgress(egress, udp, targets);
      this.#silence = new ReaderSilence(options.logger, {
        isProtected: profileOf(transports) === "savp",
        nowMs: connection.context.ports.clock.monotonicMs(),
      });
    } else {
      const channels = channelsOf(transports);
      const layout = {
        key: `${this.#encoder.key}/${[...channels].join(" ")}`,
        channels,
      };
      this.#egress = new TcpEgress(egress, connection.stream, layout);
      connection.drainListeners.add(this.#resume);
    }
    this.#subscription = grant.subscribe(this.#egress);
    this.#egress.subscription = this.#subscription;
  }

  /** The encoder that this server's readers of a stream share. */
  static encoderOf(
    stream: Stream,
    connection: RtspConnection,
    profile: RtpProfile,
  ): RtspStreamEncoder {
    const { maxPacketBytes } = connection.context.settings;
    return RtspStreamEncoder.of(stream, maxPacketBytes, profile);
  }

  /** The media shares the connection of the requests. */
  get isInterleaved(): boolean {
    return this.#egress instanceof TcpEgress;
  }

  /** Whether packets with this source are sent to the reader. */
  isSource(ssrc: number): boolean {
    return this.#encoder.isSource(ssrc, this.tracks);
  }

  /** What was handed to the system so far, and what was left out. */
  counts(): Partial<MediaCounts> {
    return this.#egress.counts();
  }

  /** Units that were left out because the reader is too slow. */
  get droppedUnits(): number {
    return this.#subscription.droppedUnits;
  }

  /** Headers of the answer to PLAY; `range` is what it asked for. */
  answerHeaders(range: string | undefined): Record<string, string> {
    const media = {
      encoder: this.#encoder,
      tracks: this.tracks,
      url: this.#url,
      clock: this.#connection.context.ports.clock,
    };
    return playAnswerHeaders(media, this.#subscription.next, range);
  }

  /** RTCP of the reader in a datagram, borrowed. */
  handleRtcp(packet: Uint8Array): void {
    this.#silence?.handleRtcp(packet);
  }

  /** Lets the media flow: the answer to PLAY has been sent. */
  start(): void {
    if (this.#egress instanceof UdpEgress || this.#connection.stream.isIdle) {
      this.#subscription.resume();
    }
  }

  /** Sends reports that are due. */
  tick(nowMs: number): void {
    this.#egress.tick(nowMs);
    this.#silence?.tick(nowMs);
  }

  /** Tells the reader that the media is over. */
  sayGoodbye(): void {
    this.#egress.sayGoodbye();
  }

  /** Stops the media. */
  stop(): void {
    this.#subscription[Symbol.dispose]();
    this.#encoderUse[Symbol.dispose]();
    this.#egress.stop();
    this.#connection.drainListeners.delete(this.#resume);
  }
}

function targetsOf(
  transports: ReadonlyMap<number, TrackTransport>,
): Map<number, UdpTarget> {
  const targets = new Map<number, UdpTarget>();
  for (const [trackId, { target }] of transports) {
    if (target) targets.set(trackId, target);
  }
  return targets;
}

/** All tracks of a session have the same. */
function profileOf(
  transports: ReadonlyMap<number, TrackTransport>,
): RtpProfile {
  const [first] = transports.values();
  return first?.srtp ? "savp" : "avp";
}

function channelsOf(
  transports: ReadonlyMap<number, TrackTransport>,
): Map<number, number> {
  const channels = new Map<number, number>();
  for (const [trackId, transport] of [...transports].sort()) {
    if (transport.channels) channels.set(trackId, transport.channels[0]);
  }
  return channels;
}
