import { interopTest, type ProgramName } from "#test/programs.ts";
import { assertEquals, assertIncludes } from "#test/assert.ts";
import { checkAudio, checkPictures, framesOf } from "./check_frames.ts";
import { CODEC_MATRIX } from "./codec_matrix.ts";
import { AUDIO_ARGS, PICTURES_ARGS } from "./codec_matrix_checks.ts";
import { rowOf } from "./codec_matrix_peers.ts";
import type { MatrixPeer, MatrixRow } from "./codec_matrix_row.ts";
import {
  type Publisher,
  type Reader,
  type Reading,
  runRows,
} from "./codec_matrix_run.ts";
import {
  mediaArgs,
  readPath,
  RTSP_WAYS,
  startPublisher,
  STREAM,
  type Way,
  WAYS,
} from "./ffmpeg_peer.ts";

const PROGRAM_NAMES: Readonly<Record<MatrixPeer["program"], ProgramName>> = {
  "ffmpeg": "ffmpeg",
  "ffmpeg 9": "ffmpeg9",
  "GStreamer": "gstreamer",
};

/** Sizes of the decoded pictures of `parameter_change`. */
const PICTURE_BYTES = [640 * 360 * 3 / 2, 320 * 180 * 3 / 2];

for (const [group, rows] of Object.entries(CODEC_MATRIX)) {
  interopTest({
    name: `Every codec over every way that carries it: ${group}`,
    needs: programsOf(rows),
    fn: (t) => runRows(t, rows.map(rowOf)),
  });
}

interopTest({
  name:
    "Parameter sets that change in mid-stream, and pictures that RTMP players do not take",
  needs: ["ffmpeg"],
  fn: (t) =>
    runRows(t, [
      {
        name: "H264 in two sizes",
        clip: "parameter_change",
        listArgs: PICTURES_ARGS,
        publishers: [
          ...RTSP_WAYS.map((way) => publisher(way)),
          publisher("RTMP", "in-band"),
          publisher("RTMP", "as a new sequence header", [
            ..."-bsf:v extract_extradata=remove=1".split(" "),
          ]),
        ],
        readers: WAYS.map((way) => reader(way, PICTURES_ARGS, checkBothSizes)),
      },
      {
        name: "AAC beside H265",
        clip: "h265_aac",
        listArgs: mediaArgs("h265"),
        publishers: RTSP_WAYS.map((way) => publisher(way)),
        readers: [reader("RTMP", AUDIO_ARGS, checkAudioAlone)],
      },
    ]),
});

/** ffmpeg makes and lists the clips. */
function programsOf(rows: readonly MatrixRow[]): ProgramName[] {
  const peers = rows.flatMap((row) => [...row.publishers, ...row.readers]);
  const programs = new Set<ProgramName>(["ffmpeg"]);
  for (const { program } of peers) programs.add(PROGRAM_NAMES[program]);
  return [...programs];
}

function publisher(
  way: Way,
  variant = "",
  outputArgs: readonly string[] = [],
): Publisher {
  return {
    name: `${way} ${variant}`.trim(),
    way,
    start: (weir, path, file) =>
      startPublisher(weir, { way, path, file, outputArgs }),
  };
}

function reader(
  way: Way,
  outputArgs: readonly string[],
  check: (reading: Reading) => void,
): Reader {
  return {
    name: way,
    way,
    check,
    read: (weir, path) => readPath(weir, { way, path, outputArgs }),
  };
}

function checkAudioAlone(reading: Reading): void {
  checkAudio({ ...reading, codec: "aac", readStream: 0 });
  assertIncludes(reading.log.join("\n"), "skipping track 1 (H265)");
}

function checkBothSizes(reading: Reading): void {
  checkPictures(reading);
  const sizes = framesOf(reading.read, STREAM.pictures)
    .map(({ sizeBytes }) => sizeBytes);
  assertEquals([...new Set(sizes)], PICTURE_BYTES, "sizes of the pictures");
}
