import { HttpError } from "./http_error.ts";

/** Requests that may be under way at the same time. */
const MAX_REQUESTS = 4_096;

/** The same of one address: a refused login takes up to 4 s, and whoever guesses passwords must not use up all. */
const MAX_REQUESTS_PER_ADDRESS = 1_024;

/** Counts the requests under way. */
export class RequestLimits {
  #running = 0;
  #runningByIp = new Map<string, number>();

  /**
   * Counts one more, until disposed of.
   *
   * @throws {HttpError} 503 if there are too many, 429 if they are of one address.
   */
  enter(ip: string): Disposable {
    const runningOfIp = this.#runningByIp.get(ip) ?? 0;
    if (this.#running >= MAX_REQUESTS) {
      throw new HttpError(503, "too many requests");
    }
    if (runningOfIp >= MAX_REQUESTS_PER_ADDRESS) {
      throw new HttpError(429, "too many requests from this address");
    }
    this.#running++;
    this.#runningByIp.set(ip, runningOfIp + 1);
    return { [Symbol.dispose]: () => this.#leave(ip) };
  }

  #leave(ip: string): void {
    this.#running--;
    const left = (this.#runningByIp.get(ip) ?? 1) - 1;
    if (left === 0) this.#runningByIp.delete(ip);
    else this.#runningByIp.set(ip, left);
  }
}
