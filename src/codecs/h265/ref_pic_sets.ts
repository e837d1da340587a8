import type { BitReader } from "#base/bit_reader.ts";

const MAX_SETS = 64;
const MAX_PICS_PER_SET = 16;

/** POC distances of one set, nearest first: before the picture (negative) and behind it. */
interface RefPicSet {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

/**
 * Reads past the short-term reference picture sets of an SPS, which is what stands between its size and its VUI.
 *
 * A set may be predicted from the one before it, so the distances have to be worked out to know its length.
 *
 * Limits: 64 sets of 16 pictures.
 * Spec: ITU-T H.265 §7.3.7, §7.4.8.
 *
 * @throws {ParseError} past the end or over the limits.
 */
export function skipShortTermRefPicSets(reader: BitReader): void {
  const field = "num_short_term_ref_pic_sets";
  const count = reader.unsignedGolomb(field);
  if (count > MAX_SETS) {
    throw reader.error(`must be at most ${MAX_SETS}, found ${count}`, field);
  }
  let previous: RefPicSet | undefined;
  for (let i = 0; i < count; i++) {
    const isPredicted = previous !== undefined &&
      reader.flag("inter_ref_pic_set_prediction_flag");
    previous = isPredicted
      ? parsePredictedSet(reader, previous!)
      : parseExplicitSet(reader);
  }
}

function parseExplicitSet(reader: BitReader): RefPicSet {
  const beforeCount = reader.unsignedGolomb("num_negative_pics");
  const behindCount = reader.unsignedGolomb("num_positive_pics");
  checkCount(reader, beforeCount + behindCount);
  return {
    before: parseDistances(reader, beforeCount, -1),
    behind: parseDistances(reader, behindCount, 1),
  };
}

function parseDistances(
  reader: BitReader,
  count: number,
  sign: 1 | -1,
): number[] {
  const distances: number[] = [];
  let distance = 0;
  for (let i = 0; i < count; i++) {
    distance += sign * (reader.unsignedGolomb("delta_poc_minus1") + 1);
    reader.flag("used_by_curr_pic_flag");
    distances.push(distance);
  }
  return distances;
}

function parsePredictedSet(reader: BitReader, source: RefPicSet): RefPicSet {
  const isNegative = reader.flag("delta_rps_sign");
  const shift = (reader.unsignedGolomb("abs_delta_rps_minus1") + 1) *
    (isNegative ? -1 : 1);
  // The last candidate is the picture that `source` belongs to, at distance 0.
  const candidates = [...source.before, ...source.behind, 0];
  const distances: number[] = [];
  for (const candidate of candidates) {
    const isUsed = reader.flag("used_by_curr_pic_flag") ||
      reader.flag("use_delta_flag");
    if (isUsed && candidate + shift !== 0) distances.push(candidate + shift);
  }
  checkCount(reader, distances.length);
  return {
    before: distances.filter((one) => one < 0).sort((a, b) => b - a),
    behind: distances.filter((one) => one > 0).sort((a, b) => a - b),
  };
}

function checkCount(reader: BitReader, count: number): void {
  if (count > MAX_PICS_PER_SET) {
    throw reader.error(
      `must be at most ${MAX_PICS_PER_SET}, found ${count}`,
      "NumDeltaPocs",
    );
  }
}
