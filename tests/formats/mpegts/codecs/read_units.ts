import { parseProgramMap } from "#formats/mpegts/program_tables.ts";
import type { AccessUnit, StreamReader } from "#formats/mpegts/ts_codec.ts";
import { tsCodecOf } from "#formats/mpegts/ts_codecs.ts";
import { mapSection, type WrittenStream } from "../ts_writer.ts";

/** A stream of one codec that is read packet by packet. */
export interface ReadStream {
  readonly reader: StreamReader;
  readonly errors: readonly string[];
  /** Units of the next packet. */
  read(payload: Uint8Array, fields?: PesFields): readonly AccessUnit[];
}

/** What differs from a packet with a presentation time of 9,000 ticks. */
export interface PesFields {
  readonly ptsTicks?: number | undefined;
  readonly dtsTicks?: number;
  readonly latestTicks?: number;
  readonly isRandomAccess?: boolean;
}

/** Opens the reader that a program map leads to; undefined if it leads to none. */
export function openStream(
  stream: Omit<WrittenStream, "pid">,
): ReadStream | undefined {
  const [entry] = parseProgramMap(
    mapSection([{ pid: 0x100, ...stream }]).slice(8, -4),
  );
  const errors: string[] = [];
  const reader = tsCodecOf(entry!)?.openReader(
    entry!,
    (message) => void errors.push(message),
  );
  if (reader === undefined) return undefined;
  return {
    reader,
    errors,
    read(payload, fields = {}) {
      const { ptsTicks } = { ptsTicks: 9_000, ...fields };
      return reader.read({
        payload: payload.slice(),
        ptsTicks,
        dtsTicks: fields.dtsTicks ?? ptsTicks,
        latestTicks: fields.latestTicks ?? ptsTicks,
        isRandomAccess: fields.isRandomAccess ?? false,
      });
    },
  };
}

/** The reader of a stream type. */
export function streamOfType(
  streamType: number,
  descriptors = "",
): ReadStream {
  const stream = openStream({ streamType, descriptors });
  if (stream === undefined) throw new Error(`No codec for ${streamType}`);
  return stream;
}

/** Times and sizes of units, as `pts/dts: size size`. */
export function outline(units: readonly AccessUnit[]): string[] {
  return units.map(({ ptsTicks, dtsTicks, parts, isRandomAccess }) =>
    `${ptsTicks}/${dtsTicks}${isRandomAccess ? "*" : ""}: ${
      parts.map(({ length }) => length).join(" ")
    }`
  );
}
