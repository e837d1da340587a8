import { Buffer } from "node:buffer";
import { join } from "node:path";
import { clip, type ClipName } from "#test/clips.ts";
import { type FrameReading, readFrames } from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  framesOf,
  toleranceMs,
  valueOf,
} from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  readPath,
  RTSP_WAYS,
  startPublisher,
  STREAM,
  waitUntilAvailable,
  type Way,
  WAYS,
} from "./ffmpeg_peer.ts";

/** A clip that is published once and read by several at once. */
interface Row {
  readonly clip: ClipName;
  readonly publishWay: Way;
  /** How the publisher differs from others over the same way. */
  readonly variant?: string;
  readonly publishArgs?: readonly string[];
  /** Output options with which ffmpeg lists what is published. */
  readonly listArgs: readonly string[];
  readonly readers: readonly Reader[];
}

/** Somebody who reads what a row publishes. */
interface Reader {
  readonly readWay: Way;
  /** Output options, if not those of the row. */
  readonly outputArgs?: readonly string[];
  readonly check: (reading: Reading) => void;
}

/** What came of a reader. */
interface Reading extends FrameReading {
  readonly publishWay: Way;
  readonly readWay: Way;
  readonly published: FrameReading["frames"];
  readonly read: FrameReading["frames"];
  readonly log: readonly string[];
}

/** Pictures without sound, each in its own size. */
const PICTURES_ARGS = "-map 0:v -c:v rawvideo -enc_time_base:v -1 -autoscale 0"
  .split(" ");

const AUDIO_ARGS = "-map 0:a -c:a copy".split(" ");

/** Sizes of the decoded pictures of `parameter_change`. */
const PICTURE_BYTES = [640 * 360 * 3 / 2, 320 * 180 * 3 / 2];

interopTest({
  name: "H264 and AAC over every pair: ffmpeg to ffmpeg, whole and in sync",
  needs: ["ffmpeg"],
  fn: (t) =>
    runRows(
      t,
      WAYS.map((publishWay) => ({
        clip: "bframes_aac",
        publishWay,
        listArgs: mediaArgs("h264"),
        readers: WAYS.map((readWay) => whole(readWay, "aac")),
      })),
    ),
});

interopTest({
  name: "H265 and Opus from RTSP to RTSP: ffmpeg to ffmpeg, whole and in sync",
  needs: ["ffmpeg"],
  fn: (t) =>
    runRows(
      t,
      RTSP_WAYS.flatMap((publishWay) => [
        {
          clip: "h265_opus" as const,
          publishWay,
          listArgs: mediaArgs("h265"),
          readers: RTSP_WAYS.map((readWay) => whole(readWay, "opus")),
        },
        {
          clip: "h264_opus" as const,
          publishWay,
          listArgs: mediaArgs("h264"),
          readers: RTSP_WAYS.map((readWay) => whole(readWay, "opus")),
        },
        {
          clip: "h265_aac" as const,
          publishWay,
          listArgs: mediaArgs("h265"),
          readers: [
            ...RTSP_WAYS.map((readWay) => whole(readWay, "aac")),
            audioAlone(),
          ],
        },
      ]),
    ),
});

interopTest({
  name: "Other parameter sets in mid-stream: ffmpeg decodes both resolutions",
  needs: ["ffmpeg"],
  fn: (t) =>
    runRows(
      t,
      [
        ...RTSP_WAYS.map((publishWay) => ({ publishWay })),
        { publishWay: "RTMP" as const, variant: "in-band" },
        {
          publishWay: "RTMP" as const,
          variant: "as a new sequence header",
          publishArgs: ["-bsf:v", "extract_extradata=remove=1"],
        },
      ].map((publisher) => ({
        ...publisher,
        clip: "parameter_change",
        listArgs: PICTURES_ARGS,
        readers: WAYS.map((readWay) => ({ readWay, check: checkBothSizes })),
      })),
    ),
});

interopTest({
  name: "G711 from RTSP: ffmpeg reads every sample from where it begins",
  needs: ["ffmpeg"],
  fn: async (t) => {
    await using weir = await startWeir();
    const folder = await Deno.makeTempDir({ prefix: "weir_g711_" });
    await using opened = new AsyncDisposableStack();
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const pairs = RTSP_WAYS.flatMap((publishWay) =>
      WAYS.map((readWay, i) => ({
        publishWay,
        readWay,
        path: `g711/${publishWay.slice(5)}`,
        file: join(folder, `${publishWay.slice(5)}${i}`),
      }))
    );
    for (const way of RTSP_WAYS) {
      opened.use(startPublisher(weir, {
        way,
        path: `g711/${way.slice(5)}`,
        file: await clip("g711"),
      }));
    }
    const samples = join(folder, "published");
    await readFrames(await clip("g711"), { outputArgs: sampleArgs(samples) });
    const published = await Deno.readFile(samples);
    const readings = await Promise.allSettled(pairs.map(async (pair) => {
      await waitUntilAvailable(weir, pair.path);
      return await readPath(weir, {
        way: pair.readWay,
        path: pair.path,
        outputArgs: sampleArgs(pair.file),
      });
    }));
    for (const [i, pair] of pairs.entries()) {
      await t.step(`${pair.publishWay} to ${pair.readWay}`, async () => {
        const reading = valueOf(readings[i]!);
        assertEquals(complaintsOf(reading), []);
        const read = await Deno.readFile(pair.file);
        const beginsAt = Buffer.from(published).lastIndexOf(read);
        assert(beginsAt >= 0, "the samples are not a run of those published");
        assertEquals(beginsAt + read.length, published.length, "the end");
        assert(read.length > published.length / 2, `${read.length} samples`);
        checkSampleTimes(reading, pair.readWay);
      });
    }
  },
});

/** Output options that write the samples to `file` and list them, too. */
function sampleArgs(file: string): string[] {
  return [...AUDIO_ARGS, "-f", "mulaw", file, ...AUDIO_ARGS];
}

/** A sample is a byte and lasts an eighth of a millisecond. */
function checkSampleTimes({ frames }: FrameReading, readWay: Way): void {
  let samples = 0;
  const limitMs = toleranceMs(readWay);
  for (const [i, frame] of frames.entries()) {
    const offMs = frame.ptsMs - frames[0]!.ptsMs - samples / 8;
    assert(Math.abs(offMs) <= limitMs, `frame ${i} is off by ${offMs} ms`);
    samples += frame.sizeBytes;
  }
}

/** Publishes all rows and reads all of them, at once; one step for each reader. */
async function runRows(
  t: Deno.TestContext,
  rows: readonly Row[],
): Promise<void> {
  await using weir = await startWeir();
  const outcomes = await Promise.all(
    rows.map((row, i) => runRow(weir, row, `matrix/${i}`)),
  );
  for (const [i, row] of rows.entries()) {
    const { clip, publishWay, variant } = row;
    const way = variant ? `${publishWay} ${variant}` : publishWay;
    for (const [j, { readWay, check }] of row.readers.entries()) {
      await t.step(`${clip}: ${way} to ${readWay}`, () => {
        const reading = valueOf(outcomes[i]![j]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        check(reading);
      });
    }
  }
}

async function runRow(
  weir: WeirProcess,
  row: Row,
  path: string,
): Promise<PromiseSettledResult<Reading>[]> {
  const { publishWay, publishArgs, listArgs, readers } = row;
  const file = await clip(row.clip);
  const listing = readFrames(file, { outputArgs: listArgs });
  await using _publisher = startPublisher(weir, {
    way: publishWay,
    path,
    file,
    ...(publishArgs === undefined ? {} : { outputArgs: publishArgs }),
  });
  const readings = readers.map(async (reader) => {
    const { readWay, outputArgs = listArgs } = reader;
    await waitUntilAvailable(weir, path);
    const reading = await readPath(weir, { way: readWay, path, outputArgs });
    const { frames: published } = await listing;
    const { log } = weir;
    return {
      ...reading,
      ...{ publishWay, readWay, published, read: reading.frames, log },
    };
  });
  return await Promise.allSettled(readings);
}

/** Somebody who must get everything of a picture and its sound. */
function whole(readWay: Way, codec: "aac" | "opus"): Reader {
  return {
    readWay,
    check: (reading) => {
      const pictures = checkPictures(reading);
      checkCodedVideo(reading);
      checkSync(pictures, checkAudio({ ...reading, codec }));
    },
  };
}

/** A player over RTMP, which does not carry the pictures of this stream. */
function audioAlone(): Reader {
  return {
    readWay: "RTMP",
    outputArgs: AUDIO_ARGS,
    check: (reading) => {
      checkAudio({ ...reading, codec: "aac", readStream: 0 });
      const log = reading.log.join("\n");
      assertIncludes(log, "skipping track 1 (H265)");
    },
  };
}

function checkBothSizes(reading: Reading): void {
  checkPictures(reading);
  const sizes = framesOf(reading.read, STREAM.pictures)
    .map(({ sizeBytes }) => sizeBytes);
  assertEquals([...new Set(sizes)], PICTURE_BYTES, "sizes of the pictures");
}
