import {
  fileExists,
  fileMode,
  removeFile,
  renameFile,
  replaceFile,
} from "#platform/files.ts";
import { readConfigText } from "./read_files.ts";
import { decryptConfig, encryptConfig } from "./encryption.ts";
import {
  emptyOverlay,
  isEmptyOverlay,
  type Overlay,
  overlayText,
  parseOverlay,
} from "./overlay.ts";
import { MAX_CONFIG_CHARS } from "./yaml.ts";

/** Who may read an overlay if nothing says who may read the configuration. */
const PRIVATE_MODE = 0o600;

/** `weir.api.yml` beside `weir.yml`. */
export function overlayPathOf(configFile: string): string {
  return `${configFile.replace(/\.ya?ml$/i, "")}.api.yml`;
}

/** The file that keeps what the API has changed. */
export class OverlayFile {
  /** As it is named where values are from. */
  readonly path: string;
  readonly #configFile: string;
  readonly #keys: readonly string[];

  /** Beside `configFile`, encrypted with each of `keys` as that is. */
  constructor(configFile: string, keys: readonly string[]) {
    this.path = overlayPathOf(configFile);
    this.#configFile = configFile;
    this.#keys = keys;
  }

  /**
   * What it holds; nothing if it is not there.
   *
   * @throws {ConfigError} if it cannot be read or understood.
   */
  async read(): Promise<Overlay> {
    if (!(await fileExists(this.path))) return emptyOverlay(this.path);
    let text = await readConfigText(this.path);
    for (const key of this.#keys) {
      text = await decryptConfig(text, key, this.path);
    }
    return await parseOverlay(text, this.path);
  }

  /**
   * Keeps `overlay` instead of what it holds; whoever may read the configuration may read it, and nobody else.
   *
   * @throws {RangeError} if it is larger than what can be read back.
   * @throws {PlatformError} if it cannot be written; what it held is still there.
   */
  async write(overlay: Overlay): Promise<void> {
    if (isEmptyOverlay(overlay)) {
      await removeFile(this.path);
      return;
    }
    let text = overlayText(overlay);
    for (const key of this.#keys.toReversed()) {
      text = await encryptConfig(text, key);
    }
    if (text.length > MAX_CONFIG_CHARS) {
      throw new RangeError(
        `Cannot write ${this.path}: larger than ${MAX_CONFIG_CHARS} characters`,
      );
    }
    const mode = await fileMode(this.#configFile) ?? PRIVATE_MODE;
    await replaceFile(this.path, text, mode & 0o666);
  }

  /** Gives it another name, so that it is not read again; answers the name. */
  async reject(): Promise<string> {
    const path = `${this.path}.rejected`;
    await renameFile(this.path, path);
    return path;
  }
}
