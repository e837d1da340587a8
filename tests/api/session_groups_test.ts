import type { z } from "zod";
import type { SessionInfo } from "#core/session_info.ts";
import {
  describeFields,
  groupSchema,
  SESSION_GROUPS,
} from "#api/session_groups.ts";
import { assertEquals } from "#test/assert.ts";
import { fakeSession } from "./api_scene.ts";

const groupOf = (wanted: string) =>
  SESSION_GROUPS.find(({ name }) => name === wanted);

const RTSP_CONNECTIONS = groupOf("rtspconns");
const RTSP_SESSIONS = groupOf("rtspsessions");
const RTMP_CONNECTIONS = groupOf("rtmpconns");

/** What only these kinds of sessions have, and always. */
const DETAILS: Readonly<Record<string, SessionInfo["details"]>> = {
  hlsmuxers: { lastRequest: "2026-01-01T00:00:00.000Z" },
  hlssessions: { isCDN: false },
};

const ORDERS = [
  [
    RTSP_CONNECTIONS!,
    "id created remoteAddr session tunnel inboundBytes outboundBytes bytesReceived bytesSent",
  ],
  [
    RTSP_SESSIONS!,
    "id created remoteAddr state path query user userAgent transport profile conns inboundBytes inboundRTPPackets " +
    "inboundRTPPacketsLost inboundRTPPacketsInError inboundRTPPacketsJitter inboundRTCPPackets " +
    "inboundRTCPPacketsInError outboundBytes outboundRTPPackets outboundRTPPacketsReportedLost " +
    "outboundRTPPacketsDiscarded outboundRTCPPackets bytesReceived bytesSent rtpPacketsReceived rtpPacketsSent " +
    "rtpPacketsLost rtpPacketsInError rtpPacketsJitter rtcpPacketsReceived rtcpPacketsSent rtcpPacketsInError",
  ],
  [
    RTMP_CONNECTIONS!,
    "id created remoteAddr state path query user userAgent inboundBytes outboundBytes outboundFramesDiscarded " +
    "bytesReceived bytesSent",
  ],
  [
    groupOf("hlsmuxers")!,
    "path created lastRequest outboundBytes outboundFramesDiscarded bytesSent",
  ],
  [
    groupOf("hlssessions")!,
    "id created remoteAddr path query user userAgent isCDN outboundBytes",
  ],
] as const;

for (const [group, order] of ORDERS) {
  Deno.test(`describeFields() keeps the order of ${group.name}`, () => {
    const answer = describeFields(group, fakeSession({ type: group.type }));
    assertEquals(Object.keys(answer), order.split(" "));
  });
}

Deno.test("describeFields() takes what the session counts, under old names too", () => {
  const session = fakeSession({
    inboundBytes: 5,
    details: {
      transport: "UDP",
      conns: ["c"],
      inboundRTPPacketsLost: 7,
      inboundRTPPacketsJitter: 1.5,
    },
  });
  const answer = describeFields(RTSP_SESSIONS!, session);
  assertEquals(
    [
      answer["bytesReceived"],
      answer["transport"],
      answer["profile"],
      answer["conns"],
      answer["rtpPacketsLost"],
      answer["rtpPacketsJitter"],
      answer["outboundRTPPackets"],
    ],
    [5, "UDP", null, ["c"], 7, 1.5, 0],
  );
});

Deno.test("groupSchema() takes what describeFields() makes", () => {
  for (const group of SESSION_GROUPS) {
    const id = `Test${group.name}`;
    const schema = groupSchema({ ...group, schemaId: id }, {});
    const { type, name } = group;
    const details = DETAILS[name] ?? {};
    const answer = describeFields(group, fakeSession({ type, details }));
    assertEquals(schema.safeParse(answer).error, undefined);
    assertEquals(
      Object.keys((schema as z.ZodObject).shape),
      Object.keys(answer),
    );
  }
});
