const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

/** Longest name that is looked at: systems know none that is longer. */
const MAX_FILE_NAME_CHARS = 4_096;

/** What a name of a file tells. */
export interface SegmentName {
  readonly pathName: string;
  /** Wall clock of the start, microseconds since the epoch. */
  readonly startUs: number;
}

/** One moment as the variables show it. */
interface Moment {
  readonly local: Date;
  readonly startUs: number;
}

/** A variable of time. */
interface Variable {
  /** What it is read with. */
  readonly pattern: string;
  readonly format: (moment: Moment) => string;
}

const twoDigits = (number: number) => String(number).padStart(2, "0");

const VARIABLES: Readonly<Record<string, Variable>> = {
  "%Y": {
    pattern: "[0-9]{4}",
    format: ({ local }) => String(local.getFullYear()),
  },
  "%m": {
    pattern: "[0-9]{2}",
    format: ({ local }) => twoDigits(local.getMonth() + 1),
  },
  "%d": {
    pattern: "[0-9]{2}",
    format: ({ local }) => twoDigits(local.getDate()),
  },
  "%H": {
    pattern: "[0-9]{2}",
    format: ({ local }) => twoDigits(local.getHours()),
  },
  "%M": {
    pattern: "[0-9]{2}",
    format: ({ local }) => twoDigits(local.getMinutes()),
  },
  "%S": {
    pattern: "[0-9]{2}",
    format: ({ local }) => twoDigits(local.getSeconds()),
  },
  "%f": {
    pattern: "[0-9]{6}",
    format: ({ startUs }) =>
      String(modulo(startUs, US_PER_SECOND)).padStart(6, "0"),
  },
  "%z": {
    pattern: "Z|[+-][0-9]{4}",
    format: ({ local }) => zoneText(-local.getTimezoneOffset()),
  },
  "%s": {
    pattern: "[0-9]{10}",
    format: ({ startUs }) =>
      String(Math.floor(startUs / US_PER_SECOND)).padStart(10, "0"),
  },
};

/** A name with other numbers is nobody's: it must not be taken for a very old file. */
const RANGES: readonly [name: string, range: [least: number, most: number]][] =
  [
    ["%m", [1, 12]],
    ["%d", [1, 31]],
    ["%H", [0, 23]],
    ["%M", [0, 59]],
    ["%S", [0, 59]],
  ];

const PATH_VARIABLE = "%path";

/** Every variable, and what stands between them. */
const PIECES = /%path|%[YmdHMSfzs]|[^%]+|%/g;

/**
 * Names of the files of recordings: `recordPath` with the extension of the format.
 *
 * Dates and times of day are those of the computer's zone, unless a name has `%z` or `%s`.
 *
 * Spec: MediaMTX's configuration file.
 */
export class SegmentNames {
  /** Where all files are, whatever their path: what stands before the first part of the name with a variable. */
  readonly folder: string;
  #pieces: readonly string[];
  #pattern: RegExp;
  /** Variables in the order of the pattern's groups. */
  #groups: readonly string[];

  /** `template`: absolute, with variables and extension. */
  constructor(template: string) {
    this.#pieces = template.match(PIECES) ?? [];
    this.folder = folderBefore(template, template.indexOf("%"));
    const groups: string[] = [];
    const pattern = this.#pieces.map((piece) => patternOf(piece, groups));
    this.#pattern = new RegExp(`^${pattern.join("")}$`);
    this.#groups = groups;
  }

  /** Where the files of one path are, and perhaps those of others. */
  folderOf(pathName: string): string {
    const own = this.#pieces
      .map((piece) => piece === PATH_VARIABLE ? pathName : piece).join("");
    return folderBefore(own, own.indexOf("%"));
  }

  /** The name of a segment. Input: `pathName` is valid; `startUs` as in {@linkcode SegmentName}. */
  format({ pathName, startUs }: SegmentName): string {
    const local = new Date(Math.floor(startUs / US_PER_MS));
    return this.#pieces.map((piece) =>
      piece === PATH_VARIABLE
        ? pathName
        : VARIABLES[piece]?.format({ local, startUs }) ?? piece
    ).join("");
  }

  /** What a name tells; undefined if it is none of these, or its variables make no time. */
  parse(file: string): SegmentName | undefined {
    if (file.length > MAX_FILE_NAME_CHARS) return undefined;
    const match = this.#pattern.exec(withSlashes(file));
    if (!match) return undefined;
    const values = new Map<string, string>();
    this.#groups.forEach((name, i) => values.set(name, match[i + 1]!));
    const pathName = values.get(PATH_VARIABLE) ?? "";
    const startUs = timeOf(values);
    return Number.isSafeInteger(startUs) ? { pathName, startUs } : undefined;
  }
}

/** A variable that comes again must say the same. */
function patternOf(piece: string, groups: string[]): string {
  const variable = piece === PATH_VARIABLE ? ".*?" : VARIABLES[piece]?.pattern;
  if (variable === undefined) return RegExp.escape(withSlashes(piece));
  const known = groups.indexOf(piece);
  if (known >= 0) return `(?:\\${known + 1})`;
  groups.push(piece);
  return `(${variable})`;
}

/** NaN if it makes no time. */
function timeOf(values: ReadonlyMap<string, string>): number {
  const number = (name: string) => Number(values.get(name) ?? 0);
  const microseconds = number("%f");
  if (values.has("%s")) return number("%s") * US_PER_SECOND + microseconds;
  const year = number("%Y");
  const month = number("%m") - 1;
  const fields = [number("%d"), number("%H"), number("%M"), number("%S")];
  if (["%Y", "%m", "%d"].some((name) => !values.has(name))) return NaN;
  for (const [name, [least, most]] of RANGES) {
    if (values.has(name) && !(number(name) >= least && number(name) <= most)) {
      return NaN;
    }
  }
  const zone = values.get("%z");
  const ms = zone === undefined
    ? new Date(year, month, ...fields).getTime()
    : Date.UTC(year, month, ...fields) - zoneMinutes(zone) * 60_000;
  return ms * US_PER_MS + microseconds;
}

/** Minutes east of Greenwich. */
function zoneMinutes(zone: string): number {
  if (zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return zone.startsWith("-") ? -minutes : minutes;
}

function zoneText(minutes: number): string {
  if (minutes === 0) return "Z";
  const of = Math.abs(minutes);
  const sign = minutes < 0 ? "-" : "+";
  return sign + twoDigits(Math.floor(of / 60)) + twoDigits(of % 60);
}

function folderBefore(template: string, variableAt: number): string {
  const fixed = variableAt < 0 ? template : template.slice(0, variableAt);
  const end = withSlashes(fixed).lastIndexOf("/");
  return fixed.slice(0, Math.max(end, 1));
}

/** Systems that write backslashes between folders know slashes, too; no name of a path has either. */
function withSlashes(name: string): string {
  return name.replaceAll("\\", "/");
}

function modulo(dividend: number, divisor: number): number {
  return ((dividend % divisor) + divisor) % divisor;
}
