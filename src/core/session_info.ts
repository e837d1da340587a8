/** What a session does at its path. */
export type SessionState = "idle" | "read" | "publish";

/** How a session describes itself: once, for the API, metrics, hooks and logs. */
export interface SessionInfo {
  /** UUID. */
  readonly id: string;
  /** Kind of session as the API names it. */
  readonly type:
    | `rtsp${"" | "s"}${"Conn" | "Session"}`
    | `rtmp${"" | "s"}Conn`
    | `${"rtsp" | "rtmp" | "file" | "test"}Source`
    | `${"hls" | "http"}Session`
    | "hlsMuxer"
    | "redirect";
  readonly createdAtMs: number;
  /** Address of the peer, `IP:port`. */
  readonly remoteAddress: string;
  readonly state: SessionState;
  /** Name of the path, empty while idle. */
  readonly pathName: string;
  /** Query of the peer's URL, without the question mark. */
  readonly query: string;
  /** Name given by the peer when it was let in, empty if anonymous. */
  readonly user: string;
  readonly userAgent: string;
  readonly inboundBytes: number;
  readonly outboundBytes: number;
  /** Units that this reader did not get because it was too slow. */
  readonly droppedUnits: number;
  /** Packets from this publisher that did not arrive. */
  readonly lostPackets: number;
  /** What only its kind of session has, under the names of the API. */
  readonly details: Readonly<
    Record<string, string | number | boolean | null | readonly string[]>
  >;
}
