import { PlatformError } from "#platform/errors.ts";
import { openUdp } from "#platform/udp/open_udp.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";

/** Pairs of ports that are tried before giving up. */
const MAX_ATTEMPTS = 50;

/** Two neighbouring UDP ports: RTP on the even one, RTCP on the next. */
export interface MediaSockets extends AsyncDisposable {
  readonly rtp: UdpSocket;
  readonly rtcp: UdpSocket;
}

/**
 * Opens a pair of ports anywhere in a range.
 *
 * Input: `range` is the first and the last port; `receiveBufferBytes` 0 for the system's choice.
 * Spec: RFC 3550 §11.
 *
 * @throws {PlatformError} if none of the tried pairs is free.
 */
export function openMediaSockets(
  range: readonly number[],
  receiveBufferBytes: number,
): MediaSockets {
  const [first = 0, last = 0] = range;
  const lowest = first + first % 2;
  const pairs = Math.floor((last - lowest + 1) / 2);
  let failure: unknown = new PlatformError(
    "open UDP ports for an RTSP source",
    `no even port with a neighbour from ${first} to ${last} (rtspUDPSourcePortRange)`,
    { code: "address_unavailable" },
  );
  let pair = Math.floor(Math.random() * pairs);
  for (let i = 0; i < Math.min(pairs, MAX_ATTEMPTS); i++) {
    try {
      return openPair(lowest + pair * 2, receiveBufferBytes);
    } catch (error) {
      if (!isTaken(error)) throw error;
      failure = error;
      pair = (pair + 1) % pairs;
    }
  }
  throw failure;
}

function openPair(port: number, receiveBufferBytes: number): MediaSockets {
  const options = { hostname: "", receiveBufferBytes };
  const rtp = openUdp({ ...options, port });
  try {
    const rtcp = openUdp({ ...options, port: port + 1 });
    return {
      rtp,
      rtcp,
      async [Symbol.asyncDispose]() {
        await rtp[Symbol.asyncDispose]();
        await rtcp[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    void rtp[Symbol.asyncDispose]();
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof PlatformError && error.code === "address_in_use";
}
