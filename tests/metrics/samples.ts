import type { PathInfo } from "#core/path_info.ts";
import type { SessionInfo } from "#core/session_info.ts";

/** A session that does nothing but what `changes` say. */
export function sessionInfo(changes: Partial<SessionInfo>): SessionInfo {
  return {
    id: "a7c9d1de-4f1b-4a59-8a34-0f4c60b2a001",
    type: "rtspSession",
    createdAtMs: 0,
    remoteAddress: "192.0.2.9:5000",
    state: "idle",
    pathName: "",
    query: "",
    user: "",
    userAgent: "",
    inboundBytes: 0,
    outboundBytes: 0,
    droppedUnits: 0,
    lostPackets: 0,
    details: {},
    ...changes,
  };
}

/** A path that is not ready but for what `changes` say. */
export function pathInfo(changes: Partial<PathInfo>): PathInfo {
  return {
    name: "cam",
    confName: "all_others",
    availableAtMs: undefined,
    source: undefined,
    tracks: [],
    readers: [],
    inboundBytes: 0,
    outboundBytes: 0,
    inboundErrors: 0,
    lostPackets: 0,
    frames: 0,
    keyFrameAtMs: undefined,
    lastUnitAtMs: undefined,
    ...changes,
  };
}

/** All pieces of a text. */
export function textOf(pieces: Iterable<string>): string {
  return [...pieces].join("");
}
