import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { startMonitoredWeir } from "#test/monitored_weir.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const FOLDER = fileURLToPath(
  new URL("../../packaging/monitoring/", import.meta.url),
);

const DASHBOARD = "grafana_dashboard.json";
const RULES = "alerts.yml";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

async function panels(): Promise<readonly Panel[]> {
  const text = await Deno.readTextFile(FOLDER + DASHBOARD);
  return JSON.parse(text).panels;
}

/** Metrics that expressions name; both of RTSP's where one pattern means both. */
function metricsIn(text: string): Set<string> {
  const names = text.matchAll(
    /\b(?:weir|paths|rtsps?\??|rtmps?|hls|srt|webrtc)_[a-z_]+/g,
  );
  return new Set([...names].map(([name]) => name.replace("s?_", "_")));
}

function promtool(
  ...args: readonly string[]
): ReturnType<typeof runProcess> {
  return runProcess("promtool", args, { cwd: FOLDER, timeoutMs: 60_000 });
}

interopTest({
  name:
    "promtool finds no fault with the alert rules, and they fire as their tests say",
  needs: ["prometheus"],
  async fn() {
    const check = await promtool("check", "rules", RULES);
    assertEquals(check.code, 0, check.stdout + check.stderr);
    const test = await promtool("test", "rules", "alerts_test.yml");
    assertEquals(test.code, 0, test.stdout + test.stderr);
  },
});

Deno.test("every alert rule has a test", async () => {
  const alerts = (text: string, key: string) =>
    new Set(
      [...text.matchAll(new RegExp(`${key}: (\\w+)`, "g"))]
        .map(([, name]) => name),
    );
  const rules = await Deno.readTextFile(FOLDER + RULES);
  const tests = await Deno.readTextFile(`${FOLDER}alerts_test.yml`);
  assertEquals(alerts(tests, "alertname"), alerts(rules, "alert"));
});

Deno.test("the dashboard takes its data from the source that its variable names", async () => {
  const all = await panels();
  assertEquals(new Set(all.map(({ id }) => id)).size, all.length);
  for (const { type, title, datasource, targets = [] } of all) {
    if (type === "row") continue;
    assertEquals(datasource?.uid, "${datasource}", title);
    assert(targets.length > 0, title);
  }
});

interopTest({
  name:
    "every metric of the dashboard and the alert rules is one that the server exports",
  needs: ["ffmpeg"],
  async fn() {
    await using monitored = await startMonitoredWeir();
    const { weir } = monitored;
    const file = await clip("bframes_aac");
    await using _publisher = startPublisher(weir, {
      way: "RTSP/UDP",
      path: "live/x",
      file,
      inputArgs: ["-stream_loop", "-1"],
    });
    await waitUntilAvailable(weir, "live/x");
    const scrape = await monitored.scrape();
    const exported = new Set(
      [...scrape.matchAll(/^\w+/gm)].map(([name]) => name),
    );
    const expressions = (await panels())
      .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const used = metricsIn(
      expressions.join("\n") + await Deno.readTextFile(FOLDER + RULES),
    );
    assert(used.size > 20, [...used].join(" "));
    assertEquals([...used.difference(exported)], []);
  },
});

interopTest({
  name:
    "promtool finds no fault with the metrics that other servers do not have",
  needs: ["prometheus", "ffmpeg"],
  async fn() {
    await using monitored = await startMonitoredWeir();
    const { weir } = monitored;
    await using _publisher = startPublisher(weir, {
      way: "RTMP",
      path: "live/x",
      file: await clip("bframes_aac"),
      inputArgs: ["-stream_loop", "-1"],
    });
    await waitUntilAvailable(weir, "live/x");
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, await monitored.scrape("type=weir"));
      // It reads from standard input only.
      const lint = 'promtool check metrics < "$0"';
      const { code, stdout, stderr } = await runProcess("sh", [
        "-c",
        lint,
        file,
      ]);
      assertEquals([code, stdout, stderr], [0, "", ""]);
    } finally {
      await Deno.remove(file);
    }
  },
});
