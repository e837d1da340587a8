import type { Disk, OutputFile } from "#platform/disk.ts";

/** A disk in memory that can be slow, broken or full. */
export class FakeDisk implements Disk {
  /** Bytes by name. */
  readonly files = new Map<string, Uint8Array>();
  /** Names in the order in which they were opened. */
  readonly created: string[] = [];
  openCount = 0;
  /** What every write throws. */
  failure: Error | undefined;
  /** While it is there, writes wait for it. */
  hold: Promise<void> | undefined;

  async create(
    path: string,
    { replacesOld = false }: { readonly replacesOld?: boolean } = {},
  ): Promise<OutputFile | undefined> {
    await this.hold;
    if (this.failure) throw this.failure;
    if (this.files.has(path) && !replacesOld) return undefined;
    this.files.set(path, new Uint8Array());
    this.created.push(path);
    this.openCount++;
    return {
      write: (bytes) => this.#change(path, (old) => joined(old, bytes)),
      replace: (offsetBytes, bytes) =>
        this.#change(path, (old) => {
          const copy = old.slice();
          copy.set(bytes, offsetBytes);
          return copy;
        }),
      truncate: (sizeBytes) => {
        this.files.set(path, this.files.get(path)!.slice(0, sizeBytes));
        return Promise.resolve();
      },
      close: () => {
        this.openCount--;
        return Promise.resolve();
      },
    };
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }

  /** A failure comes when half of the bytes are there. */
  async #change(
    path: string,
    change: (old: Uint8Array) => Uint8Array,
  ): Promise<void> {
    await this.hold;
    const old = this.files.get(path)!;
    const next = change(old);
    const half = next.slice(0, (old.length + next.length) >> 1);
    this.files.set(path, this.failure ? half : next);
    if (this.failure) throw this.failure;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
