import { codecString } from "#codecs/codec_string.ts";
import { videoSize } from "#codecs/codec_properties.ts";
import type { Track } from "#core/track.ts";
import {
  serializeMediaPlaylist,
  URI_END,
} from "#protocols/hls/wire/media_playlist.ts";
import {
  type MultivariantPlaylist,
  serializeMultivariantPlaylist,
} from "#protocols/hls/wire/multivariant_playlist.ts";
import { PlaylistTargets } from "./playlist_targets.ts";
import { PlaylistWindow } from "./playlist_window.ts";
import type { HlsVariant } from "./track_choice.ts";

/** Versions that playlists announce. */
const VERSION: Readonly<Record<HlsVariant, number>> = {
  mpegts: 3,
  fmp4: 10,
  lowLatency: 10,
};

/** Segments with media before a viewer is answered. */
const FIRST_SEGMENTS: Readonly<Record<HlsVariant, number>> = {
  mpegts: 1,
  fmp4: 2,
  lowLatency: 1,
};

/** How the segments of a stream are made. */
export interface HlsEngineOptions {
  readonly variant: HlsVariant;
  readonly segmentCount: number;
  readonly segmentDurationMs: number;
  readonly partDurationMs: number;
  readonly maxSegmentBytes: number;
  /** Number of the first segment. */
  readonly firstMsn: number;
  readonly discontinuitySequence: number;
  /** Makes what file names begin with: nobody else's files may have the same. */
  readonly createPrefix: () => string;
  /** What viewers were promised has changed. */
  readonly onTargetGrown: (message: string) => void;
  /** Something of the media cannot be used, and is left out. */
  readonly onError: (message: string) => void;
}

/** One playlist and what is in it. */
export interface Rendition {
  readonly window: PlaylistWindow;
  readonly kind: "video" | "audio" | "mixed";
}

/** What is known of the media. */
export interface MediaSummary {
  /** Tracks that are carried, the leading one first. */
  readonly tracks: readonly Track[];
  readonly framesPerSecond: number | undefined;
}

/** A playlist, cut behind each URI. */
interface PlaylistText {
  readonly pieces: readonly string[];
  /** With nothing behind the URIs. */
  readonly plain: string;
}

/** All playlists of a stream; each text is made once, whoever asks for it. */
export class StreamPlaylists {
  readonly options: HlsEngineOptions;
  readonly targets: PlaylistTargets;
  #renditions: Rendition[] = [];
  #texts = new Map<string, PlaylistText>();

  /** Starts without playlists. */
  constructor(options: HlsEngineOptions) {
    this.options = options;
    this.targets = new PlaylistTargets(
      options.partDurationMs,
      options.onTargetGrown,
    );
  }

  /** Whether parts are listed. */
  get hasParts(): boolean {
    return this.options.variant === "lowLatency";
  }

  /** The leading playlist first. */
  get renditions(): readonly Rendition[] {
    return this.#renditions;
  }

  /** Adds a playlist, e.g. `"video1"`. */
  add(id: string, kind: Rendition["kind"]): PlaylistWindow {
    const { variant, segmentCount, firstMsn, discontinuitySequence } =
      this.options;
    const window = new PlaylistWindow({
      id,
      extension: variant === "mpegts" ? "ts" : "mp4",
      prefix: this.options.createPrefix(),
      version: VERSION[variant],
      segmentCount,
      hasParts: this.hasParts,
      firstMsn,
      discontinuitySequence,
      targets: this.targets,
      onChanged: () => this.#texts.clear(),
    });
    this.#renditions.push({ window, kind });
    return window;
  }

  /** The window behind a playlist's name. */
  find(playlistName: string): PlaylistWindow | undefined {
    return this.#renditions.find(({ window }) =>
      window.playlistName === playlistName
    )?.window;
  }

  /** Waits for so much media that players can begin; false if it ends before. */
  async awaitContent(window: PlaylistWindow): Promise<boolean> {
    return await window.awaitSegments(FIRST_SEGMENTS[this.options.variant]);
  }

  /** Waits until every playlist has what the leading one has. */
  async awaitAll(): Promise<void> {
    const lastMsn = this.#renditions[0]!.window.nextMsn - 1;
    for (const { window } of this.#renditions) {
      await window.awaitPosition(lastMsn, undefined);
    }
  }

  /** A media playlist, `uriEnd` behind each URI. Hot path: its text is made once, but for what each viewer's URIs end in. */
  mediaPlaylist(
    window: PlaylistWindow,
    { isDelta, uriEnd }: { readonly isDelta: boolean; readonly uriEnd: string },
  ): string {
    const key = `${isDelta}/${window.options.id}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = this.#serialize(window, isDelta);
      this.#texts.set(key, text);
    }
    return uriEnd === "" ? text.plain : text.pieces.join(uriEnd);
  }

  /** The multivariant playlist, `URI_END` behind each URI. */
  multivariantPlaylist({ tracks, framesPerSecond }: MediaSummary): string {
    const [leading, ...others] = this.#renditions;
    const rates = this.#renditions.map(({ window }) => bitRates(window));
    const sum = (which: "peakBps" | "meanBps") =>
      rates[0]![which] +
      Math.max(0, ...rates.slice(1).map((rate) => rate[which]));
    const audio = leading!.kind === "audio" ? this.#renditions : others;
    const size = tracks[0] && videoSize(tracks[0].codec);
    const playlist: MultivariantPlaylist = {
      version: leading!.window.options.version,
      uri: leading!.window.playlistName,
      bandwidthBps: sum("peakBps"),
      averageBandwidthBps: sum("meanBps"),
      codecs: codecStrings(tracks),
      resolution: size,
      framesPerSecond,
      // Alone, and in the variant itself: there is nothing to choose.
      audio: audio.length === 1 && audio[0] === leading
        ? []
        : audio.map(({ window }, i) => ({
          name: window.options.id,
          isDefault: i === 0,
          uri: window === leading!.window ? undefined : window.playlistName,
        })),
    };
    return serializeMultivariantPlaylist(playlist);
  }

  #serialize(window: PlaylistWindow, isDelta: boolean): PlaylistText {
    const reports = this.#renditions
      .filter((one) => one.window !== window)
      .map((one) => one.window.report());
    const text = serializeMediaPlaylist(window.describe(reports), isDelta);
    const pieces = text.split(URI_END);
    return { pieces, plain: pieces.join("") };
  }

  /** Nothing comes any more. */
  end(): void {
    for (const { window } of this.#renditions) window.end();
  }
}

function codecStrings(tracks: readonly Track[]): string[] {
  const names = new Set<string>();
  for (const { codec } of tracks) {
    const name = codecString(codec);
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

function bitRates(
  window: PlaylistWindow,
): { readonly peakBps: number; readonly meanBps: number } {
  let peakBps = 0;
  let totalBytes = 0;
  let totalSeconds = 0;
  for (const { sizeBytes, durationSeconds } of window.segments()) {
    if (sizeBytes === 0 || durationSeconds <= 0) continue;
    peakBps = Math.max(peakBps, sizeBytes * 8 / durationSeconds);
    totalBytes += sizeBytes;
    totalSeconds += durationSeconds;
  }
  const meanBps = totalSeconds > 0 ? totalBytes * 8 / totalSeconds : 0;
  return { peakBps: Math.ceil(peakBps), meanBps: Math.ceil(meanBps) };
}
