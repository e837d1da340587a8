import { type OwnFigures, ownText } from "#metrics/own_metrics.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { pathInfo, sessionInfo, textOf } from "./samples.ts";

const FIGURES: OwnFigures = {
  version: "v1.2.3",
  process: {
    cpuSeconds: 1.5,
    residentBytes: 100,
    heapUsedBytes: 20,
    heapTotalBytes: 30,
    externalBytes: 40,
    uptimeSeconds: 60,
    descriptors: { open: 12, sockets: 7, limit: 1_024 },
  },
  loopLag: { p50Ms: 0.1, p99Ms: 2.5, maxMs: 7, totalMs: 30.25, samples: 500 },
  counts: {
    failures: new Map([["hook", 0], ["webhook", 3]]),
    hooks: new Map([["hook", { ok: 7, failed: 2 }]]),
    reloads: { ok: 4, failed: 1 },
  },
  paths: [
    pathInfo({
      name: "cam",
      availableAtMs: 1,
      source: {
        type: "rtspSource",
        id: "",
        details: { inboundRTPPackets: 900 },
      },
      tracks: [],
      readers: [{ type: "rtmpConn", id: "2" }, { type: "rtmpConn", id: "3" }],
      frames: 250,
      lostPackets: 5,
    }),
    pathInfo({ name: "door" }),
  ],
  sessions: [
    sessionInfo({ type: "rtmpConn", state: "publish", pathName: "door" }),
    sessionInfo({
      type: "rtspSource",
      state: "publish",
      pathName: "cam",
    }),
    sessionInfo({ type: "rtmpConn" }),
  ],
  sessionTypes: ["rtspSession", "rtmpConn"],
  rateOf: (name) =>
    name === "cam"
      ? { bitrateBps: 1, bitrateBps10s: 2_000_000, framesPerSecond: 25 }
      : { bitrateBps: 0, bitrateBps10s: 0, framesPerSecond: 0 },
};

/** Lines without descriptions. */
function valuesOf(text: string): string[] {
  return text.split("\n").filter((line) => /^[a-z]/.test(line));
}

Deno.test("ownText() writes every figure", () => {
  assertEquals(valuesOf(textOf(ownText(FIGURES))), [
    'weir_build_info{version="v1.2.3"} 1',
    "weir_process_uptime_seconds 60",
    "weir_process_cpu_seconds_total 1.5",
    "weir_process_resident_memory_bytes 100",
    "weir_process_heap_used_bytes 20",
    "weir_process_heap_size_bytes 30",
    "weir_process_external_memory_bytes 40",
    "weir_process_open_descriptors 12",
    "weir_process_open_sockets 7",
    "weir_process_max_descriptors 1024",
    'weir_event_loop_lag_seconds{quantile="0.5"} 0.0001',
    'weir_event_loop_lag_seconds{quantile="0.99"} 0.0025',
    'weir_event_loop_lag_seconds{quantile="1"} 0.007',
    "weir_event_loop_lag_seconds_sum 0.03025",
    "weir_event_loop_lag_seconds_count 500",
    'weir_objects{kind="rtspSession"} 0',
    'weir_objects{kind="rtmpConn"} 2',
    'weir_objects{kind="rtspSource"} 1',
    'weir_objects{kind="path"} 2',
    'weir_objects{kind="track"} 0',
    'weir_objects{kind="reader"} 2',
    'weir_errors_total{kind="hook"} 0',
    'weir_errors_total{kind="webhook"} 3',
    'weir_hooks_total{kind="hook",outcome="ok"} 7',
    'weir_hooks_total{kind="hook",outcome="failed"} 2',
    'weir_config_reloads_total{outcome="ok"} 4',
    'weir_config_reloads_total{outcome="failed"} 1',
    'weir_path_ready{name="cam"} 1',
    'weir_path_ready{name="door"} 0',
    'weir_path_bitrate_bps{name="cam"} 2000000',
    'weir_path_bitrate_bps{name="door"} 0',
    'weir_path_frames_per_second{name="cam"} 25',
    'weir_path_frames_per_second{name="door"} 0',
    'weir_path_frames_total{name="cam"} 250',
    'weir_path_frames_total{name="door"} 0',
    'weir_path_packets_total{name="cam"} 900',
    'weir_path_lost_packets_total{name="cam"} 5',
    'weir_path_lost_packets_total{name="door"} 0',
  ]);
});

Deno.test("ownText() describes every metric before its values", () => {
  const text = textOf(ownText(FIGURES));
  assert(text.startsWith("# weir\n# HELP weir_build_info "));
  assert(text.endsWith("\n\n"));
  const described = new Set<string>();
  for (const line of text.split("\n")) {
    const name = /^# TYPE (\w+) (counter|gauge|summary)$/.exec(line)?.[1];
    if (name !== undefined) {
      assertIncludes(text, `# HELP ${name} `);
      assert(!described.has(name), `${name} is described twice`);
      described.add(name);
    }
    const value = /^([a-z_]+)/.exec(line)?.[1];
    if (value === undefined) continue;
    assert(
      described.has(value) || described.has(value.replace(/_(sum|count)$/, "")),
      `${value} is not described`,
    );
  }
});

Deno.test("ownText() leaves out what the system does not tell, and metrics of paths without any", () => {
  const { descriptors: _, ...process } = FIGURES.process;
  const text = textOf(
    ownText({ ...FIGURES, process, paths: [], sessions: [] }),
  );
  assertEquals(/descriptors|sockets|weir_path/.test(text), false);
});
