import { joinBytes } from "#base/join_bytes.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { TsMuxer } from "#formats/mpegts/muxer.ts";
import { emptyTsHeader, parseTsHeader } from "#formats/mpegts/ts_packet.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { AUDIO, h264Slice, rtpPacket, VIDEO } from "#test/units.ts";
import { codecSample, trackOf, unitOf } from "../fmp4/mp4_samples.ts";
import { demuxed } from "./demuxed.ts";

const TRACKS = [VIDEO, AUDIO];

const SOUND = Uint8Array.of(0x21, 0x10, 1, 2, 3);

function picture(i: number, unit: Partial<MediaUnit> = {}): MediaUnit {
  const isRandomAccess = i % 5 === 0;
  return unitOf([h264Slice(isRandomAccess, 400, i)], {
    trackId: VIDEO.id,
    dtsTicks: i * 3_600,
    ptsTicks: (i + 2) * 3_600,
    isRandomAccess,
    ...unit,
  });
}

function sound(i: number): MediaUnit {
  return unitOf([SOUND, SOUND], { trackId: AUDIO.id, dtsTicks: i * 1_920 });
}

function openMuxer(errors: string[] = []): TsMuxer {
  return new TsMuxer({
    latm: "adts",
    onError: (message) => void errors.push(message),
  });
}

/** PID, start or not, counter and what the adaptation field says, of each packet. */
function packetsOf(bytes: Uint8Array): string[] {
  const header = emptyTsHeader();
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    assertEquals(parseTsHeader(bytes, at, header), undefined);
    const hasField = (bytes[at + 3]! & 0x20) !== 0 && bytes[at + 4]! > 0;
    const hasClock = hasField && (bytes[at + 5]! & 0x10) !== 0;
    found.push(
      `${header.pid}${
        header.isUnitStart ? " start" : ""
      } ${header.continuityCounter}` +
        (header.isRandomAccess ? " key" : "") + (hasClock ? " clock" : ""),
    );
  }
  return found;
}

Deno.test("TsMuxer writes tables, then a PES packet a unit", () => {
  const bytes = openMuxer().mux([picture(0), sound(0), picture(1)], TRACKS);
  assertEquals(packetsOf(bytes), [
    "0 start 0",
    "4096 start 0",
    "256 start 0 key clock",
    "256 1",
    "256 2",
    "257 start 0 key",
    "256 start 3 clock",
    "256 4",
    "256 5",
  ]);
});

Deno.test("TsMuxer gives what a demuxer takes apart again", () => {
  const muxer = openMuxer();
  const units = Array.from({ length: 12 }, (_, i) => [picture(i), sound(i)])
    .flat();
  const bytes = joinBytes(units.map((unit) => muxer.mux([unit], TRACKS)));
  const { tracks, errors, lostPackets } = demuxed([bytes]);
  assertEquals([errors, lostPackets], [[], 0]);
  assertEquals(tracks.map(({ track }) => track.codec), [
    VIDEO.codec,
    AUDIO.codec,
  ]);
  const [video, audio] = tracks;
  assertEquals(
    video!.units.map(({ ptsTicks, dtsTicks, isRandomAccess }) => [
      ptsTicks - 7_200,
      dtsTicks,
      isRandomAccess,
    ]),
    Array.from({ length: 12 }, (_, i) => [i * 3_600, i * 3_600, i % 5 === 0]),
  );
  assertEquals(video!.units[1]!.parts, [h264Slice(false, 400, 1)]);
  assertEquals(
    audio!.units.map(({ parts }) => parts.length).join(""),
    "2".repeat(12),
  );
});

Deno.test("TsMuxer gives the same bytes however the units come", () => {
  const units = Array.from({ length: 12 }, (_, i) => [picture(i), sound(i)])
    .flat();
  const whole = openMuxer().mux(units, TRACKS);
  const single = openMuxer();
  const parts = units.map((unit) => single.mux([unit], TRACKS));
  assertEquals(joinBytes(parts), whole);
});

Deno.test("TsMuxer repeats tables at key frames and after 100 ms", () => {
  const muxer = openMuxer();
  const hasTables = Array.from(
    { length: 12 },
    (_, i) => packetsOf(muxer.mux([picture(i)], TRACKS))[0]!.startsWith("0 "),
  );
  assertEquals(
    hasTables.map(Number).join(""),
    // Key frames are 0, 5 and 10; 100 ms are three pictures.
    "100101001010",
  );
});

Deno.test("TsMuxer begins a segment with tables", () => {
  const muxer = openMuxer();
  muxer.mux([picture(0)], TRACKS);
  assertEquals(packetsOf(muxer.mux([sound(0)], TRACKS)).length, 1);
  muxer.beginSegment();
  assertEquals(packetsOf(muxer.mux([sound(1)], TRACKS)), [
    "0 start 1",
    "4096 start 1",
    "257 start 1 key",
  ]);
});

Deno.test("TsMuxer runs the clock on sound if there are no pictures", () => {
  const bytes = openMuxer().mux([sound(0), sound(1)], [AUDIO]);
  assertEquals(packetsOf(bytes), [
    "0 start 0",
    "4096 start 0",
    "256 start 0 key clock",
    "256 start 1 key clock",
  ]);
});

Deno.test("TsMuxer writes clock and times before 0 and beyond 33 bits", () => {
  const span = 2 ** 33;
  const muxer = openMuxer();
  const units = [-3_600, span - 1_800, span + 1_800].map((dtsTicks) =>
    picture(0, { dtsTicks, ptsTicks: dtsTicks })
  );
  const { tracks } = demuxed([muxer.mux(units, [VIDEO])]);
  const times = tracks[0]!.units.map(({ dtsTicks }) => dtsTicks);
  // The line of the demuxer begins with the first 33 bits.
  assertEquals(times, [span - 3_600, span - 1_800, span + 1_800]);
});

Deno.test("TsMuxer makes a new version of the map when the program becomes another one", () => {
  const muxer = openMuxer();
  const versionOf = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += 188) {
      const pid = (bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!;
      if (pid === 0x1000) return bytes[at + 10]! >> 1 & 31;
    }
    return undefined;
  };
  assertEquals(versionOf(muxer.mux([picture(0)], [VIDEO])), 0);
  // Other objects, the same program.
  assertEquals(versionOf(muxer.mux([picture(1)], [{ ...VIDEO }])), undefined);
  assertEquals(versionOf(muxer.mux([picture(2)], TRACKS)), 1);
  assertEquals(muxer.tracks, TRACKS);
  for (let i = 0; i < 30; i++) {
    muxer.mux([picture(2)], i % 2 === 0 ? [VIDEO] : TRACKS);
  }
  assertEquals(versionOf(muxer.mux([picture(2)], [VIDEO])), 0);
});

Deno.test("TsMuxer leaves out what is not carried, and tells what cannot be taken apart", () => {
  const errors: string[] = [];
  const muxer = openMuxer(errors);
  const vp8: Track = trackOf(
    { codec: { codec: "vp8" }, parts: [], format: "" },
    7,
  );
  const broken = picture(0, {
    origin: {
      kind: "packets",
      formatId: "rtp/h264",
      packets: [rtpPacket({}, Uint8Array.of(0x7c, 0x05, 1))],
    },
  });
  const other = unitOf([Uint8Array.of(1)], { trackId: 7 });
  const bytes = muxer.mux([other, broken, unitOf([], { trackId: 9 })], [
    VIDEO,
    vp8,
  ]);
  assertEquals(bytes.length, 0);
  assertEquals(errors.length, 1);
  assertEquals(packetsOf(muxer.mux([picture(0)], [VIDEO, vp8])).length, 5);
});

Deno.test("TsMuxer goes on from a state with the same bytes", () => {
  const errors: string[] = [];
  const options = {
    latm: "adts",
    onError: (text: string) => void errors.push(text),
  } as const;
  const muxer = new TsMuxer(options);
  for (let i = 0; i < 7; i++) {
    const { state } = muxer;
    const units = [picture(i), sound(i)];
    const tracks = i < 3 ? [VIDEO] : TRACKS;
    const wanted = muxer.mux(units, tracks);
    assertEquals(new TsMuxer(options, state).mux(units, tracks), wanted);
    if (i > 0) {
      assert(
        new TsMuxer(options).mux(units, tracks).toHex() !== wanted.toHex(),
      );
    }
  }
});

for (
  const name of [
    "mpeg4Video",
    "mpeg12Video",
    "opus",
    "mpegAudio",
    "ac3",
    "h265",
  ] as const
) {
  Deno.test(`TsMuxer writes ${name} that a demuxer reads as it was`, () => {
    const sample = codecSample(name);
    const track = trackOf(sample);
    const muxer = openMuxer();
    const bytes = joinBytes(
      [0, 1, 2].map((i) =>
        muxer.mux([unitOf(sample.parts, { dtsTicks: i * 9_600 })], [track])
      ),
    );
    const { tracks, errors } = demuxed([bytes]);
    assertEquals(errors, []);
    assertEquals(tracks[0]?.track.codec, sample.codec);
    const [unit] = tracks[0]!.units;
    const size = (parts: readonly Uint8Array[]) =>
      parts.slice(-sample.parts.length).map((part) => part.toHex().slice(-40));
    assertEquals(size(unit!.parts), size(sample.parts));
  });
}

Deno.test("TsMuxer writes KLV that a demuxer reads as it was", () => {
  const klv = trackOf({ codec: { codec: "klv" }, parts: [], format: "" }, 2);
  const unit = new Uint8Array(500).fill(6);
  const bytes = openMuxer().mux([
    picture(0),
    unitOf([unit], { trackId: 2, dtsTicks: 1_234 }),
  ], [VIDEO, klv]);
  const { tracks, errors } = demuxed([bytes]);
  assertEquals(errors, []);
  assertEquals(tracks[1]?.units.map(({ parts }) => parts), [[unit]]);
});
