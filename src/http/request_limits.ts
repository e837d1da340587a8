import { HttpError } from "./http_error.ts";
import type { HttpCapacity } from "./http_service.ts";

/** Counts the requests under way. */
export class RequestLimits {
  #capacity: HttpCapacity;
  #running = 0;
  #runningByIp = new Map<string, number>();

  /** Nothing is under way yet. */
  constructor(capacity: HttpCapacity) {
    this.#capacity = capacity;
  }

  /**
   * Counts one more, until disposed of.
   *
   * @throws {HttpError} 503 if there are too many, 429 if they are of one address.
   */
  enter(ip: string): Disposable {
    const { requests, requestsPerAddress } = this.#capacity;
    const runningOfIp = this.#runningByIp.get(ip) ?? 0;
    if (this.#running >= requests) {
      throw new HttpError(503, "too many requests");
    }
    if (runningOfIp >= requestsPerAddress) {
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
