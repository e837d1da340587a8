import { join } from "node:path";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import {
  ENHANCED_CONNECT,
  type EnhancedTag,
  openEnhancedRtmp,
  readEnhancedTags,
  readFlv,
  readIvf,
  writeFlv,
  writeIvf,
} from "#test/enhanced_rtmp.ts";
import { ffmpeg9 } from "#test/ffmpeg9.ts";
import { compareFrames, type FrameHash, readFrames } from "#test/framemd5.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { checkSync, framesOf, toleranceMs } from "./check_frames.ts";
import { readPath, startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const PROGRAMS = ["ffmpeg", "ffmpeg9"] as const;

/** ffmpeg 9 names what it takes only if it is told to. */
const LISTING = [
  "-rtmp_enhanced_codecs",
  "hvc1,av01,vp09,avc1,Opus,fLaC,ac-3,.mp3,mp4a",
];

/** Decoded pictures and coded sound, each track a stream of its own. */
const DECODED_ARGS =
  "-map 0:v -map 0:a -c:v rawvideo -enc_time_base:v demux -c:a copy".split(" ");

/** The same of ffmpeg 5.1. */
const DECODED_5_ARGS =
  "-map 0:v -map 0:a -c:v rawvideo -enc_time_base:v -1 -c:a copy".split(" ");

const TOLERANCE_MS = toleranceMs("RTMP");

/** Pictures and sound of one publisher. */
const PAIRS: readonly (readonly [ClipName, ClipName])[] = [
  ["h265_opus", "opus"],
  ["av1", "flac"],
  ["vp9", "ac3"],
  ["bframes_aac", "mp3"],
];

/** Tracks in this order: two of pictures, two of sound. */
const FOUR_TRACKS: readonly (readonly [ClipName, "v" | "a"])[] = [
  ["bframes_aac", "v"],
  ["h265_opus", "v"],
  ["bframes_aac", "a"],
  ["h265_opus", "a"],
];

/** A folder for files of one test. */
async function openFolder() {
  const folder = await Deno.makeTempDir({ prefix: "weir_enhanced_" });
  const remove = () => Deno.remove(folder, { recursive: true });
  return { folder, [Symbol.asyncDispose]: remove };
}

/** Puts tracks of clips into one file. */
async function join9(
  file: string,
  tracks: readonly (readonly [ClipName, "v" | "a"])[],
): Promise<string> {
  const files = await Promise.all(tracks.map(([name]) => clip(name)));
  await run9([
    ...files.flatMap((one) => ["-i", one]),
    ...tracks.flatMap(([, kind], i) => ["-map", `${i}:${kind}`]),
    ...["-c", "copy", file],
  ]);
  return file;
}

async function run9(args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProcess(ffmpeg9()!, [
    ...["-nostdin", "-v", "error", ...args],
  ]);
  assertEquals(code, 0, stderr);
}

async function framesOf9(
  url: string,
  inputArgs: readonly string[] = [],
): Promise<readonly FrameHash[]> {
  const { frames } = await readFrames(url, {
    executable: ffmpeg9()!,
    inputArgs,
    outputArgs: DECODED_ARGS,
  });
  return frames;
}

/** Checks that every frame of a stream from the first picture on was read, with its time. */
function checkStream(
  published: readonly FrameHash[],
  read: readonly FrameHash[],
  stream: number,
) {
  const run = compareFrames(published, read, {
    publishedStream: stream,
    readStream: stream,
    toleranceMs: TOLERANCE_MS,
  });
  const sent = framesOf(published, stream).length;
  assertEquals(run.firstFrame + run.frames, sent, `the end of ${stream}`);
  return run;
}

interopTest({
  name:
    "Enhanced RTMP: pictures and sound from ffmpeg 9 to ffmpeg 9, whole and in sync",
  needs: PROGRAMS,
  fn: async (t) => {
    await using folder = await openFolder();
    await using weir = await startWeir();
    const outcomes = await Promise.all(PAIRS.map(async ([video, audio], i) => {
      const file = join(folder.folder, `${i}.mkv`);
      await join9(file, [[video, "v"], [audio, "a"]]);
      const path = `pairs/${i}`;
      const options = { executable: ffmpeg9()!, way: "RTMP", path } as const;
      await using _publisher = startPublisher(weir, { ...options, file });
      await waitUntilAvailable(weir, path);
      const read = await framesOf9(weir.rtmpUrl(path), LISTING);
      return { published: await framesOf9(file), read };
    }));
    for (const [i, { published, read }] of outcomes.entries()) {
      await t.step(PAIRS[i]!.join(" and "), () => {
        const pictures = checkStream(published, read, 0);
        assertEquals(pictures.firstFrame, 0, "the first picture");
        checkSync(pictures, checkStream(published, read, 1));
      });
    }
  },
});

interopTest({
  name:
    "Enhanced RTMP: four tracks from ffmpeg 9, to players that take one, some and all of them",
  needs: PROGRAMS,
  fn: async (t) => {
    await using folder = await openFolder();
    const file = await join9(join(folder.folder, "four.mkv"), FOUR_TRACKS);
    await using weir = await startWeir();
    const path = "four";
    await using _publisher = startPublisher(weir, {
      ...{ executable: ffmpeg9()!, way: "RTMP", path, file },
      outputArgs: ["-map", "0"],
    });
    await waitUntilAvailable(weir, path);
    const reading = (args: readonly string[]) =>
      readFrames(weir.rtmpUrl(path), {
        executable: ffmpeg9()!,
        inputArgs: args,
        outputArgs: DECODED_ARGS,
      });
    const [played, rtsp, listing, plain, published] = await Promise.all([
      play(weir, path),
      readPath(weir, { way: "RTSP/TCP", path, outputArgs: DECODED_5_ARGS }),
      reading(LISTING),
      reading([]),
      framesOf9(file),
    ]);
    const copy = join(folder.folder, "played.flv");
    await Deno.writeFile(copy, writeFlv(played));
    const all = await framesOf9(copy);
    await t.step("the small client gets every track", () => {
      const ids = played.flatMap(readEnhancedTags)
        .map(({ kind, fourCc, trackId }) => `${kind} ${fourCc} ${trackId}`);
      assertEquals([...new Set(ids)].sort(), [
        ...["audio Opus 1", "audio mp4a 0", "video avc1 0", "video hvc1 1"],
      ]);
      for (const stream of FOUR_TRACKS.keys()) {
        checkStream(published, all, stream);
      }
    });
    await t.step("ffmpeg gets every track over RTSP", () => {
      const hashes = (frames: readonly FrameHash[], stream: number) =>
        framesOf(frames, stream).map(({ hash }) => hash);
      for (const stream of FOUR_TRACKS.keys()) {
        const sent = hashes(published, stream);
        const got = hashes(rtsp.frames, stream);
        assertEquals(got, sent.slice(-got.length), `stream ${stream}`);
        assert(got.length > sent.length / 2, `stream ${stream}: ${got.length}`);
      }
    });
    for (const [name, { frames }] of Object.entries({ listing, plain })) {
      await t.step(
        `a player (${name}) that takes one of a kind gets the first ones`,
        () => {
          const first = published.filter(({ streamIndex }) =>
            streamIndex % 2 === 0
          ).map((one) => ({ ...one, streamIndex: one.streamIndex / 2 }));
          checkStream(first, frames, 0);
          checkStream(first, frames, 1);
          assertEquals(Math.max(...frames.map((one) => one.streamIndex)), 1);
        },
      );
    }
    assertIncludes(weir.log.join("\n"), "skipping track 2 (H265)");
    assertIncludes(weir.log.join("\n"), "skipping track 4 (Opus)");
  },
});

interopTest({
  name:
    "Enhanced RTMP: many tracks of many codecs in one message, with nanoseconds, from a small client",
  needs: PROGRAMS,
  fn: async () => {
    await using folder = await openFolder();
    const file = await join9(join(folder.folder, "four.flv"), FOUR_TRACKS);
    const messages = together(
      readFlv(await Deno.readFile(file)).flatMap(readEnhancedTags),
    );
    assert(messages.some(({ tags }) => tags.length > 1), "tracks are together");
    await using weir = await startWeir();
    const path = "many";
    using publisher = await openEnhancedRtmp(weir.rtmpPort, path);
    await publisher.rtmp.publish("");
    const sending = publisher.sendInTime(messages);
    await waitUntilAvailable(weir, path);
    assertIncludes(
      weir.log.join("\n"),
      "4 tracks (H264, H265, MPEG-4 Audio, Opus)",
    );
    const playing = play(weir, path);
    await sending;
    await publisher.rtmp.command("deleteStream", null, 1);
    const copy = join(folder.folder, "played.flv");
    await Deno.writeFile(copy, writeFlv(await playing));
    const [published, all] = await Promise.all([
      framesOf9(file),
      framesOf9(copy),
    ]);
    for (const stream of FOUR_TRACKS.keys()) {
      checkStream(published, all, stream);
    }
  },
});

interopTest({
  name: "Enhanced RTMP: VP8 from and to a small client, RTSP on the other side",
  needs: PROGRAMS,
  fn: async (t) => {
    await using folder = await openFolder();
    const file = await clip("vp8");
    const ivf = join(folder.folder, "vp8.ivf");
    await run9(["-i", file, "-c", "copy", ivf]);
    const tags = vp8Tags(readIvf(await Deno.readFile(ivf)));
    const outputArgs = "-map 0:v -c:v rawvideo -enc_time_base:v -1".split(" ");
    const { frames: published } = await readFrames(file, { outputArgs });
    await using weir = await startWeir();
    await t.step("RTMP to RTSP/TCP", async () => {
      using publisher = await openEnhancedRtmp(weir.rtmpPort, "vp8/in");
      await publisher.rtmp.publish("");
      const sending = publisher.sendInTime(
        tags.map((tag) => ({ tags: [tag] })),
      );
      await waitUntilAvailable(weir, "vp8/in");
      const reading = readPath(weir, {
        ...{ way: "RTSP/TCP", path: "vp8/in", outputArgs } as const,
      });
      await sending;
      await publisher.rtmp.command("deleteStream", null, 1);
      const { frames } = await reading;
      assertEquals(checkStream(published, frames, 0).firstFrame, 0);
    });
    await t.step("RTSP/TCP to RTMP", async () => {
      const options = { way: "RTSP/TCP", path: "vp8/out", file } as const;
      await using _publisher = startPublisher(weir, options);
      await waitUntilAvailable(weir, "vp8/out");
      const played = (await play(weir, "vp8/out")).flatMap(readEnhancedTags);
      assertEquals(
        [...new Set(played.map((tag) => `${tag.fourCc} ${tag.packetType}`))],
        ["vp08 0", "vp08 1"],
      );
      const copy = join(folder.folder, "played.ivf");
      const frames = played.filter(({ packetType }) => packetType === 1);
      await Deno.writeFile(copy, writeIvf(frames));
      const { frames: read } = await readFrames(copy, { outputArgs });
      assertEquals(checkStream(published, read, 0).firstFrame, 0);
    });
  },
});

interopTest({
  name:
    "Enhanced RTMP: a client that can is asked to connect again when the server ends",
  needs: ["ffmpeg"],
  fn: async () => {
    await using weir = await startWeir();
    const file = await clip("long_gop");
    await using _publisher = startPublisher(weir, {
      ...{ way: "RTMP", path: "end", file },
    });
    await waitUntilAvailable(weir, "end");
    using player = await openEnhancedRtmp(weir.rtmpPort, "end");
    await player.rtmp.play("");
    await player.rtmp.media(3);
    const codes: unknown[] = [];
    const told = (async () => {
      for (;;) {
        const command = await player.rtmp.answer("onStatus");
        const status = "values" in command ? command.values.at(-1) : undefined;
        codes.push((status as { code?: unknown }).code);
      }
    })().catch((error) => error);
    await weir.stop();
    await told;
    assertEquals(codes.at(-1), "NetConnection.Connect.ReconnectRequest");
  },
});

/** Plays a path to its end, every track of it. */
async function play(weir: WeirProcess, path: string) {
  using player = await openEnhancedRtmp(weir.rtmpPort, path, ENHANCED_CONNECT);
  await player.rtmp.play("");
  await player.rtmp.end();
  return player.media;
}

/** Puts tags of one kind, time, frame type and packet type into messages of many tracks and codecs. */
function together(tags: readonly EnhancedTag[]) {
  const messages: {
    tags: EnhancedTag[];
    form: { multitrackType: 2; nanoseconds: number };
  }[] = [];
  for (const tag of tags) {
    // Ends of sequences, video metadata and MultichannelConfig are of no use here.
    if (tag.packetType === 2 || tag.packetType === 4) continue;
    const last = messages.findLast((one) => one.tags[0]!.kind === tag.kind);
    const head = last?.tags[0];
    const isTogether = head?.timestampMs === tag.timestampMs &&
      head.frameType === tag.frameType && head.packetType === tag.packetType &&
      last!.tags.every(({ trackId }) => trackId !== tag.trackId);
    if (isTogether) last!.tags.push(tag);
    else {
      const nanoseconds = messages.length * 1_000 % 1_000_000;
      messages.push({ tags: [tag], form: { multitrackType: 2, nanoseconds } });
    }
  }
  return messages;
}

/** A configuration and frames of 25 pictures a second. */
function vp8Tags(frames: readonly Uint8Array[]): EnhancedTag[] {
  const common = { kind: "video", fourCc: "vp08", trackId: 0 } as const;
  const configuration = Uint8Array.fromHex("00288202020000" + "00");
  return [
    {
      ...common,
      ...{ timestampMs: 0, frameType: 1, packetType: 0 },
      payload: configuration,
    },
    ...frames.map((payload, i) => ({
      ...common,
      timestampMs: i * 40,
      frameType: (payload[0]! & 1) === 0 ? 1 : 2,
      packetType: 1,
      payload,
    })),
  ];
}
