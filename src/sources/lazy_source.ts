import type { PullRequest, PullSource } from "./pull_source.ts";

/** Pulls one stream, as `pull` of {@linkcode PullSource}. */
export type Pull = (request: PullRequest) => Promise<void>;

/** A source that is loaded when a path is to have it first: nobody waits at the start for what is not used. */
export function lazySource(
  description: Omit<PullSource, "pull">,
  load: () => Promise<Pull>,
): PullSource {
  return {
    ...description,
    pull: async (request) => await (await load())(request),
  };
}
