import { WAYS } from "./ffmpeg_peer.ts";
import {
  FFMPEG_9_ALL,
  FFMPEG_9_RTMP,
  FFMPEG_ALL,
  FFMPEG_RTMP,
  FFMPEG_RTSP,
  FFMPEG_TCP,
  gstreamer,
  type MatrixRow,
  pictures,
  samples,
  sound,
} from "./codec_matrix_row.ts";

/** Pictures with their sound. */
const PICTURES_AND_SOUND: readonly MatrixRow[] = [
  {
    tracks: [{ codec: "h264" }, { codec: "aac" }],
    clip: "bframes_aac",
    comparison: { kind: "pictures and sound", video: "h264", audio: "aac" },
    publishers: [FFMPEG_ALL],
    readers: [FFMPEG_ALL],
    isEveryPair: true,
  },
  ...([
    { clip: "h265_opus", video: "h265", audio: "opus" },
    { clip: "h265_aac", video: "h265", audio: "aac" },
    { clip: "h264_opus", video: "h264", audio: "opus" },
  ] as const).map(({ clip, video, audio }) => ({
    tracks: [{ codec: video }, { codec: audio }],
    clip,
    comparison: { kind: "pictures and sound", video, audio } as const,
    publishers: [FFMPEG_RTSP],
    readers: [FFMPEG_RTSP],
  })),
];

/** Pictures alone. */
const VIDEO: readonly MatrixRow[] = [
  {
    ...pictures("vp8", { codec: "vp8" }),
    limit: "no program here has VP8 in enhanced RTMP",
  },
  pictures("vp9", { codec: "vp9" }, { outputArgs: "-strict experimental" }),
  pictures("mpeg4_video", { codec: "mpeg4Video" }),
  pictures("mpeg1_video", { codec: "mpeg12Video", variant: "MPEG-1" }, {
    guessedPictures: 1,
  }),
  pictures("mpeg2_video", { codec: "mpeg12Video", variant: "MPEG-2" }),
  {
    tracks: [{ codec: "mjpeg" }],
    clip: "mjpeg",
    comparison: { kind: "pictures", isIntraOnly: true },
    publishers: [FFMPEG_RTSP],
    readers: [FFMPEG_RTSP],
  },
  {
    tracks: [{ codec: "generic", variant: "H263-1998" }],
    clip: "h263",
    comparison: { kind: "frames", medium: "video", isCutAtStart: true },
    // Nobody here knows where a picture begins: the reader joins in one.
    harmless: [/Header looks like RTP instead of H\.263$/],
    limit: "an example of what passes from RTSP to RTSP as it is",
    publishers: [FFMPEG_RTSP],
    readers: [FFMPEG_RTSP],
  },
];

/** Sound in frames. */
const AUDIO: readonly MatrixRow[] = [
  {
    ...sound("aac", { codec: "aac", variant: "LATM", isRtpOnly: true }, {
      publishers: [{ ...FFMPEG_RTSP, outputArgs: "-rtpflags latm" }],
    }),
    readers: [FFMPEG_ALL],
    limit: "RTMP carries it as plain AAC",
  },
  sound("opus", { codec: "opus" }),
  {
    ...sound("mp3", { codec: "mpegAudio", variant: "MP3" }, {
      isCollected: true,
      publishers: [FFMPEG_ALL],
    }),
    readers: [FFMPEG_ALL],
  },
  sound("mp2", { codec: "mpegAudio", variant: "MP2", isRtpOnly: true }, {
    isCollected: true,
  }),
  {
    ...sound("ac3", { codec: "ac3" }, {
      publishers: [gstreamer("qtdemux ! ac3parse")],
    }),
    limit: "ffmpeg does not publish it in RTP",
  },
  sound("vorbis", { codec: "vorbis" }, { isCollected: true }),
  sound("speex", { codec: "speex" }),
];

/** Sound in samples. */
const SAMPLES: readonly MatrixRow[] = [
  samples("g711_mu", { codec: "g711", variant: "µ-law" }, {
    format: "mulaw",
    formatArgs: "-ar 8000",
    bytesPerSecond: 8_000,
    ways: WAYS,
  }),
  samples("g711_a", { codec: "g711", variant: "A-law" }, {
    format: "alaw",
    formatArgs: "-ar 8000",
    bytesPerSecond: 8_000,
    ways: WAYS,
  }),
  samples("g722", { codec: "g722" }, {
    format: "g722",
    bytesPerSecond: 8_000,
  }),
  samples("g726_32", { codec: "g726", variant: "AAL2-G726-32" }, {
    format: "g726",
    formatArgs: "-code_size 4",
    bytesPerSecond: 4_000,
  }),
  samples("g726_40", { codec: "g726", variant: "AAL2-G726-40" }, {
    format: "g726",
    formatArgs: "-code_size 5",
    bytesPerSecond: 5_000,
  }),
  samples("g726le_16", { codec: "g726", variant: "G726-16" }, {
    format: "g726le",
    formatArgs: "-code_size 2",
    bytesPerSecond: 2_000,
  }),
  samples("g726le_24", { codec: "g726", variant: "G726-24" }, {
    format: "g726le",
    formatArgs: "-code_size 3",
    bytesPerSecond: 3_000,
  }),
  samples("l16", { codec: "lpcm", variant: "L16", isRtpOnly: true }, {
    format: "s16be",
    formatArgs: "-ar 48000 -ac 2",
    bytesPerSecond: 192_000,
  }),
  {
    ...samples("l16_44100", { codec: "lpcm", variant: "L16, 44,100 Hz" }, {
      format: "s16be",
      formatArgs: "-ar 44100 -ac 2",
      bytesPerSecond: 176_400,
      encoder: "pcm_s16be",
      ways: WAYS,
    }),
    // FLV has the other byte order.
    publishers: [FFMPEG_RTSP, {
      ...FFMPEG_RTMP,
      outputArgs: "-c:a pcm_s16le",
    }],
  },
  samples("l24", { codec: "lpcm", variant: "L24", isRtpOnly: true }, {
    format: "s24be",
    formatArgs: "-ar 48000 -ac 2",
    bytesPerSecond: 288_000,
  }),
];

/** What GStreamer alone publishes, byte by byte. */
const BYTES: readonly MatrixRow[] = [
  {
    tracks: [{ codec: "lpcm", variant: "L8", isRtpOnly: true }],
    clip: "l8",
    comparison: { kind: "bytes" },
    limit: "ffmpeg does not have it in RTP",
    publishers: [gstreamer(
      "rawaudioparse pcm-format=u8 sample-rate=8000 num-channels=1",
    )],
    readers: [gstreamer("rtpL8depay")],
  },
  {
    tracks: [{ codec: "mpegTs" }],
    clip: "mpegts",
    comparison: { kind: "bytes" },
    limit: "ffmpeg does not publish it in RTP; it reads what is inside",
    publishers: [gstreamer("tsparse set-timestamps=true")],
    readers: [
      gstreamer("rtpmp2tdepay"),
      {
        ...FFMPEG_RTSP,
        // The next picture would tell ffmpeg that the last one is whole.
        comparison: { kind: "pictures", isIntraOnly: true, heldPictures: 1 },
      },
    ],
  },
  {
    tracks: [{ codec: "klv" }],
    clip: "klv",
    comparison: { kind: "bytes" },
    limit: "ffmpeg does not publish it in RTP",
    // A picture of one line as large as a unit: so every unit is a buffer and has a time.
    publishers: [gstreamer(
      "rawvideoparse format=gray8 width=2000 height=1 framerate=25/1 ! " +
        "capssetter replace=true join=false caps=meta/x-klv,parsed=true",
    )],
    readers: [gstreamer("rtpklvdepay")],
  },
];

/** What needs enhanced RTMP, or a way of RTP that the older ffmpeg does not know. */
const ENHANCED: readonly MatrixRow[] = [
  {
    tracks: [{ codec: "h265" }, { codec: "opus" }],
    clip: "h265_opus",
    comparison: { kind: "pictures and sound", video: "h265", audio: "opus" },
    publishers: [FFMPEG_9_RTMP, FFMPEG_TCP],
    readers: [FFMPEG_9_RTMP, FFMPEG_TCP],
  },
  {
    tracks: [{ codec: "av1" }],
    clip: "av1",
    comparison: { kind: "pictures" },
    publishers: [{ ...FFMPEG_9_ALL, outputArgs: "-strict experimental" }],
    readers: [FFMPEG_9_ALL],
    limit: "ffmpeg 5.1 and GStreamer do not have it in RTP",
  },
  {
    tracks: [{ codec: "vp9" }],
    clip: "vp9",
    comparison: { kind: "pictures" },
    publishers: [FFMPEG_9_RTMP, {
      ...FFMPEG_TCP,
      outputArgs: "-strict experimental",
    }],
    readers: [FFMPEG_9_RTMP, FFMPEG_TCP],
  },
  {
    tracks: [{ codec: "ac3" }],
    clip: "ac3",
    comparison: { kind: "frames", medium: "audio" },
    publishers: [FFMPEG_9_RTMP],
    readers: [FFMPEG_9_RTMP, FFMPEG_TCP],
  },
  {
    tracks: [{ codec: "flac" }],
    clip: "flac",
    comparison: { kind: "frames", medium: "audio" },
    publishers: [FFMPEG_9_RTMP],
    readers: [FFMPEG_9_RTMP],
    limit: "no program here has FLAC in RTP",
  },
];

/** The matrix in groups that run one after the other. */
export const CODEC_MATRIX: Readonly<Record<string, readonly MatrixRow[]>> = {
  "pictures and sound": PICTURES_AND_SOUND,
  "pictures": VIDEO,
  "sound in frames": AUDIO,
  "samples": SAMPLES,
  "data and enhanced RTMP": [...BYTES, ...ENHANCED],
};
