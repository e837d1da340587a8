import { createLogger, type Logger } from "#base/log.ts";
import type { Track } from "#core/track.ts";
import { TsMuxer } from "#formats/mpegts/muxer.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import { loadAsset } from "#platform/asset.ts";
import type { Clip, ClipUnit } from "#sources/file/clip.ts";
import type { ClipStore } from "#sources/file/clip_units.ts";
import { openMp4Clip } from "#sources/file/mp4_clip.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";

const FILE = new URL(
  "../../../src/sources/file/test_clip.mp4",
  import.meta.url,
);

/** What the built-in clip has [ffmpeg 5.1, libx264, 25 pictures a second; AAC, 48 kHz]. */
export const TEST_CLIP = {
  seconds: 9.6,
  pictures: 240,
  keyFrames: 5,
  soundFrames: 450,
} as const;

/** The built-in clip. */
export function testClipBytes(): Promise<Uint8Array> {
  return loadAsset(FILE);
}

/** Everything that is in a clip. */
export async function unitsOf(clip: Clip): Promise<ClipUnit[]> {
  return await Array.fromAsync(clip.units());
}

/** The first `seconds` of the built-in clip as a transport stream; sound alone if told so, and later by some time. */
export async function testClipAsTs(
  seconds: number,
  kinds: readonly Track["kind"][] = ["video", "audio"],
  shiftSeconds = 0,
): Promise<Uint8Array> {
  const fail = (message: string) => {
    throw new Error(message);
  };
  const clip = await openMp4Clip(new BytesInput(await testClipBytes()), fail);
  const muxer = new TsMuxer({ latm: "adts", onError: fail });
  const units = (await unitsOf(clip)).filter(({ track, dtsTicks }) =>
    kinds.includes(track.kind) && dtsTicks < seconds * track.clockRateHz
  );
  const tracks = [...new Set(units.map(({ track }) => track))];
  return muxer.mux(
    units.map((unit) => {
      const { track, ptsTicks, dtsTicks } = unit;
      const shiftTicks = shiftSeconds * track.clockRateHz;
      return {
        ...unit,
        ptsTicks: ptsTicks + shiftTicks,
        dtsTicks: dtsTicks + shiftTicks,
        trackId: track.id,
        wallClockMs: 0,
      };
    }),
    tracks,
  );
}

/** Clips in memory; what is opened and not closed again is counted. */
export class MemoryStore implements ClipStore {
  readonly name: string;
  /** Clips that are open. */
  openClips = 0;
  #clips: ReadonlyMap<string, Uint8Array>;

  constructor(name: string, clips: Readonly<Record<string, Uint8Array>>) {
    this.name = name;
    this.#clips = new Map(Object.entries(clips));
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.#clips.keys()]);
  }

  open(clipName: string): Promise<RandomAccessInput & Disposable> {
    this.openClips++;
    const input = new BytesInput(this.#clips.get(clipName)!);
    return Promise.resolve(
      Object.assign(input, { [Symbol.dispose]: () => void this.openClips-- }),
    );
  }
}

/** A logger, and its lines. */
export function loggedLines(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    "debug",
  );
  return { logger, lines };
}
