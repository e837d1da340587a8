import { libc } from "./libc.ts";

const RLIMIT_NOFILE = 7;

/**
 * Raises the number of files and sockets this process may open to what the system grants it at most.
 *
 * Output: the number that holds now, `undefined` where it cannot be asked (no foreign calls).
 */
export function raiseFileLimit(): number | undefined {
  if (!libc) return undefined;
  // struct rlimit: the soft limit, which counts, then the hard one.
  const limits = new BigUint64Array(2);
  if (libc.calls.getrlimit(RLIMIT_NOFILE, limits) !== 0) return undefined;
  const before = limits[0]!;
  limits[0] = limits[1]!;
  const isRaised = libc.calls.setrlimit(RLIMIT_NOFILE, limits) === 0;
  return Number(isRaised ? limits[0] : before);
}
