import type { CodecName } from "#codecs/codec.ts";
import type { ClipName } from "#test/clips.ts";
import { RTSP_WAYS, type Way, WAYS } from "./ffmpeg_peer.ts";

/** What a clip holds: a line of the printed matrix. */
export interface MatrixTrack {
  readonly codec: CodecName;
  /** Which of several that share the codec's name. */
  readonly variant?: string;
  /** RTMP does not carry it, or not as this variant. */
  readonly isRtpOnly?: boolean;
}

/** What of a clip must arrive as it was sent. */
export type Comparison =
  /** Decoded pictures, coded video and coded audio, with their times, and both in sync. */
  | {
    readonly kind: "pictures and sound";
    readonly video: "h264" | "h265";
    readonly audio: "aac" | "opus";
  }
  /** Decoded pictures with their times; all of them unless every picture is one to start with. */
  | {
    readonly kind: "pictures";
    readonly isIntraOnly?: boolean;
    /** Pictures that the reader does not hand over at the end. */
    readonly heldPictures?: number;
    /** Pictures at the start whose times the reader makes up. */
    readonly guessedPictures?: number;
  }
  /** Coded frames with their times, from where the reader joins. */
  | {
    readonly kind: "frames";
    readonly medium: "audio" | "video";
    /** The publisher collects frames in packets and does not send what it holds at the end. */
    readonly isCollected?: boolean;
    /** The reader may join in the middle of a frame. */
    readonly isCutAtStart?: boolean;
  }
  /** Bytes, from where the reader joins. */
  | { readonly kind: "bytes" }
  /** Samples in ffmpeg's format of that name, with their times, from where the reader joins. */
  | {
    readonly kind: "samples";
    readonly format: string;
    readonly bytesPerSecond: number;
    /** What ffmpeg writes the samples with, if they come in another byte order. */
    readonly encoder?: string;
  };

/** A program that publishes or reads over some ways. */
export type MatrixPeer = FfmpegPeer | GstreamerPeer;

/** ffmpeg of Debian, or a newer one that knows enhanced RTMP. */
export interface FfmpegPeer {
  readonly program: "ffmpeg" | "ffmpeg 9";
  readonly ways: readonly Way[];
  /** Options of the output behind `-c copy`, if it publishes. */
  readonly outputArgs?: string;
  /** What it compares if it reads, unless what its row says. */
  readonly comparison?: Comparison;
}

/** GStreamer, with rtspclientsink or rtspsrc. */
export interface GstreamerPeer {
  readonly program: "GStreamer";
  readonly ways: readonly (typeof RTSP_WAYS[number])[];
  /** What stands between the file and the sink, or between the source and the file. */
  readonly elements: string;
}

/**
 * One clip, who publishes it and who reads it.
 *
 * Between RTSP over TCP and over UDP the codec makes no difference: what was
 * published over the one is read over the other. With RTMP every pair is run.
 */
export interface MatrixRow {
  readonly tracks: readonly MatrixTrack[];
  readonly clip: ClipName;
  /** Options with which ffmpeg reads the clip. */
  readonly inputArgs?: string;
  readonly comparison: Comparison;
  readonly publishers: readonly MatrixPeer[];
  readonly readers: readonly MatrixPeer[];
  /** RTSP from TCP to TCP and from UDP to UDP, too. */
  readonly isEveryPair?: boolean;
  /** What ffmpeg says while it reads everything as it should, with the reason at the row. */
  readonly harmless?: readonly RegExp[];
  /** Which program cannot do more: a note of the printed matrix. */
  readonly limit?: string;
}

/** ffmpeg over RTSP, the media in the connection of the requests. */
export const FFMPEG_TCP: FfmpegPeer = { program: "ffmpeg", ways: ["RTSP/TCP"] };

/** ffmpeg over every way of RTSP. */
export const FFMPEG_RTSP: FfmpegPeer = { program: "ffmpeg", ways: RTSP_WAYS };

/** ffmpeg over RTMP. */
export const FFMPEG_RTMP: FfmpegPeer = { program: "ffmpeg", ways: ["RTMP"] };

/** ffmpeg over every way. */
export const FFMPEG_ALL: FfmpegPeer = { program: "ffmpeg", ways: WAYS };

/** ffmpeg 9 over enhanced RTMP. */
export const FFMPEG_9_RTMP: FfmpegPeer = {
  program: "ffmpeg 9",
  ways: ["RTMP"],
};

/** ffmpeg 9 over every way. */
export const FFMPEG_9_ALL: FfmpegPeer = { program: "ffmpeg 9", ways: WAYS };

/** GStreamer over every way of RTSP. */
export function gstreamer(elements: string): GstreamerPeer {
  return { program: "GStreamer", ways: RTSP_WAYS, elements };
}

/** A row of pictures that ffmpeg publishes and reads. */
export function pictures(
  clip: ClipName,
  track: MatrixTrack,
  { outputArgs, guessedPictures = 0 }: {
    readonly outputArgs?: string;
    readonly guessedPictures?: number;
  } = {},
): MatrixRow {
  return {
    tracks: [track],
    clip,
    comparison: { kind: "pictures", guessedPictures },
    publishers: [
      outputArgs === undefined ? FFMPEG_RTSP : { ...FFMPEG_RTSP, outputArgs },
    ],
    readers: [FFMPEG_RTSP],
  };
}

/** A row of coded sound that ffmpeg reads. */
export function sound(
  clip: ClipName,
  track: MatrixTrack,
  { publishers = [FFMPEG_RTSP], isCollected = false }: {
    readonly publishers?: readonly MatrixPeer[];
    readonly isCollected?: boolean;
  } = {},
): MatrixRow {
  return {
    tracks: [track],
    clip,
    comparison: { kind: "frames", medium: "audio", isCollected },
    publishers,
    readers: [FFMPEG_RTSP],
  };
}

/** A row of samples that ffmpeg publishes and reads. */
export function samples(
  clip: ClipName,
  track: MatrixTrack,
  { format, formatArgs = "", ways = RTSP_WAYS, ...comparison }: {
    /** ffmpeg's name for the bytes as RTP has them. */
    readonly format: string;
    /** What the format does not tell by itself. */
    readonly formatArgs?: string;
    readonly bytesPerSecond: number;
    readonly encoder?: string;
    readonly ways?: readonly Way[];
  },
): MatrixRow {
  return {
    tracks: [track],
    clip,
    inputArgs: `-f ${format} ${formatArgs}`.trim(),
    comparison: { kind: "samples", format, ...comparison },
    publishers: [{ program: "ffmpeg", ways }],
    readers: [{ program: "ffmpeg", ways }],
  };
}
