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
import type { SegmentStore } from "./segment_store.ts";
import type { HlsVariant } from "./track_choice.ts";

/** Versions that playlists announce. */
const VERSION: Readonly<Record<HlsVariant, number>> = {
  mpegts: 3,
  fmp4: 10,
  lowLatency: 10,
};

/** Segments with media before a viewer is answered. */
const FIRST_SEGMENTS: Readonly<Record<HlsVariant, number>> = {
  mpegts: 2,
  fmp4: 2,
  lowLatency: 1,
};

const encoder = new TextEncoder();

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
  /** Where older segments are; in memory, if left out. */
  readonly store?: SegmentStore | undefined;
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
  /** What players call their codecs. */
  readonly codecNames: readonly (string | undefined)[];
  readonly framesPerSecond: number | undefined;
}

/** A playlist, cut behind each URI. */
interface PlaylistText {
  readonly pieces: readonly string[];
  /** With nothing behind the URIs, in UTF-8. */
  readonly plain: Uint8Array;
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
    const { variant, segmentCount, firstMsn, discontinuitySequence, store } =
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
      store,
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

  /**
   * Tells when there is so much media that players can begin, and nothing is missing beside the leading playlist; false
   * if it ends before. Hot path.
   *
   * VLC begins with the same number in all playlists. Sound that nobody brings is no reason to wait: it is a gap.
   */
  whenContent(window: PlaylistWindow, then: (isThere: boolean) => void): void {
    const leading = this.#renditions[0]!.window;
    leading.whenSegments(FIRST_SEGMENTS[this.options.variant], (isThere) => {
      if (!isThere || window.isSilent) then(isThere);
      else window.whenPosition(leading.nextMsn - 1, undefined, then);
    });
  }

  /** Waits until every playlist has content; false if they end before. */
  async awaitContent(): Promise<boolean> {
    for (const { window } of this.#renditions) {
      const isThere = await new Promise<boolean>((resolve) =>
        this.whenContent(window, resolve)
      );
      if (!isThere) return false;
    }
    return true;
  }

  /** A media playlist in UTF-8, `uriEnd` behind each URI. Hot path: its text is made once, but for what each viewer's URIs end in. */
  mediaPlaylist(
    window: PlaylistWindow,
    { isDelta, uriEnd }: { readonly isDelta: boolean; readonly uriEnd: string },
  ): Uint8Array {
    const key = `${isDelta}/${window.options.id}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = this.#serialize(window, isDelta);
      this.#texts.set(key, text);
    }
    return uriEnd === ""
      ? text.plain
      : encoder.encode(text.pieces.join(uriEnd));
  }

  /** The multivariant playlist, `URI_END` behind each URI. */
  multivariantPlaylist(summary: MediaSummary): string {
    return serializeMultivariantPlaylist(this.describe(summary));
  }

  /** What the multivariant playlist says. Sound that nobody brings is left out: players would wait for it. */
  describe(
    { tracks, codecNames, framesPerSecond }: MediaSummary,
  ): MultivariantPlaylist {
    // Where one playlist has all tracks, none is left out.
    const isLeftOut = (i: number) =>
      i > 0 && this.#renditions[i]?.window.isSilent;
    const renditions = this.#renditions.filter((_, i) => !isLeftOut(i));
    const names = codecNames.filter((name, i) =>
      name !== undefined && !isLeftOut(i)
    ) as string[];
    const [leading, ...others] = renditions;
    const rates = renditions.map(({ window }) => bitRates(window));
    const sum = (which: "peakBps" | "meanBps") =>
      rates[0]![which] +
      Math.max(0, ...rates.slice(1).map((rate) => rate[which]));
    const audio = leading!.kind === "audio" ? renditions : others;
    const size = tracks[0] && videoSize(tracks[0].codec);
    return {
      version: leading!.window.options.version,
      uri: leading!.window.playlistName,
      bandwidthBps: sum("peakBps"),
      averageBandwidthBps: sum("meanBps"),
      codecs: [...new Set(names)],
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
  }

  #serialize(window: PlaylistWindow, isDelta: boolean): PlaylistText {
    const reports = this.#renditions
      .filter((one) => one.window !== window)
      .map((one) => one.window.report());
    const text = serializeMediaPlaylist(window.describe(reports), isDelta);
    const pieces = text.split(URI_END);
    return { pieces, plain: encoder.encode(pieces.join("")) };
  }

  /** Nothing comes any more. */
  end(): void {
    for (const { window } of this.#renditions) window.end();
  }
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
