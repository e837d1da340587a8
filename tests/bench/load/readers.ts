import { createInterface } from "node:readline";
import process from "node:process";
import type { CodecName } from "./codecs/load_codec.ts";
import { StampFinder } from "./frame_source.ts";
import { type LoadProtocol, type LoadReader, openReader } from "./reader.ts";

/** What the readers of this process have received so far. */
export interface ReadersSnapshot {
  readonly payloadBytes: number;
  /** HTTP requests that were answered, and answers that were not good. */
  readonly requests: number;
  readonly errors: number;
  /** Packets (RTP), frames (RTMP, FLV) or parts (HLS) that are missing. */
  readonly lost: number;
  /** Readers whose connection has ended. */
  readonly ended: number;
  /** Delays of the sampled readers' frames since the last snapshot. */
  readonly delaysUs: number[];
}

/**
 * Readers on command. Arguments: protocol, address, frames per second,
 * `sample` if every frame's delay is to be noted, or else `count`, and the codec
 * (H264 if there is none).
 *
 * Commands on standard input, one a line, and their answers:
 * - `connect NAME COUNT`: opens readers; `connected NAME`
 * - `mark NAME`: `mark NAME SNAPSHOT` with a {@linkcode ReadersSnapshot}
 * - `join NAME`: opens a reader, waits for its first key frame, closes it;
 *   `joined NAME MILLISECONDS`
 */
class Readers {
  #protocol: LoadProtocol;
  #url: string;
  #framesPerSecond: number;
  #isSampled: boolean;
  #codec: CodecName | undefined;
  #readers: LoadReader[] = [];
  #finders: StampFinder[] = [];
  #ended = 0;

  constructor(args: readonly string[]) {
    this.#protocol = args[0] as LoadProtocol;
    this.#url = args[1]!;
    this.#framesPerSecond = Number(args[2]);
    this.#isSampled = args[3] === "sample";
    this.#codec = args[4] as CodecName | undefined;
  }

  async handleCommand(line: string): Promise<string> {
    const [command, name, count] = line.split(" ");
    switch (command) {
      case "connect":
        await this.#connect(Number(count));
        return `connected ${name}`;
      case "mark":
        return `mark ${name} ${JSON.stringify(this.#snapshot())}`;
      case "join":
        return `joined ${name} ${await this.#join()}`;
      default:
        throw new Error(`Unknown command: ${line}`);
    }
  }

  async #connect(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const finder = this.#isSampled ? new StampFinder() : undefined;
      const reader = await this.#open(finder);
      if (finder !== undefined) this.#finders.push(finder);
      this.#readers.push(reader);
      const countEnd = (): void => {
        this.#ended++;
      };
      reader.ended.then(countEnd, countEnd);
    }
  }

  #snapshot(): ReadersSnapshot {
    const counters = this.#readers.map((reader) => reader.counter);
    const sum = (key: "payloadBytes" | "requests" | "errors" | "lost") =>
      counters.reduce((total, one) => total + one[key], 0);
    return {
      payloadBytes: sum("payloadBytes"),
      requests: sum("requests"),
      errors: sum("errors"),
      lost: sum("lost"),
      ended: this.#ended,
      delaysUs: this.#finders.flatMap((finder) => finder.takeAll()),
    };
  }

  async #join(): Promise<number> {
    const startMs = performance.now();
    using reader = await this.#open(undefined);
    reader.ended.catch(() => {}); // closing it below ends its read with an error
    await reader.counter.keyFrame;
    return performance.now() - startMs;
  }

  #open(finder: StampFinder | undefined): Promise<LoadReader> {
    return openReader({
      protocol: this.#protocol,
      url: this.#url,
      framesPerSecond: this.#framesPerSecond,
      codec: this.#codec,
      finder,
    });
  }
}

const readers = new Readers(Deno.args);
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await readers.handleCommand(line);
  Deno.stdout.writeSync(new TextEncoder().encode(`${answer}\n`));
}
