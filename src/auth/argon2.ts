import { AuthenticationError } from "#core/errors.ts";
import type { Argon2Answer, Argon2Job } from "./argon2_worker.ts";

/** Logins that may wait for their check; each may take as long as the hash was made to cost. */
export const MAX_WAITING_CHECKS = 32;

/** Beside this file, as it is and in a bundle. */
const WORKER_FILE = import.meta.url.endsWith(".ts")
  ? "./argon2_worker.ts"
  : "./argon2_worker.js";

interface WaitingCheck {
  readonly job: Argon2Job;
  readonly resolve: (isMatch: boolean) => void;
  readonly reject: (error: Error) => void;
}

const waiting: WaitingCheck[] = [];
let worker: Worker | undefined;

/**
 * Whether a password is the one that was hashed.
 *
 * Argon2 is made to be slow: it runs in a thread of its own, one check after the other, so that no flood of wrong
 * passwords holds up media. The thread ends with the last check.
 *
 * Limits: {@linkcode MAX_WAITING_CHECKS}.
 *
 * @throws {AuthenticationError} if too many checks wait already.
 */
export function verifyArgon2(hash: string, password: string): Promise<boolean> {
  if (waiting.length >= MAX_WAITING_CHECKS) {
    const message =
      `authentication failed: ${MAX_WAITING_CHECKS} logins wait for their check already, try again later`;
    return Promise.reject(new AuthenticationError(message, false));
  }
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  waiting.push({ job: { hash, password }, resolve, reject });
  if (waiting.length === 1) next();
  return promise;
}

function next(): void {
  const first = waiting[0];
  if (!first) {
    worker?.terminate();
    worker = undefined;
    return;
  }
  worker ??= openWorker();
  worker.postMessage(first.job);
}

function openWorker(): Worker {
  const opened = new Worker(new URL(WORKER_FILE, import.meta.url), {
    type: "module",
  });
  opened.onmessage = ({ data }: MessageEvent<Argon2Answer>) => {
    const { resolve, reject } = waiting.shift()!;
    if (typeof data === "boolean") resolve(data);
    else reject(new Error(`Cannot check an argon2 password: ${data.error}`));
    next();
  };
  opened.onerror = (event) => {
    event.preventDefault();
    opened.terminate();
    worker = undefined;
    waiting.shift()?.reject(
      new Error(`Cannot check an argon2 password: ${event.message}`),
    );
    next();
  };
  return opened;
}
