import { systemClock } from "#base/clock.ts";
import { DescriptionList } from "#base/description_list.ts";
import { EventBus } from "#base/event_bus.ts";
import { createLogger } from "#base/log.ts";
import type { Authenticator } from "#base/access.ts";
import { api } from "#api/mod.ts";
import { type ChangePlan, ConfigControl } from "#config/control.ts";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/root_schema.ts";
import type { PathInfo } from "#core/path_info.ts";
import type { ModulePorts, ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { Recordings } from "#recording/recordings.ts";
import { EventHistory } from "#events/event_history.ts";
import { openAuthenticator } from "#test/test_ports.ts";

/** When the scene's program began, milliseconds since the epoch. */
export const STARTED_AT_MS = 1_750_000_000_250;

/** A session of the scene. */
export function fakeSession(changes: Partial<SessionInfo> = {}): SessionInfo {
  return {
    id: crypto.randomUUID(),
    type: "rtspSession",
    createdAtMs: STARTED_AT_MS,
    remoteAddress: "192.0.2.9:5000",
    state: "idle",
    pathName: "",
    query: "",
    user: "",
    userAgent: "",
    inboundBytes: 0,
    outboundBytes: 0,
    droppedUnits: 0,
    lostPackets: 0,
    details: {},
    ...changes,
  };
}

/** A path of the scene. */
export function fakePath(
  name: string,
  changes: Partial<PathInfo> = {},
): PathInfo {
  return {
    name,
    confName: "all_others",
    availableAtMs: undefined,
    source: undefined,
    tracks: [],
    readers: [],
    inboundBytes: 0,
    outboundBytes: 0,
    inboundErrors: 0,
    lostPackets: 0,
    frames: 0,
    keyFrameAtMs: undefined,
    lastUnitAtMs: undefined,
    ...changes,
  };
}

/** What the scene is made of. */
export interface SceneOptions {
  /** Text of the configuration file. */
  readonly config?: string;
  readonly sessions?: readonly SessionInfo[];
  readonly paths?: readonly PathInfo[];
  readonly authenticator?: Authenticator;
  /** What a change would do. */
  readonly plan?: ChangePlan;
}

/** The API over a program that is not there. */
export interface ApiScene {
  readonly port: number;
  readonly control: ConfigControl;
  readonly lines: readonly string[];
  /** Configurations that the program was given. */
  readonly applied: Config[];
  /** What was ended: `id: reason`, `user …`, `token …`, `keys`. */
  readonly ended: string[];
  readonly configFile: string;
  /** Makes a file of a recording, without extension, e.g. `cam/1700000000-250000`. */
  addRecording(name: string, isOpen?: boolean): Promise<void>;
  emit(event: ServerEvent): void;
  /** Calls the API. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Calls the API for the status of its answer only. */
  statusOf(path: string, init?: RequestInit): Promise<number>;
}

/** Opens the API on a port of its own. */
export async function withApi(
  options: SceneOptions,
  run: (scene: ApiScene) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_api_" });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const configFile = `${folder}/weir.yml`;
  await Deno.writeTextFile(configFile, options.config ?? "");
  const lines: string[] = [];
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    "debug",
  );
  const load = () => loadConfig([configFile], { environment: {} });
  const control = new ConfigControl({ load, loaded: await load(), logger });
  const applied: Config[] = [];
  const { plan = { restarts: [], paths: [], cut: [] } } = options;
  control.attach({
    plan: () => plan,
    apply: (next) => Promise.resolve(void applied.push(next)),
    handleRefusal: () => {},
  });
  const ended: string[] = [];
  const openFiles = new Set<string>();
  const bus = new EventBus<ServerEvent>();
  const events = opened.use(
    new EventHistory({ events: bus, clock: systemClock }),
  );
  const recordPath = `${folder}/recordings/%path/%s-%f`;
  const recordings = new Recordings(() => ({
    paths: new Map(
      [...control.config.paths].map((
        [key, settings],
      ) => [key, { ...settings, recordPath }]),
    ),
  }), openFiles);
  const module = api({
    control,
    events,
    recorder: {
      recordings,
      order(name, isOn) {
        ended.push(`${name} ${isOn ? "recorded" : "not recorded"}`);
        return options.paths?.some((path) => path.name === name) ?? false;
      },
    },
    startedAtMs: STARTED_AT_MS,
    isReady: () => true,
    access: {
      refreshKeys: () => void ended.push("keys"),
      kickUser: (user) => ended.push(`user ${user}`),
      kickToken: (tokenId) => ended.push(`token ${tokenId}`),
    },
  });
  const ports = fakePorts(options, { bus, ended, logger });
  const settings = { api: true, apiAddress: "127.0.0.1:0" };
  const running = await module.open({ ...control.config, ...settings }, ports);
  opened.use(running!);
  const started = lines.find((line) => line.includes("started with listener"));
  const port = Number(/:(\d+) \(TCP/.exec(started!)![1]);
  const call = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init });
  await run({
    port,
    control,
    lines,
    applied,
    ended,
    configFile,
    async addRecording(name, isOpen = false) {
      const file = `${folder}/recordings/${name}.mp4`;
      await Deno.mkdir(file.replace(/[^/]+$/, ""), { recursive: true });
      await Deno.writeTextFile(file, "");
      if (isOpen) openFiles.add(file);
    },
    emit: (event) => bus.emit(event),
    call,
    statusOf: async (path, init) => {
      const { status, body } = await call(path, init);
      await body?.cancel();
      return status;
    },
  });
}

function fakePorts(
  { sessions = [], paths = [], authenticator }: SceneOptions,
  parts: {
    readonly bus: EventBus<ServerEvent>;
    readonly ended: string[];
    readonly logger: ModulePorts["logger"];
  },
): ModulePorts {
  const { bus, ended, logger } = parts;
  const registry = new DescriptionList<SessionInfo>();
  for (const session of sessions) {
    registry.register({
      describe: () => session,
      kick: (reason) => ended.push(`${session.id}: ${reason}`),
    });
  }
  const noAccess = () =>
    Promise.reject(new Error("nobody asks for media here"));
  return {
    access: { describe: noAccess, read: noAccess, publish: noAccess },
    paths: {
      list: () => [...paths],
      find: (name) => paths.find((path) => path.name === name),
      takes: () => true,
      streamOf: () => undefined,
      revoke: () => 0,
    },
    rates: {
      ofPath: () => ({
        bitrateBps: 2_000_000.4,
        bitrateBps10s: 1_900_000,
        framesPerSecond: 25,
      }),
      ofSession: () => ({ bitrateBps: 1_000, bitrateBps10s: 900 }),
    },
    authenticator: authenticator ?? openAuthenticator,
    events: bus,
    sessions: registry,
    clock: systemClock,
    logger,
  };
}
