import { z } from "zod";
import type { SessionInfo } from "#core/session_info.ts";
import type { Config } from "#config/root_schema.ts";
import { localTime } from "./local_time.ts";
import { counter, objectSchema, time } from "./schemas.ts";

/** One kind of session and where the API has it. */
export interface SessionGroup {
  /** Part of the URL, e.g. `"rtspconns"`. */
  readonly name: string;
  /** Type of the sessions in it. */
  readonly type: SessionInfo["type"];
  /** Name of its schema. */
  readonly schemaId: string;
  /** Whether its server is on; the group is not there otherwise. */
  readonly isOn: (config: Config) => boolean;
  readonly canBeKicked: boolean;
  /** They are asked for by the name of their path, not by an id. */
  readonly isByPath?: boolean;
  /** Error of an id that nobody has. */
  readonly notFound: string;
  /** In order. */
  readonly fields: readonly GroupField[];
}

/** A field of a session in answers. */
interface GroupField {
  readonly name: string;
  /** The same under the name that it has now. */
  readonly meaning: string;
}

const RTSP_CONNECTION = fieldsOf(
  `id created remoteAddr session tunnel inboundBytes outboundBytes
  bytesReceived=inboundBytes bytesSent=outboundBytes`,
);

const RTSP_SESSION = fieldsOf(
  `id created remoteAddr state path query user userAgent transport profile conns
  inboundBytes inboundRTPPackets inboundRTPPacketsLost inboundRTPPacketsInError inboundRTPPacketsJitter
  inboundRTCPPackets inboundRTCPPacketsInError
  outboundBytes outboundRTPPackets outboundRTPPacketsReportedLost outboundRTPPacketsDiscarded outboundRTCPPackets
  bytesReceived=inboundBytes bytesSent=outboundBytes
  rtpPacketsReceived=inboundRTPPackets rtpPacketsSent=outboundRTPPackets rtpPacketsLost=inboundRTPPacketsLost
  rtpPacketsInError=inboundRTPPacketsInError rtpPacketsJitter=inboundRTPPacketsJitter
  rtcpPacketsReceived=inboundRTCPPackets rtcpPacketsSent=outboundRTCPPackets
  rtcpPacketsInError=inboundRTCPPacketsInError`,
);

const RTMP_CONNECTION = fieldsOf(
  `id created remoteAddr state path query user userAgent inboundBytes outboundBytes outboundFramesDiscarded
  bytesReceived=inboundBytes bytesSent=outboundBytes`,
);

const HLS_MUXER = fieldsOf(
  "path created lastRequest outboundBytes outboundFramesDiscarded bytesSent=outboundBytes",
);

const HLS_SESSION = fieldsOf(
  "id created remoteAddr path query user userAgent isCDN outboundBytes",
);

const HTTP_SESSION = fieldsOf(
  `id created remoteAddr path query user userAgent container transport outboundBytes
  outboundFramesDiscarded`,
);

/** Every group that there is; those of servers that are not there yet answer as if these were off. */
export const SESSION_GROUPS: readonly SessionGroup[] = [
  {
    name: "hlsmuxers",
    type: "hlsMuxer",
    schemaId: "HLSMuxer",
    isOn: ({ hls }) => hls,
    canBeKicked: false,
    notFound: "muxer not found",
    isByPath: true,
    fields: HLS_MUXER,
  },
  {
    ...sessionsOf("hlssessions", "hlsSession"),
    schemaId: "HLSSession",
    isOn: ({ hls }) => hls,
    canBeKicked: true,
    fields: HLS_SESSION,
  },
  {
    ...connectionsOf("rtspconns", "rtspConn"),
    schemaId: "RTSPConn",
    isOn: isPlainRtspOn,
    canBeKicked: false,
    fields: RTSP_CONNECTION,
  },
  {
    ...sessionsOf("rtspsessions", "rtspSession"),
    schemaId: "RTSPSession",
    isOn: isPlainRtspOn,
    canBeKicked: true,
    fields: RTSP_SESSION,
  },
  {
    ...connectionsOf("rtspsconns", "rtspsConn"),
    schemaId: "RTSPConn",
    isOn: isSecureRtspOn,
    canBeKicked: false,
    fields: RTSP_CONNECTION,
  },
  {
    ...sessionsOf("rtspssessions", "rtspsSession"),
    schemaId: "RTSPSession",
    isOn: isSecureRtspOn,
    canBeKicked: true,
    fields: RTSP_SESSION,
  },
  {
    ...connectionsOf("rtmpconns", "rtmpConn"),
    schemaId: "RTMPConn",
    isOn: ({ rtmp, rtmpEncryption }) => rtmp && rtmpEncryption !== "strict",
    canBeKicked: true,
    fields: RTMP_CONNECTION,
  },
  {
    ...connectionsOf("rtmpsconns", "rtmpsConn"),
    schemaId: "RTMPConn",
    isOn: ({ rtmp, rtmpEncryption }) => rtmp && rtmpEncryption !== "no",
    canBeKicked: true,
    fields: RTMP_CONNECTION,
  },
  {
    ...sessionsOf("httpsessions", "httpSession"),
    schemaId: "HTTPSession",
    isOn: ({ hls }) => hls,
    canBeKicked: true,
    fields: HTTP_SESSION,
  },
];

/** Fields that every session may have; all others are what its server counts, see {@linkcode SessionInfo.details}. */
const COMMON_FIELDS: Readonly<
  Record<string, (session: SessionInfo) => string | number>
> = {
  id: ({ id }) => id,
  created: ({ createdAtMs }) => localTime(createdAtMs),
  remoteAddr: ({ remoteAddress }) => remoteAddress,
  state: ({ state }) => state,
  path: ({ pathName }) => pathName,
  query: ({ query }) => query,
  user: ({ user }) => user,
  userAgent: ({ userAgent }) => userAgent,
  inboundBytes: ({ inboundBytes }) => inboundBytes,
  outboundBytes: ({ outboundBytes }) => outboundBytes,
  lostPackets: ({ lostPackets }) => lostPackets,
};

/** Types of the fields that are no counters. */
const FIELD_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  id: z.uuid(),
  created: time(),
  remoteAddr: z.string(),
  session: z.uuid().nullable(),
  tunnel: z.string(),
  state: z.enum(["idle", "read", "publish"]),
  path: z.string(),
  query: z.string(),
  user: z.string(),
  userAgent: z.string(),
  container: z.string(),
  transport: z.string().nullable(),
  profile: z.string().nullable(),
  conns: z.array(z.uuid()),
  inboundRTPPacketsJitter: z.number(),
  lastRequest: time(),
  isCDN: z.boolean(),
};

/** What a field holds of a session that says nothing about it. */
const FIELD_DEFAULTS: Readonly<
  Record<string, string | null | readonly string[]>
> = {
  session: null,
  tunnel: "none",
  container: "",
  transport: null,
  profile: null,
  conns: [],
};

/** The group's fields of a session, in order. */
export function describeFields(
  { fields }: SessionGroup,
  session: SessionInfo,
): Record<string, unknown> {
  const answer: Record<string, unknown> = {};
  for (const { name, meaning } of fields) {
    const common = COMMON_FIELDS[meaning];
    answer[name] = common ? common(session) : detailOf(session, meaning);
  }
  return answer;
}

function detailOf({ details }: SessionInfo, name: string): unknown {
  if (Object.hasOwn(details, name)) return details[name];
  return Object.hasOwn(FIELD_DEFAULTS, name) ? FIELD_DEFAULTS[name] : 0;
}

/** Schema of the group's items, with the fields that `additions` have. */
export function groupSchema(
  { schemaId, fields }: SessionGroup,
  additions: z.core.$ZodLooseShape,
): z.ZodType {
  const shape: Record<string, z.ZodType> = {};
  for (const { name, meaning } of fields) {
    const schema = FIELD_SCHEMAS[meaning] ?? counter();
    shape[name] = meaning === name ? schema : schema.meta({ deprecated: true });
  }
  return objectSchema(schemaId, { ...shape, ...additions });
}

function connectionsOf(
  name: string,
  type: SessionInfo["type"],
): Pick<SessionGroup, "name" | "type" | "notFound"> {
  return { name, type, notFound: "connection not found" };
}

function sessionsOf(
  name: string,
  type: SessionInfo["type"],
): Pick<SessionGroup, "name" | "type" | "notFound"> {
  return { name, type, notFound: "session not found" };
}

function isPlainRtspOn({ rtsp, rtspEncryption }: Config): boolean {
  return rtsp && rtspEncryption !== "strict";
}

function isSecureRtspOn({ rtsp, rtspEncryption }: Config): boolean {
  return rtsp && rtspEncryption !== "no";
}

/** Names with blanks between them; one with `=` is an older name of what stands behind it. */
function fieldsOf(text: string): GroupField[] {
  return text.split(/\s+/).map((word) => {
    const [name = "", meaning = name] = word.split("=");
    return { name, meaning };
  });
}
