import type { Clock } from "#base/clock.ts";
import { readU32 } from "#base/big_endian.ts";
import type { Batch } from "#core/batch.ts";
import type { QueueLimits } from "#core/subscription.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import { UdpEgress, type UdpTarget } from "#protocols/rtsp/egress.ts";
import { RtspError } from "#protocols/rtsp/errors.ts";
import type { UdpRoute } from "#protocols/rtsp/udp_router.ts";
import type { RtpRtcpPair } from "#protocols/rtsp/wire/headers/transport.ts";
import type { GroupSource, MulticastGroups } from "./multicast_groups.ts";
import type { MulticastPlay } from "./multicast_play.ts";

/** Hops that packets may take, as readers are told. */
export const MULTICAST_TTL = 127;

/** Shortest RTCP packet: a receiver report about nothing. Spec: RFC 3550 §6.4.2. */
const RTCP_MIN_BYTES = 8;

/** Bounds of what the first reader's burst may be behind: nobody else waits for anything. */
const LIMITS: QueueLimits = {
  maxUnits: Infinity,
  maxBytes: 32 * 1_024 * 1_024,
  maxAgeMs: 10_000,
  onDrop: () => {},
};

/** A reader's place at one track of a group. */
export interface MulticastSeat {
  readonly group: MulticastGroup;
  /** Address that the track is sent to. */
  readonly address: string;
  /** Settles when the track can be sent; rejects if the system refuses. */
  readonly opened: Promise<void>;
  /** Idempotent. */
  release(): void;
}

interface GroupTrack {
  readonly address: string;
  readonly opened: Promise<void>;
  /** Where it goes, once the sockets are open. */
  target: UdpTarget | undefined;
  /** Readers that it is sent for. */
  playerCount: number;
}

interface GroupSenders {
  readonly rtp: UdpSocket;
  readonly rtcp: UdpSocket;
}

/**
 * What all multicast readers of a stream get: one address a track, each packet sent once.
 *
 * Addresses and sockets are held from the first reader's SETUP to the end of the last one; media flows while anybody
 * plays. Who joins while it flows gets what comes next, without a burst.
 */
export class MulticastGroup {
  /** Latest batch of the stream, while anybody plays. */
  latest: Batch | undefined;
  #source: GroupSource;
  #groups: MulticastGroups;
  #seatCount = 0;
  #tracks = new Map<number, GroupTrack>();
  #opening: Promise<GroupSenders> | undefined;
  #senders: GroupSenders | undefined;
  #opened = new AsyncDisposableStack();
  #receiving: Promise<void>[] = [];
  #players = new Set<MulticastPlay>();
  #targets = new Map<number, UdpTarget>();
  #egress: UdpEgress | undefined;
  #isStarted = false;
  #encoderUse: Disposable | undefined;

  /** Acquires nothing; use `MulticastGroups.groupOf()`. */
  constructor(source: GroupSource, groups: MulticastGroups) {
    this.#source = source;
    this.#groups = groups;
  }

  /** Media flows: who joins now is late. */
  get isRunning(): boolean {
    return this.#egress !== undefined;
  }

  /** The only way out of the stream's media, while anybody plays. */
  get egress(): UdpEgress | undefined {
    return this.#egress;
  }

  /** Where it goes at each address. */
  get ports(): RtpRtcpPair {
    return this.#groups.ports;
  }

  /** Time of the server. */
  get clock(): Clock {
    return this.#groups.clock;
  }

  /** What it sends. */
  get source(): GroupSource {
    return this.#source;
  }

  /** Whether it sends that stream, in that profile, by that interface. */
  sends({ encoder, interfaceIp }: GroupSource): boolean {
    return this.#source.encoder === encoder &&
      this.#source.interfaceIp === interfaceIp;
  }

  /**
   * Gives a reader a place at a track; RTCP from its address keeps it.
   *
   * @throws {RtspError} 453 if all addresses are in use.
   */
  join(trackId: number, ip: string, listener: UdpRoute): MulticastSeat {
    const track = this.#tracks.get(trackId) ?? this.#addTrack(trackId);
    if (this.#seatCount++ === 0) this.#groups.add(this);
    const listening = this.#groups.listen(ip, listener);
    let isReleased = false;
    return {
      group: this,
      address: track.address,
      opened: track.opened,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        listening[Symbol.dispose]();
        if (--this.#seatCount === 0) {
          this.#groups.awaitClosing(this.#close());
        }
      },
    };
  }

  /** Part of a reader: its tracks are sent from now on, if they were not already. */
  enter(player: MulticastPlay): void {
    this.#players.add(player);
    for (const { id } of player.tracks) {
      const track = this.#tracks.get(id);
      if (!track?.target) continue;
      track.playerCount++;
      this.#targets.set(id, track.target);
    }
    if (!this.#egress) this.#open();
  }

  /** Part of a reader: it takes media. */
  start(): void {
    if (this.#isStarted) {
      this.#egress?.reportNow();
      this.#source.stream.wantRandomAccess();
    } else {
      this.#isStarted = true;
      this.#egress?.subscription?.resume();
    }
  }

  /** Part of a reader: what only it had set up is not sent any more. */
  leave(player: MulticastPlay): void {
    if (!this.#players.delete(player)) return;
    for (const { id } of player.tracks) {
      const track = this.#tracks.get(id);
      if (track && --track.playerCount === 0) this.#targets.delete(id);
    }
    if (this.#players.size === 0) this.#stop();
  }

  /** Whether nobody but this reader plays. */
  isAlone(player: MulticastPlay): boolean {
    return this.#players.size === 1 && this.#players.has(player);
  }

  /** Part of a reader: the stream is over, whoever comes needs another group. */
  retire(): void {
    this.#groups.remove(this);
  }

  #addTrack(trackId: number): GroupTrack {
    const address = this.#groups.addresses.take();
    if (address === undefined) {
      throw new RtspError(453, "all addresses of multicastIPRange are in use");
    }
    const opened = this.#openTrack(trackId, address);
    opened.catch(() => {}); // readers are told, if there are any by then
    const track = { address, opened, target: undefined, playerCount: 0 };
    this.#tracks.set(trackId, track);
    return track;
  }

  async #openTrack(trackId: number, address: string): Promise<void> {
    const { ports, openers } = this.#groups;
    const { interfaceIp } = this.#source;
    const [rtpPort, rtcpPort] = ports;
    const { rtp, rtcp } = await (this.#opening ??= this.#openSenders());
    const receiver = this.#opened.use(
      await openers.openReceiver({
        group: address,
        port: rtcpPort,
        interfaceIp,
      }),
    );
    this.#receiving.push(receiver.receive((datagram, ip) => {
      if (!this.#isOwn(datagram)) this.#groups.handleRtcp(datagram, ip);
    }));
    this.#tracks.get(trackId)!.target = {
      rtp: rtp.resolvePeer(address, rtpPort),
      rtcp: rtcp.resolvePeer(address, rtcpPort),
    };
  }

  async #openSenders(): Promise<GroupSenders> {
    const { ports: [rtpPort, rtcpPort], openers } = this.#groups;
    const options = {
      interfaceIp: this.#source.interfaceIp,
      ttl: MULTICAST_TTL,
    };
    const rtp = this.#opened.use(
      await openers.openSender({ ...options, port: rtpPort }),
    );
    const rtcp = this.#opened.use(
      await openers.openSender({ ...options, port: rtcpPort }),
    );
    // Some readers report to the sender instead of the group [gortsplib].
    this.#receiving.push(
      rtcp.receive((datagram, ip) => this.#groups.handleRtcp(datagram, ip)),
    );
    return this.#senders = { rtp, rtcp };
  }

  /** A report of ours that came back. */
  #isOwn(datagram: Uint8Array): boolean {
    if (datagram.length < RTCP_MIN_BYTES) return true;
    const { stream, encoder } = this.#source;
    return encoder.isSource(readU32(datagram, 4), stream.tracks);
  }

  #open(): void {
    const { stream, encoder } = this.#source;
    this.#encoderUse = encoder.use();
    const egress = new UdpEgress(
      {
        encoder,
        tracks: stream.tracks,
        clock: this.clock,
        onEnd: (reason) => this.#end(reason),
      },
      this.#senders!,
      this.#targets,
    );
    this.#egress = egress;
    egress.subscription = stream.subscribe(egress, LIMITS);
  }

  #stop(): void {
    this.#egress?.subscription?.[Symbol.dispose]();
    this.#encoderUse?.[Symbol.dispose]();
    this.#egress?.stop();
    this.#egress = undefined;
    this.latest = undefined;
    this.#isStarted = false;
  }

  #end(reason: string): void {
    for (const player of [...this.#players]) player.handleEnd(reason);
  }

  async #close(): Promise<void> {
    const { addresses } = this.#groups;
    this.#groups.remove(this);
    const tracks = [...this.#tracks.values()];
    for (const { address } of tracks) addresses.release(address);
    await Promise.allSettled(tracks.map(({ opened }) => opened));
    await this.#opened.disposeAsync();
    await Promise.all(this.#receiving);
  }
}
