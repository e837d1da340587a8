import { joinBytes } from "#base/join_bytes.ts";
import { MAX_BYTES_BEFORE_PROGRAM } from "#formats/mpegts/demuxer.ts";
import { MpegTsError } from "#formats/mpegts/errors.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations, prefixes } from "#test/splits.ts";
import { H264_PARAMETERS } from "#test/units.ts";
import { Demuxed, demuxed } from "./demuxed.ts";
import {
  AAC_STREAM,
  adtsFrame,
  AUDIO_PID,
  DATA_PID,
  H264_STREAM,
  h264Picture,
  KLV_STREAM,
  VIDEO_PID,
} from "./ts_samples.ts";
import { MAP_PID, TsWriter, type WrittenStream } from "./ts_writer.ts";

const SECOND = 90_000;
const KLV_UNIT = Uint8Array.fromHex("060e2b34020b01010e0103010100000001aa");

function tables(...streams: readonly WrittenStream[]): TsWriter {
  return new TsWriter().pat().pmt(streams);
}

function video(
  writer: TsWriter,
  ptsTicks: number,
  isRandomAccess = false,
): TsWriter {
  const payload = h264Picture(isRandomAccess);
  return writer.pes(VIDEO_PID, { ptsTicks, payload, isUnbounded: true });
}

function audio(writer: TsWriter, ptsTicks: number, channels = 2): TsWriter {
  const payload = adtsFrame(1, { channels });
  return writer.pes(AUDIO_PID, { ptsTicks, payload, streamId: 0xc0 });
}

/** Times of a track's units in ticks of the stream. */
function timesOf(found: Demuxed, index: number): number[] {
  const { units, track } = found.tracks[index]!;
  return units.map(({ ptsTicks }) => ptsTicks * SECOND / track.clockRateHz);
}

/** Tables, two pictures and the sound between them. */
function clip(): Uint8Array {
  const writer = tables(H264_STREAM, AAC_STREAM);
  video(writer, 12_000, true);
  audio(writer, 11_000);
  video(writer, 15_600);
  return audio(writer, 12_920).take();
}

/** Everything that a clip gives, in an order that can be compared. */
function contentOf(found: Demuxed): unknown {
  return [found.lists, found.tracks, found.errors];
}

Deno.test("MpegTsDemuxer gives tracks and units, times in ticks of each track", () => {
  const found = demuxed([clip()]);
  assertEquals(found.lists, ["0 h264, 1 aac"]);
  assertEquals(
    found.tracks.map(({ track }) => [track.kind, track.clockRateHz]),
    [["video", 90_000], ["audio", 48_000]],
  );
  assertEquals(found.tracks[0]!.track.codec, H264_PARAMETERS);
  assertEquals(found.tracks[0]!.units.map(({ parts: _, ...rest }) => rest), [
    {
      ptsTicks: 12_000,
      dtsTicks: 12_000,
      isRandomAccess: true,
      sizeBytes: 200 + 25 + 5,
    },
    {
      ptsTicks: 15_600,
      dtsTicks: 15_600,
      isRandomAccess: false,
      sizeBytes: 200,
    },
  ]);
  assertEquals(found.tracks[1]!.units.map(({ ptsTicks }) => ptsTicks), [
    Math.round(11_000 * 48 / 90),
    Math.round(12_920 * 48 / 90),
  ]);
  assertEquals([found.errors, found.skipped, found.lostPackets], [[], [], 0]);
});

Deno.test("MpegTsDemuxer gives the same in all chunkings", () => {
  const whole = contentOf(demuxed([clip()]));
  for (const chunks of chunkings(clip())) {
    assertEquals(contentOf(demuxed(chunks.map((one) => one.slice()))), whole);
  }
});

Deno.test("MpegTsDemuxer gives the beginning of what it would give, for every prefix", () => {
  const whole = demuxed([clip()]).tracks.map(({ units }) =>
    units.map(({ ptsTicks }) => ptsTicks)
  );
  for (const prefix of prefixes(clip())) {
    const { tracks, errors } = demuxed([prefix.slice()]);
    assert(errors.every((one) => one.includes("it is cut")), errors.join());
    for (const [i, { units }] of tracks.entries()) {
      // Sound alone is the only track that there is.
      const expected = tracks.length === 2 ? whole[i]! : whole.flat();
      for (const { ptsTicks } of units) assert(expected.includes(ptsTicks));
    }
  }
});

Deno.test("MpegTsDemuxer throws nothing but MpegTsError", () => {
  const change = tables(H264_STREAM, AAC_STREAM, KLV_STREAM)
    .pes(DATA_PID, { payload: KLV_UNIT });
  video(audio(change.pmt([AAC_STREAM], { version: 1 }), 1_000), 500, true);
  for (const bytes of mutations([clip(), change.take()])) {
    try {
      demuxed([bytes]);
    } catch (error) {
      if (!(error instanceof MpegTsError)) throw error;
    }
  }
});

Deno.test("MpegTsDemuxer waits for the parameters of every track and keeps what came before", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM, AAC_STREAM);
  audio(audio(writer, 0), 1_920);
  for (let i = 0; i < 10; i++) video(writer, 4_000 + i * 3_600);
  found.demuxer.push(writer.take());
  assertEquals(found.lists, []);
  video(video(writer, 40_000, true), 43_600);
  found.demuxer.push(writer.take());
  assertEquals(found.lists, ["0 h264, 1 aac"]);
  assertEquals(timesOf(found, 0), [40_000]);
  assertEquals(timesOf(found, 1), [0, 1_920]);
});

Deno.test("MpegTsDemuxer begins without a silent track and adds it when it speaks", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM, AAC_STREAM);
  for (let i = 0; i <= 76; i++) video(writer, i * 3_600, i % 25 === 0);
  found.demuxer.push(writer.take());
  assertEquals(found.lists, ["0 h264"]);
  assertEquals(found.tracks[0]!.units.length, 76);
  found.demuxer.push(audio(writer, 3.2 * SECOND).take());
  assertEquals(found.lists, ["0 h264", "0 h264, 1 aac"]);
  assertEquals(timesOf(found, 1), [3.2 * SECOND]);
});

Deno.test("MpegTsDemuxer waits longer for the key frame of a video that has begun", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM, AAC_STREAM);
  for (let second = 0; second < 10; second++) {
    audio(video(writer, second * SECOND), second * SECOND);
  }
  found.demuxer.push(writer.take());
  assertEquals(found.lists, []);
  found.demuxer.push(audio(video(writer, 10 * SECOND), 10 * SECOND).take());
  assertEquals(found.lists, ["0 aac"]);
  video(video(writer, 11 * SECOND, true), 12 * SECOND);
  found.demuxer.push(writer.take());
  assertEquals(found.lists, ["0 aac", "0 aac, 1 h264"]);
  assertEquals(timesOf(found, 1), [11 * SECOND]);
});

Deno.test("MpegTsDemuxer keeps no more units than it may while it waits", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM, KLV_STREAM);
  const payload = new Uint8Array(60_000);
  let kept = 0;
  while (found.lists.length === 0) {
    writer.pes(DATA_PID, { ptsTicks: 0, payload });
    found.demuxer.push(writer.take());
    kept += payload.length;
  }
  assertEquals(found.lists, ["0 klv"]);
  assert(kept <= 16 * 1_024 * 1_024 + payload.length, `${kept} bytes`);
});

Deno.test("MpegTsDemuxer knows some tracks from the program map alone", () => {
  const writer = tables(KLV_STREAM, AAC_STREAM);
  const found = demuxed([audio(writer, 0).take()]);
  assertEquals(found.lists, ["0 klv, 1 aac"]);
});

Deno.test("MpegTsDemuxer gives metadata without a time that of its neighbours", () => {
  const writer = tables(H264_STREAM, KLV_STREAM);
  video(writer, 9_000, true);
  video(writer, 12_600);
  writer.pes(DATA_PID, { payload: KLV_UNIT, streamId: 0xbd });
  const found = demuxed([writer.take()]);
  assertEquals(timesOf(found, 1), [9_000]);
  assertEquals(found.tracks[1]!.units[0]!.parts, [KLV_UNIT]);
});

Deno.test("MpegTsDemuxer unrolls the times of all streams together", () => {
  const last = 2 ** 33;
  const writer = tables(H264_STREAM, AAC_STREAM);
  audio(writer, last - 300);
  video(writer, last - 100, true);
  audio(writer, 60);
  audio(video(writer, 3_500), last - 30);
  const found = demuxed([writer.take()]);
  assertEquals(timesOf(found, 0), [last - 100, last + 3_500]);
  const wanted = [last - 300, last + 60, last - 30];
  for (const [i, ticks] of timesOf(found, 1).entries()) {
    assert(Math.abs(ticks - wanted[i]!) <= 1, `${ticks} of sound ${i}`);
  }
});

Deno.test("MpegTsDemuxer drops a PES packet with a hole, and counts what is missing", () => {
  const writer = tables(H264_STREAM);
  video(writer, 0, true);
  video(writer, 3_600);
  const before = writer.take();
  // Of the second picture the last packet, of the third one the first.
  const cut = before.slice(0, -188);
  video(writer, 7_200);
  const rest = writer.take().slice(188);
  video(writer, 10_800);
  const found = demuxed([joinBytes([cut, rest, writer.take()]).slice()]);
  assertEquals(timesOf(found, 0), [0, 10_800]);
  assertEquals(found.lostPackets, 2);
  assertEquals(found.errors, [
    "MPEG-TS stream with PID 256: PES packet dropped: packets are missing",
  ]);
});

Deno.test("MpegTsDemuxer passes over packets that are sent twice", () => {
  const bytes = clip();
  const twice = [];
  for (let at = 0; at < bytes.length; at += 188) {
    const packet = bytes.slice(at, at + 188);
    twice.push(packet, packet);
  }
  assertEquals(
    contentOf(demuxed([joinBytes(twice).slice()])),
    contentOf(demuxed([bytes])),
  );
});

Deno.test("MpegTsDemuxer drops what is open when it is told of a hole", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM, AAC_STREAM);
  audio(video(writer, 0, true), 0);
  video(writer, 3_600);
  writer.payload(AUDIO_PID, new Uint8Array(0));
  found.demuxer.push(writer.take());
  found.demuxer.interrupt();
  writer.lose(VIDEO_PID, 16);
  found.demuxer.push(video(video(writer, 7_200), 10_800).take());
  assertEquals(timesOf(found, 0), [0, 7_200]);
});

Deno.test("MpegTsDemuxer says what is scrambled, and reads the rest", () => {
  const writer = tables(H264_STREAM, AAC_STREAM);
  video(writer, 0, true);
  video(writer, 3_600);
  const start = writer.take();
  const scrambled = video(writer, 7_200).take();
  for (let at = 0; at < scrambled.length; at += 188) scrambled[at + 3]! |= 0x80;
  audio(video(writer, 10_800), 0);
  const found = demuxed([joinBytes([start, scrambled, writer.take()]).slice()]);
  assertEquals(timesOf(found, 0), [0, 10_800]);
  assertEquals(timesOf(found, 1), [0]);
  assert(
    found.errors.includes(
      "MPEG-TS stream with PID 256: it is scrambled, which cannot be read",
    ),
  );
});

Deno.test("MpegTsDemuxer tells of packets that the carrier has broken", () => {
  const bytes = clip();
  bytes[5 * 188 + 1]! |= 0x80;
  const found = demuxed([bytes]);
  assertEquals(
    found.errors[0],
    "MPEG-TS packet rejected: ts_transport_error",
  );
});

Deno.test("MpegTsDemuxer leaves out a picture without a time", () => {
  const writer = tables(H264_STREAM);
  video(writer, 0, true);
  writer.pes(VIDEO_PID, { payload: h264Picture(false) });
  const found = demuxed([video(writer, 3_600).take()]);
  assertEquals(timesOf(found, 0), [0, 3_600]);
  assertEquals(found.errors, [
    "MPEG-TS stream with PID 256: PES packet without a time left out",
  ]);
});

Deno.test("MpegTsDemuxer finds the packets again behind garbage", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM);
  found.demuxer.push(video(writer, 0, true).take());
  found.demuxer.push(new Uint8Array(1_000));
  found.demuxer.push(video(video(writer, 3_600), 7_200).take());
  assertEquals(timesOf(found, 0), [0, 3_600]);
  assertEquals(found.errors, [
    "1000 bytes without MPEG-TS packets of 188 bytes",
  ]);
});

Deno.test("MpegTsDemuxer leaves out unknown codecs and says so once", () => {
  const writer = tables(
    { pid: 0x110, streamType: 0x87 },
    H264_STREAM,
    { pid: 0x111, streamType: 0x06, descriptors: "6a00" },
  );
  writer.pmt([
    { pid: 0x110, streamType: 0x87 },
    H264_STREAM,
    AAC_STREAM,
  ], { version: 1 });
  const found = demuxed([video(writer, 0, true).take()]);
  assertEquals(found.skipped, [1, 3]);
  assertEquals(found.lists, ["0 h264"]);
});

Deno.test("MpegTsDemuxer fails if there is nothing that it can read", () => {
  const unknown = tables({ pid: 0x110, streamType: 0x87 }).take();
  const error = assertThrows(() => demuxed([unknown]), MpegTsError);
  assertEquals(
    error.message,
    "the program has no track of a supported codec",
  );
});

Deno.test("MpegTsDemuxer fails if no program comes", () => {
  const { demuxer } = new Demuxed();
  const chunk = new TsWriter().payload(0x1ff0, new Uint8Array(184_000)).take();
  const error = assertThrows(() => {
    for (let i = 0; i <= MAX_BYTES_BEFORE_PROGRAM / chunk.length; i++) {
      demuxer.push(chunk);
    }
  }, MpegTsError);
  assertEquals(error.message, "no program was found in 16777216 bytes");
  assertEquals(
    assertThrows(() => demuxer.start(), MpegTsError).message,
    "no program was found",
  );
});

Deno.test("MpegTsDemuxer begins when it is told to, with what it knows", () => {
  const found = new Demuxed();
  const writer = tables(H264_STREAM, AAC_STREAM);
  found.demuxer.push(writer.take());
  assertEquals(
    assertThrows(() => found.demuxer.start(), MpegTsError).message,
    "the parameters of no track are known",
  );
  found.demuxer.push(audio(writer, 0).take());
  found.demuxer.start();
  found.demuxer.start();
  assertEquals(found.lists, ["0 aac"]);
  assertEquals(timesOf(found, 0), [0]);
});

Deno.test("MpegTsDemuxer lets what the sink throws at its tracks pass", () => {
  const found = new Demuxed();
  const refusal = new Error("the path is taken");
  found.refusal = refusal;
  assertEquals(
    assertThrows(
      () => found.demuxer.push(audio(tables(AAC_STREAM), 0).take()),
      Error,
    ),
    refusal,
  );
});

Deno.test("MpegTsDemuxer follows a program whose map is in packets of its own among others", () => {
  const streams = Array.from({ length: 30 }, (_, i): WrittenStream => ({
    pid: 0x200 + i,
    streamType: 0x1b,
    descriptors: "0a04656e6700",
  }));
  const writer = tables(...streams, AAC_STREAM);
  const found = new Demuxed();
  found.demuxer.push(audio(writer, 0).take());
  found.demuxer.start();
  assertEquals(found.lists, ["0 aac"]);
});

Deno.test("MpegTsDemuxer reads nothing of streams whose PID is that of a table", () => {
  const writer = tables({ pid: MAP_PID, streamType: 0x1b }, AAC_STREAM);
  const found = demuxed([audio(writer, 0).take()]);
  assertEquals(found.lists, ["0 aac"]);
});
