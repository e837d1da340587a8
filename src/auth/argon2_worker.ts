import { errorText } from "#base/errors.ts";
import { argon2Verify } from "hash-wasm";

/** What the main thread asks: whether `password` is the one that was hashed. */
export interface Argon2Job {
  /** PHC string. */
  readonly hash: string;
  readonly password: string;
}

/** The answer: true or false, or why there is none. */
export type Argon2Answer = boolean | { readonly error: string };

/** What of a worker's global scope is used. */
interface WorkerScope {
  postMessage(answer: Argon2Answer): void;
}

globalThis.addEventListener("message", async (event) => {
  const job: Argon2Job = (event as MessageEvent<Argon2Job>).data;
  const scope = globalThis as unknown as WorkerScope;
  try {
    scope.postMessage(await argon2Verify(job));
  } catch (error) {
    scope.postMessage({ error: errorText(error) });
  }
});
