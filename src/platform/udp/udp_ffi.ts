import { findDescriptor } from "#platform/find_descriptor.ts";
import {
  EAGAIN,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENOBUFS,
  type Libc,
  libc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  setSocketOption,
  socketOption,
  SOL_SOCKET,
} from "#platform/libc.ts";
import type { ResolvedPeer, SegmentSender, Transfer } from "./udp_deno.ts";

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;

/** Type of a datagram socket. */
const SOCK_DGRAM = 2;

const SOL_UDP = 17;
/** Size at which the system cuts what one call hands over; 0 switches it off. Spec: Linux `udp(7)`. */
const UDP_SEGMENT = 103;

/** What every kernel with segmentation takes in one call. */
const MAX_SEGMENTS = 64;
/** A little less than an IP packet can hold. */
const MAX_CALL_BYTES = 65_000;

/** A burst of key frames to many readers, as far as the system allows it. */
const SEND_BUFFER_BYTES = 4_194_304;

const openDescriptors = new Set<number>();

/** Sockets that are sent on through foreign calls now; the test sanitizers cannot see them. */
export function openFfiSocketCount(): number {
  return openDescriptors.size;
}

/** Sends on the descriptor of one UDP socket, which stays the runtime's, with segmentation offload where it works. */
export class FfiSegmentSender implements SegmentSender {
  droppedDatagrams = 0;
  readonly #library: Libc;
  #descriptor: number;
  #optionBytes = 0;
  #hasSegmentation = true;

  /** Use {@linkcode openFfiSender}. */
  constructor(library: Libc, descriptor: number) {
    this.#library = library;
    this.#descriptor = descriptor;
  }

  send(transfer: Transfer): boolean {
    const { bytes, segmentBytes, peer } = transfer;
    while (transfer.offsetBytes < bytes.length && this.#descriptor >= 0) {
      const restBytes = bytes.length - transfer.offsetBytes;
      const callBytes = Math.min(
        this.#maxCallBytes(segmentBytes, peer),
        restBytes,
      );
      this.#prepare(callBytes, segmentBytes, peer);
      if (callBytes > segmentBytes && !this.#hasSegmentation) continue;
      if (this.#sendNow(transfer, callBytes) >= 0) {
        transfer.offsetBytes += callBytes;
        continue;
      }
      const errno = this.#library.errno[0]!;
      if (errno === EAGAIN || errno === ENOBUFS) return false;
      if (this.#optionBytes !== 0 && isAboutSegments(errno)) {
        peer.maxSegmentBytes = this.#optionBytes - 1;
        continue;
      }
      this.droppedDatagrams += Math.ceil(callBytes / segmentBytes);
      transfer.offsetBytes += callBytes;
    }
    return true;
  }

  yieldSocket(): void {
    this.#setSegmentation(0);
  }

  forget(): void {
    openDescriptors.delete(this.#descriptor);
    this.#descriptor = -1;
  }

  #sendNow(transfer: Transfer, callBytes: number): number {
    const { bytes, offsetBytes, peer: { sockaddr } } = transfer;
    const part = callBytes === bytes.length
      ? bytes
      : bytes.subarray(offsetBytes, offsetBytes + callBytes);
    return this.#library.calls.sendto(
      this.#descriptor,
      part,
      callBytes,
      MSG_DONTWAIT | MSG_NOSIGNAL,
      sockaddr,
      sockaddr.length,
    );
  }

  /** Bytes of whole segments that one call may hand over. */
  #maxCallBytes(segmentBytes: number, peer: ResolvedPeer): number {
    if (!this.#hasSegmentation || segmentBytes > peer.maxSegmentBytes) {
      return segmentBytes;
    }
    const segments = Math.floor(MAX_CALL_BYTES / segmentBytes);
    return Math.min(Math.max(segments, 1), MAX_SEGMENTS) * segmentBytes;
  }

  /** A single datagram leaves the option as it is where it does no harm: readers of one stream have the same size. */
  #prepare(callBytes: number, segmentBytes: number, peer: ResolvedPeer): void {
    if (callBytes > segmentBytes) return this.#setSegmentation(segmentBytes);
    const isHarmless = callBytes <= this.#optionBytes &&
      this.#optionBytes <= peer.maxSegmentBytes;
    if (!isHarmless) this.#setSegmentation(0);
  }

  #setSegmentation(segmentBytes: number): void {
    if (segmentBytes === this.#optionBytes || this.#descriptor < 0) return;
    const option = { level: SOL_UDP, name: UDP_SEGMENT, value: segmentBytes };
    if (setSocketOption(this.#library, this.#descriptor, option)) {
      this.#optionBytes = segmentBytes;
    } else {
      this.#optionBytes = 0;
      this.#hasSegmentation = false;
    }
  }
}

/** The way to the peer, or the kernel, cannot cut: the same bytes leave one datagram a call. */
function isAboutSegments(errno: number): boolean {
  return errno === EINVAL || errno === EIO || errno === EMSGSIZE;
}

/** Finds the descriptor of an open UDP socket by its address; `undefined` where sending this way is not possible. */
export function openFfiSender(
  address: Deno.NetAddr,
): FfiSegmentSender | undefined {
  const descriptor = findUdpDescriptor(address);
  if (!libc || descriptor === undefined) return undefined;
  openDescriptors.add(descriptor);
  growSendBuffer(libc, descriptor);
  return new FfiSegmentSender(libc, descriptor);
}

/**
 * Sets how many bytes the system keeps for a socket until they are read.
 *
 * Output: bytes it keeps now; `undefined` where it cannot be set. Linux counts its own book-keeping in and doubles what was asked.
 */
export function setReceiveBuffer(
  address: Deno.NetAddr,
  wantedBytes: number,
): number | undefined {
  const descriptor = findUdpDescriptor(address);
  if (!libc || descriptor === undefined) return undefined;
  let currentBytes = 0;
  for (const name of [SO_RCVBUF, SO_RCVBUFFORCE]) {
    const option = { level: SOL_SOCKET, name, value: wantedBytes };
    setSocketOption(libc, descriptor, option);
    currentBytes = (socketOption(libc, descriptor, SO_RCVBUF) ?? 0) / 2;
    if (currentBytes >= wantedBytes) break;
  }
  return currentBytes;
}

function growSendBuffer(library: Libc, descriptor: number): void {
  const value = SEND_BUFFER_BYTES;
  const forced = { level: SOL_SOCKET, name: SO_SNDBUFFORCE, value };
  if (setSocketOption(library, descriptor, forced)) return;
  setSocketOption(library, descriptor, { ...forced, name: SO_SNDBUF });
}

function findUdpDescriptor(address: Deno.NetAddr): number | undefined {
  if (!libc) return undefined;
  return findDescriptor(libc, {
    type: SOCK_DGRAM,
    local: address,
    skip: openDescriptors,
  });
}
