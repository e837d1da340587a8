import type { SessionInfo } from "./session_info.ts";
import type { Track } from "./track.ts";

/** How a path describes itself. */
export interface PathInfo {
  readonly name: string;
  /** Key of its entry in the configuration. */
  readonly confName: string;
  /** Since when it can be read, milliseconds since the epoch; undefined if it cannot. */
  readonly availableAtMs: number | undefined;
  /** Who feeds it, or will. */
  readonly source:
    | Pick<SessionInfo, "type" | "id"> & Partial<SessionInfo>
    | undefined;
  readonly tracks: readonly Track[];
  readonly readers: readonly Pick<SessionInfo, "type" | "id">[];
  readonly inboundBytes: number;
  readonly outboundBytes: number;
  /** Units and packets that came damaged. */
  readonly inboundErrors: number;
  readonly lostPackets: number;
  /** Pictures so far. */
  readonly frames: number;
  /** When the last key frame came, milliseconds since the epoch; undefined before the first. */
  readonly keyFrameAtMs: number | undefined;
  readonly lastUnitAtMs: number | undefined;
}
