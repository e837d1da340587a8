import { errorText } from "#base/errors.ts";
import type {
  ModulePorts,
  ProtocolModule,
  RunningModule,
} from "#core/ports.ts";

/** A row of the table, and what runs of it. */
interface Slot<C> {
  readonly module: ProtocolModule<C>;
  running: RunningModule<C> | undefined;
}

/** All modules of a program: opened in their order, restarted where a new configuration asks for it. */
export class RunningModules<C> implements AsyncDisposable {
  #slots: readonly Slot<C>[];
  #ports: ModulePorts;

  /** Opens nothing yet. */
  constructor(modules: readonly ProtocolModule<C>[], ports: ModulePorts) {
    this.#slots = modules.map((module) => ({ module, running: undefined }));
    this.#ports = ports;
  }

  /** Opens what the configuration switches on. @throws {Error} if something cannot be opened. */
  async open(config: C): Promise<void> {
    for (const slot of this.#slots) {
      slot.running = await this.#open(slot, config);
    }
  }

  /** Names of the modules that run and would be opened anew, or end, under `next`. */
  restartsFor(next: C): string[] {
    return this.#slots
      .filter(({ running }) => running?.apply(next) === "restart")
      .map(({ module }) => module.name);
  }

  /**
   * Goes from one configuration to another: what must be opened anew is closed first, all others run on.
   *
   * @throws {Error} if something cannot be opened; what was closed for it runs again as it did before.
   */
  async apply(before: C, next: C): Promise<void> {
    const slots = this.#slots.filter(({ running }) =>
      running?.apply(next) !== "done"
    );
    await close(slots);
    try {
      for (const slot of slots) slot.running = await this.#open(slot, next);
    } catch (error) {
      await close(slots);
      await this.#reopen(slots, before);
      throw error;
    }
  }

  /** Side by side: a peer of one module that is stuck keeps no other module open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await close(this.#slots);
  }

  async #open(
    { module }: Slot<C>,
    config: C,
  ): Promise<RunningModule<C> | undefined> {
    const logger = this.#ports.logger.child(module.name);
    return await module.open(config, { ...this.#ports, logger });
  }

  async #reopen(slots: readonly Slot<C>[], config: C): Promise<void> {
    for (const slot of slots) {
      try {
        slot.running = await this.#open(slot, config);
      } catch (error) {
        this.#ports.logger.error(
          `Cannot open ${slot.module.name} again: ${errorText(error)}`,
        );
      }
    }
  }
}

async function close<C>(slots: readonly Slot<C>[]): Promise<void> {
  await Promise.all(slots.map(async (slot) => {
    const { running } = slot;
    slot.running = undefined;
    await running?.[Symbol.asyncDispose]();
  }));
}
