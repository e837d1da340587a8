import { PathError } from "#core/errors.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { RecordingConfig } from "#recording/config.ts";
import type { RecordingsConfig } from "#recording/recordings.ts";
import { segmentNames } from "#recording/segment_files.ts";
import {
  type S3Environment,
  s3ObjectUrl,
  type S3Target,
  s3TargetOf,
} from "./s3_target.ts";

/** Where the files of an entry of the configuration are, and where they go. */
export interface UploadRoute {
  readonly folder: string;
  readonly target: S3Target;
}

/** Where files go by the configuration as it is now. */
export class UploadRoutes {
  #config: () => RecordingsConfig;
  #environment: Pick<S3Environment, "region" | "endpoint">;
  #routes = new WeakMap<RecordingConfig, UploadRoute>();
  #matcher: PathMatcher<RecordingConfig> | undefined;
  #matched: RecordingsConfig["paths"] | undefined;

  constructor(
    config: () => RecordingsConfig,
    environment: Pick<S3Environment, "region" | "endpoint">,
  ) {
    this.#config = config;
    this.#environment = environment;
  }

  /** URLs of the buckets that entries name. */
  get bucketUrls(): ReadonlySet<string> {
    const urls = new Set<string>();
    for (const settings of this.#config().paths.values()) {
      const route = this.of(settings);
      if (route) urls.add(route.target.bucketUrl);
    }
    return urls;
  }

  /** Where the files of an entry go; undefined if nowhere. */
  of(settings: RecordingConfig): UploadRoute | undefined {
    const known = this.#routes.get(settings);
    if (known) return known;
    const target = s3TargetOf(settings, this.#environment);
    if (target === undefined) return undefined;
    const route = { folder: segmentNames(settings).folder, target };
    this.#routes.set(settings, route);
    return route;
  }

  /** URL that a file of a path has; undefined if it has none, or is not where the files of the path are. */
  urlOf(pathName: string, file: string): string | undefined {
    const settings = this.#settingsOf(pathName);
    const route = settings && this.of(settings);
    return route && objectUrlOf(file, route);
  }

  #settingsOf(pathName: string): RecordingConfig | undefined {
    const { paths } = this.#config();
    if (paths !== this.#matched) {
      this.#matcher = new PathMatcher(paths);
      this.#matched = paths;
    }
    try {
      return this.#matcher!.match(pathName).value;
    } catch (error) {
      if (error instanceof PathError) return undefined;
      throw error;
    }
  }
}

/** URL of a file's object, whose key is its name as it is below the folder; undefined if it is not there. */
export function objectUrlOf(
  file: string,
  { folder, target }: UploadRoute,
): string | undefined {
  const isInFolder = file.startsWith(folder) &&
    /[\\/]/.test(file.charAt(folder.length));
  if (!isInFolder) return undefined; // a file of before the configuration has changed
  const name = file.slice(folder.length + 1).replaceAll("\\", "/");
  return s3ObjectUrl(target.bucketUrl, target.prefix + name);
}
