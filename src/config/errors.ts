/** Way to a value: keys and indexes from the top. */
export type KeyPath = readonly (string | number)[];

/** Where in a file something stands; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where a value was given. */
export interface Origin {
  /** File it stands in, as it was named, or what else gave it. */
  readonly file?: string;
  readonly place?: Place;
  /** Environment variable. */
  readonly variable?: string;
  /** The way as it was given, if it is another one (old names). */
  readonly keyPath?: KeyPath;
}

/** One thing that is wrong. */
export interface ConfigProblem extends Origin {
  readonly keyPath: KeyPath;
  /** What is wrong, without the place. */
  readonly reason: string;
}

/** A configuration that cannot be used: everything that is wrong with it. */
export class ConfigError extends SyntaxError {
  override readonly name = "ConfigError";
  /** In the order of checking, at least one. */
  readonly problems: readonly ConfigProblem[];
  /** File it is about, as it was named. */
  readonly file: string | undefined;

  /** The message has one line for each problem. */
  constructor(
    problems: readonly ConfigProblem[],
    file: string | undefined,
    options?: ErrorOptions,
  ) {
    super(
      problems.map((problem) => problemText(problem, file)).join("\n"),
      options,
    );
    this.problems = problems;
    this.file = file;
  }
}

/** `Cannot use config key paths.cam.source: <reason> (weir.yml:3:5)`; `file` if the problem has none of its own. */
export function problemText(
  problem: ConfigProblem,
  file: string | undefined,
): string {
  const { keyPath, reason, variable } = problem;
  const what = keyPath.length > 0
    ? `Cannot use config key ${keyPathText(keyPath)}`
    : "Cannot read config";
  if (variable !== undefined) return `${what}: ${variable}: ${reason}`;
  const origin = originText({ ...problem, file: problem.file ?? file });
  return `${what}: ${reason}${origin === undefined ? "" : ` (${origin})`}`;
}

/** `weir.yml:3:5`, or the name of the variable; `undefined` if nothing is known. */
export function originText(
  { file, place, variable }: {
    readonly [K in keyof Origin]: Origin[K] | undefined;
  },
): string | undefined {
  if (variable !== undefined || file === undefined) return variable;
  return place ? `${file}:${place.line}:${place.column}` : file;
}

/** `authInternalUsers[0].permissions[1].path`. */
export function keyPathText(keyPath: KeyPath): string {
  return keyPath.map((part, i) =>
    typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`
  ).join("");
}

/** Remembers where each value was given. */
export class Origins {
  /** File that is named where nothing else is known. */
  readonly file: string | undefined;
  readonly #origins = new Map<string, Origin>();

  /** Starts empty. */
  constructor(file?: string) {
    this.file = file;
  }

  /** The same again, to be changed apart. */
  copy(): Origins {
    const copy = new Origins(this.file);
    for (const [keyPath, origin] of this.#origins) {
      copy.#origins.set(keyPath, origin);
    }
    return copy;
  }

  /** Says where the value at `keyPath`, and all below it, was given. */
  set(keyPath: KeyPath, origin: Origin): void {
    this.#origins.set(keyPath.join("\0"), origin);
  }

  /** Where the value at `keyPath` was given, or what it is part of. */
  find(keyPath: KeyPath): Origin {
    for (let length = keyPath.length; length > 0; length--) {
      const origin = this.#origins.get(keyPath.slice(0, length).join("\0"));
      if (!origin) continue;
      return origin.keyPath
        ? {
          ...origin,
          keyPath: [...origin.keyPath, ...keyPath.slice(length)],
        }
        : origin;
    }
    return {};
  }

  /** The problem at `keyPath`, with all that is known about its place. */
  problem(keyPath: KeyPath, reason: string): ConfigProblem {
    return { keyPath, reason, ...this.find(keyPath) };
  }

  /** Says that the value at `newPath` was given at `oldPath`. */
  move(oldPath: KeyPath, newPath: KeyPath): void {
    this.set(newPath, { keyPath: oldPath, ...this.find(oldPath) });
  }
}
