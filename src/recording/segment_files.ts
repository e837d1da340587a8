import { type SegmentName, SegmentNames } from "./segment_names.ts";
import { absolutePath, filesBelow } from "#platform/files.ts";

/** What of a path's configuration says where its recordings are. */
export interface SegmentPlace {
  readonly recordPath: string;
  readonly recordFormat: "fmp4" | "mpegts";
}

/** A file of a recording, as its name describes it. */
export interface SegmentFile extends SegmentName {
  /** Absolute. */
  readonly file: string;
}

/** The names that the recordings of an entry of the configuration have. */
export function segmentNames(
  { recordPath, recordFormat }: SegmentPlace,
): SegmentNames {
  const extension = recordFormat === "fmp4" ? ".mp4" : ".ts";
  return new SegmentNames(absolutePath(recordPath + extension));
}

/**
 * The segments of a path, the oldest first.
 *
 * @throws {PlatformError} if a folder may not be read.
 */
export async function segmentsOf(
  pathName: string,
  names: SegmentNames,
): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for await (const segment of segmentsIn(names.folderOf(pathName), names)) {
    if (segment.pathName === pathName) found.push(segment);
  }
  return found.sort((a, b) => a.startUs - b.startUs);
}

/**
 * The segments of all paths, in no order.
 *
 * @throws {PlatformError} if a folder may not be read.
 */
export function allSegments(
  names: SegmentNames,
): AsyncGenerator<SegmentFile, void> {
  return segmentsIn(names.folder, names);
}

async function* segmentsIn(
  folder: string,
  names: SegmentNames,
): AsyncGenerator<SegmentFile, void> {
  for await (const file of filesBelow(folder)) {
    const name = names.parse(file);
    if (name !== undefined) yield { ...name, file };
  }
}
