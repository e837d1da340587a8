import { pause } from "#base/abort.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { findKeyPairFault } from "#base/key_pair.ts";
import type { Logger } from "#base/log.ts";
import { readTextFile } from "./files.ts";
import type { TlsPair } from "./tls.ts";

/**
 * How often the files are looked at.
 *
 * The system tells of a file that is written, but not of a link or a folder somewhere on the way to it that was replaced.
 */
const CHECK_INTERVAL_MS = 1_000;

const HOW_TO_MAKE =
  "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -keyout server.key -out server.crt";

/** Where a server's key pair is. */
export interface CertificateOptions {
  readonly keyFile: string;
  readonly certificateFile: string;
  /** Config keys that name the files. */
  readonly configKeys: { readonly key: string; readonly certificate: string };
  /** Told of changes. */
  readonly logger: Logger;
  /** Told when there is another pair, for listeners that cannot ask at each handshake. */
  readonly onReloaded?: (pair: TlsPair) => void;
  /** Tells when to look; that of this machine if left out. */
  readonly clock?: Clock;
}

/**
 * Loads a key pair and keeps it up to date: a change of the files counts from the next handshake on.
 *
 * @throws {Error} if a file cannot be read or used; the message names its config key and the remedy.
 */
export async function openCertificates(
  options: CertificateOptions,
): Promise<Certificates> {
  const { configKeys } = options;
  let part: keyof typeof configKeys = "key";
  try {
    const keyPem = await readTextFile(options.keyFile);
    part = "certificate";
    const certificatePem = await readTextFile(options.certificateFile);
    const pair = { keyPem, certificatePem };
    part = findKeyPairFault(keyPem, certificatePem)?.part ?? part;
    checkPair(pair, options);
    return new Certificates(options, pair);
  } catch (cause) {
    throw new Error(
      `${errorText(cause)} (config key ${
        configKeys[part]
      }): name a key and its certificate, both PEM files, as "${HOW_TO_MAKE}" makes them, or switch encryption off`,
      { cause },
    );
  }
}

/** @throws {Error} if the pair cannot be used; the message names the file. */
function checkPair(pair: TlsPair, options: CertificateOptions): void {
  const fault = findKeyPairFault(pair.keyPem, pair.certificatePem);
  if (!fault) return;
  const file = fault.part === "key" ? options.keyFile : options.certificateFile;
  throw new Error(`Cannot use ${file}: it ${fault.reason}`);
}

/** A server's key pair, as it is now. */
export class Certificates implements AsyncDisposable {
  #options: CertificateOptions;
  #current: TlsPair;
  /** What was found in the files last, usable or not. */
  #found: TlsPair;
  #abort = new AbortController();
  #watching: Promise<void>;

  /** Begins to watch the files; use {@linkcode openCertificates}. */
  constructor(options: CertificateOptions, pair: TlsPair) {
    this.#options = options;
    this.#current = pair;
    this.#found = pair;
    this.#watching = this.#watch(this.#abort.signal);
  }

  /** The pair for the next handshake. */
  get current(): TlsPair {
    return this.#current;
  }

  /** Watches no more. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock = systemClock } = this.#options;
    while (!signal.aborted) {
      await pause(clock, CHECK_INTERVAL_MS, signal);
      if (!signal.aborted) await this.#reload();
    }
  }

  async #reload(): Promise<void> {
    const { keyFile, certificateFile, logger } = this.#options;
    const before = this.#found;
    const [key, certificate] = await Promise.allSettled([
      readTextFile(keyFile),
      readTextFile(certificateFile),
    ]);
    const found = {
      keyPem: key.status === "fulfilled" ? key.value : "",
      certificatePem: certificate.status === "fulfilled"
        ? certificate.value
        : "",
    };
    this.#found = found;
    const changed = [
      ...found.certificatePem === before.certificatePem
        ? []
        : [certificateFile],
      ...found.keyPem === before.keyPem ? [] : [keyFile],
    ].join(" and ");
    if (changed === "") return;
    try {
      for (const file of [key, certificate]) {
        if (file.status === "rejected") throw file.reason;
      }
      checkPair(found, this.#options);
      this.#current = found;
      logger.info(`certificate reloaded after change to ${changed}`);
      this.#options.onReloaded?.(found);
    } catch (error) {
      const reason = errorText(error);
      logger.error(
        `certloader failed to load after change to ${changed}: ${reason}`,
      );
    }
  }
}
