import { z } from "zod";
import { parseByteSize } from "./byte_size.ts";
import { errorText } from "./errors.ts";
import { parseGoDuration } from "./go_duration.ts";
import { type IpNetwork, parseIpNetwork } from "./ip.ts";
import { Secret } from "./secret.ts";

/** A value as a file holds it, before it is checked. */
export type RawValue =
  | null
  | boolean
  | number
  | string
  | RawValue[]
  | RawObject;

/** Keys and values as a file holds them, before they are checked. */
export type RawObject = { [key: string]: RawValue };

/** What the property that a key fills ends in: durations `Ms`, sizes `Bytes`. */
export type UnitSuffix = "" | "Ms" | "Bytes";

/** A part of the program that answers for itself what a changed key needs. */
export type ModuleName =
  | "log"
  | "auth"
  | "api"
  | "metrics"
  | "pprof"
  | "playback"
  | "paths"
  | "rtsp"
  | "rtmp"
  | "hls"
  | "webrtc"
  | "srt"
  | "moq";

/**
 * What a changed key must reach.
 *
 * `live`: read at each use, nothing to do. `newSessions`: sessions opened from then on. `path`: its path is closed and
 * made anew. `pathHot`: its path takes it, publisher and readers stay. A list: these modules.
 */
export type Effect =
  | "live"
  | "newSessions"
  | "path"
  | "pathHot"
  | readonly ModuleName[];

/** How the text of a key becomes a value. */
export interface ValueType<T, Suffix extends UnitSuffix = ""> {
  /** In the words of the documentation, e.g. `"duration"`. */
  readonly name: string;
  /** Checks a raw value; its issues are the error texts. */
  readonly schema: z.ZodType<T>;
  /** What the property ends in. */
  readonly suffix: Suffix;
  /** Raw value of the field of a list element that does not give it. */
  readonly zero: RawValue;
  /** What `null` in a file stands for: the default, another raw value, or nothing that is allowed. */
  readonly nullMeans: "default" | "error" | { readonly value: RawValue };
  /** Raw value of an environment variable; `undefined` if the text stands for none. */
  fromText(text: string): RawValue | undefined;
  /** Text that is never printed. */
  readonly isSecret?: boolean;
  /** Type of the elements of a list. */
  readonly element?: ValueType<unknown>;
  /** Types of the keys of an object. */
  readonly shape?: Shape;
}

/** Everything known about one key beside its type. */
export interface FieldOptions<T> {
  /** As a file would hold it (`"10s"`, `true`). */
  readonly default: RawValue;
  readonly effect: Effect;
  /** One or two sentences for the example file. */
  readonly doc: string;
  /** An old key that is still accepted: what to warn with when it is set, empty for nothing. */
  readonly deprecation?: string;
  /** The feature is not there yet: for every value but the default, or for these values. */
  readonly isPending?: boolean | ((value: T) => boolean);
}

/** One key of the configuration: its type and all else. */
export interface Field<T, Suffix extends UnitSuffix = "">
  extends FieldOptions<T> {
  readonly type: ValueType<T, Suffix>;
}

/** Keys of one fragment or of all. */
// deno-lint-ignore no-explicit-any
export type Fields = Readonly<Record<string, Field<any, UnitSuffix>>>;

/** Values that keys become: `readTimeout`, a duration, fills `readTimeoutMs`. */
export type Values<F extends Fields> = {
  readonly [
    K in keyof F as K extends string
      // deno-lint-ignore no-explicit-any
      ? F[K] extends Field<any, infer Suffix> ? `${K}${Suffix}` : never
      : never
    // deno-lint-ignore no-explicit-any
  ]: F[K] extends Field<infer T, any> ? T : never;
};

/** Describes one key; parser, error texts, example file, environment names and reload plan come from it. */
export function field<T, Suffix extends UnitSuffix>(
  type: ValueType<T, Suffix>,
  options: FieldOptions<T>,
): Field<T, Suffix> {
  return { type, ...options };
}

/** Name of the property that a key fills. */
export function propertyName(
  key: string,
  type: ValueType<unknown, UnitSuffix>,
): string {
  return key + type.suffix;
}

/** A raw value for an error text: text in quotes, the rest in a word. */
export function describeRaw(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (Array.isArray(value)) return "a list";
  if (value === null) return "nothing";
  return typeof value === "object" ? "keys and values" : String(value);
}

function wanted(
  what: string,
): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) =>
      typeof input === "boolean" && what === "text"
        ? `must be text, found ${input}: put it in quotes`
        : `must be ${what}, found ${describeRaw(input)}`,
  };
}

const TEXT = z.string(wanted("text"));
const SECRET = z.string({ error: "must be text" });
const YES_NO: ValueType<boolean> = {
  name: "yes or no",
  schema: z.boolean(wanted("yes or no")),
  suffix: "",
  zero: false,
  nullMeans: "default",
  fromText(text) {
    const word = text.toLowerCase();
    if (word === "yes" || word === "true") return true;
    return word === "no" || word === "false" ? false : undefined;
  },
};

/** `yes` or `no`, in any spelling of YAML. */
export function yesNo(): ValueType<boolean> {
  return YES_NO;
}

/** Whole number of 32 bits; `min` 0 makes it unsigned. */
export function integer(
  options: { min?: number; max?: number } = {},
): ValueType<number> {
  const { min = -(2 ** 31), max = min < 0 ? 2 ** 31 - 1 : 2 ** 32 - 1 } =
    options;
  const what = min === 0 ? "a whole number from 0" : "a whole number";
  return {
    name: "whole number",
    schema: z.number(wanted(what)).refine(
      (value) => Number.isInteger(value) && value >= min && value <= max,
      wanted(what),
    ),
    suffix: "",
    zero: 0,
    nullMeans: "default",
    fromText: (text) => /^[-+]?\d{1,10}$/.test(text) ? Number(text) : undefined,
  };
}

/** Number with or without fraction. */
export function number(): ValueType<number> {
  return {
    name: "number",
    schema: z.number(wanted("a number")),
    suffix: "",
    zero: 0,
    nullMeans: "default",
    fromText: (text) =>
      /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)
        ? Number(text)
        : undefined,
  };
}

/** Why a text is refused; `undefined` if it is not. */
export type TextCheck = (text: string) => string | undefined;

/** Text, as it is. */
export function text(check?: TextCheck): ValueType<string> {
  return textType("text", check ? TEXT.superRefine(refusal(check)) : TEXT);
}

/** Text that is never printed; the empty one means that there is none. */
export function secretText(check?: TextCheck): ValueType<Secret> {
  const checked = check ? SECRET.superRefine(refusal(check)) : SECRET;
  return {
    ...textType("text", checked.transform((value) => new Secret(value))),
    isSecret: true,
  };
}

function textType<T>(name: string, schema: z.ZodType<T>): ValueType<T> {
  return {
    name,
    schema,
    suffix: "",
    zero: "",
    nullMeans: "default",
    fromText: (value) => value,
  };
}

function refusal(check: TextCheck) {
  return (value: string, context: z.RefinementCtx): void => {
    const message = check(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };
}

/** A transform whose RangeError is the error text. */
function converted<T>(
  what: string,
  convert: (text: string) => T,
): z.ZodType<T> {
  return z.string(wanted(what)).transform((value, context) => {
    try {
      return convert(value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue({ code: "custom", message: errorText(error) });
      return z.NEVER;
    }
  });
}

const DURATION: ValueType<number, "Ms"> = {
  name: "duration",
  schema: converted("a duration such as '10s'", parseGoDuration),
  suffix: "Ms",
  zero: "",
  nullMeans: { value: "" },
  fromText: (value) => value,
};

/** Text such as `10s` or `1d12h`; the value is in milliseconds. */
export function duration(): ValueType<number, "Ms"> {
  return DURATION;
}

const SIZE: ValueType<number, "Bytes"> = {
  name: "size",
  schema: converted("a size such as '50M'", parseByteSize),
  suffix: "Bytes",
  zero: "",
  nullMeans: "error",
  fromText: (value) => value,
};

/** Text such as `50M`; the value is in bytes. */
export function size(): ValueType<number, "Bytes"> {
  return SIZE;
}

const SIZE_OR_NONE: ValueType<number, "Bytes"> = {
  ...SIZE,
  schema: z.preprocess(
    (given) => given === 0 ? "0" : given,
    converted(
      "a size such as '50M', or 0",
      (text) => /^\s*(0\s*B?)?\s*$/i.test(text) ? 0 : parseByteSize(text),
    ),
  ),
  nullMeans: "default",
};

/** A {@linkcode size}, or `0` for none. */
export function sizeOrNone(): ValueType<number, "Bytes"> {
  return SIZE_OR_NONE;
}

const ADDRESS = textType("address", TEXT.superRefine(refusal(checkAddress)));

/** Where to listen: `:8554`, `127.0.0.1:8554`, `[::1]:8554`; the empty text means nowhere. */
export function address(): ValueType<string> {
  return ADDRESS;
}

const HTTP_ADDRESS = textType(
  "address",
  TEXT.superRefine(
    refusal((value) =>
      /^unix:\/\/./.test(value) ? undefined : checkAddress(value)
    ),
  ),
);

/** An {@linkcode address} or `unix:///path/of/socket`. */
export function httpAddress(): ValueType<string> {
  return HTTP_ADDRESS;
}

function checkAddress(value: string): string | undefined {
  if (value === "") return undefined;
  const match = /^(?:\[[0-9a-fA-F:.%\w]+\]|[^\s:/[\]]*):(\d{1,5})$/.exec(value);
  return match && Number(match[1]) <= 65_535
    ? undefined
    : `must be an address such as ':8554' or '127.0.0.1:8554', found '${value}'`;
}

/** What {@linkcode oneOf} needs beside the words. */
export interface OneOfOptions<T extends string> {
  /** Error text for any other word. */
  readonly refusal: (found: string) => string;
  /** Other spellings of the words. */
  readonly aliases?: Readonly<Record<string, T>>;
  /** Whether a key without value is an error instead of the default. */
  readonly refusesNull?: boolean;
}

/** One of these words. */
export function oneOf<const T extends string>(
  words: readonly T[],
  options: OneOfOptions<T>,
): ValueType<T> {
  const { aliases = {} } = options;
  return {
    ...textType(
      words.filter((word) => word !== "").join(", "),
      TEXT.transform((value, context): T => {
        const word = Object.hasOwn(aliases, value) ? aliases[value]! : value;
        if (words.includes(word as T)) return word as T;
        context.addIssue({ code: "custom", message: options.refusal(value) });
        return z.NEVER;
      }),
    ),
    nullMeans: options.refusesNull ? "error" : "default",
  };
}

const IP_NETWORK = textType(
  "address or network",
  converted("text", parseIpNetwork),
);

/** List of addresses and networks (`10.0.0.1`, `10.0.0.0/8`). */
export function ipNetworks(): ValueType<readonly IpNetwork[]> {
  return listOf(IP_NETWORK);
}

/** List of one type; in the environment separated by commas, without blanks. */
export function listOf<T>(element: ValueType<T>): ValueType<readonly T[]> {
  return {
    name: `list of ${element.name}`,
    schema: z.array(element.schema, wanted("a list")),
    suffix: "",
    zero: [],
    nullMeans: "error",
    fromText(value) {
      if (value === "") return [];
      const elements = value.split(",").map((part) => element.fromText(part));
      return elements.includes(undefined) ? undefined : elements as RawValue[];
    },
    element,
  };
}

/** Types of the keys of an object. */
export type Shape = Readonly<Record<string, ValueType<unknown>>>;

/** Values of the keys of an {@linkcode objectOf}. */
export type ShapeValues<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends ValueType<infer T> ? T : never;
};

/**
 * Keys and values, for the elements of a list; a key that is not given has its type's zero value.
 *
 * `check` looks at the whole: its answer is the error text.
 */
export function objectOf<const S extends Shape>(
  shape: S,
  check?: (value: ShapeValues<S>) => string | undefined,
): ValueType<ShapeValues<S>> {
  const schemas = Object.fromEntries(
    Object.entries(shape).map(([key, type]) => [key, type.schema]),
  );
  const strict = z.strictObject(schemas, {
    error: ({ code, input }) =>
      code === "unrecognized_keys"
        ? undefined
        : `must be keys and values, found ${describeRaw(input)}`,
  }).transform((value, context) => {
    const values = value as ShapeValues<S>;
    const message = check?.(values);
    if (message !== undefined) context.addIssue({ code: "custom", message });
    return values;
  });
  return {
    name: "keys and values",
    schema: z.preprocess((given) => withZeros(given, shape), strict),
    suffix: "",
    zero: {},
    nullMeans: "default",
    fromText: () => undefined,
    shape,
  };
}

/** The keys that are given, and zero values for those that are not or have no value. */
function withZeros(given: unknown, shape: Shape): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return given;
  }
  const filled: Record<string, unknown> = { ...given };
  for (const [key, { zero, nullMeans }] of Object.entries(shape)) {
    if (filled[key] === null && nullMeans !== "error") filled[key] = zero;
    else if (!Object.hasOwn(filled, key)) filled[key] = zero;
  }
  return filled;
}
