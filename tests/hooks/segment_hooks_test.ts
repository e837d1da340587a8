import type { SegmentEvent } from "#base/segment_event.ts";
import { createLogger } from "#base/log.ts";
import { segmentHook } from "#hooks/segment_hooks.ts";
import { assertEquals } from "#test/assert.ts";

const COMPLETED: SegmentEvent = {
  type: "segmentCompleted",
  pathName: "cam1",
  confName: "~cam(.)",
  groups: ["1"],
  file: "recordings/cam1/a.mp4",
  durationMs: 3_040,
};

const parts = {
  settings: {
    runOnRecordSegmentCreate: "create",
    runOnRecordSegmentComplete: "complete",
  },
  rtspPort: "8554",
  logger: createLogger(() => {}, "info"),
};

Deno.test("segmentHook() tells of a file that is complete, in variables and to webhooks", () => {
  const hook = segmentHook(COMPLETED, parts)!;
  assertEquals([hook.name, hook.command], [
    "runOnRecordSegmentComplete",
    "complete",
  ]);
  assertEquals(hook.variables, {
    MTX_PATH: "cam1",
    RTSP_PATH: "cam1",
    RTSP_PORT: "8554",
    G1: "1",
    MTX_SEGMENT_PATH: "recordings/cam1/a.mp4",
    MTX_SEGMENT_DURATION: "3.04",
  });
  assertEquals(hook.event, {
    type: "segment.completed",
    subject: "cam1",
    data: {
      path: "cam1",
      confName: "~cam(.)",
      groups: ["1"],
      file: "recordings/cam1/a.mp4",
      duration: 3.04,
    },
  });
});

Deno.test("segmentHook() tells of a file that was made, which has no duration yet", () => {
  const event = {
    ...COMPLETED,
    type: "segmentCreated",
    durationMs: 0,
  } as const;
  const hook = segmentHook(event, parts)!;
  assertEquals(hook.name, "runOnRecordSegmentCreate");
  assertEquals(hook.variables["MTX_SEGMENT_DURATION"], undefined);
  assertEquals("duration" in hook.event.data, false);
});

Deno.test("segmentHook() writes durations without exponent, and no hook for an empty command", () => {
  for (
    const [durationMs, text] of [
      [0, "0"],
      [0.00004, "0.00000004"],
      [10_000, "10"],
      [86_400_000.5, "86400.0005"],
    ] as const
  ) {
    const hook = segmentHook({ ...COMPLETED, durationMs }, parts)!;
    assertEquals(hook.variables["MTX_SEGMENT_DURATION"], text);
  }
  const settings = { ...parts.settings, runOnRecordSegmentComplete: "" };
  assertEquals(segmentHook(COMPLETED, { ...parts, settings }), undefined);
});
