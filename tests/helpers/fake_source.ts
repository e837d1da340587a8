import type { Publication } from "#core/publication.ts";
import type { PullRequest, PullSource } from "#sources/pull_source.ts";
import { VIDEO } from "./units.ts";

/** One attempt to pull, in the hands of a test. */
export interface FakePull {
  readonly request: PullRequest;
  /** The origin's stream is there. */
  begin(): Publication;
  /** The origin ends, with an error if there is one. */
  end(error?: Error): void;
}

/** Pulls what a test says; its URLs begin with `fake:`. */
export class FakeSource implements PullSource {
  readonly label = "FAKE source";
  readonly type = "rtspSource";
  readonly schemes: readonly string[] = ["fake"];
  /** All attempts so far. */
  readonly pulls: FakePull[] = [];
  /** Attempts that have not ended. */
  running = 0;
  /** What an attempt waits for behind its end; nothing unless a test says so. */
  goodbye: PromiseWithResolvers<void> | undefined;

  /** The latest attempt. */
  get last(): FakePull {
    return this.pulls.at(-1)!;
  }

  pull(request: PullRequest): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let publication: Publication | undefined;
    const leave = () => reject(request.signal.reason);
    request.signal.addEventListener("abort", leave);
    this.running++;
    this.pulls.push({
      request,
      begin: () => publication = request.attach([VIDEO]),
      end: (error) => error ? reject(error) : resolve(),
    });
    return promise.finally(async () => {
      publication?.[Symbol.dispose]();
      await this.goodbye?.promise;
      this.running--;
      request.signal.removeEventListener("abort", leave);
    });
  }
}
