import type { Track } from "#core/track.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import { TS_PACKET_BYTES } from "#formats/mpegts/ts_packet.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import type { Clip, ClipUnit } from "./clip.ts";

/** Packets that are read at once. */
const CHUNK_PACKETS = 340;

/** What camcorders and Blu-ray discs have in front of each packet: when it came. */
export const ARRIVAL_TIME_BYTES = 4;

/**
 * Opens an MPEG transport stream and reads on until its tracks are known.
 *
 * `prefixBytes`: what stands in front of each packet, {@linkcode ARRIVAL_TIME_BYTES} or nothing.
 *
 * @throws {MpegTsError} if nothing can be made of it.
 */
export async function openMpegTsClip(
  input: RandomAccessInput,
  warn: (message: string) => void,
  prefixBytes = 0,
): Promise<Clip> {
  const clip = new MpegTsClip(input, warn, prefixBytes);
  await clip.readTracks();
  return clip;
}

class MpegTsClip implements Clip {
  #tracks: readonly Track[] = [];
  #input: RandomAccessInput;
  #prefixBytes: number;
  #warn: (message: string) => void;
  #demuxer: MpegTsDemuxer;
  #units: ClipUnit[] = [];
  #atBytes = 0;
  #hasEnded = false;

  constructor(
    input: RandomAccessInput,
    warn: (message: string) => void,
    prefixBytes: number,
  ) {
    this.#input = input;
    this.#prefixBytes = prefixBytes;
    this.#warn = warn;
    this.#demuxer = new MpegTsDemuxer({
      handleTracks: (tracks) => this.#tracks = tracks,
      handleUnit: (track, unit) => {
        const tracks = this.#tracks;
        this.#units.push({ ...unit, track, tracks, durationTicks: undefined });
      },
      handleSkipped: (number) =>
        warn(`stream ${number} is left out: its codec is not known`),
      handleError: warn,
    });
  }

  async readTracks(): Promise<void> {
    while (this.#tracks.length === 0 && !this.#hasEnded) await this.#readOn();
    if (this.#tracks.length === 0) this.#demuxer.start();
  }

  async *units(): AsyncGenerator<ClipUnit, void> {
    for (;;) {
      const units = this.#units;
      this.#units = [];
      yield* units;
      if (this.#hasEnded) return;
      await this.#readOn();
    }
  }

  async #readOn(): Promise<void> {
    const leftBytes = this.#input.sizeBytes - this.#atBytes;
    const chunk = await this.#input.readAt(
      this.#atBytes,
      Math.min(
        CHUNK_PACKETS * (this.#prefixBytes + TS_PACKET_BYTES),
        leftBytes,
      ),
    );
    this.#atBytes += chunk.length;
    this.#hasEnded = chunk.length === 0;
    if (this.#hasEnded) this.#end();
    else this.#demuxer.push(withoutPrefixes(chunk, this.#prefixBytes));
  }

  #end(): void {
    for (const pid of this.#demuxer.end()) {
      this.#warn(
        `the stream with PID ${pid} is left out: its parameters are not in the file, as if it began in the middle`,
      );
    }
  }
}

/** `chunk` begins with a prefix. */
function withoutPrefixes(chunk: Uint8Array, prefixBytes: number): Uint8Array {
  if (prefixBytes === 0) return chunk;
  const packets = new Uint8Array(chunk.length);
  let length = 0;
  for (let at = prefixBytes; at < chunk.length;) {
    const packet = chunk.subarray(at, at + TS_PACKET_BYTES);
    packets.set(packet, length);
    length += packet.length;
    at += TS_PACKET_BYTES + prefixBytes;
  }
  return packets.subarray(0, length);
}
