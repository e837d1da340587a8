import type { RawValue } from "#base/schema.ts";
import { type AnyField, GLOBAL_FIELDS, PATH_FIELDS } from "./root_schema.ts";

/** Width of the comments. */
const MAX_LINE_CHARS = 100;

/** First key of each section, with its heading. */
const GLOBAL_SECTIONS: ReadonlyMap<string, string> = new Map([
  ["logLevel", "General"],
  ["runOnConnect", "Hooks"],
  ["authMethod", "Authentication"],
  ["api", "Control API"],
  ["metrics", "Metrics"],
  ["pprof", "Profiles"],
  ["playback", "Playback"],
  ["rtsp", "RTSP server"],
  ["rtmp", "RTMP server"],
  ["hls", "HLS server"],
  ["webrtc", "WebRTC server"],
  ["srt", "SRT server"],
  ["moq", "MoQ server"],
]);

const PATH_SECTIONS: ReadonlyMap<string, string> = new Map([
  ["source", "General"],
  ["gopCache", "First picture of new readers"],
  ["alwaysAvailable", "Always available"],
  ["forward", "Forwarding"],
  ["record", "Recording"],
  ["overridePublisher", "Publishers"],
  ["rtspTransport", "Sources"],
  ["rpiCameraCamID", "Raspberry Pi camera"],
  ["runOnInit", "Hooks"],
]);

const HEAD = `\
# Configuration of weir: every key with its default.
# Made from the descriptions of the keys by "deno task example"; changes here are lost.
#
# weir looks for weir.yml, then for mediamtx.yml. Keys that are left out have their defaults.
# include: [conf.d/*.yml] takes more files; what is given last counts.
# Any key may be set by the environment, too: WEIR_RTSPADDRESS=:8555, WEIR_PATHS_CAM_SOURCE=publisher.
`;

const PATHS = `
# Paths: their names, or "~" and a regular expression, with the keys that differ from pathDefaults.
# all_others takes every name that no other entry takes.
paths:
  all_others:
  # camera:
  #   maxReaders: 10`;

/** Text of `config.example.yml`: all keys with their defaults, made from the schema. */
export function exampleConfig(): string {
  return [
    HEAD,
    ...keyLines(GLOBAL_FIELDS, GLOBAL_SECTIONS, ""),
    "",
    ...headingLines("Defaults of paths", ""),
    "",
    "pathDefaults:",
    ...keyLines(PATH_FIELDS, PATH_SECTIONS, "  "),
    "",
    ...headingLines("Paths", ""),
    PATHS,
    "",
  ].join("\n").replace(/\n\n\n+/g, "\n\n").replace(
    "pathDefaults:\n\n",
    "pathDefaults:\n",
  );
}

function keyLines(
  fields: ReadonlyMap<string, AnyField>,
  sections: ReadonlyMap<string, string>,
  indent: string,
): string[] {
  const lines: string[] = [];
  for (const [key, field] of fields) {
    if (field.deprecation !== undefined) continue;
    const heading = sections.get(key);
    if (heading !== undefined) {
      lines.push("", ...headingLines(heading, indent), "");
    }
    const isPending = field.isPending === true ||
      typeof field.isPending === "function" &&
        typeof field.default === "boolean";
    const doc = isPending ? `${field.doc} Not in this build yet.` : field.doc;
    lines.push(...commentLines(doc, indent));
    lines.push(...valueLines(key, field.default, indent));
  }
  return lines;
}

function headingLines(heading: string, indent: string): string[] {
  const line = indent + "#".repeat(60 - indent.length);
  return [line, `${indent}# ${heading}`];
}

function commentLines(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > MAX_LINE_CHARS) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function valueLines(key: string, value: RawValue, indent: string): string[] {
  const isObjects = Array.isArray(value) &&
    value.some((element) => typeof element === "object");
  if (!isObjects) return [`${indent}${key}: ${inlineText(value)}`];
  return [
    `${indent}${key}:`,
    ...value.flatMap((element) => elementLines(element, `${indent}  `)),
  ];
}

function elementLines(element: RawValue, indent: string): string[] {
  const lines = Object.entries(element as Record<string, RawValue>).flatMap(
    ([key, value]) => valueLines(key, value, `${indent}  `),
  );
  const [first = "", ...others] = lines;
  return [`${indent}- ${first.trimStart()}`, ...others];
}

function inlineText(value: RawValue): string {
  if (Array.isArray(value)) return `[${value.map(inlineText).join(", ")}]`;
  if (typeof value !== "string") {
    return value === true ? "yes" : value === false ? "no" : String(value);
  }
  const isPlain = /^(?:[A-Za-z./]|:\d)[\w.:/%+-]*$/.test(value) &&
      !/^(?:yes|no|on|off|true|false|null)$/i.test(value) ||
    /^\d+[a-zA-Z]+$/.test(value);
  const isAmbiguous = value.endsWith(":") || value.startsWith(": ");
  return isPlain && !isAmbiguous ? value : JSON.stringify(value);
}
