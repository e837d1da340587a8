import { createLogger } from "#base/log.ts";
import type { ServerEvent } from "#core/ports.ts";
import { eventJson, eventName, sessionJson } from "#events/event_json.ts";
import { assertEquals } from "#test/assert.ts";
import { sessionOwner } from "#test/test_ports.ts";
import { AUDIO, VIDEO } from "#test/units.ts";

const SESSION = {
  ...sessionOwner(createLogger(() => {}, "info"), "uuid").describe(),
  query: "user=ann&pass=s3cret&jwt=eyJh&camera=3",
  user: "ann",
};

const session = {
  type: "rtspSession",
  id: "uuid",
  remoteAddr: "192.0.2.9:5000",
  user: "ann",
};

const query = "user=ann&pass=<redacted>&jwt=<redacted>&camera=3";

const EVENTS: readonly {
  readonly event: ServerEvent;
  readonly name: string;
  readonly json: unknown;
}[] = [
  {
    event: { type: "connectionOpened", session: SESSION },
    name: "connection.opened",
    json: { session },
  },
  {
    event: {
      type: "sessionClosed",
      session: SESSION,
      reason: "GET /a?token=abc failed",
    },
    name: "session.closed",
    json: { session, reason: "GET /a?token=<redacted> failed" },
  },
  {
    event: {
      type: "pathOpened",
      pathName: "cam1",
      confName: "~cam(.)",
      groups: ["1"],
    },
    name: "path.opened",
    json: { path: "cam1", confName: "~cam(.)", groups: ["1"] },
  },
  {
    event: {
      type: "segmentCompleted",
      pathName: "cam1",
      confName: "~cam(.)",
      groups: ["1"],
      file: "recordings/cam1/a.mp4",
      durationMs: 1_500,
    },
    name: "segment.completed",
    json: {
      path: "cam1",
      confName: "~cam(.)",
      groups: ["1"],
      file: "recordings/cam1/a.mp4",
      duration: 1.5,
    },
  },
  {
    event: { type: "pathClosed", pathName: "cam1" },
    name: "path.closed",
    json: { path: "cam1" },
  },
  {
    event: {
      type: "pathAvailable",
      pathName: "cam1",
      session: SESSION,
      tracks: [VIDEO, AUDIO],
    },
    name: "path.available",
    json: { path: "cam1", session, query, tracks: ["H264", "MPEG-4 Audio"] },
  },
  {
    event: { type: "readingStopped", pathName: "cam1", session: SESSION },
    name: "reading.stopped",
    json: { path: "cam1", session, query },
  },
  {
    event: {
      type: "failed",
      kind: "webhook",
      subject: "runOnRead",
      reason: "the answer is 500",
    },
    name: "failed",
    json: {
      kind: "webhook",
      subject: "runOnRead",
      reason: "the answer is 500",
    },
  },
  {
    event: { type: "configApplied", revision: 2 },
    name: "config.applied",
    json: { revision: 2 },
  },
];

for (const { event, name, json } of EVENTS) {
  Deno.test(`eventJson() tells ${name} without credentials`, () => {
    assertEquals(eventName(event.type), name);
    assertEquals(eventJson(event), json);
  });
}

Deno.test("sessionJson() gives what a path pulls no id", () => {
  assertEquals(sessionJson({ ...SESSION, type: "rtspSource" }).id, "");
});
