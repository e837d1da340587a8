import { joinBytes } from "#base/join_bytes.ts";
import { MpegTsError } from "#formats/mpegts/errors.ts";
import { MAX_TRACKS } from "#formats/mpegts/track_list.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { Demuxed, demuxed } from "./demuxed.ts";
import {
  AAC_STREAM,
  adtsFrame,
  annexB,
  AUDIO_PID,
  DATA_PID,
  H264_STREAM,
  h264Picture,
  KLV_STREAM,
  VIDEO_PID,
} from "./ts_samples.ts";
import { MAP_PID, TsWriter, type WrittenStream } from "./ts_writer.ts";

const OTHER_MAP_PID = 0x1001;
const KLV_UNIT = Uint8Array.fromHex("060e2b34020b01010e0103010100000001aa");

function video(writer: TsWriter, ptsTicks: number): TsWriter {
  const payload = h264Picture(true);
  return writer.pes(VIDEO_PID, { ptsTicks, payload, isUnbounded: true });
}

function audio(
  writer: TsWriter,
  ptsTicks: number,
  options: Parameters<typeof adtsFrame>[1] = {},
): TsWriter {
  return writer.pes(AUDIO_PID, { ptsTicks, payload: adtsFrame(1, options) });
}

/** A program of picture and sound that has begun. */
function begun(): { found: Demuxed; writer: TsWriter } {
  const found = new Demuxed();
  const writer = new TsWriter().pat().pmt([H264_STREAM, AAC_STREAM]);
  video(audio(video(writer, 0), 0), 3_600);
  found.demuxer.push(writer.take());
  return { found, writer };
}

Deno.test("TrackList adds and removes tracks with the program map", () => {
  const { found, writer } = begun();
  writer.pmt([H264_STREAM, AAC_STREAM, KLV_STREAM], { version: 1 });
  writer.pes(DATA_PID, { payload: KLV_UNIT });
  writer.pmt([H264_STREAM, KLV_STREAM], { version: 2 });
  audio(writer, 1_920);
  video(writer, 7_200);
  found.demuxer.push(writer.take());
  assertEquals(found.lists, [
    "0 h264, 1 aac",
    "0 h264, 1 aac, 2 klv",
    "0 h264, 2 klv",
  ]);
  assertEquals(found.tracks.map(({ units }) => units.length), [2, 1, 1]);
});

Deno.test("TrackList adds a track of the new map once its parameters are known", () => {
  const found = new Demuxed();
  const writer = new TsWriter().pat().pmt([AAC_STREAM]);
  audio(writer, 0).pmt([AAC_STREAM, H264_STREAM], { version: 1 });
  found.demuxer.push(audio(writer, 1_920).take());
  assertEquals(found.lists, ["0 aac"]);
  found.demuxer.push(video(video(writer, 0), 3_600).take());
  assertEquals(found.lists, ["0 aac", "0 aac, 1 h264"]);
});

Deno.test("TrackList goes on with the tracks that a new map keeps", () => {
  const { found, writer } = begun();
  writer.pmt([AAC_STREAM, H264_STREAM], { version: 1 });
  video(audio(writer, 1_920), 7_200);
  found.demuxer.push(writer.take());
  found.demuxer.end();
  assertEquals(found.lists, ["0 h264, 1 aac"]);
  assertEquals(found.tracks.map(({ units }) => units.length), [3, 2]);
  assertEquals(found.errors, []);
});

Deno.test("TrackList takes what was begun of a stream that leaves", () => {
  const { found, writer } = begun();
  found.demuxer.push(writer.pmt([AAC_STREAM], { version: 1 }).take());
  assertEquals(found.tracks[0]!.units.length, 2);
  assertEquals(found.lists.at(-1), "1 aac");
});

Deno.test("TrackList keeps the number of a track whose entry changes, not its codec", () => {
  const { found, writer } = begun();
  const language = { ...AAC_STREAM, descriptors: "0a04656e6700" };
  writer.pmt([H264_STREAM, language], { version: 1 });
  audio(writer, 1_920);
  writer.pmt([H264_STREAM, { ...AAC_STREAM, streamType: 0x81 }], {
    version: 2,
  });
  const frame = new Uint8Array(768);
  frame.set(Uint8Array.fromHex("0b77117f144043e106f46370"));
  writer.pes(AUDIO_PID, { ptsTicks: 3_840, payload: frame });
  found.demuxer.push(writer.take());
  assertEquals(found.lists, [
    "0 h264, 1 aac",
    "0 h264, 1 aac",
    "0 h264, 2 ac3",
  ]);
  assertEquals(found.tracks[1]!.units.length, 2);
});

Deno.test("TrackList renews a track whose parameters change, and numbers it anew with another clock", () => {
  const { found, writer } = begun();
  audio(writer, 1_920, { channels: 1 });
  audio(writer, 3_840, { sampleRateHz: 32_000 });
  found.demuxer.push(writer.take());
  assertEquals(found.lists, [
    "0 h264, 1 aac",
    "0 h264, 1 aac",
    "0 h264, 2 aac",
  ]);
  assertEquals(found.tracks[2]!.track.clockRateHz, 32_000);
});

Deno.test("TrackList forgets what waits of a stream that leaves before the beginning", () => {
  const writer = new TsWriter().pat().pmt([H264_STREAM, AAC_STREAM]);
  audio(writer, 0).pmt([H264_STREAM], { version: 1 });
  const found = demuxed([video(video(writer, 0), 3_600).take()]);
  assertEquals(found.lists, ["0 h264"]);
  assertEquals(found.tracks.length, 1);
});

Deno.test("TrackList keeps its tracks while a map is empty", () => {
  const { found, writer } = begun();
  found.demuxer.push(writer.pmt([], { version: 1 }).take());
  assertEquals(found.lists, ["0 h264, 1 aac"]);
  writer.pmt([AAC_STREAM], { version: 2 });
  found.demuxer.push(audio(writer, 90_000).take());
  assertEquals(found.lists.at(-1), "1 aac");
});

Deno.test("TrackList does not keep the filler around a picture", () => {
  const filler = new Uint8Array(5_000).fill(0xff).with(0, 12);
  const payload = joinBytes([h264Picture(true), annexB(filler)]);
  const writer = new TsWriter().pat().pmt([H264_STREAM]);
  const found = demuxed([
    writer.pes(VIDEO_PID, { ptsTicks: 0, payload }).take(),
  ]);
  const { parts, sizeBytes } = found.tracks[0]!.units[0]!;
  assertEquals(
    parts.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    sizeBytes,
  );
});

Deno.test("TrackList gives no more numbers than it may", () => {
  const { found, writer } = begun();
  const error = assertThrows(() => {
    for (let i = 0; i < 2 * MAX_TRACKS; i++) {
      const pid = 0x300 + i;
      writer.pmt([{ ...AAC_STREAM, pid }], { version: i % 32 });
      writer.pes(pid, { ptsTicks: 0, payload: adtsFrame(1) });
      found.demuxer.push(writer.take());
    }
  }, MpegTsError);
  assertEquals(error.message, "the program has had 256 tracks already");
  assertEquals(found.lists.at(-1), "255 aac");
});

/** Two programs; the second one's streams have PIDs of their own. */
const PROGRAMS = [
  { programNumber: 1, pid: MAP_PID },
  { programNumber: 2, pid: OTHER_MAP_PID },
];
const OTHER = { pid: OTHER_MAP_PID, programNumber: 2 };
const OTHER_STREAMS: readonly WrittenStream[] = [
  { ...AAC_STREAM, pid: 0x201 },
];

function otherAudio(writer: TsWriter): TsWriter {
  return writer.pes(0x201, { ptsTicks: 0, payload: adtsFrame(2) });
}

Deno.test("TrackList holds the program whose map comes first", () => {
  const writer = new TsWriter().pat(PROGRAMS)
    .pmt(OTHER_STREAMS, OTHER).pmt([AAC_STREAM]);
  const found = demuxed([otherAudio(audio(writer, 0)).take()]);
  assertEquals(found.lists, ["0 aac"]);
  assertEquals(found.tracks[0]!.units[0]!.parts, [new Uint8Array(30).fill(2)]);
});

Deno.test("TrackList goes over to another program when its own is listed no more", () => {
  const writer = new TsWriter().pat(PROGRAMS)
    .pmt([AAC_STREAM]).pmt(OTHER_STREAMS, OTHER);
  otherAudio(audio(writer, 0));
  writer.pat([PROGRAMS[1]!], { version: 1 });
  audio(writer, 1_920).pmt(OTHER_STREAMS, OTHER);
  const found = demuxed([otherAudio(writer).take()]);
  assertEquals(found.lists, ["0 aac", "1 aac"]);
  assertEquals(found.tracks.map(({ units }) => units.length), [2, 1]);
});

Deno.test("TrackList holds its program over an association of several sections", () => {
  const writer = new TsWriter();
  for (let i = 0; i < 3; i++) {
    writer.pat([PROGRAMS[0]!], { lastSectionNumber: 1 });
    writer.pat([PROGRAMS[1]!], { sectionNumber: 1, lastSectionNumber: 1 });
    if (i === 0) writer.pmt(OTHER_STREAMS, OTHER);
    otherAudio(writer);
  }
  const found = demuxed([writer.take()]);
  assertEquals(found.lists, ["0 aac"]);
  assertEquals(found.tracks[0]!.units.length, 3);
});

Deno.test("TrackList takes no map of a program that is not listed", () => {
  const writer = new TsWriter().pat();
  writer.pmt(OTHER_STREAMS, { programNumber: 9 }).pmt([AAC_STREAM]);
  const found = demuxed([otherAudio(audio(writer, 0)).take()]);
  assertEquals(found.tracks[0]!.units[0]!.parts, [new Uint8Array(30).fill(1)]);
});
