import type { Track } from "#core/track.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import type { Clip, ClipUnit } from "./clip.ts";

/** Bytes that are read at once. */
const CHUNK_BYTES = 65_536;

/**
 * Opens an MPEG transport stream and reads on until its tracks are known.
 *
 * @throws {MpegTsError} if nothing can be made of it.
 */
export async function openMpegTsClip(
  input: RandomAccessInput,
  warn: (message: string) => void,
): Promise<Clip> {
  const clip = new MpegTsClip(input, warn);
  await clip.readTracks();
  return clip;
}

class MpegTsClip implements Clip {
  #tracks: readonly Track[] = [];
  #input: RandomAccessInput;
  #demuxer: MpegTsDemuxer;
  #units: ClipUnit[] = [];
  #atBytes = 0;
  #hasEnded = false;

  constructor(input: RandomAccessInput, warn: (message: string) => void) {
    this.#input = input;
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
      Math.min(CHUNK_BYTES, leftBytes),
    );
    this.#atBytes += chunk.length;
    this.#hasEnded = chunk.length === 0;
    if (this.#hasEnded) this.#demuxer.end();
    else this.#demuxer.push(chunk);
  }
}
