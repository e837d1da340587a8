import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import type { Secret } from "#base/secret.ts";
import type { EventPort } from "#core/ports.ts";
import {
  type CommandOptions,
  CommandRunner,
  type HookEnd,
  type RunningCommand,
} from "./command_runner.ts";
import { WEBHOOK_SCHEME } from "./config.ts";
import { WebhookSender } from "./webhook_sender.ts";

/** What runs when the server ends has this long, closing sessions and paths included. */
const SHUTDOWN_MS = 4_000;

/** A hook of the user, a command or the address of a webhook, and what it is told. */
export interface HookOptions extends CommandOptions {
  /** What a webhook is told. */
  readonly event: HookEvent;
}

/** What a webhook says. */
export interface HookEvent {
  /** E.g. `"path.available"`. */
  readonly type: string;
  /** Webhooks of the same subject come in order, e.g. a path's name. */
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What runs hooks. */
export interface HookStarter {
  /** Runs a command until it is stopped, or sends a webhook. */
  start(options: HookOptions & { readonly restart: boolean }): RunningCommand;
  /** Runs a command once, or sends a webhook. */
  launch(options: HookOptions): void;
}

/** What a hook runner is given. */
export interface HookRunnerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<EventPort, "emit">;
  /** What webhooks are signed with, `hookSecret`. */
  readonly secret: () => Secret;
}

/** Runs commands and sends webhooks; how each has ended is one event. */
export class HookRunner implements HookStarter, AsyncDisposable {
  #commands: CommandRunner;
  #webhooks: WebhookSender;
  #clock: Clock;
  #logger: Logger;
  #cancelCut: (() => void) | undefined;

  /** Starts nothing yet. */
  constructor({ clock, logger, events, secret }: HookRunnerOptions) {
    this.#clock = clock;
    this.#logger = logger;
    const handleEnd = (kind: "hook" | "webhook") => (end: HookEnd) =>
      events.emit({
        type: end.isFailure ? "failed" : "succeeded",
        kind,
        subject: end.name,
        reason: end.reason,
      });
    this.#commands = new CommandRunner(clock, handleEnd("hook"));
    this.#webhooks = new WebhookSender({
      clock,
      logger,
      secret: () => secret().reveal(),
      onEnd: handleEnd("webhook"),
    });
  }

  /** Runs a command until it is stopped, or sends a webhook. */
  start(
    options: HookOptions & { readonly restart: boolean },
  ): RunningCommand {
    if (!WEBHOOK_SCHEME.test(options.command)) {
      return this.#commands.start(options);
    }
    this.#send(options);
    return { stop: () => {} };
  }

  /** Runs a command once, or sends a webhook. */
  launch(options: HookOptions): void {
    if (WEBHOOK_SCHEME.test(options.command)) this.#send(options);
    else this.#commands.launch(options);
  }

  /** The server ends: whatever still runs in a while is cut off. */
  handleShutdown(): void {
    this.#webhooks.handleShutdown();
    this.#cancelCut ??= this.#clock.after(SHUTDOWN_MS, () => this.#cut());
  }

  /** Waits until every hook has ended, no longer than the server's end may take. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.handleShutdown();
    if (this.#commands.runningCount + this.#webhooks.pendingCount > 0) {
      this.#logger.info("waiting for running hooks");
    }
    await this.#commands[Symbol.asyncDispose]();
    await this.#webhooks[Symbol.asyncDispose]();
    this.#cancelCut?.();
  }

  #send({ name, command, event, logger }: HookOptions): void {
    this.#webhooks.send({ name, url: command.trim(), ...event, logger });
  }

  #cut(): void {
    this.#webhooks.cut();
    const names = this.#commands.cut();
    if (names.length === 0) return;
    const keys = [...new Set(names)].join(", ");
    this.#logger.warn(
      `${names.length} command(s) did not end in time and were killed: ${keys}`,
    );
  }
}
