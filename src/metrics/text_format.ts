/** Label names and values of one line. */
export type Labels = Readonly<Record<string, string>>;

/** Kind of a metric, as `# TYPE` has it. */
export type MetricType = "counter" | "gauge" | "summary";

/** What would end a value or a line, and what no reader of lines expects. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\\"\u0000-\u001f\u007f]/g;

/**
 * Labels as they stand behind a name, sorted by name; empty without any.
 *
 * Nothing that a peer chose can end the value or the line: backslash, quote and line feed are escaped, other control
 * characters replaced.
 *
 * Spec: Prometheus text exposition format 0.0.4.
 */
export function labelText(labels: Labels): string {
  const parts = Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, value]) => `${name}="${value.replace(UNSAFE, escapeOne)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escapeOne(character: string): string {
  if (character === "\n") return "\\n";
  return character === "\\" || character === '"' ? `\\${character}` : "\ufffd";
}

/** A number in its shortest form, without exponent. */
export function numberText(value: number): string {
  const text = String(value);
  if (Number.isSafeInteger(value)) return text;
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) {
    return text.replace(/^Infinity/, "+Inf").replace("-Infinity", "-Inf");
  }
  const [, sign, whole = "", fraction = "", exponent] = match;
  const digits = whole + fraction;
  const pointAt = whole.length + Number(exponent);
  return pointAt > 0
    ? `${sign}${digits.padEnd(pointAt, "0")}`
    : `${sign}0.${"0".repeat(-pointAt)}${digits}`;
}

/** One line: `labels` is what {@linkcode labelText} made. */
export function metricLine(
  name: string,
  labels: string,
  value: number,
): string {
  return `${name}${labels} ${numberText(value)}\n`;
}

/** A section, piece by piece: its title, the lines of each item, an empty line. */
export function* section(
  title: string,
  items: Iterable<string>,
): Generator<string> {
  yield `# ${title}\n`;
  yield* items;
  yield "\n";
}
