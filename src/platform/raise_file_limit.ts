import { libc } from "./libc.ts";

const RLIMIT_NOFILE = 7;

/**
 * Raises the number of files and sockets this process may open to what the system grants it at most.
 *
 * Output: the number that holds now, `undefined` where it cannot be asked (no foreign calls).
 */
export function raiseFileLimit(): number | undefined {
  const limits = readLimits();
  if (!libc || !limits) return undefined;
  const before = limits[0]!;
  limits[0] = limits[1]!;
  const isRaised = libc.calls.setrlimit(RLIMIT_NOFILE, limits) === 0;
  return Number(isRaised ? limits[0] : before);
}

/** Files and sockets this process may open; `undefined` where it cannot be asked. */
export function fileLimit(): number | undefined {
  const limits = readLimits();
  return limits && Number(limits[0]);
}

/** struct rlimit: the soft limit, which counts, then the hard one. */
function readLimits(): BigUint64Array<ArrayBuffer> | undefined {
  const limits = new BigUint64Array(2);
  return libc?.calls.getrlimit(RLIMIT_NOFILE, limits) === 0
    ? limits
    : undefined;
}
