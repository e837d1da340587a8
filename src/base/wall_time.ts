const US_PER_MS = 1_000;

/** Spec: RFC 3339 §5.6. */
const RFC_3339 =
  /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads a moment as RFC 3339 writes it.
 *
 * Output: microseconds since the epoch, finer digits cut off; undefined if it is none.
 * Limits: the years up to 2255.
 * Spec: RFC 3339 §5.6. Deviates: no leap seconds.
 */
export function parseWallTime(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, time, fraction = "", zone] = match;
  const ms = Date.parse(`${time}.000${zone}`.toUpperCase());
  const wallUs = ms * US_PER_MS + Number(fraction.padEnd(6, "0").slice(0, 6));
  return Number.isSafeInteger(wallUs) ? wallUs : undefined;
}

/**
 * Writes a moment as RFC 3339 in the zone of this machine: `2026-03-01T12:00:00.250042+01:00`.
 *
 * Zeros at the end of the fraction are left out, and the whole fraction if it is zero.
 * Input: microseconds since the epoch.
 */
export function wallTimeText(wallUs: number): string {
  const ms = Math.floor(wallUs / US_PER_MS);
  const offsetMinutes = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + offsetMinutes * 60_000).toISOString();
  const [seconds, milliseconds] = local.slice(0, -1).split(".");
  const restUs = Math.floor(wallUs) - ms * US_PER_MS;
  const fraction = (milliseconds! + String(restUs).padStart(3, "0"))
    .replace(/0+$/, "");
  const zone = zoneText(offsetMinutes);
  return fraction === "" ? seconds + zone : `${seconds}.${fraction}${zone}`;
}

function zoneText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return "Z";
  const sign = offsetMinutes < 0 ? "-" : "+";
  const total = Math.abs(offsetMinutes);
  const two = (value: number) => String(Math.trunc(value)).padStart(2, "0");
  return `${sign}${two(total / 60)}:${two(total % 60)}`;
}
