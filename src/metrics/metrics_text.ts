import { familyText, type SessionFamily } from "./families.ts";
import { type OwnFigures, ownText } from "./own_metrics.ts";
import { pathsText } from "./path_sections.ts";
import type { MetricsQuery } from "./query.ts";
import type { PathInfo } from "#core/path_info.ts";
import type { SessionInfo } from "#core/session_info.ts";

/** What there is to tell. */
export interface MetricsSource {
  readonly paths: readonly PathInfo[];
  readonly sessions: readonly SessionInfo[];
  /** Those whose servers run. */
  readonly families: readonly SessionFamily[];
  /** Asked for only where it is wanted. */
  readonly own: () => OwnFigures;
}

/**
 * The answer to a scrape, in many small pieces: the metrics that MediaMTX has, under its names and in its order, then
 * those of our own.
 *
 * `type=weir` asks for ours alone.
 */
export function* metricsText(
  query: MetricsQuery,
  { paths, sessions, families, own }: MetricsSource,
): Generator<string> {
  if (query.wants("paths", "path")) {
    yield* pathsText(paths, query.filterOf("path"));
  }
  for (const family of families) {
    if (!query.wants(family.name, family.filter)) continue;
    const items = sessions.filter(({ type }) => type === family.type);
    yield* familyText(family, items, query.filterOf(family.filter));
  }
  if (query.wants("weir")) yield* ownText(own());
}
