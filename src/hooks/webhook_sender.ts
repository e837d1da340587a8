import { pause } from "#base/abort.ts";
import { BUILD_INFO } from "#base/build_info.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { type Logger, SampledWarning } from "#base/log.ts";
import { askHttp } from "#platform/http_client.ts";
import type { HookEnd } from "./command_runner.ts";
import { webhookHeaders } from "./webhook_signature.ts";

/** Webhooks that may wait or be under way, of all receivers. */
const MAX_PENDING = 1_000;

/** Webhooks that are under way to one receiver at the same time. */
const MAX_PARALLEL = 8;

/** Attempts before a webhook is given up. */
const MAX_ATTEMPTS = 6;

/** What one attempt may take. */
const ATTEMPT_TIMEOUT_MS = 10_000;

/** Pause after the first failure; it doubles with each. */
const FIRST_PAUSE_MS = 1_000;

/** The receiver wants no more of it. Spec: RFC 9110 §15.5.11, Standard Webhooks. */
const GONE = 410;

/** Something to tell a receiver. */
export interface Webhook {
  /** Key of the configuration. */
  readonly name: string;
  readonly url: string;
  /** Webhooks of the same subject come in the order in which they were sent, e.g. a path's name. */
  readonly subject: string;
  /** E.g. `"path.available"`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Logger of whoever it belongs to. */
  readonly logger: Logger;
}

/** What a sender is given. */
export interface WebhookSenderOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What webhooks are signed with, `hookSecret`. */
  readonly secret: () => string;
  readonly onEnd: (end: HookEnd) => void;
  /** 0 to 1. */
  readonly random?: () => number;
}

interface Delivery extends Webhook {
  readonly id: string;
  readonly body: string;
}

/** Webhooks for one receiver: those that wait, and the subjects of those that are under way. */
interface Lane {
  readonly waiting: Delivery[];
  readonly busy: Set<string>;
}

/**
 * Sends webhooks beside everything else: a few at a time to each receiver, again if one is not taken.
 *
 * Limits: {@linkcode MAX_PENDING}; what is beyond is discarded, counted and told once a second.
 * Spec: Standard Webhooks 1.0.
 */
export class WebhookSender implements AsyncDisposable {
  #options: WebhookSenderOptions;
  #lanes = new Map<string, Lane>();
  #running = new Set<Promise<void>>();
  #pendingCount = 0;
  #discards: SampledWarning;
  /** No more attempts after the one under way. */
  #isEnding = false;
  #endPauses = new AbortController();
  #cut = new AbortController();

  /** Sends nothing yet. */
  constructor(options: WebhookSenderOptions) {
    this.#options = options;
    this.#discards = new SampledWarning(
      options.logger,
      options.clock,
      (count) =>
        `${count} webhook(s) discarded: ${MAX_PENDING} wait for their receivers already`,
    );
  }

  /** Webhooks that have not ended yet. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** Sends a webhook; never waits. */
  send(webhook: Webhook): void {
    const { onEnd, clock } = this.#options;
    const { name, url, type, data } = webhook;
    if (this.#pendingCount >= MAX_PENDING) {
      this.#discards.add(1);
      onEnd({ name, isFailure: true, reason: "discarded: too many wait" });
      return;
    }
    this.#pendingCount++;
    const id = `msg_${crypto.randomUUID()}`;
    const timestamp = new Date(clock.wallMs()).toISOString();
    const body = JSON.stringify({ id, type, timestamp, data });
    const { origin } = new URL(url);
    const lane = this.#lanes.get(origin) ?? { waiting: [], busy: new Set() };
    this.#lanes.set(origin, lane);
    lane.waiting.push({ ...webhook, id, body });
    this.#advance(origin, lane);
  }

  /** The server ends: what fails from now on is not tried again. */
  handleShutdown(): void {
    this.#isEnding = true;
    this.#endPauses.abort();
  }

  /** Gives everything up that has not ended. */
  cut(): void {
    this.handleShutdown();
    this.#cut.abort(new Error("the server ends"));
  }

  /** Waits for what is under way, without further attempts. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.handleShutdown();
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#discards[Symbol.dispose]();
  }

  #advance(origin: string, lane: Lane): void {
    const { waiting, busy } = lane;
    while (busy.size < MAX_PARALLEL) {
      const next = waiting.findIndex(({ subject }) => !busy.has(subject));
      if (next < 0) break;
      const [delivery] = waiting.splice(next, 1);
      busy.add(delivery!.subject);
      const running = this.#deliver(delivery!).then(() => {
        this.#running.delete(running);
        this.#pendingCount--;
        busy.delete(delivery!.subject);
        this.#advance(origin, lane);
      });
      this.#running.add(running);
    }
    if (waiting.length === 0 && busy.size === 0) this.#lanes.delete(origin);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { name, url, logger } = delivery;
    const { origin } = new URL(url);
    for (let attempt = 1;; attempt++) {
      const fault = await this.#attempt(delivery);
      const count = attempt === 1 ? "" : ` (attempt ${attempt})`;
      if (fault === undefined) {
        logger.info(`${name} webhook was taken by ${origin}${count}`);
        return this.#options.onEnd({ name, isFailure: false, reason: "taken" });
      }
      const isLast = fault.isFinal || attempt === MAX_ATTEMPTS;
      if (isLast || this.#isEnding) {
        const { reason } = fault;
        logger.warn(
          `${name} webhook failed: Cannot post to ${origin}: ${reason}${count}`,
        );
        return this.#options.onEnd({ name, isFailure: true, reason });
      }
      logger.debug(() =>
        `${name} webhook will be sent again: Cannot post to ${origin}: ${fault.reason}${count}`
      );
      await this.#pause(attempt);
    }
  }

  /** Undefined if the receiver has taken it. */
  async #attempt({ id, body, url }: Delivery): Promise<Fault | undefined> {
    const { clock, secret } = this.#options;
    const timestampS = Math.floor(clock.wallMs() / 1_000);
    const question = {
      method: "POST",
      url,
      headers: {
        "content-type": "application/json",
        "user-agent": `weir/${BUILD_INFO.version}`,
        ...webhookHeaders({ id, timestampS, body }, secret()),
      },
      body,
      fingerprint: "",
      maxBodyBytes: 0,
      redirects: "answers",
    } as const;
    try {
      const { status } = await askHttp(question, {
        clock,
        timeoutMs: ATTEMPT_TIMEOUT_MS,
        message: `no answer in ${ATTEMPT_TIMEOUT_MS / 1_000} s`,
        signal: this.#cut.signal,
      });
      return faultOf(status);
    } catch (error) {
      return { reason: errorText(error), isFinal: false };
    }
  }

  /** A random part, so that many webhooks do not come back at once. */
  #pause(attempt: number): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const fullMs = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    const durationMs = fullMs * (0.5 + random() / 2);
    return pause(clock, durationMs, this.#endPauses.signal);
  }
}

/** Why an attempt failed. */
interface Fault {
  readonly reason: string;
  /** Another attempt would fail, too. */
  readonly isFinal: boolean;
}

function faultOf(status: number): Fault | undefined {
  if (status >= 200 && status < 300) return undefined;
  const isRedirect = status >= 300 && status < 400;
  const what = isRedirect ? ", a redirect, which is not followed" : "";
  const isFinal = isRedirect || status === GONE;
  return { reason: `the answer is ${status}${what}`, isFinal };
}
