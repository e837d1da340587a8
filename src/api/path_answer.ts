import { z } from "zod";
import type { PathInfo } from "#core/path_info.ts";
import { codecLabel } from "#codecs/codec.ts";
import { codecProperties, videoSize } from "#codecs/codec_properties.ts";
import type { Track } from "#core/track.ts";
import { localTime } from "./local_time.ts";
import { BIT_RATE_FIELDS, counter, objectSchema, time } from "./schemas.ts";

/** What a stream brings a second. */
export interface StreamRate {
  /** Over the last second. */
  readonly bitrateBps: number;
  /** Over the last ten seconds. */
  readonly bitrateBps10s: number;
  readonly framesPerSecond: number;
}

/** What a path is described with. */
export interface PathContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly rateOf: (pathName: string) => StreamRate;
}

/** Time of what has never happened. */
const NEVER = "0001-01-01T00:00:00Z";

const MEMBER = objectSchema("PathMember", {
  type: z.string(),
  id: z.string(),
});

const TRACK = objectSchema("PathTrack", {
  codec: z.string(),
  codecProps: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean()]),
  ).nullable(),
});

/** What the API says of a path, in order. */
export const PATH = objectSchema("Path", {
  name: z.string(),
  confName: z.string().describe("Key of its entry in the configuration."),
  ready: z.boolean().meta({ deprecated: true }),
  readyTime: time().nullable().meta({ deprecated: true }),
  available: z.boolean().describe("Whether it can be read."),
  availableTime: time().nullable(),
  online: z.boolean().describe("Whether something feeds it, or will."),
  onlineTime: time().nullable(),
  source: MEMBER.nullable(),
  tracks: z.array(z.string()).meta({ deprecated: true }),
  tracks2: z.array(TRACK),
  readers: z.array(MEMBER),
  inboundBytes: counter(),
  outboundBytes: counter(),
  inboundFramesInError: counter(),
  bytesReceived: counter().meta({ deprecated: true }),
  bytesSent: counter().meta({ deprecated: true }),
  ...BIT_RATE_FIELDS,
  framesPerSecond: z.number(),
  width: z.int().nullable().describe("Pixels; null while unknown."),
  height: z.int().nullable().describe("Pixels; null while unknown."),
  keyFrameAgeMs: z.int().nullable()
    .describe("Since the last key frame, milliseconds."),
  lastPacketTime: time().nullable(),
  lostPackets: counter(),
});

/** Describes a path. Spec: MediaMTX's API. */
export function describePath(
  path: PathInfo,
  context: PathContext,
): z.input<typeof PATH> {
  const { source, availableAtMs } = path;
  const available = availableAtMs !== undefined;
  const availableTime = timeOrNull(availableAtMs);
  const tracks2 = path.tracks.map(describeTrack);
  return {
    name: path.name,
    confName: path.confName,
    ready: available,
    readyTime: availableTime,
    available,
    availableTime,
    online: available || source !== undefined,
    onlineTime: availableTime ?? (source ? NEVER : null),
    source: source ? memberOf(source) : null,
    tracks: tracks2.map(({ codec }) => codec),
    tracks2,
    readers: path.readers.map(memberOf).sort(byTypeAndId),
    inboundBytes: path.inboundBytes,
    outboundBytes: path.outboundBytes,
    inboundFramesInError: path.inboundErrors,
    bytesReceived: path.inboundBytes,
    bytesSent: path.outboundBytes,
    ...bitRates(context.rateOf(path.name)),
    ...describeStream(path, context),
    lostPackets: path.lostPackets,
  };
}

/** What is known of a path's stream; the same for the path and for its sessions. */
export function describeStream(
  path: PathInfo | undefined,
  { nowMs, rateOf }: PathContext,
): Pick<
  z.input<typeof PATH>,
  "framesPerSecond" | "width" | "height" | "keyFrameAgeMs" | "lastPacketTime"
> {
  const { keyFrameAtMs, lastUnitAtMs, tracks = [] } = path ?? {};
  const video = tracks.find(({ kind }) => kind === "video");
  const { width, height } = (video && videoSize(video.codec)) ?? {};
  return {
    framesPerSecond: path ? rateOf(path.name).framesPerSecond : 0,
    width: width ?? null,
    height: height ?? null,
    keyFrameAgeMs: keyFrameAtMs === undefined
      ? null
      : Math.max(0, Math.round(nowMs - keyFrameAtMs)),
    lastPacketTime: timeOrNull(lastUnitAtMs),
  };
}

/** Bits a second, whole. */
export function bitRates(
  { bitrateBps, bitrateBps10s }: Pick<
    StreamRate,
    "bitrateBps" | "bitrateBps10s"
  >,
): { bitrateBps: number; bitrateBps10s: number } {
  return {
    bitrateBps: Math.round(bitrateBps),
    bitrateBps10s: Math.round(bitrateBps10s),
  };
}

type Member = z.input<typeof MEMBER>;

/** Sources that a path pulls by itself have no id of their own. */
function memberOf({ type, id }: { type: string; id: string }): Member {
  const isOfPath = type.endsWith("Source") || type === "redirect";
  return { type, id: isOfPath ? "" : id };
}

function byTypeAndId(a: Member, b: Member): number {
  return compare(a.type, b.type) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function timeOrNull(wallMs: number | undefined): string | null {
  return wallMs === undefined ? null : localTime(wallMs);
}

function describeTrack({ codec }: Track): z.input<typeof TRACK> {
  return { codec: codecLabel(codec), codecProps: codecProperties(codec) };
}
