import { joinBytes } from "#base/join_bytes.ts";
import {
  clockRateOf,
  codecKind,
  type CodecParameters,
  type G711Parameters,
  type LpcmParameters,
} from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { initEntry, serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { openMp4SampleReader } from "#formats/fmp4/mp4_codecs.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import { SampleTimer, type TimedSample } from "#formats/fmp4/sample_timer.ts";
import { samplesOfUnit } from "#formats/fmp4/unit_samples.ts";
import { Mp4FileWriter } from "#formats/mp4/file_writer.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import { TsMuxer } from "#formats/mpegts/muxer.ts";
import type { LatmChoice } from "#formats/mpegts/ts_payloads.ts";
import { BytesInput } from "../formats/mp4/bytes_input.ts";

/** What a file holds, as a stream would. */
export interface ContainerMedia {
  /** As they are at the start. */
  readonly tracks: readonly Track[];
  /** In the order of their decoding times. */
  readonly steps: readonly MediaStep[];
}

/** One unit, and its track as it is then. */
export interface MediaStep {
  readonly unit: MediaUnit;
  readonly track: Track;
}

/** Reads an MP4 file, with or without fragments. */
export async function mediaOfMp4(bytes: Uint8Array): Promise<ContainerMedia> {
  const file = await openMp4File(new BytesInput(bytes));
  const open = new Map(
    file.movie.tracks.flatMap((track) => {
      const reader = track.entry && openMp4SampleReader(track.entry);
      return reader ? [[track.number, { track, reader }]] : [];
    }),
  );
  const steps: MediaStep[] = [];
  for await (
    const sample of file.samples({
      trackNumbers: [...open.keys()],
      decodesInTime: true,
    })
  ) {
    const { track, reader } = open.get(sample.trackNumber)!;
    const payload = reader.read(await file.read(sample), sample.isSync);
    if (payload === undefined || reader.codec === undefined) continue;
    const now = trackOf(sample.trackNumber, reader.codec);
    const ticks = (value: number) =>
      Math.round(
        (value + track.editOffsetTicks) * now.clockRateHz / track.timescaleHz,
      );
    steps.push({
      unit: unitOf(now, {
        ptsTicks: ticks(sample.ptsTicks),
        dtsTicks: ticks(sample.dtsTicks),
        isRandomAccess: payload.isRandomAccess,
        parts: payload.parts,
      }),
      track: now,
    });
  }
  return inOrder(steps);
}

/** Reads a transport stream. */
export function mediaOfTs(bytes: Uint8Array): ContainerMedia {
  const steps: MediaStep[] = [];
  const demuxer = new MpegTsDemuxer({
    handleTracks: () => {},
    handleUnit: (track, { origin, ...unit }) => {
      const parts = origin.kind === "payload" ? origin.parts : [];
      steps.push({ unit: unitOf(track, { ...unit, parts }), track });
    },
    handleSkipped: () => {},
    handleError: (message) => {
      throw new Error(message);
    },
  });
  demuxer.push(bytes);
  demuxer.end();
  return inOrder(steps);
}

/** Linear PCM of a raw file, in units of so many samples. */
export function mediaOfPcm(
  bytes: Uint8Array,
  codec: LpcmParameters | G711Parameters,
  frameBytes: number,
): ContainerMedia {
  const track = trackOf(0, codec);
  const unitSamples = codec.sampleRateHz / 50;
  const unitBytes = unitSamples * frameBytes;
  const steps: MediaStep[] = [];
  for (let at = 0; at < bytes.length; at += unitBytes) {
    const ticks = steps.length * unitSamples;
    const parts = [bytes.subarray(at, at + unitBytes)];
    const times = { ptsTicks: ticks, dtsTicks: ticks, isRandomAccess: true };
    steps.push({ unit: unitOf(track, { ...times, parts }), track });
  }
  return inOrder(steps);
}

function trackOf(id: number, codec: CodecParameters): Track {
  return {
    id,
    kind: codecKind(codec),
    codec,
    clockRateHz: clockRateOf(codec),
  };
}

function unitOf(
  { id, clockRateHz }: Track,
  { parts, ...unit }:
    & Pick<MediaUnit, "ptsTicks" | "dtsTicks" | "isRandomAccess">
    & { readonly parts: readonly Uint8Array[] },
): MediaUnit {
  return {
    trackId: id,
    ptsTicks: unit.ptsTicks,
    dtsTicks: unit.dtsTicks,
    wallClockMs: 1_000_000 + unit.dtsTicks * 1_000 / clockRateHz,
    isRandomAccess: unit.isRandomAccess,
    sizeBytes: parts.reduce((sum, { length }) => sum + length, 0),
    origin: { kind: "payload", parts },
  };
}

function seconds({ unit, track }: MediaStep): number {
  return unit.dtsTicks / track.clockRateHz;
}

function inOrder(steps: readonly MediaStep[]): ContainerMedia {
  const first = new Map<number, Track>();
  for (const { track } of steps) {
    if (!first.has(track.id)) first.set(track.id, track);
  }
  return {
    tracks: [...first.values()].sort((a, b) => a.id - b.id),
    steps: [...steps].sort((a, b) => seconds(a) - seconds(b)),
  };
}

/** Samples with their times; the file's origin is the earliest decoding time. */
function timedSamples(
  { tracks, steps }: ContainerMedia,
  originSeconds: number,
): TimedSample[] {
  const timers = new Map(tracks.map((track) => [
    track.id,
    new SampleTimer(Math.round(originSeconds * track.clockRateHz)),
  ]));
  const timed: TimedSample[] = [];
  for (const { unit, track } of steps) {
    for (const sample of samplesOfUnit(unit, track)) {
      const before = timers.get(track.id)!.push(sample);
      if (before) timed.push(before);
    }
  }
  for (const timer of timers.values()) {
    const last = timer.flush();
    if (last) timed.push(last);
  }
  return timed;
}

/** The earliest decoding time. */
function startSeconds({ steps }: ContainerMedia): number {
  return Math.min(...steps.map(seconds));
}

/** Writes an init segment and parts. */
export function fragmentedFile(
  media: ContainerMedia,
  { partSeconds = 0.5, originSeconds = startSeconds(media) } = {},
): Uint8Array {
  const timed = timedSamples(media, originSeconds);
  const numbers = media.tracks.map(({ id, codec, clockRateHz }, i) => ({
    trackId: id,
    trackNumber: i + 1,
    codec,
    clockRateHz,
    firstSample: timed.find(({ sample }) => sample.trackId === id)?.sample
      .bytes,
  }));
  const init = serializeInitSegment(numbers);
  if (init === undefined) throw new Error("The parameters do not tell all");
  const writer = new Fmp4PartWriter(numbers);
  const pieces: Uint8Array[] = [init];
  let sequence = 0;
  for (const one of timed) {
    if (writer.spanSeconds >= partSeconds) {
      pieces.push(writer.finish(sequence++)!.bytes);
    }
    writer.add(one);
  }
  const last = writer.finish(sequence);
  if (last) pieces.push(last.bytes);
  return joinBytes(pieces);
}

/** Writes a file without fragments. */
export function progressiveFile(
  media: ContainerMedia,
  { isMovieFirst = true } = {},
): Uint8Array {
  const origin = startSeconds(media);
  const timed = timedSamples(media, origin);
  const writer = new Mp4FileWriter(
    media.tracks.map(({ id, codec, clockRateHz }, i) => {
      const first = timed.find(({ sample }) => sample.trackId === id)!;
      return {
        trackNumber: i + 1,
        clockRateHz,
        entry: initEntry({ codec, firstSample: first.sample.bytes })!,
        startTicks: first.decodeTicks,
      };
    }),
  );
  const data: Uint8Array[] = [];
  for (const one of timed) {
    const number = media.tracks.findIndex(({ id }) =>
      id === one.sample.trackId
    ) + 1;
    writer.add(number, {
      sizeBytes: one.sample.bytes.length,
      durationTicks: one.durationTicks,
      compositionOffsetTicks: one.compositionOffsetTicks,
      isSync: one.sample.isSync,
    });
    data.push(one.sample.bytes);
  }
  if (isMovieFirst) return joinBytes([writer.header(), ...data]);
  const { movie, patch } = writer.closing();
  const bytes = joinBytes([writer.opening(), ...data, movie]);
  bytes.set(patch.bytes, patch.offsetBytes);
  return bytes;
}

/** Writes a transport stream. */
export function transportStream(
  { tracks, steps }: ContainerMedia,
  latm: LatmChoice = "adts",
): Uint8Array {
  const muxer = new TsMuxer({
    latm,
    onError: (message) => {
      throw new Error(message);
    },
  });
  let current = tracks;
  return joinBytes(steps.map(({ unit, track }) => {
    if (!current.includes(track)) {
      current = current.map((one) => one.id === track.id ? track : one);
    }
    return muxer.mux([unit], current);
  }));
}
