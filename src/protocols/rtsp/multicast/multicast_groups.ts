import type { Clock } from "#base/clock.ts";
import type { Stream } from "#core/stream.ts";
import {
  openMulticastReceiver,
  openMulticastSender,
} from "#platform/udp/multicast.ts";
import type { RtspStreamEncoder } from "#protocols/rtsp/stream_encoder.ts";
import {
  deliver,
  type UdpEndpoint,
  type UdpRoute,
} from "#protocols/rtsp/udp_router.ts";
import type { RtpRtcpPair } from "#protocols/rtsp/wire/headers/transport.ts";
import type { MulticastAddresses } from "./multicast_addresses.ts";
import { MulticastGroup } from "./multicast_group.ts";

/** How groups come to their sockets. */
export interface MulticastOpeners {
  readonly openSender: typeof openMulticastSender;
  readonly openReceiver: typeof openMulticastReceiver;
}

/** What the multicast of a server is made of. */
export interface MulticastGroupsOptions {
  readonly addresses: MulticastAddresses;
  /** Ports of every group. */
  readonly ports: RtpRtcpPair;
  readonly clock: Clock;
  /** The system's, if left out. */
  readonly openers?: MulticastOpeners;
}

/** A stream as it leaves by one interface. */
export interface GroupSource {
  readonly stream: Stream;
  /** One of the stream's: it says whether packets are protected. */
  readonly encoder: RtspStreamEncoder;
  /** Address of the interface: that over which the reader's requests come. */
  readonly interfaceIp: string;
}

/** Multicast of one server: a group for each stream, profile and interface that has readers. */
export class MulticastGroups implements AsyncDisposable {
  readonly addresses: MulticastAddresses;
  readonly ports: RtpRtcpPair;
  readonly clock: Clock;
  readonly openers: MulticastOpeners;
  #groups = new Set<MulticastGroup>();
  #listeners = new Map<string, Set<UdpRoute>>();
  #closing = new Set<Promise<void>>();

  /** Opens nothing yet. */
  constructor(options: MulticastGroupsOptions) {
    this.addresses = options.addresses;
    this.ports = options.ports;
    this.clock = options.clock;
    this.openers = options.openers ??
      { openSender: openMulticastSender, openReceiver: openMulticastReceiver };
  }

  /** The group that readers of a stream share; without one, what it would be. */
  groupOf(source: GroupSource): MulticastGroup {
    for (const group of this.#groups) if (group.sends(source)) return group;
    return new MulticastGroup(source, this);
  }

  /** Part of a group: readers find it from now on. */
  add(group: MulticastGroup): void {
    this.#groups.add(group);
  }

  /** Part of a group: readers do not find it any more. */
  remove(group: MulticastGroup): void {
    this.#groups.delete(group);
  }

  /** Part of a group: it closes its sockets. */
  awaitClosing(closing: Promise<void>): void {
    this.#closing.add(closing);
    closing.finally(() => this.#closing.delete(closing));
  }

  /** Tells `listener` of RTCP from an address until disposed of. */
  listen(ip: string, listener: UdpRoute): Disposable {
    const known = this.#listeners.get(ip) ?? new Set();
    this.#listeners.set(ip, known.add(listener));
    return {
      [Symbol.dispose]: () => {
        known.delete(listener);
        if (known.size === 0 && this.#listeners.get(ip) === known) {
          this.#listeners.delete(ip);
        }
      },
    };
  }

  /** Part of a group: somebody at `ip` has sent RTCP, borrowed. */
  handleRtcp(datagram: Uint8Array, ip: string): void {
    const told = new Set<UdpEndpoint>();
    for (const listener of this.#listeners.get(ip) ?? []) {
      // A reader listens once a track; which one it reports about stands in the packet.
      if (told.has(listener.endpoint)) continue;
      told.add(listener.endpoint);
      deliver(listener, datagram, true);
    }
  }

  /** Waits until all sockets are closed; their readers have left before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closing);
  }
}
