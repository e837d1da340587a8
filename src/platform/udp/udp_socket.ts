/** Where datagrams of one socket may go; made by {@linkcode UdpSocket.resolvePeer} and only good for that socket. */
export interface UdpPeer {
  /** Text of the address; IPv4 in its own form. */
  readonly ip: string;
  readonly port: number;
}

/** Takes one datagram: borrowed for the call, IPv4 peers in their own form. */
export type DatagramHandler = (
  datagram: Uint8Array,
  ip: string,
  port: number,
) => void;

/** An open UDP port. */
export interface UdpSocket extends AsyncDisposable {
  /** Port that is bound, chosen by the system if 0 was asked for. */
  readonly port: number;

  /**
   * Calls `handler` for each datagram until the socket is closed; to be called once.
   *
   * Unreachable peers and other refusals of the system do not end it.
   */
  receive(handler: DatagramHandler): Promise<void>;

  /** Prepares sending to an address. @throws {PlatformError} `invalid_address` if `ip` is none. */
  resolvePeer(ip: string, port: number): UdpPeer;

  /**
   * Sends `bytes` as datagrams of `segmentBytes` each, the last may be shorter, in order.
   *
   * Hot path: never waits. What the system does not take now is kept and follows when it does.
   * Input: owned bytes, not changed afterwards.
   * Limits: {@linkcode MAX_QUEUED_BYTES}; what comes beyond is dropped and counted.
   */
  sendSegments(bytes: Uint8Array, segmentBytes: number, peer: UdpPeer): void;

  /** Datagrams that never left: the queue was full or the system refused them. */
  readonly droppedDatagrams: number;

  /** Bytes that wait for the system to take them. */
  readonly queuedBytes: number;
}
