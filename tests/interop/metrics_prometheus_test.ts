import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { startMonitoredWeir } from "#test/monitored_weir.ts";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import type { WeirProcess } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const FOLDER = new URL("../../packaging/monitoring/", import.meta.url);
const RULES = fileURLToPath(new URL("alerts.yml", FOLDER));
const DASHBOARD = fileURLToPath(new URL("grafana_dashboard.json", FOLDER));

/** A condition on a loaded machine is met long before. */
const WAIT_MS = 60_000;
const POLL_INTERVAL_MS = 100;

/** A path of the configuration, and one of a pattern: it is gone with its publisher. */
const PATHS = ["cam", "live/x"] as const;

interface Alert {
  readonly state: "pending" | "firing";
  readonly labels: Readonly<Record<string, string>>;
}

/** A Prometheus that scrapes one server every second. */
class Prometheus implements AsyncDisposable {
  readonly #url: string;
  #opened: AsyncDisposableStack;

  constructor(url: string, opened: AsyncDisposableStack) {
    this.#url = url;
    this.#opened = opened;
  }

  /** Values of a query, by the label `name`. */
  async query(expression: string): Promise<ReadonlyMap<string, number>> {
    const { result } = await this.#ask(
      `query?query=${encodeURIComponent(expression)}`,
    ) as {
      result: {
        metric: Record<string, string>;
        value: [number, string];
      }[];
    };
    return new Map(
      result.map((
        { metric, value },
      ) => [metric["name"] ?? "", Number(value[1])]),
    );
  }

  async alerts(): Promise<readonly Alert[]> {
    return (await this.#ask("alerts") as { alerts: Alert[] }).alerts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #ask(what: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${what}`);
    const { status, data, error } = await response.json();
    assertEquals(status, "success", error);
    return data;
  }
}

async function startPrometheus(target: string): Promise<Prometheus> {
  await using opened = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  // Three scrapes take three seconds here.
  const rules = (await Deno.readTextFile(RULES))
    .replaceAll("for: 30s", "for: 2s");
  await Deno.writeTextFile(join(folder, "alerts.yml"), rules);
  await Deno.writeTextFile(
    join(folder, "prometheus.yml"),
    `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: weir
    static_configs:
      - targets: ["${target}"]
`,
  );
  const port = freeTcpPort();
  const process = opened.use(startProcess("prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]));
  await process.waitForLine(/Server is ready to receive web requests/, WAIT_MS);
  return new Prometheus(`http://127.0.0.1:${port}`, opened.move());
}

/** Asks again and again until there is an answer. */
async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (performance.now() < deadlineMs) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new Error(`Cannot see in ${WAIT_MS / 1_000} s that ${what}`);
}

/** What the panels of the dashboard ask, for all servers and paths. */
async function dashboardExpressions(): Promise<readonly string[]> {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD)) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const expressions = panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) =>
      expr.replaceAll("$__rate_interval", "5s").replaceAll(/"\$\w+"/g, '".*"')
    )
  );
  assert(expressions.length > 20);
  return expressions;
}

async function publish(
  weir: WeirProcess,
  path: string,
): Promise<RunningProcess> {
  const publisher = startPublisher(weir, {
    way: "RTSP/TCP",
    path,
    file: await clip("bframes_aac"),
    inputArgs: ["-stream_loop", "-1"],
  });
  await waitUntilAvailable(weir, path);
  return publisher;
}

interopTest({
  name: "Prometheus scrapes the server, and an alert fires when a path stops",
  needs: ["prometheus", "ffmpeg"],
  async fn() {
    await using monitored = await startMonitoredWeir(
      "paths: {cam: {}, all_others: {}}\n",
    );
    const { weir, target } = monitored;
    await using publishers = new AsyncDisposableStack();
    for (const path of PATHS) publishers.use(await publish(weir, path));
    await using prometheus = await startPrometheus(target);
    await until("both paths are ready and play", async () => {
      const ready = await prometheus.query("weir_path_ready");
      const rates = await prometheus.query("weir_path_frames_per_second > 0");
      return PATHS.every((path) => ready.get(path) === 1 && rates.has(path));
    });
    assertEquals((await prometheus.query("up")).get(""), 1);
    const received = await prometheus.query("paths_inbound_bytes");
    assert(PATHS.every((path) => received.get(path)! > 0));
    for (const expression of await dashboardExpressions()) {
      // Fails if Prometheus does not understand it.
      await prometheus.query(expression);
    }
    const before = await prometheus.alerts();
    assertEquals(before.filter(({ labels }) => labels["name"]), []);

    await publishers.disposeAsync();
    const fired = await until("alerts fire", async () => {
      const alerts = await prometheus.alerts();
      const names = alerts.filter(({ state, labels }) =>
        state === "firing" && labels["alertname"] === "WeirPathNotReady"
      ).map(({ labels }) => labels["name"]!).sort();
      return names.length === PATHS.length && names;
    });
    assertEquals(fired, [...PATHS]);

    await using _again = await publish(weir, "cam");
    await until("the alert of the path that is back ends", async () => {
      const alerts = await prometheus.alerts();
      return alerts.every(({ labels }) => labels["name"] !== "cam");
    });
  },
});
