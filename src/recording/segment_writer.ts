import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { Disk, OutputFile } from "#platform/disk.ts";
import { absolutePath } from "#platform/files.ts";
import type { SegmentOutput, SegmentPatch } from "./segmenter.ts";

/** A disk that takes longer for one thing hangs. */
const DISK_TIMEOUT_MS = 10_000;

/** What a segment writer is given. */
export interface SegmentWriterOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Bytes that may wait for the disk. */
  readonly maxWaitingBytes: number;
  /** Name of the file of a segment that starts then, microseconds since the epoch. */
  readonly nameOf: (startUs: number) => string;
  /** Nothing is written before. */
  readonly after: Promise<void>;
  /** Files that are written now, absolute. */
  readonly openFiles: Set<string>;
  /** The file is there, and empty. */
  readonly onCreated: (file: string) => void;
  /** The file is complete. */
  readonly onCompleted: (file: string, durationMs: number) => void;
  /** Nothing is written any more. */
  readonly onFailure: (reason: string) => void;
}

type Step =
  | { readonly kind: "begin"; readonly startWallMs: number }
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  | {
    readonly kind: "end";
    readonly durationMs: number;
    readonly patch: SegmentPatch | undefined;
  };

interface OpenFile {
  /** As `recordPath` has it. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly output: OutputFile;
  /** What a file has that can be read to its end. */
  wholeBytes: number;
}

/**
 * Writes segments to the disk, one file at a time, while those who bring them go on.
 *
 * What waits for the disk is bounded. A file whose writing fails is cut behind its last whole part.
 */
export class SegmentWriter implements SegmentOutput {
  #options: SegmentWriterOptions;
  #steps: Step[] = [];
  #waitingBytes = 0;
  #file: OpenFile | undefined;
  #hasFailed = false;
  #running: Promise<void> | undefined;
  #cancelTimeout: (() => void) | undefined;

  /** Makes no file yet. */
  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  /** Settles when the disk has everything, or the file of a failure is closed; a disk may hang. */
  get settled(): Promise<void> {
    return this.#running ?? this.#options.after;
  }

  /** What is left to do, each a step of the disk. */
  get waitingSteps(): number {
    return this.#steps.length;
  }

  begin(startWallMs: number): void {
    this.#add({ kind: "begin", startWallMs });
  }

  write(bytes: Uint8Array): void {
    this.#waitingBytes += bytes.length;
    const { maxWaitingBytes } = this.#options;
    // One part may be as large as all that may wait.
    if (this.#waitingBytes > maxWaitingBytes + bytes.length) {
      this.#fail(
        `the disk is too slow: more than ${maxWaitingBytes} bytes wait for it`,
      );
    }
    this.#add({ kind: "write", bytes });
  }

  end(durationMs: number, patch?: SegmentPatch): void {
    this.#add({ kind: "end", durationMs, patch });
  }

  #add(step: Step): void {
    if (this.#hasFailed) return;
    this.#steps.push(step);
    if (this.#steps.length > 1) return;
    this.#running = this.#run(this.settled);
  }

  /** Does what waits, in order; a step leaves the list when it is done. */
  async #run(before: Promise<void>): Promise<void> {
    this.#startTimeout();
    await before;
    try {
      for (
        let step = this.#steps[0];
        step && !this.#hasFailed;
        step = this.#steps[0]
      ) {
        this.#startTimeout();
        await this.#do(step);
        this.#steps.shift();
      }
    } catch (error) {
      this.#fail(errorText(error));
    }
    this.#cancelTimeout?.();
    if (this.#hasFailed) await this.#closeBroken();
  }

  async #do(step: Step): Promise<void> {
    switch (step.kind) {
      case "begin":
        this.#file = await this.#create(Math.round(step.startWallMs * 1_000));
        if (!this.#hasFailed) this.#options.onCreated(this.#file.name);
        return;
      case "write":
        await this.#file!.output.write(step.bytes);
        this.#file!.wholeBytes += step.bytes.length;
        this.#waitingBytes -= step.bytes.length;
        return;
      case "end": {
        const { output, name } = this.#file!;
        const { patch, durationMs } = step;
        if (patch) await output.replace(patch.offsetBytes, patch.bytes);
        await this.#close(this.#file!);
        this.#options.onCompleted(name, durationMs);
      }
    }
  }

  /** A file that is there already keeps its name: this one begins a microsecond later, if names tell that. */
  async #create(startUs: number): Promise<OpenFile> {
    const { disk, nameOf, openFiles } = this.#options;
    for (let us = startUs;; us++) {
      const name = nameOf(us);
      const replacesOld = nameOf(us + 1) === name;
      const path = absolutePath(name);
      const isOurs = openFiles.has(path);
      openFiles.add(path);
      try {
        const output = await disk.create(name, { replacesOld });
        if (output) return { name, path, output, wholeBytes: 0 };
      } catch (error) {
        openFiles.delete(path);
        throw error;
      }
      if (!isOurs) openFiles.delete(path);
    }
  }

  async #close({ output, path }: OpenFile): Promise<void> {
    this.#file = undefined;
    try {
      await output.close();
    } finally {
      this.#options.openFiles.delete(path);
    }
  }

  #startTimeout(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = this.#options.clock.after(
      DISK_TIMEOUT_MS,
      () =>
        this.#fail(
          `the disk hangs: it has not answered for ${DISK_TIMEOUT_MS} ms`,
        ),
    );
  }

  #fail(reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#cancelTimeout?.();
    this.#steps = [];
    this.#options.onFailure(reason);
  }

  /** Leaves a file that can be read to its end, or none. */
  async #closeBroken(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const { name, output, wholeBytes } = file;
    // As the disk has failed before, these may, too: the tail is repaired at the next start.
    await output.truncate(wholeBytes).catch(() => {});
    await this.#close(file).catch(() => {});
    if (wholeBytes > 0) return;
    await this.#options.disk.remove(name).catch(() => {});
  }
}
