import { codecString } from "#codecs/codec_string.ts";
import { videoSize } from "#codecs/codec_properties.ts";
import {
  type DashPeriod,
  type DashRun,
  serializeDashManifest,
} from "#protocols/hls/wire/dash_manifest.ts";
import type { SegmentSummary } from "./playlist_window.ts";
import type {
  MediaSummary,
  Rendition,
  StreamPlaylists,
} from "./stream_playlists.ts";

/** Epochs whose times are remembered: more than a window has. */
const MAX_EPOCHS = 64;

/** Describes the segments of a stream as MPEG-DASH does; what was said of a period stays as it is. */
export class DashPeriods {
  #playlists: StreamPlaylists;
  /** Wall clock of time 0 of the files, by the header that they begin with. */
  #zeroWallMs = new Map<string, number>();
  #startWallMs: number | undefined;

  /** Describes these playlists. */
  constructor(playlists: StreamPlaylists) {
    this.#playlists = playlists;
  }

  /** The manifest, `URI_END` behind each URI; undefined if there is nothing to describe. */
  manifest(nowWallMs: number, summary: MediaSummary): string | undefined {
    const { renditions, targets } = this.#playlists;
    const leading = epochsOf(renditions[0]!);
    const all = renditions.map(epochsOf);
    const periods = leading.map((epoch, i): DashPeriod => {
      const zeroWallMs = this.#zeroOf(epoch[0]!);
      this.#startWallMs ??= zeroWallMs;
      const fromEnd = leading.length - i;
      return {
        startSeconds: (zeroWallMs - this.#startWallMs) / 1_000,
        runs: all.flatMap((epochs, n) =>
          runOf(epochs.at(-fromEnd), renditions[n]!, summary, n)
        ),
      };
    });
    if (this.#startWallMs === undefined) return undefined;
    const windowSeconds = leading.flat()
      .reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
    return serializeDashManifest({
      startWallMs: this.#startWallMs,
      nowWallMs,
      targetDurationSeconds: targets.durationSeconds,
      windowSeconds,
      periods,
    });
  }

  #zeroOf({ headerName, startWallMs, startSeconds }: SegmentSummary): number {
    const key = headerName!;
    let zeroWallMs = this.#zeroWallMs.get(key);
    if (zeroWallMs === undefined) {
      zeroWallMs = Math.round(startWallMs! - startSeconds * 1_000);
      this.#zeroWallMs.set(key, zeroWallMs);
      const [oldest] = this.#zeroWallMs.keys();
      if (this.#zeroWallMs.size > MAX_EPOCHS) this.#zeroWallMs.delete(oldest!);
    }
    return zeroWallMs;
  }
}

/** Segments with media that follow each other with the same header. */
function epochsOf({ window }: Rendition): SegmentSummary[][] {
  const epochs: SegmentSummary[][] = [];
  let before: SegmentSummary | undefined;
  for (const segment of window.segments()) {
    if (segment.isGap) continue;
    if (segment.headerName !== before?.headerName) epochs.push([]);
    const epoch = epochs.at(-1)!;
    // Numbers and times go on without a hole: what lies before a gap is not described.
    if (segment.msn !== (before?.msn ?? 0) + 1) epoch.length = 0;
    epoch.push(segment);
    before = segment;
  }
  return epochs;
}

function runOf(
  segments: readonly SegmentSummary[] | undefined,
  { window, kind }: Rendition,
  { tracks }: MediaSummary,
  index: number,
): DashRun[] {
  const first = segments?.[0];
  if (!segments || !first) return [];
  const codec = tracks[index]?.codec;
  const peakBps = Math.max(
    ...segments.map(({ sizeBytes, durationSeconds }) =>
      durationSeconds > 0 ? sizeBytes * 8 / durationSeconds : 0
    ),
  );
  return [{
    mimeType: kind === "audio" ? "audio/mp4" : "video/mp4",
    codec: codec && codecString(codec),
    bandwidthBps: Math.ceil(peakBps),
    resolution: codec && videoSize(codec),
    id: window.options.id,
    headerName: first.headerName!,
    nameTemplate: first.name.replace(`seg${first.msn}`, "seg$Number$"),
    firstNumber: first.msn,
    segments,
  }];
}
