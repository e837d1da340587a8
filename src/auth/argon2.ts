import { AuthenticationError } from "#base/access.ts";
import type { Argon2Answer, Argon2Job } from "./argon2_worker.ts";

/** Logins of one address that may wait for their check; each may take as long as the hash was made to cost. */
export const MAX_WAITING_CHECKS = 32;

/** Addresses that may wait: what all of them make wait stays in a bound, too. */
const MAX_WAITING_ADDRESSES = 1_024;

/** Beside this file, as it is and in a bundle. */
const WORKER_FILE = import.meta.url.endsWith(".ts")
  ? "./argon2_worker.ts"
  : "./argon2_worker.js";

interface WaitingCheck {
  readonly job: Argon2Job;
  readonly resolve: (isMatch: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** By address, the one whose turn is next first. */
const waiting = new Map<string, WaitingCheck[]>();
let running: WaitingCheck | undefined;
let worker: Worker | undefined;

/**
 * Whether a password is the one that was hashed.
 *
 * Argon2 is made to be slow: it runs in a thread of its own, one check after the other, so that no flood of wrong
 * passwords holds up media. Addresses take turns, so that none holds up another. The thread ends with the last check.
 *
 * Limits: {@linkcode MAX_WAITING_CHECKS} of an address.
 *
 * @throws {AuthenticationError} if too many checks wait already.
 */
export function verifyArgon2(
  hash: string,
  password: string,
  ip: string,
): Promise<boolean> {
  const own = waiting.get(ip) ?? [];
  const isFull = own.length === 0
    ? waiting.size >= MAX_WAITING_ADDRESSES
    : own.length >= MAX_WAITING_CHECKS;
  if (isFull) {
    const message =
      "authentication failed: too many logins wait for their check already, try again later";
    return Promise.reject(new AuthenticationError(message, false));
  }
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  own.push({ job: { hash, password }, resolve, reject });
  waiting.set(ip, own);
  if (!running) next();
  return promise;
}

function next(): void {
  running = undefined;
  const [turn] = waiting;
  if (!turn) {
    worker?.terminate();
    worker = undefined;
    return;
  }
  const [ip, own] = turn;
  running = own.shift()!;
  waiting.delete(ip);
  if (own.length > 0) waiting.set(ip, own); // behind all others
  worker ??= openWorker();
  worker.postMessage(running.job);
}

function openWorker(): Worker {
  const opened = new Worker(new URL(WORKER_FILE, import.meta.url), {
    type: "module",
  });
  opened.onmessage = ({ data }: MessageEvent<Argon2Answer>) => {
    const { resolve, reject } = running!;
    if (typeof data === "boolean") resolve(data);
    else reject(new Error(`Cannot check an argon2 password: ${data.error}`));
    next();
  };
  opened.onerror = (event) => {
    event.preventDefault();
    opened.terminate();
    worker = undefined;
    running?.reject(
      new Error(`Cannot check an argon2 password: ${event.message}`),
    );
    next();
  };
  return opened;
}
