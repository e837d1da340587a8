import { joinBytes } from "#base/join_bytes.ts";
import { clockRateOf, codecKind } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { initEntry } from "#formats/fmp4/init_segment.ts";
import { openMp4SampleReader } from "#formats/fmp4/mp4_codecs.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import { SampleTimer, type TimedSample } from "#formats/fmp4/sample_timer.ts";
import { samplesOfUnit } from "#formats/fmp4/unit_samples.ts";
import { Mp4FileWriter } from "#formats/mp4/file_writer.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { TsMuxer, type TsMuxerOptions } from "#formats/mpegts/muxer.ts";
import { BytesInput } from "../formats/mp4/bytes_input.ts";
import { demuxed } from "../formats/mpegts/demuxed.ts";

/** What a file holds, as a stream would. */
export interface ContainerMedia {
  readonly tracks: readonly Track[];
  /** In the order of their decoding times. */
  readonly units: readonly MediaUnit[];
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
  const units: MediaUnit[] = [];
  for await (
    const sample of file.samples({ trackNumbers: [...open.keys()] })
  ) {
    const { track, reader } = open.get(sample.trackNumber)!;
    const payload = reader.read(await file.read(sample), sample.isSync);
    if (payload === undefined) continue;
    const rateHz = clockRateOf(reader.codec!);
    const ticks = (value: number) =>
      Math.round((value + track.editOffsetTicks) * rateHz / track.timescaleHz);
    const dtsTicks = ticks(sample.dtsTicks);
    units.push({
      trackId: sample.trackNumber,
      ptsTicks: ticks(sample.ptsTicks),
      dtsTicks,
      wallClockMs: 1_000_000 + dtsTicks * 1_000 / rateHz,
      isRandomAccess: payload.isRandomAccess,
      sizeBytes: sample.sizeBytes,
      origin: { kind: "payload", parts: payload.parts },
    });
  }
  const tracks = [...open.entries()].map(([id, { reader }]) => ({
    id,
    kind: codecKind(reader.codec!),
    codec: reader.codec!,
    clockRateHz: clockRateOf(reader.codec!),
  }));
  return { tracks, units };
}

/** Reads a transport stream. */
export function mediaOfTs(bytes: Uint8Array): ContainerMedia {
  const { tracks } = demuxed([bytes]);
  const units = tracks.flatMap(({ track, units }) =>
    units.map(({ ptsTicks, dtsTicks, isRandomAccess, parts }) => ({
      trackId: track.id,
      ptsTicks,
      dtsTicks,
      wallClockMs: 1_000_000 + dtsTicks * 1_000 / track.clockRateHz,
      isRandomAccess,
      sizeBytes: 0,
      origin: { kind: "payload", parts } as const,
    }))
  );
  return inOrder({ tracks: tracks.map(({ track }) => track), units });
}

function inOrder({ tracks, units }: ContainerMedia): ContainerMedia {
  const rates = new Map(tracks.map((one) => [one.id, one.clockRateHz]));
  const seconds = (unit: MediaUnit) => unit.dtsTicks / rates.get(unit.trackId)!;
  return { tracks, units: [...units].sort((a, b) => seconds(a) - seconds(b)) };
}

/** Samples with their times; the file's origin is the earliest decoding time. */
function timedSamples(
  { tracks, units }: ContainerMedia,
  originSeconds: number,
): TimedSample[] {
  const timers = new Map(tracks.map((track) => [
    track.id,
    new SampleTimer(Math.round(originSeconds * track.clockRateHz)),
  ]));
  const timed: TimedSample[] = [];
  for (const unit of units) {
    const track = tracks.find(({ id }) => id === unit.trackId)!;
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
export function startSeconds({ tracks, units }: ContainerMedia): number {
  return Math.min(
    ...units.map(({ trackId, dtsTicks }) =>
      dtsTicks / tracks.find(({ id }) => id === trackId)!.clockRateHz
    ),
  );
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
  { tracks, units }: ContainerMedia,
  options: Partial<TsMuxerOptions> = {},
): Uint8Array {
  const muxer = new TsMuxer({
    latm: "adts",
    onError: (message) => {
      throw new Error(message);
    },
    ...options,
  });
  return joinBytes(units.map((unit) => muxer.mux([unit], tracks)));
}
