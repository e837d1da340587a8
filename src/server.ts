import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import { InternalAuthenticator } from "#auth/authenticator.ts";
import type { Config } from "#config/root_schema.ts";
import { EventBus } from "#base/event_bus.ts";
import type {
  EventPort,
  ProtocolModule,
  RunningModule,
  ServerEvent,
  SessionRegistry,
} from "#core/ports.ts";
import { DescriptionList } from "#base/description_list.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { CommandRunner } from "#hooks/command_runner.ts";
import { runOnDemand } from "#hooks/demand_command.ts";
import { PathManager } from "#paths/path_manager.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { PullSource } from "#sources/pull_source.ts";
import { MemoryTrimmer } from "#platform/memory.ts";
import { rtmp, rtmps, rtmpSource } from "#protocols/rtmp/mod.ts";
import { rtsp, rtsps, rtspSource } from "#protocols/rtsp/mod.ts";

/** Every protocol there is, in the order in which they are opened. */
const MODULES: readonly ProtocolModule<Config>[] = [
  rtsp,
  rtsps,
  rtmp,
  rtmps,
];

/** Every kind of source that a path can pull. */
const SOURCES: readonly PullSource[] = [rtspSource, rtmpSource];

/** What a server is given. */
export interface ServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A running server: all protocols over one set of paths. */
export class Server implements AsyncDisposable {
  /** What happens, as it happens. */
  readonly events: EventPort;
  /** Who is there. */
  readonly sessions: SessionRegistry;
  #opened: AsyncDisposableStack;

  /** Takes over `opened`; use {@linkcode openServer}. */
  constructor(
    parts: { readonly events: EventPort; readonly sessions: SessionRegistry },
    opened: AsyncDisposableStack,
  ) {
    this.events = parts.events;
    this.sessions = parts.sessions;
    this.#opened = opened;
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
  const { config, logger, clock } = options;
  const events = new EventBus<ServerEvent>();
  const sessions = new DescriptionList<SessionInfo>();
  await using opened = new AsyncDisposableStack();
  const trimmer = opened.use(new MemoryTrimmer(clock));
  opened.use(events.listen(({ type }) => {
    if (type === "connectionClosed") trimmer.handleClosing();
  }));
  const commands = opened.use(new CommandRunner(clock));
  const access = opened.use(
    new PathManager({
      matcher: new PathMatcher(config.paths),
      authenticator: new InternalAuthenticator(config.authInternalUsers),
      clock,
      logger,
      events,
      maxQueuedUnits: config.writeQueueSize,
      sourcePorts: {
        sources: SOURCES,
        limits: config,
        runDemand: (demand) =>
          runOnDemand(commands, portOf(config.rtspAddress), demand),
      },
      revision: 1,
    }),
  );
  const modules: RunningModule<Config>[] = [];
  opened.defer(() => endAll(modules));
  for (const module of MODULES) {
    const ports = {
      access,
      events,
      sessions,
      clock,
      logger: logger.child(module.name),
    };
    const running: RunningModule<Config> | undefined = await module.open(
      config,
      ports,
    );
    if (running) modules.push(running);
  }
  return new Server({ events, sessions }, opened.move());
}

/** Port of an address; empty if it has none. */
function portOf(address: string): string {
  return /:(\d+)$/.exec(address)?.[1] ?? "";
}

/** Side by side: a reader of one protocol that is stuck keeps no other protocol open. */
async function endAll(modules: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(modules.map((module) => module[Symbol.asyncDispose]()));
}
