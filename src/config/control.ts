import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { PathChange } from "./diff.ts";
import { type ConfigEdit, ConfigEditError, valuesOfEdit } from "./edit.ts";
import { ConfigError } from "./errors.ts";
import { describeOrigins } from "./describe_origins.ts";
import type { LoadedConfig } from "./load.ts";
import { localFault } from "./local_keys.ts";
import {
  buildOver,
  editOverlay,
  emptyOverlay,
  type Overlay,
} from "./overlay.ts";
import { planText } from "./plan_text.ts";
import type { Config } from "./root_schema.ts";

/** What a new configuration would do to what runs. */
export interface ChangePlan {
  /** Names of modules as logs have them, such as `API` or `RTSP`. */
  readonly restarts: readonly string[];
  /** Entries of `paths` that change. */
  readonly paths: readonly {
    readonly name: string;
    readonly change: PathChange;
  }[];
  /** Sessions that would end. */
  readonly cut: readonly SessionInfo[];
}

/** What runs on the configuration. */
export interface ConfigTarget {
  /** What {@linkcode ConfigTarget.apply} would do. */
  plan(next: Config): ChangePlan;
  /** Goes over to `next`; rejects if it runs on the old one still. */
  apply(next: Config): Promise<void>;
  /** A new configuration could not be used, for `reason`; the log has it already. */
  handleRefusal(reason: string): void;
}

/** A change of the configuration that is under way. */
export interface Change {
  readonly plan: ChangePlan;
  /** Settles when the program runs on it; rejects if it cannot. */
  readonly applied: Promise<void>;
}

/** What a {@linkcode ConfigControl} is given. */
export interface ConfigControlOptions {
  /** Reads the files and the environment again; on trial nothing comes of it. */
  readonly load: (isOnTrial: boolean) => Promise<LoadedConfig>;
  /** What was read at the start. */
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
}

/** How a change is made. */
export interface ChangeOptions {
  /** Only say what it would do. */
  readonly dryRun?: boolean;
}

/** What changes with a change. */
type State = Pick<
  LoadedConfig,
  "config" | "origins" | "base" | "overlay" | "overlayFile"
>;

/** One change on its way through the queue. */
interface Transaction {
  readonly reason: string;
  readonly isDryRun: boolean;
  /** Whether the overlay's file must be written. */
  readonly isOfApi: boolean;
  /** What is to be; throws if it cannot. */
  readonly prepare: () => State | Promise<State>;
}

/** Of the files or the API: every change of the configuration goes through here, one after the other. */
export class ConfigControl {
  readonly #load: ConfigControlOptions["load"];
  readonly #logger: Logger;
  #target: ConfigTarget | undefined;
  #now: State;
  #queue: Promise<void> = Promise.resolve();

  /** `options.loaded` is what runs. */
  constructor({ load, loaded, logger }: ConfigControlOptions) {
    this.#load = load;
    this.#now = loaded;
    this.#logger = logger;
  }

  /** What runs now, or is about to: a change shows as soon as it is accepted, and goes again if it cannot be applied. */
  get config(): Config {
    return this.#now.config;
  }

  /** Says what runs on the configuration, before anything changes. */
  attach(target: ConfigTarget): void {
    this.#target = target;
  }

  /**
   * Changes the configuration; with `dryRun` only says what that would do.
   *
   * @throws {ConfigError} if values cannot be used; nothing has changed.
   * @throws {ConfigEditError} if the edit does not fit what is there; nothing has changed.
   */
  change(
    edit: ConfigEdit,
    { dryRun = false }: ChangeOptions = {},
  ): Promise<Change> {
    return this.#transact({
      reason: "API request",
      isDryRun: dryRun,
      isOfApi: true,
      prepare: () => this.#edited(edit),
    });
  }

  /**
   * Reads files and environment again; what the API has changed is lost unless it is kept.
   *
   * @throws {ConfigError} if something is wrong with them; nothing has changed, and the log says so.
   */
  reload(
    reason: string,
    { dryRun = false }: ChangeOptions = {},
  ): Promise<Change> {
    return this.#transact({
      reason,
      isDryRun: dryRun,
      isOfApi: false,
      prepare: () => dryRun ? this.#load(true) : this.#reloaded(reason),
    });
  }

  /**
   * Drops everything that the API has changed.
   *
   * @throws {ConfigError} if what the files say cannot be used; nothing has changed.
   */
  dropOverlay({ dryRun = false }: ChangeOptions = {}): Promise<Change> {
    return this.#transact({
      reason: "changes of the API are dropped",
      isDryRun: dryRun,
      isOfApi: true,
      prepare: () => {
        const { source } = this.#now.overlay;
        return { ...this.#now, ...this.#laidOver(emptyOverlay(source)) };
      },
    });
  }

  /** Where each value is from, by its key path: `weir.yml:12:3`, `MTX_LOGLEVEL`, `weir.api.yml` or `default`. */
  origins(): ReadonlyMap<string, string> {
    return describeOrigins(this.#now.config, this.#now.origins);
  }

  #transact(transaction: Transaction): Promise<Change> {
    const accepted = this.#queue.then(() => this.#accept(transaction));
    this.#queue = accepted.then(({ applied }) => applied)
      .catch(() => {}); // told to who asked for it
    return accepted;
  }

  async #accept(transaction: Transaction): Promise<Change> {
    const { reason, isDryRun, isOfApi, prepare } = transaction;
    const target = this.#target;
    if (!target) {
      throw new Error(
        "Cannot change the configuration: nothing runs on it yet",
      );
    }
    const before = this.#now;
    const next = await prepare();
    const plan = target.plan(next.config);
    if (isDryRun) return { plan, applied: Promise.resolve() };
    if (isOfApi) {
      await next.overlayFile?.write(next.overlay);
      this.#announce(reason);
    }
    this.#now = next;
    const applied = this.#apply(target, plan, async () => {
      this.#now = before;
      if (isOfApi) await before.overlayFile?.write(before.overlay);
    });
    applied.catch(() => {}); // in the log already, and not everybody waits for it
    return { plan, applied };
  }

  async #apply(
    target: ConfigTarget,
    plan: ChangePlan,
    undo: () => Promise<void>,
  ): Promise<void> {
    try {
      await target.apply(this.#now.config);
      this.#logger.info(`configuration reloaded: ${planText(plan)}`);
    } catch (error) {
      this.#refuse(error);
      await undo().catch((cause) => this.#logger.error(errorText(cause)));
      throw error;
    }
  }

  #announce(reason: string): void {
    this.#logger.info(`reloading configuration: ${reason}`);
  }

  async #reloaded(reason: string): Promise<State> {
    this.#announce(reason);
    try {
      const loaded = await this.#load(false);
      for (const warning of loaded.warnings) this.#logger.warn(warning);
      return loaded;
    } catch (error) {
      this.#refuse(error);
      throw error;
    }
  }

  #refuse(error: unknown): void {
    const reasons = errorText(error).replaceAll("\n", "; ");
    this.#logger.error(
      `Cannot reload the configuration, nothing was changed: ${reasons}`,
    );
    this.#target?.handleRefusal(reasons);
  }

  #edited(edit: ConfigEdit): State {
    const { config, base, overlay } = this.#now;
    if (edit.kind === "addPath" && config.paths.has(edit.name)) {
      throw new ConfigEditError("path already exists", "path_exists");
    }
    const mustExist = edit.kind === "patchPath" || edit.kind === "deletePath";
    if (mustExist && !config.paths.has(edit.name)) {
      throw new ConfigEditError("path not found", "path_not_found");
    }
    const values = edit.kind === "deletePath"
      ? {}
      : valuesOfEdit(edit, config.given);
    const edited = this.#laidOver(
      editOverlay(overlay, edit, { values, base }),
    );
    const fault = localFault(config, edited.config);
    if (fault) throw new ConfigError([fault], undefined);
    return { ...this.#now, ...edited };
  }

  #laidOver(overlay: Overlay): Pick<State, "config" | "origins" | "overlay"> {
    const { config, origins } = buildOver(this.#now.base, overlay);
    return { config, origins, overlay };
  }
}
