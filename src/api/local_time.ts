/**
 * Writes a moment as RFC 3339 in the time zone of this machine: `2026-03-01T12:00:00.25+01:00`.
 *
 * Microseconds are written where `wallMs` has them. Zeros at the end of the fraction are left out, and the whole
 * fraction if it is zero.
 *
 * Input: `offsetMinutes`, how far ahead of UTC the zone is; that of this machine unless given.
 */
export function localTime(
  wallMs: number,
  offsetMinutes: number = -new Date(wallMs).getTimezoneOffset(),
): string {
  const wallUs = Math.round(wallMs * 1_000);
  const date = new Date(Math.floor(wallUs / 1_000));
  const local = new Date(date.getTime() + offsetMinutes * 60_000);
  const [seconds, fraction = ""] = local.toISOString().slice(0, -1).split(".");
  const microseconds = ((wallUs % 1_000) + 1_000) % 1_000;
  const digits = (fraction + String(microseconds).padStart(3, "0"))
    .replace(/0+$/, "");
  const zone = zoneText(offsetMinutes);
  return digits === "" ? seconds + zone : `${seconds}.${digits}${zone}`;
}

function zoneText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return "Z";
  const sign = offsetMinutes < 0 ? "-" : "+";
  const total = Math.abs(offsetMinutes);
  const two = (value: number) => String(Math.trunc(value)).padStart(2, "0");
  return `${sign}${two(total / 60)}:${two(total % 60)}`;
}
