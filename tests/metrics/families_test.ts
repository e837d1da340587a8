import {
  type FamilyConfig,
  familyText,
  SESSION_FAMILIES,
  type SessionFamily,
} from "#metrics/families.ts";
import { assertEquals } from "#test/assert.ts";
import { sessionInfo, textOf } from "./samples.ts";

const ALL_ON: FamilyConfig = {
  hls: true,
  rtsp: true,
  rtspEncryption: "optional",
  rtmp: true,
  rtmpEncryption: "optional",
};

/** Names that a family's lines have, each once, in their order. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  conns: ["", "inbound_bytes", "outbound_bytes"],
  sessions: [
    "",
    "inbound_bytes",
    "inbound_rtp_packets",
    "inbound_rtp_packets_lost",
    "inbound_rtp_packets_in_error",
    "inbound_rtp_packets_jitter",
    "inbound_rtcp_packets",
    "inbound_rtcp_packets_in_error",
    "outbound_bytes",
    "outbound_rtp_packets",
    "outbound_rtp_packets_reported_lost",
    "outbound_rtp_packets_discarded",
    "outbound_rtcp_packets",
  ],
  oldSessions: [
    "bytes_received",
    "bytes_sent",
    "rtp_packets_received",
    "rtp_packets_sent",
    "rtp_packets_lost",
    "rtp_packets_in_error",
    "rtp_packets_jitter",
    "rtcp_packets_received",
    "rtcp_packets_sent",
    "rtcp_packets_in_error",
  ],
  oldBytes: ["bytes_received", "bytes_sent"],
};

const FAMILIES = [
  {
    name: "rtsp_conns",
    title: "RTSP connections",
    names: ["conns", "oldBytes"],
  },
  {
    name: "rtsp_sessions",
    title: "RTSP sessions",
    names: ["sessions", "oldSessions"],
  },
  {
    name: "rtsps_conns",
    title: "RTSPS connections",
    names: ["conns", "oldBytes"],
  },
  {
    name: "rtsps_sessions",
    title: "RTSPS sessions",
    names: ["sessions", "oldSessions"],
  },
  {
    name: "rtmp_conns",
    title: "RTMP connections",
    names: ["rtmp", "oldBytes"],
  },
  {
    name: "rtmps_conns",
    title: "RTMPS connections",
    names: ["rtmp", "oldBytes"],
  },
];

function familyOf(name: string): SessionFamily {
  return SESSION_FAMILIES.find((family) => family.name === name)!;
}

for (const { name, title, names } of FAMILIES) {
  Deno.test(`familyText() has the names of ${name}, in their order`, () => {
    const [current, old] = names.map((key) =>
      (key === "rtmp"
        ? [...NAMES["conns"]!, "outbound_frames_discarded"]
        : NAMES[key]!)
        .map((suffix) => `${suffix === "" ? name : `${name}_${suffix}`} 0\n`)
        .join("")
    );
    assertEquals(
      textOf(familyText(familyOf(name), [], undefined)),
      `# ${title}\n${current}\n# ${title} (deprecated)\n${old}\n`,
    );
  });
}

Deno.test("familyText() writes HLS viewers and muxers as Prometheus knows them", () => {
  const viewer = sessionInfo({
    type: "hlsSession",
    id: "7",
    pathName: "cam",
    outboundBytes: 5,
  });
  assertEquals(
    textOf(familyText(familyOf("hls_sessions"), [viewer], undefined)),
    `# HLS sessions
hls_sessions{id="7",path="cam",remoteAddr="192.0.2.9:5000"} 1
hls_sessions_outbound_bytes{id="7",path="cam",remoteAddr="192.0.2.9:5000"} 5

`,
  );
  const muxer = sessionInfo({ ...viewer, type: "hlsMuxer" });
  assertEquals(
    textOf(familyText(familyOf("hls_muxers"), [muxer], "cam")),
    `# HLS muxers
hls_muxers{name="cam"} 1
hls_muxers_outbound_bytes{name="cam"} 5
hls_muxers_outbound_frames_discarded{name="cam"} 0

# HLS muxers (deprecated)
hls_muxers_bytes_sent{name="cam"} 5

`,
  );
});

const PUBLISHER = sessionInfo({
  id: "1",
  state: "publish",
  pathName: "cam",
  inboundBytes: 11,
  outboundBytes: 12,
  details: {
    transport: "UDP",
    inboundRTPPackets: 1,
    inboundRTPPacketsLost: 2,
    inboundRTPPacketsInError: 3,
    inboundRTPPacketsJitter: 0.25,
    inboundRTCPPackets: 4,
    inboundRTCPPacketsInError: 5,
    outboundRTPPackets: 6,
    outboundRTPPacketsReportedLost: 7,
    outboundRTPPacketsDiscarded: 8,
    outboundRTCPPackets: 9,
  },
});

Deno.test("familyText() writes all metrics of a session, then those of the next", () => {
  const sessions = [PUBLISHER, sessionInfo({ id: "2" })];
  const text = textOf(
    familyText(familyOf("rtsp_sessions"), sessions, undefined),
  );
  const labels =
    '{id="1",path="cam",remoteAddr="192.0.2.9:5000",state="publish"}';
  assertEquals(
    text.split("\n").filter((line) => line.includes('id="1"')),
    [
      `rtsp_sessions${labels} 1`,
      `rtsp_sessions_inbound_bytes${labels} 11`,
      `rtsp_sessions_inbound_rtp_packets${labels} 1`,
      `rtsp_sessions_inbound_rtp_packets_lost${labels} 2`,
      `rtsp_sessions_inbound_rtp_packets_in_error${labels} 3`,
      `rtsp_sessions_inbound_rtp_packets_jitter${labels} 0.25`,
      `rtsp_sessions_inbound_rtcp_packets${labels} 4`,
      `rtsp_sessions_inbound_rtcp_packets_in_error${labels} 5`,
      `rtsp_sessions_outbound_bytes${labels} 12`,
      `rtsp_sessions_outbound_rtp_packets${labels} 6`,
      `rtsp_sessions_outbound_rtp_packets_reported_lost${labels} 7`,
      `rtsp_sessions_outbound_rtp_packets_discarded${labels} 8`,
      `rtsp_sessions_outbound_rtcp_packets${labels} 9`,
      `rtsp_sessions_bytes_received${labels} 11`,
      `rtsp_sessions_bytes_sent${labels} 12`,
      `rtsp_sessions_rtp_packets_received${labels} 1`,
      `rtsp_sessions_rtp_packets_sent${labels} 6`,
      `rtsp_sessions_rtp_packets_lost${labels} 2`,
      `rtsp_sessions_rtp_packets_in_error${labels} 3`,
      `rtsp_sessions_rtp_packets_jitter${labels} 0.25`,
      `rtsp_sessions_rtcp_packets_received${labels} 4`,
      `rtsp_sessions_rtcp_packets_sent${labels} 9`,
      `rtsp_sessions_rtcp_packets_in_error${labels} 5`,
    ],
  );
  const lines = text.split("\n").slice(1, 27).map((line) =>
    /id="(\d)"/.exec(line)![1]
  );
  assertEquals(lines.join(""), "1".repeat(13) + "2".repeat(13));
});

Deno.test("familyText() labels RTSP connections with their id only", () => {
  const connection = sessionInfo({ type: "rtspConn", id: "7" });
  const [, line] = textOf(
    familyText(familyOf("rtsp_conns"), [connection], undefined),
  )
    .split("\n");
  assertEquals(line, 'rtsp_conns{id="7"} 1');
});

Deno.test("familyText() writes the one session that is asked for", () => {
  const family = familyOf("rtsp_sessions");
  const sessions = [PUBLISHER, sessionInfo({ id: "2" })];
  assertEquals(
    textOf(familyText(family, sessions, "2")).includes('id="1"'),
    false,
  );
  assertEquals(
    textOf(familyText(family, sessions, "3")),
    "# RTSP sessions\n\n# RTSP sessions (deprecated)\n\n",
  );
  assertEquals(textOf(familyText(family, [], "3")), "");
});

Deno.test("SESSION_FAMILIES are on with their servers", () => {
  const namesFor = (changes: Partial<FamilyConfig>) =>
    SESSION_FAMILIES
      .filter(({ isOn }) => isOn({ ...ALL_ON, hls: false, ...changes }))
      .map(({ name }) => name).join(" ");
  assertEquals(namesFor({}), FAMILIES.map(({ name }) => name).join(" "));
  assertEquals(namesFor({ rtsp: false }), "rtmp_conns rtmps_conns");
  assertEquals(
    namesFor({ rtsp: false, rtmp: false, hls: true }),
    "hls_sessions hls_muxers http_sessions",
  );
  assertEquals(
    namesFor({ rtspEncryption: "strict", rtmpEncryption: "no" }),
    "rtsps_conns rtsps_sessions rtmp_conns",
  );
  assertEquals(
    namesFor({ rtmp: false, rtspEncryption: "no" }),
    "rtsp_conns rtsp_sessions",
  );
});
