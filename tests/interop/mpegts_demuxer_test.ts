import { createHash } from "node:crypto";
import { join } from "node:path";
import { joinBytes } from "#base/join_bytes.ts";
import { opusPacketTicks } from "#codecs/opus.ts";
import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import type { Track } from "#core/track.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { type FrameHash, readFrames } from "#test/framemd5.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { seededRandom } from "#test/splits.ts";
import { demuxed, type DemuxedTrack } from "../formats/mpegts/demuxed.ts";

/** One rounding of a time of sound, from 90 kHz to samples or the other way. */
const TOLERANCE_MS = 1_000 / 90_000 + 1e-6;

/** Frame of a track as ffmpeg lists it: what is before one of a run is its time. */
interface Frame {
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly bytes: Uint8Array;
}

/** NAL unit types that ffmpeg's filters write with a start code of four bytes, as the first of a picture. */
const LONG_START_CODES: Readonly<Record<string, (nal: Uint8Array) => boolean>> =
  {
    h264: (nal) => [7, 8].includes(nal[0]! & 31),
    h265: (nal) => [32, 33, 34].includes(nal[0]! >> 1 & 63),
  };

/** Filters that leave of coded data what the demuxer gives, by ffmpeg's name of the codec. */
const FILTERS: Readonly<Record<string, string>> = {
  h264: "filter_units=remove_types=9",
  h265: "filter_units=remove_types=35",
  aac: "aac_adtstoasc",
};

const CLIPS: readonly {
  readonly clip: ClipName;
  readonly codecs: readonly string[];
  /** Of each stream; undefined where ffmpeg has no filter that unwraps its frames. */
  readonly filters: readonly (string | undefined)[];
}[] = [
  {
    clip: "ts_h264_aac",
    codecs: ["h264", "aac"],
    filters: [FILTERS["h264"], FILTERS["aac"]],
  },
  {
    clip: "ts_h265_opus",
    codecs: ["h265", "opus"],
    filters: [FILTERS["h265"], "null"],
  },
  {
    clip: "ts_mpeg2_mp2",
    codecs: ["mpeg12Video", "mpegAudio"],
    filters: ["null", "null"],
  },
  {
    clip: "ts_mpeg1_mp3",
    codecs: ["mpeg12Video", "mpegAudio"],
    filters: ["null", "null"],
  },
  {
    clip: "ts_mpeg4_ac3",
    codecs: ["mpeg4Video", "ac3"],
    filters: ["null", "null"],
  },
  { clip: "parameter_change", codecs: ["h264"], filters: [FILTERS["h264"]] },
];

for (const { clip: name, codecs, filters } of CLIPS) {
  interopTest({
    name:
      `MpegTsDemuxer gives the frames and times of ffmpeg's demuxer: ${name}`,
    needs: ["ffmpeg"],
    fn: async () => {
      const file = await clip(name);
      const { frames } = await readFrames(file, {
        outputArgs: [
          ...["-map", "0", "-c", "copy"],
          ...filters.flatMap((filter, i) => [`-bsf:${i}`, `${filter}`]),
        ],
      });
      const { tracks, errors, lostPackets } = demuxed(
        randomChunks(await Deno.readFile(file)),
      );
      assertEquals([errors, lostPackets], [[], 0]);
      assertEquals(tracks.map(({ track }) => track.codec.codec), codecs);
      for (const [i, track] of tracks.entries()) {
        checkFrames(
          framesOfTrack(track),
          frames.filter(({ streamIndex }) => streamIndex === i),
        );
      }
    },
  });
}

interopTest({
  name: "MpegTsDemuxer gives the same access units from LATM as from ADTS",
  needs: ["ffmpeg"],
  fn: async () => {
    const [adts, latm] = await Promise.all(
      (["ts_h264_aac", "ts_h264_latm"] as const).map(async (name) =>
        demuxed([await Deno.readFile(await clip(name))])
      ),
    );
    assertEquals([adts!.errors, latm!.errors], [[], []]);
    const [wanted, found] = [adts!, latm!].map(({ tracks }) => tracks[1]!);
    assertEquals(
      framesOfTrack(found!).map(({ bytes }) => bytes.toHex()),
      framesOfTrack(wanted!).map(({ bytes }) => bytes.toHex()),
    );
    assert(found!.track.codec.codec === "aac");
    assertEquals(found!.track.codec.latm?.isConfigInBand, false);
  },
});

interopTest({
  name: "MpegTsDemuxer gives the units of KLV that GStreamer multiplexes",
  needs: ["ffmpeg", "gstreamer"],
  fn: async () => {
    const file = await clip("klv");
    const folder = await Deno.makeTempDir({ prefix: "weir_klv_" });
    try {
      const out = join(folder, "klv.mpegts");
      const pipeline = `filesrc location=${file} ! ` +
        "rawvideoparse format=gray8 width=2000 height=1 framerate=25/1 ! " +
        "capssetter replace=true join=false caps=meta/x-klv,parsed=true ! " +
        `mpegtsmux ! filesink location=${out}`;
      await runProcess("gst-launch-1.0", ["--quiet", ...pipeline.split(" ")]);
      const { tracks, errors } = demuxed([await Deno.readFile(out)]);
      assertEquals(errors, []);
      const frames = framesOfTrack(tracks[0]!);
      assertEquals(
        joinBytes(frames.map(({ bytes }) => bytes)).toHex(),
        (await Deno.readFile(file)).toHex(),
      );
      const startMs = frames[0]!.ptsMs;
      for (const [i, { ptsMs }] of frames.entries()) {
        assert(Math.abs(ptsMs - startMs - i * 40) < 1, `unit ${i} at ${ptsMs}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function checkFrames(
  found: readonly Frame[],
  wanted: readonly FrameHash[],
): void {
  assertEquals(
    found.map(({ bytes }) => createHash("md5").update(bytes).digest("hex")),
    wanted.map(({ hash }) => hash),
  );
  for (const [i, { ptsMs, dtsMs }] of found.entries()) {
    const { ptsMs: wantedPtsMs, dtsMs: wantedDtsMs } = wanted[i]!;
    const offMs = Math.max(
      Math.abs(ptsMs - wantedPtsMs),
      Math.abs(dtsMs - wantedDtsMs),
    );
    assert(
      offMs <= TOLERANCE_MS,
      `frame ${i}: ${ptsMs} and ${dtsMs} ms, wanted ${wantedPtsMs} and ${wantedDtsMs}`,
    );
  }
}

/** One frame a picture, and one a part of sound. */
function framesOfTrack({ track, units }: DemuxedTrack): Frame[] {
  const { clockRateHz, codec: { codec } } = track;
  return units.flatMap(({ ptsTicks, dtsTicks, parts }) => {
    const ptsMs = ptsTicks * 1_000 / clockRateHz;
    const dtsMs = dtsTicks * 1_000 / clockRateHz;
    const isLong = LONG_START_CODES[codec];
    if (isLong !== undefined) {
      return [{ ptsMs, dtsMs, bytes: annexB(parts, isLong) }];
    }
    let lastedMs = 0;
    return parts.map((bytes) => {
      const frame = { ptsMs: ptsMs + lastedMs, dtsMs: dtsMs + lastedMs, bytes };
      lastedMs += durationMs(track, bytes);
      return frame;
    });
  });
}

function annexB(
  nals: readonly Uint8Array[],
  isLong: (nal: Uint8Array) => boolean,
): Uint8Array {
  return joinBytes(nals.flatMap((nal, i) => [
    i === 0 || isLong(nal) ? Uint8Array.of(0, 0, 0, 1) : Uint8Array.of(0, 0, 1),
    nal,
  ]));
}

function durationMs({ codec }: Track, frame: Uint8Array): number {
  switch (codec.codec) {
    case "aac":
      return 1_024_000 / codec.sampleRateHz;
    case "ac3":
      return 1_536_000 / codec.sampleRateHz;
    case "opus":
      return opusPacketTicks(frame)! / 48;
    case "mpegAudio": {
      const { sampleCount, sampleRateHz } = parseMpegAudioHeader(frame)!;
      return sampleCount * 1_000 / sampleRateHz;
    }
    default:
      return 0;
  }
}

function randomChunks(bytes: Uint8Array): Uint8Array[] {
  const random = seededRandom(1);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + Math.floor(random() * 2_000);
    chunks.push(bytes.slice(at, end));
    at = end;
  }
  return chunks;
}
