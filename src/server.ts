import { AccessGate } from "#auth/access_gate.ts";
import type { Clock } from "#base/clock.ts";
import { DescriptionList } from "#base/description_list.ts";
import { EventBus } from "#base/event_bus.ts";
import type { Logger } from "#base/log.ts";
import type {
  ChangePlan,
  ConfigControl,
  ConfigTarget,
} from "#config/control.ts";
import { effectsOf, pathChangeOf } from "#config/diff.ts";
import type { Config, PathConfig } from "#config/root_schema.ts";
import type { ProtocolModule, ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { EventHistory } from "#events/event_history.ts";
import { runOnDemand } from "#hooks/demand_command.ts";
import { HookRunner } from "#hooks/hook_runner.ts";
import { portOf } from "#hooks/hook_variables.ts";
import { Hooks } from "#hooks/hooks.ts";
import { exportTelemetry } from "#logging/telemetry.ts";
import { lazyModule } from "#modules/lazy_module.ts";
import { RunningModules } from "#modules/running_modules.ts";
import { PathManager, type PathManagerSettings } from "#paths/path_manager.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { Demand } from "#paths/path_source.ts";
import { RateSampler } from "#paths/rates.ts";
import { MemoryTrimmer } from "#platform/memory.ts";
import { rtmp, rtmps, rtmpSource } from "#protocols/rtmp/mod.ts";
import { rtsp, rtsps, rtspSource } from "#protocols/rtsp/mod.ts";
import { Recorder } from "#recording/recorder.ts";
import { lazySource } from "#sources/lazy_source.ts";
import type { PullSource } from "#sources/pull_source.ts";

/** Every protocol there is, in the order in which they are opened. */
const PROTOCOLS: readonly ProtocolModule<Config>[] = [
  rtsp,
  rtsps,
  rtmp,
  rtmps,
];

/** Every kind of source that a path can pull. */
const SOURCES: readonly PullSource[] = [
  rtspSource,
  rtmpSource,
  lazySource(
    { label: "file source", type: "fileSource", schemes: ["file"] },
    async () => (await import("#sources/file/file_source.ts")).pullFile,
  ),
  lazySource(
    { label: "test source", type: "testSource", schemes: ["test"] },
    async () => (await import("#sources/file/file_source.ts")).pullTest,
  ),
];

/** What a server is given. */
export interface ServerOptions {
  /** Holds the configuration, and changes it while the server runs. */
  readonly control: ConfigControl;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What of a server a new configuration reaches. */
interface ServerParts {
  readonly events: EventBus<ServerEvent>;
  readonly sessions: DescriptionList<SessionInfo>;
  readonly gate: AccessGate;
  readonly hooks: Hooks;
  readonly paths: PathManager;
  readonly recorder: Recorder;
  readonly modules: RunningModules<Config>;
  readonly pathSettings: (
    config: Config,
    revision: number,
  ) => PathManagerSettings;
}

/** A running server: all protocols over one set of paths. */
export class Server implements ConfigTarget, AsyncDisposable {
  #parts: ServerParts;
  #config: Config;
  #revision = 1;
  #opened: AsyncDisposableStack;

  /** Takes over `opened`; use {@linkcode openServer}. */
  constructor(
    config: Config,
    parts: ServerParts,
    opened: AsyncDisposableStack,
  ) {
    this.#config = config;
    this.#parts = parts;
    this.#opened = opened;
  }

  /** What `next` would do: modules and paths that would start anew, and whom that would cut off. */
  plan(next: Config): ChangePlan {
    const { modules, paths, sessions } = this.#parts;
    const restarts = modules.restartsFor(next);
    const matcher = new PathMatcher(next.paths);
    const cutPaths = paths.pathsCutBy(matcher, pathChangeOf);
    const cut = sessions.list().filter(({ type, pathName }) =>
      restarts.includes(moduleOf(type)) || cutPaths.includes(pathName)
    );
    const { paths: changes } = effectsOf(this.#config, next);
    return {
      restarts,
      paths: Array.from(changes, ([name, change]) => ({ name, change })),
      cut,
    };
  }

  /** Runs on `next`, all of it or, if something of it cannot be opened, nothing. @throws {Error} */
  async apply(next: Config): Promise<void> {
    const { gate, hooks, modules, paths, events, pathSettings } = this.#parts;
    const before = this.#config;
    const settings = pathSettings(next, this.#revision + 1);
    gate.replace(next);
    try {
      await modules.apply(before, next);
    } catch (error) {
      gate.replace(before);
      throw error;
    }
    this.#config = next;
    this.#revision++;
    hooks.replace(next);
    await paths.apply(settings, pathChangeOf);
    this.#parts.recorder.replace(next);
    events.emit({ type: "configApplied", revision: this.#revision });
  }

  /** A new configuration could not be used. */
  handleRefusal(reason: string): void {
    const subject = "configuration";
    this.#parts.events.emit({
      type: "failed",
      kind: "config",
      subject,
      reason,
    });
  }

  /** Ends every session and closes every port. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

/**
 * Opens everything that the configuration switches on.
 *
 * @throws {Error} if something cannot be opened; what was open is closed again.
 */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { control, logger, clock } = options;
  const { config } = control;
  const startedAtMs = clock.wallMs();
  const events = new EventBus<ServerEvent>();
  const sessions = new DescriptionList<SessionInfo>();
  await using opened = new AsyncDisposableStack();
  const trimmer = opened.use(new MemoryTrimmer(clock));
  opened.use(events.listen(({ type }) => {
    if (type === "connectionClosed") trimmer.handleClosing();
  }));
  const history = opened.use(new EventHistory({ events, clock }));
  const runner = opened.use(
    new HookRunner({
      clock,
      logger,
      events,
      secret: () => control.config.hookSecret,
    }),
  );
  const hooks = opened.use(new Hooks({ config, events, runner, logger }));
  const gate = opened.use(new AccessGate({ config, clock, events, logger }));
  const pathSettings = (of: Config, revision: number) => ({
    matcher: new PathMatcher<PathConfig>(of.paths),
    maxQueuedUnits: of.writeQueueSize,
    sourcePorts: {
      sources: SOURCES,
      limits: of,
      runDemand: (demand: Demand) =>
        runOnDemand(runner, portOf(of.rtspAddress), demand),
    },
    revision,
  });
  const paths = opened.use(
    new PathManager({
      ...pathSettings(config, 1),
      authenticator: gate,
      clock,
      logger,
      events,
    }),
  );
  const recorder = opened.use(
    new Recorder({ config, paths, events, clock, logger }),
  );
  const rates = opened.use(new RateSampler({ paths, sessions, clock }));
  opened.use(exportTelemetry({ events, sessions, paths }));
  let isReady = false;
  const modules = opened.use(
    new RunningModules<Config>([
      ...PROTOCOLS,
      lazyModule("HLS", ({ hls }) => hls, async () => {
        const { hls } = await import("#protocols/hls/mod.ts");
        return hls(async (ports) => {
          const { recordedPast } = await import("#recording/playback/mod.ts");
          return recordedPast(ports, { paths: () => control.config.paths });
        });
      }),
      lazyModule("API", ({ api }) => api, async () => {
        const { api } = await import("#api/mod.ts");
        const parts = { control, access: gate, events: history, recorder };
        return api({ ...parts, startedAtMs, isReady: () => isReady });
      }),
      lazyModule("metrics", ({ metrics }) => metrics, async () => {
        const { metrics } = await import("#metrics/mod.ts");
        return metrics({ isReady: () => isReady });
      }),
      lazyModule("playback", ({ playback }) => playback, async () => {
        const { playback } = await import("#recording/playback/mod.ts");
        return playback({ paths: () => control.config.paths });
      }),
      lazyModule("pprof", ({ pprof }) => pprof, async () => {
        const { pprof } = await import("#profiling/mod.ts");
        return pprof;
      }),
    ], {
      access: paths,
      paths,
      authenticator: gate,
      events,
      sessions,
      rates,
      clock,
      logger,
    }),
  );
  await modules.open(config);
  isReady = true;
  opened.defer(() => {
    isReady = false;
    runner.handleShutdown();
  });
  const parts = { events, sessions, gate, hooks, paths, recorder, modules };
  return new Server(config, { ...parts, pathSettings }, opened.move());
}

/** Name of the module that a kind of session belongs to. */
function moduleOf(type: SessionInfo["type"]): string {
  if (type === "httpSession") return "HLS"; // on its port
  return type.replace(/(?:Conn|Session|Source|Muxer)$/, "").toUpperCase();
}
