import { ALL_FORMATS, BufferSource, Input } from "mediabunny";
import { assert, assertEquals } from "#test/assert.ts";
import { openBrowser } from "#test/browser.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { ffmpeg9 } from "#test/ffmpeg9.ts";
import { compareFrames, readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { valueOf } from "./check_frames.ts";
import { complaintsOf, startPublisher, type Way } from "./ffmpeg_peer.ts";

const VARIANTS = ["mpegts", "fmp4", "lowLatency"] as const;

type Variant = typeof VARIANTS[number];

/** Pictures of the 150 that are compared: a live playlist has no end at which a decoder gives its last. */
const PICTURES = 120;

/** Frames of sound that are compared, of those that six seconds have. */
const SOUND_FRAMES: Readonly<Record<string, number>> = {
  "MPEG-4 Audio": 200,
  "MPEG-4 Audio LATM": 200,
  "Opus": 200,
  "FLAC": 50,
};

/** Frames of sound that come before the first picture, and are not heard. */
const MAX_FRAMES_BEFORE = 3;

const HARMLESS = [
  // ffmpeg 5.1 reads the header of a live playlist again whenever it has read the playlist again.
  /Found duplicated MOOV Atom\. Skipped it$/,
  // Where it is slow it misses some of the gaps with which a low-latency playlist begins.
  /skipping \d+ segments ahead, expired from playlists$/,
];

/** Two times are rounded to whole milliseconds: the publisher's and the reader's. */
const TOLERANCE_MS = 2 + 1e-6;

/** ffmpeg gives the first frames of sound in MPEG-TS the times of those before them, if it reads them as HLS. */
const SOUND_TOLERANCE_MS = {
  mpegts: 22,
  fmp4: TOLERANCE_MS,
  lowLatency: TOLERANCE_MS,
};

const READ_TIMEOUT_MS = 60_000;

/** One track that is published. */
interface RowTrack {
  readonly clip: ClipName;
  readonly kind: "video" | "audio";
  /** What the log calls its codec. */
  readonly label: string;
}

/** What is published to a path. */
interface Row {
  readonly name: string;
  readonly way: Way;
  /** Only a newer ffmpeg publishes it. */
  readonly isNew?: boolean;
  readonly args?: string;
  readonly tracks: readonly RowTrack[];
  /** Positions of the tracks that are carried, from 1. */
  readonly inMpegTs: readonly number[];
  readonly inFmp4: readonly number[];
}

const H264: RowTrack = { clip: "bframes_aac", kind: "video", label: "H264" };
const H265: RowTrack = { clip: "h265_aac", kind: "video", label: "H265" };
const AAC = sound("aac", "MPEG-4 Audio");
const OPUS = sound("opus", "Opus");

const ROWS: readonly Row[] = [
  {
    name: "h264",
    way: "RTMP",
    tracks: [H264],
    inMpegTs: [1],
    inFmp4: [1],
  },
  { name: "aac", way: "RTSP/TCP", tracks: [AAC], inMpegTs: [1], inFmp4: [1] },
  {
    name: "latm",
    way: "RTSP/TCP",
    args: "-rtpflags latm",
    tracks: [sound("aac", "MPEG-4 Audio LATM")],
    inMpegTs: [1],
    inFmp4: [1],
  },
  {
    name: "h264_opus",
    way: "RTSP/TCP",
    tracks: [H264, OPUS],
    inMpegTs: [1],
    inFmp4: [1, 2],
  },
  {
    name: "h265_aac",
    way: "RTSP/TCP",
    tracks: [H265, AAC],
    inMpegTs: [2],
    inFmp4: [1, 2],
  },
  {
    name: "vp9",
    way: "RTSP/TCP",
    args: "-strict experimental",
    tracks: [{ clip: "vp9", kind: "video", label: "VP9" }],
    inMpegTs: [],
    inFmp4: [1],
  },
  {
    name: "av1_aac",
    way: "RTMP",
    isNew: true,
    tracks: [{ clip: "av1", kind: "video", label: "AV1" }, AAC],
    inMpegTs: [2],
    inFmp4: [1, 2],
  },
  {
    name: "opus",
    way: "RTSP/TCP",
    tracks: [OPUS],
    inMpegTs: [],
    inFmp4: [1],
  },
  {
    name: "flac",
    way: "RTMP",
    isNew: true,
    tracks: [sound("flac", "FLAC")],
    inMpegTs: [],
    inFmp4: [1],
  },
  {
    name: "h264_mp3",
    way: "RTSP/TCP",
    tracks: [H264, sound("mp3", "MPEG-1/2 Audio")],
    inMpegTs: [1],
    inFmp4: [1],
  },
  {
    name: "ac3",
    way: "RTMP",
    isNew: true,
    tracks: [sound("ac3", "AC-3")],
    inMpegTs: [],
    inFmp4: [],
  },
  {
    name: "three_sounds",
    way: "RTSP/TCP",
    tracks: [H264, AAC, OPUS, AAC],
    inMpegTs: [1, 2],
    inFmp4: [1, 2, 3, 4],
  },
];

interopTest({
  name:
    "HLS of every variant: ffmpeg reads every codec that is carried, and the log names all others",
  needs: ["ffmpeg", "ffmpeg9", "chromium"],
  fn: async (t) => {
    const variants = await Promise.all(VARIANTS.map(checkVariant));
    for (const [i, outcomes] of variants.entries()) {
      for (const [j, { name }] of ROWS.entries()) {
        await t.step(
          `${name}, ${VARIANTS[i]}`,
          () => void valueOf(outcomes[j]!),
        );
      }
    }
    await t.step("Chromium knows the names of the codecs", async () => {
      const codecs = new Set(
        variants.flat().flatMap((outcome) =>
          outcome.status === "fulfilled" ? outcome.value : []
        ),
      );
      // It is built without a decoder for H265.
      const expected = [...codecs].filter((one) => !one.startsWith("hvc1"));
      assertEquals(await knownToChromium([...codecs]), expected);
      assertEquals(codecs.size, 7);
    });
  },
});

/** Which names of codecs Chromium can play. */
async function knownToChromium(
  codecs: readonly string[],
): Promise<readonly string[]> {
  await using browser = await openBrowser();
  await using page = await browser.open("about:blank");
  const known = await page.page.evaluate(
    `${JSON.stringify(codecs)}.filter((codec) =>
      MediaSource.isTypeSupported(\`video/mp4; codecs="\${codec}"\`)
    )`,
  );
  return known as string[];
}

/** Runs a server of one variant, with every row on a path of its own. */
async function checkVariant(
  variant: Variant,
): Promise<PromiseSettledResult<readonly string[]>[]> {
  const host = `127.0.0.1:${freeTcpPort()}`;
  await using weir = await startWeir({
    config: `
hls: yes
hlsAddress: ${host}
hlsAlwaysRemux: yes
hlsVariant: ${variant}
hlsSegmentCount: 20
hlsSegmentDuration: 500ms
`,
  });
  await weir.waitForLog(/\[HLS\] started with listener/);
  return await Promise.allSettled(
    ROWS.map((row) => checkRow(weir, `http://${host}`, variant, row)),
  );
}

function sound(name: ClipName, label: string): RowTrack {
  return { clip: name, kind: "audio", label };
}

/** Publishes what a row says, reads it and compares; answers what its playlist calls its codecs. */
async function checkRow(
  weir: WeirProcess,
  base: string,
  variant: Variant,
  row: Row,
): Promise<readonly string[]> {
  const { name, tracks } = row;
  const positions = variant === "mpegts" ? row.inMpegTs : row.inFmp4;
  await using _publisher = await publish(weir, row);
  if (positions.length === 0) {
    await weir.waitForLog(
      new RegExp(
        `\\[muxer ${name}\\] the stream doesn't contain any supported codec`,
      ),
    );
    const response = await fetch(`${base}/${name}/index.m3u8?cookieCheck=1`);
    const text = await response.text();
    assertEquals(response.status, 500);
    assert(text.includes("contain any supported codec"), text);
    return [];
  }
  const carried = positions.map((position) => tracks[position - 1]!);
  const count = `${carried.length} ${
    carried.length === 1 ? "track" : "tracks"
  }`;
  const labels = carried.map(({ label }) => label).join(", ");
  await weir.waitForLog(
    new RegExp(
      `\\[muxer ${name}\\] is converting into HLS, ${count} \\(${labels}\\)`,
    ),
  );
  const skipped = weir.log.flatMap((line) =>
    line.split(`[muxer ${name}] skipping track `).slice(1)
  );
  assertEquals(
    skipped,
    tracks.flatMap(({ label }, i) =>
      positions.includes(i + 1) ? [] : [`${i + 1} (${label})`]
    ),
  );
  const url = `${base}/${name}/index.m3u8?cookieCheck=1`;
  // Who was let in once can read on when the publisher has left, however late it is.
  const response = await fetch(url);
  const text = await response.text();
  const [session] = /session=[0-9a-f-]+/.exec(text) ?? [];
  const codecs = await checkCodecs(text, carried);
  await checkMedia(`${url}&${session}`, variant, carried);
  return codecs;
}

async function publish(weir: WeirProcess, row: Row) {
  const { name: path, way, isNew, args, tracks } = row;
  const files = await Promise.all(tracks.map((track) => clip(track.clip)));
  const file = files.pop()!;
  const maps = tracks.flatMap(({ kind }, i) => [
    "-map",
    `${i}:${kind === "video" ? "v" : "a"}`,
  ]);
  return startPublisher(weir, {
    way,
    path,
    file,
    ...isNew && { executable: ffmpeg9()! },
    // Each input is read in real time.
    inputArgs: files.flatMap((one) => ["-i", one, "-re"]),
    outputArgs: [...maps, ...args === undefined ? [] : args.split(" ")],
  });
}

async function checkMedia(
  url: string,
  variant: Variant,
  carried: readonly RowTrack[],
): Promise<void> {
  const sounds = carried.filter(({ kind }) => kind === "audio");
  const pictures = carried.find(({ kind }) => kind === "video");
  const reading = await readFrames(url, {
    inputArgs: ["-live_start_index", "0"],
    outputArgs: [
      ...pictures
        ? `-map 0:v -c:v rawvideo -frames:v ${PICTURES}`.split(" ")
        : [],
      ...sounds.flatMap(({ label }, i) =>
        `-map 0:a:${i} -frames:a:${i} ${SOUND_FRAMES[label]}`.split(" ")
      ),
      ...["-c:a", "copy"],
      ...variant === "mpegts" && sounds.length > 0
        ? ["-bsf:a", "aac_adtstoasc"]
        : [],
    ],
    timeoutMs: READ_TIMEOUT_MS,
  });
  const complaints = complaintsOf(reading).filter((line) =>
    !HARMLESS.some((pattern) => pattern.test(line))
  );
  assertEquals(complaints, []);
  for (const [readStream, track] of carried.entries()) {
    const isVideo = track.kind === "video";
    const published = await readFrames(await clip(track.clip), {
      outputArgs: (isVideo ? "-map 0:v -c:v rawvideo" : "-map 0:a -c copy")
        .split(" "),
    });
    const minFrames = isVideo ? PICTURES : SOUND_FRAMES[track.label]!;
    const { firstFrame } = compareFrames(published.frames, reading.frames, {
      readStream,
      toleranceMs: isVideo ? TOLERANCE_MS : SOUND_TOLERANCE_MS[variant],
      minFrames,
    });
    const most = isVideo ? 0 : MAX_FRAMES_BEFORE;
    assert(firstFrame <= most, `${track.label} begins at ${firstFrame}`);
  }
}

/** What the playlist says must be what somebody else says of the clips. */
async function checkCodecs(
  text: string,
  carried: readonly RowTrack[],
): Promise<readonly string[]> {
  const codecs = /CODECS="([^"]*)"/.exec(text)?.[1]?.split(",");
  const expected = await Promise.all(carried.map(codecOf));
  assertEquals(codecs, [...new Set(expected)], text);
  return expected;
}

/** What mediabunny calls the codec of a clip's track. */
async function codecOf({ clip: name, kind }: RowTrack): Promise<string> {
  const bytes = await Deno.readFile(await clip(name));
  using input = new Input({
    source: new BufferSource(bytes),
    formats: ALL_FORMATS,
  });
  const track = kind === "video"
    ? await input.getPrimaryVideoTrack()
    : await input.getPrimaryAudioTrack();
  const codec = await track!.getCodecParameterString();
  // Parameter sets are in the header, and may be in the stream, too: both names are right. Colours are optional.
  return codec!.replace(/^hev1/, "hvc1").replace(/^(vp09(?:\.\d+){3}).*/, "$1");
}
