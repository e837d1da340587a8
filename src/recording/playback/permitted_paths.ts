import { AuthenticationError } from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";

/** Questions at the same time. */
const MAX_QUESTIONS = 16;

/** Somebody waits for the list: whoever answers questions slowly does not see all of them. */
const MAX_ASKING_MS = 5_000;

/** How {@linkcode permittedPaths} asks. */
export interface PermissionQuestions {
  /** Asks about one path; a refusal that is tentative has no consequences. @throws {AuthenticationError} */
  readonly ask: (pathName: string, isTentative: boolean) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Which of many paths somebody may play, in their order.
 *
 * Limits: 5 s; paths that were not asked about by then are left out, with a line in the log.
 *
 * @throws {AuthenticationError} if there are paths, and all of them are refused.
 */
export async function permittedPaths(
  names: readonly string[],
  { ask, clock, logger }: PermissionQuestions,
): Promise<string[]> {
  const isPermitted: boolean[] = [];
  const endMs = clock.monotonicMs() + MAX_ASKING_MS;
  let asked = 0;
  const run = async () => {
    while (asked < names.length && clock.monotonicMs() < endMs) {
      const at = asked++;
      isPermitted[at] = await isLetIn(() => ask(names[at]!, true));
    }
  };
  await Promise.all(Array.from({ length: MAX_QUESTIONS }, run));
  const permitted = names.filter((_, i) => isPermitted[i]);
  const [first] = names;
  if (first !== undefined && permitted.length === 0) await ask(first, false);
  if (asked < names.length) {
    logger.warn(
      `${
        names.length - asked
      } of ${names.length} paths are left out of a list: asking for permission takes too long`,
    );
  }
  return permitted;
}

async function isLetIn(ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof AuthenticationError) return false;
    throw error;
  }
}
