import { errorText, ParseError } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import { clockRateOf, codecKind, type CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { FileSample } from "#formats/fmp4/fragment_reader.ts";
import type { Mp4MovieTrack } from "#formats/fmp4/movie_reader.ts";
import type { Mp4Payload, Mp4SampleReader } from "#formats/fmp4/mp4_codec.ts";
import { openMp4SampleReader } from "#formats/fmp4/mp4_codecs.ts";
import { type Mp4File, openMp4File } from "#formats/mp4/mp4_file.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import { type Clip, ClipError, type ClipUnit } from "./clip.ts";

/** A track of the file with what takes its samples apart. */
interface TrackReader {
  readonly movieTrack: Mp4MovieTrack;
  readonly reader: Mp4SampleReader;
  track: Track;
}

/** Says what of a file is left out. */
type Warn = (message: string) => void;

/**
 * Opens an MP4 file, with or without fragments; tracks of unknown codecs are left out.
 *
 * @throws {ParseError} if its header is malformed.
 * @throws {ClipError} if no track is left.
 */
export async function openMp4Clip(
  input: RandomAccessInput,
  warn: Warn,
): Promise<Clip> {
  const file = await openMp4File(input);
  const readers = new Map<number, TrackReader>();
  for (const movieTrack of file.movie.tracks) {
    const { number, entry } = movieTrack;
    if (entry === undefined) continue;
    const reader = openMp4SampleReader(entry);
    const codec = reader && await codecOf(reader, file, number);
    if (reader === undefined || codec === undefined) {
      warn(`track ${number} is left out: it cannot be read (${entry.format})`);
      continue;
    }
    const track = trackOf(readers.size, codec);
    readers.set(number, { movieTrack, reader, track });
  }
  if (readers.size === 0) throw new ClipError("it has no track to play");
  return new Mp4Clip(file, readers, warn);
}

/** Some parameters stand in the first sample only. */
async function codecOf(
  reader: Mp4SampleReader,
  file: Mp4File,
  trackNumber: number,
): Promise<CodecParameters | undefined> {
  if (reader.codec !== undefined) return reader.codec;
  for await (const sample of file.samples({ trackNumbers: [trackNumber] })) {
    const bytes = await file.read(sample);
    reader.read(bytes.slice(), sample.isSync);
    break;
  }
  return reader.codec;
}

function trackOf(id: number, codec: CodecParameters): Track {
  const clockRateHz = clockRateOf(codec);
  return { id, kind: codecKind(codec), codec, clockRateHz };
}

class Mp4Clip implements Clip {
  #tracks: readonly Track[];
  #file: Mp4File;
  #readers: ReadonlyMap<number, TrackReader>;
  #warn: Warn;

  constructor(
    file: Mp4File,
    readers: ReadonlyMap<number, TrackReader>,
    warn: Warn,
  ) {
    this.#file = file;
    this.#readers = readers;
    this.#warn = warn;
    this.#tracks = this.#currentTracks();
  }

  async *units(): AsyncGenerator<ClipUnit, void> {
    const samples = this.#file.samples({
      trackNumbers: [...this.#readers.keys()],
      decodesInTime: true,
    });
    for await (const sample of samples) {
      const one = this.#readers.get(sample.trackNumber)!;
      if (isCutOff(sample, one)) continue;
      const bytes = await this.#file.read(sample);
      // A copy: the view keeps far more in memory, and units may be kept for long.
      const payload = this.#read(one, bytes.slice(), sample.isSync);
      if (payload === undefined) continue;
      yield { ...unitOf(sample, payload, one), tracks: this.#tracks };
    }
  }

  #read(
    one: TrackReader,
    bytes: Uint8Array,
    isSync: boolean,
  ): Mp4Payload | undefined {
    const { reader, track } = one;
    try {
      const payload = reader.read(bytes, isSync);
      const { codec } = reader;
      if (codec !== undefined && codec !== track.codec) {
        one.track = trackOf(track.id, codec);
        this.#tracks = this.#currentTracks();
      }
      return payload;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#warn(`a sample is left out: ${errorText(error)}`);
      return undefined;
    }
  }

  #currentTracks(): Track[] {
    return [...this.#readers.values()].map(({ track }) => track);
  }
}

/** Sound in front of the edit list's first edit is there for decoders, not to be heard. */
function isCutOff(
  { ptsTicks, durationTicks }: FileSample,
  { track, movieTrack }: TrackReader,
): boolean {
  const endTicks = ptsTicks + durationTicks + movieTrack.editOffsetTicks;
  return track.kind === "audio" && endTicks <= 0;
}

function unitOf(
  sample: FileSample,
  { parts, isRandomAccess }: Mp4Payload,
  { track, movieTrack }: TrackReader,
): Omit<ClipUnit, "tracks"> {
  const { timescaleHz, editOffsetTicks } = movieTrack;
  const rescaled = (ticks: number) =>
    rescaleTicks(ticks, timescaleHz, track.clockRateHz);
  return {
    track,
    ptsTicks: rescaled(sample.ptsTicks + editOffsetTicks),
    dtsTicks: rescaled(sample.dtsTicks + editOffsetTicks),
    durationTicks: rescaled(sample.durationTicks),
    isRandomAccess: isRandomAccess || track.kind === "audio",
    sizeBytes: parts.reduce((sum, { length }) => sum + length, 0),
    origin: { kind: "payload", parts },
  };
}
