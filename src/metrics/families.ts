import { labelText, metricLine, section } from "./text_format.ts";
import type { SessionInfo } from "#core/session_info.ts";

/** Switches of the servers whose sessions have metrics. */
export interface FamilyConfig {
  readonly hls: boolean;
  readonly rtsp: boolean;
  readonly rtspEncryption: Encryption;
  readonly rtmp: boolean;
  readonly rtmpEncryption: Encryption;
}

type Encryption = "no" | "optional" | "strict";

/** A metric's name behind the family's (empty: the family's own), and its value. */
type Metric = readonly [suffix: string, value: (info: SessionInfo) => number];

interface Section {
  readonly title: string;
  readonly metrics: readonly Metric[];
}

/** All metrics of one kind of connection or session. */
export interface SessionFamily {
  /** What its metrics begin with, and the word for it in `type=`. */
  readonly name: string;
  /** Query parameter that asks for one of them. */
  readonly filter: string;
  readonly type: SessionInfo["type"];
  readonly sections: readonly Section[];
  /** Labels of one, in order. */
  readonly labels: (info: SessionInfo) => Readonly<Record<string, string>>;
  /** What the query parameter names one by. */
  readonly key: (info: SessionInfo) => string;
  /** Whether its server runs. */
  readonly isOn: (config: FamilyConfig) => boolean;
}

const one: Metric = ["", () => 1];
const inboundBytes = (info: SessionInfo) => info.inboundBytes;
const outboundBytes = (info: SessionInfo) => info.outboundBytes;

/** A number that only this kind of session has; 0 as long as there is none. */
function detail(name: string): (info: SessionInfo) => number {
  return ({ details }) => Number(details[name] ?? 0);
}

const BYTES: readonly Metric[] = [
  ["inbound_bytes", inboundBytes],
  ["outbound_bytes", outboundBytes],
];

const OLD_BYTES: readonly Metric[] = [
  ["bytes_received", inboundBytes],
  ["bytes_sent", outboundBytes],
];

const RTSP_SESSION: readonly Metric[] = [
  one,
  ["inbound_bytes", inboundBytes],
  ["inbound_rtp_packets", detail("inboundRTPPackets")],
  ["inbound_rtp_packets_lost", detail("inboundRTPPacketsLost")],
  ["inbound_rtp_packets_in_error", detail("inboundRTPPacketsInError")],
  ["inbound_rtp_packets_jitter", detail("inboundRTPPacketsJitter")],
  ["inbound_rtcp_packets", detail("inboundRTCPPackets")],
  ["inbound_rtcp_packets_in_error", detail("inboundRTCPPacketsInError")],
  ["outbound_bytes", outboundBytes],
  ["outbound_rtp_packets", detail("outboundRTPPackets")],
  [
    "outbound_rtp_packets_reported_lost",
    detail("outboundRTPPacketsReportedLost"),
  ],
  ["outbound_rtp_packets_discarded", detail("outboundRTPPacketsDiscarded")],
  ["outbound_rtcp_packets", detail("outboundRTCPPackets")],
];

const OLD_RTSP_SESSION: readonly Metric[] = [
  ...OLD_BYTES,
  ["rtp_packets_received", detail("inboundRTPPackets")],
  ["rtp_packets_sent", detail("outboundRTPPackets")],
  ["rtp_packets_lost", detail("inboundRTPPacketsLost")],
  ["rtp_packets_in_error", detail("inboundRTPPacketsInError")],
  ["rtp_packets_jitter", detail("inboundRTPPacketsJitter")],
  ["rtcp_packets_received", detail("inboundRTCPPackets")],
  ["rtcp_packets_sent", detail("outboundRTCPPackets")],
  ["rtcp_packets_in_error", detail("inboundRTCPPacketsInError")],
];

const RTMP_CONNECTION: readonly Metric[] = [
  one,
  ...BYTES,
  ["outbound_frames_discarded", detail("outboundFramesDiscarded")],
];

function withOldNames(
  title: string,
  metrics: readonly Metric[],
  oldMetrics: readonly Metric[],
): Section[] {
  return [
    { title, metrics },
    { title: `${title} (deprecated)`, metrics: oldMetrics },
  ];
}

function rtspFamilies(
  protocol: "rtsp" | "rtsps",
  isOn: SessionFamily["isOn"],
): SessionFamily[] {
  const title = protocol.toUpperCase();
  return [
    {
      name: `${protocol}_conns`,
      filter: `${protocol}_conn`,
      type: `${protocol}Conn`,
      sections: withOldNames(
        `${title} connections`,
        [one, ...BYTES],
        OLD_BYTES,
      ),
      labels: idLabel,
      key: idOf,
      isOn,
    },
    {
      name: `${protocol}_sessions`,
      filter: `${protocol}_session`,
      type: `${protocol}Session`,
      sections: withOldNames(
        `${title} sessions`,
        RTSP_SESSION,
        OLD_RTSP_SESSION,
      ),
      labels: sessionLabels,
      key: idOf,
      isOn,
    },
  ];
}

function rtmpFamily(
  protocol: "rtmp" | "rtmps",
  isOn: SessionFamily["isOn"],
): SessionFamily {
  const title = `${protocol.toUpperCase()} connections`;
  return {
    name: `${protocol}_conns`,
    filter: `${protocol}_conn`,
    type: `${protocol}Conn`,
    sections: withOldNames(title, RTMP_CONNECTION, OLD_BYTES),
    labels: sessionLabels,
    key: idOf,
    isOn,
  };
}

const HLS_FAMILIES: readonly SessionFamily[] = [
  {
    name: "hls_sessions",
    filter: "hls_session",
    type: "hlsSession",
    sections: [{
      title: "HLS sessions",
      metrics: [one, ["outbound_bytes", outboundBytes]],
    }],
    labels: ({ id, pathName, remoteAddress }) => ({
      id,
      path: pathName,
      remoteAddr: remoteAddress,
    }),
    key: idOf,
    isOn: ({ hls }) => hls,
  },
  {
    name: "hls_muxers",
    filter: "hls_muxer",
    type: "hlsMuxer",
    sections: withOldNames(
      "HLS muxers",
      [
        one,
        ["outbound_bytes", outboundBytes],
        ["outbound_frames_discarded", detail("outboundFramesDiscarded")],
      ],
      [["bytes_sent", outboundBytes]],
    ),
    labels: ({ pathName }) => ({ name: pathName }),
    key: ({ pathName }) => pathName,
    isOn: ({ hls }) => hls,
  },
];

const HTTP_FAMILY: SessionFamily = {
  name: "http_sessions",
  filter: "http_session",
  type: "httpSession",
  sections: [{
    title: "HTTP sessions",
    metrics: [
      one,
      ["outbound_bytes", outboundBytes],
      ["outbound_frames_discarded", detail("outboundFramesDiscarded")],
    ],
  }],
  labels: sessionLabels,
  key: idOf,
  isOn: ({ hls }) => hls,
};

/** Every kind of connection and session with metrics of its own, in the order in which they are written. */
export const SESSION_FAMILIES: readonly SessionFamily[] = [
  ...HLS_FAMILIES,
  ...rtspFamilies(
    "rtsp",
    (config) => config.rtsp && config.rtspEncryption !== "strict",
  ),
  ...rtspFamilies(
    "rtsps",
    (config) => config.rtsp && config.rtspEncryption !== "no",
  ),
  rtmpFamily(
    "rtmp",
    (config) => config.rtmp && config.rtmpEncryption !== "strict",
  ),
  rtmpFamily(
    "rtmps",
    (config) => config.rtmp && config.rtmpEncryption !== "no",
  ),
  HTTP_FAMILY,
];

/**
 * Sections of one family, session by session.
 *
 * Input: `id`, key of the only session that is asked for; undefined for all.
 * Output: zeros without labels if there are no sessions; nothing if there are none and one is asked for.
 */
export function* familyText(
  family: SessionFamily,
  sessions: readonly SessionInfo[],
  id: string | undefined,
): Generator<string> {
  if (sessions.length === 0 && id !== undefined) return;
  const wanted = sessions
    .filter((info) => id === undefined || family.key(info) === id)
    .map((info) => ({ info, labels: labelText(family.labels(info)) }));
  for (const { title, metrics } of family.sections) {
    const named = metrics.map(([suffix, value]) => ({
      name: suffix === "" ? family.name : `${family.name}_${suffix}`,
      value,
    }));
    yield* section(
      title,
      sessions.length === 0
        ? named.map(({ name }) => metricLine(name, "", 0))
        : wanted.values().map(({ info, labels }) =>
          named.map(({ name, value }) => metricLine(name, labels, value(info)))
            .join("")
        ),
    );
  }
}

function sessionLabels(info: SessionInfo): Record<string, string> {
  const { id, pathName: path, remoteAddress: remoteAddr, state } = info;
  return { id, path, remoteAddr, state };
}

function idLabel({ id }: SessionInfo): Record<string, string> {
  return { id };
}

function idOf({ id }: SessionInfo): string {
  return id;
}
