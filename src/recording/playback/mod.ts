import type { RecordedPaths } from "./path_recordings.ts";
import { PlaybackRoutes } from "./routes.ts";
import { RecordedPast } from "./recorded_past.ts";
import type { ModulePorts, ProtocolModule } from "#core/ports.ts";
import { openHttpService } from "#http/http_service.ts";
import {
  changeFor,
  type ServiceConfig,
  serviceKeys,
  serviceOptions,
} from "#http/service_keys.ts";
import { environment } from "#platform/env.ts";
import { RemoteRecordings } from "#recording/upload/remote_recordings.ts";
import { s3EnvironmentOf } from "#recording/upload/s3_target.ts";

/** Keys that the service reads. */
export interface PlaybackConfig extends ServiceConfig<"playback"> {
  readonly playback: boolean;
}

/** A change of one of these needs a new service. */
const CONFIG_KEYS: readonly (keyof PlaybackConfig)[] = [
  "playback",
  ...serviceKeys("playback"),
];

/** What the service needs beside the ports. */
export interface PlaybackOptions {
  /** Entries of `paths`; asked for at each request, so that it always goes by the current ones. */
  readonly paths: RecordedPaths;
}

/** Serves recordings: as files, as playlists, and as a page. */
export function playback(
  { paths }: PlaybackOptions,
): ProtocolModule<PlaybackConfig> {
  return {
    name: "playback",
    async open(config, ports) {
      if (!config.playback) return undefined;
      await using opened = new AsyncDisposableStack();
      const remote = remoteRecordings(ports);
      const routes = new PlaybackRoutes({ ports, paths, remote });
      const service = opened.use(
        await openHttpService({
          name: "playback",
          ...serviceOptions("playback", config),
          allowMethods: "OPTIONS, GET",
          allowHeaders: "Authorization",
          ports,
          routes: (app) => routes.addTo(app),
        }),
      );
      // These end what is under way before the service waits for it.
      opened.use(routes);
      opened.use(remote);
      const resources = opened.move();
      return {
        closed: service.closed,
        apply: (next) => changeFor(CONFIG_KEYS, config, next),
        [Symbol.asyncDispose]: () => resources.disposeAsync(),
      };
    },
  };
}

/** The recordings that a live playlist reaches back into. */
export function recordedPast(
  ports: ModulePorts,
  { paths }: PlaybackOptions,
): RecordedPast {
  return new RecordedPast({ ports, paths, remote: remoteRecordings(ports) });
}

function remoteRecordings({ clock, logger }: ModulePorts): RemoteRecordings {
  return new RemoteRecordings({
    environment: s3EnvironmentOf(environment()),
    ...{ clock, logger: logger.child("playback") },
  });
}
