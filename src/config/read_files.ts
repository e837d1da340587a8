import type { RawObject } from "#base/schema.ts";
import { errorText } from "#base/errors.ts";
import {
  absolutePath,
  besideFile,
  isFilePattern,
  matchingFiles,
  readTextFile,
} from "#platform/files.ts";
import type { ConfigDocument } from "./document.ts";
import { decryptConfig } from "./encryption.ts";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import type { ConfigSources } from "./sources.ts";
import { parseYamlConfig } from "./yaml.ts";

/** Key of a file that names other files. */
const INCLUDE = "include";

/** Files that are read for one configuration. */
const MAX_FILES = 1_000;

/** Files that include one another in a row. */
const MAX_INCLUDE_DEPTH = 8;

/** What {@linkcode readConfigFiles} is given. */
export interface ReadFilesOptions {
  /** Keys that every file is decrypted with, one after the other. */
  readonly keys: readonly string[];
  /** Takes what was read. */
  readonly sources: ConfigSources;
}

/**
 * Reads configuration files and those that they include, in the order in which they are laid over one another.
 *
 * What a file includes comes after the file itself: names and patterns (`*`, `?`) relative to its folder, in the order of
 * the list, those of a pattern sorted.
 *
 * Limits: {@linkcode MAX_FILES}, {@linkcode MAX_INCLUDE_DEPTH}; a file that includes itself by way of others is refused.
 *
 * @throws {ConfigError} with everything that is wrong with all of them.
 */
export async function readConfigFiles(
  files: readonly string[],
  options: ReadFilesOptions,
): Promise<ConfigDocument[]> {
  const reader = new FileReader(options);
  try {
    for (const file of files) await reader.read(file, []);
  } finally {
    reader.tell(options.sources);
  }
  if (reader.problems.length > 0) {
    throw new ConfigError(reader.problems, files.at(-1));
  }
  return reader.documents;
}

/**
 * Reads the text of one file.
 *
 * @throws {ConfigError} if it cannot be read.
 */
export async function readConfigText(file: string): Promise<string> {
  try {
    return await readTextFile(file);
  } catch (cause) {
    throw new ConfigError([{ keyPath: [], reason: errorText(cause) }], file, {
      cause,
    });
  }
}

class FileReader {
  readonly documents: ConfigDocument[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly #keys: readonly string[];
  readonly #texts = new Map<string, string | undefined>();
  readonly #patterns = new Set<string>();
  #count = 0;

  constructor({ keys }: ReadFilesOptions) {
    this.#keys = keys;
  }

  tell(sources: ConfigSources): void {
    sources.replace(this.#texts, this.#patterns);
  }

  /** `way`: the files that include one another down to this one. */
  async read(file: string, way: readonly string[]): Promise<void> {
    if (++this.#count > MAX_FILES) {
      if (this.#count === MAX_FILES + 1) {
        this.#refuse(file, `more than ${MAX_FILES} files`);
      }
      return;
    }
    let document: ConfigDocument;
    try {
      document = await this.#document(file);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.problems.push(...error.problems.map((one) => ({ file, ...one })));
      return;
    }
    const included = this.#takeIncluded(document);
    this.documents.push(document);
    for (const [i, name] of included.entries()) {
      await this.#include(name, { document, index: i, way: [...way, file] });
    }
  }

  async #document(file: string): Promise<ConfigDocument> {
    this.#texts.set(file, undefined);
    let text = await readConfigText(file);
    this.#texts.set(file, text);
    for (const key of this.#keys) text = await decryptConfig(text, key, file);
    return await parseYamlConfig(text, file);
  }

  #takeIncluded({ raw, origins }: ConfigDocument): string[] {
    const included = raw[INCLUDE] ?? [];
    delete raw[INCLUDE];
    if (Array.isArray(included) && included.every((one) => isName(one))) {
      return included as string[];
    }
    this.problems.push(
      origins.problem(
        [INCLUDE],
        "must be a list of files, such as [conf.d/*.yml]",
      ),
    );
    return [];
  }

  async #include(
    name: string,
    { document, index, way }: {
      readonly document: ConfigDocument;
      readonly index: number;
      readonly way: readonly string[];
    },
  ): Promise<void> {
    const refuse = (reason: string) =>
      void this.problems.push(
        document.origins.problem([INCLUDE, index], reason),
      );
    const path = besideFile(way.at(-1)!, name);
    if (way.length > MAX_INCLUDE_DEPTH) {
      refuse(`more than ${MAX_INCLUDE_DEPTH} files include one another`);
      return;
    }
    let files = [path];
    if (isFilePattern(path)) {
      this.#patterns.add(path);
      try {
        files = await matchingFiles(path);
      } catch (error) {
        refuse(errorText(error));
        return;
      }
    }
    for (const file of files) {
      const isOnWay = way.some((one) =>
        absolutePath(one) === absolutePath(file)
      );
      if (isOnWay) refuse(`includes itself: ${[...way, file].join(" > ")}`);
      else await this.read(file, way);
    }
  }

  #refuse(file: string, reason: string): void {
    this.problems.push({ keyPath: [], reason, file });
  }
}

function isName(value: RawObject[string]): boolean {
  return typeof value === "string" && value !== "";
}
