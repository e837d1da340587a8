import { NTP_TO_UNIX_SECONDS } from "#base/time.ts";

const FRACTIONS_PER_SECOND = 2 ** 32;
/** Length of an NTP era; the second one starts on 7 February 2036. */
const ERA_SECONDS = 2 ** 32;

/** An NTP timestamp of 64 bits. Spec: RFC 3550 §4. */
export interface NtpTime {
  /** Seconds since 1900 or, if the highest bit is clear, since 2036; 32 bits. */
  readonly seconds: number;
  /** Part of a second in units of 2^-32 s; 32 bits. */
  readonly fraction: number;
}

/** NTP timestamp of a wall clock time, milliseconds since the Unix epoch. */
export function ntpFromUnixMs(unixMs: number): NtpTime {
  const unixSeconds = Math.floor(unixMs / 1000);
  const restMs = unixMs - unixSeconds * 1000;
  const fraction = Math.floor(restMs * FRACTIONS_PER_SECOND / 1000);
  const seconds = unixSeconds + NTP_TO_UNIX_SECONDS;
  return { seconds: seconds >>> 0, fraction };
}

/**
 * Wall clock time of an NTP timestamp, milliseconds since the Unix epoch, to the microsecond.
 *
 * A sender without a clock, which counts from zero, comes out in 2036.
 * Spec: RFC 4330 §3 (eras).
 */
export function unixMsFromNtp(ntp: NtpTime): number {
  const isFirstEra = ntp.seconds >= ERA_SECONDS / 2;
  const seconds = isFirstEra ? ntp.seconds : ntp.seconds + ERA_SECONDS;
  const restUs = Math.round(ntp.fraction * 1_000_000 / FRACTIONS_PER_SECOND);
  return (seconds - NTP_TO_UNIX_SECONDS) * 1000 + restUs / 1000;
}

/** The middle 32 bits of an NTP timestamp, in units of 2^-16 s, as report blocks carry it. */
export function compactNtp(ntp: NtpTime): number {
  return (ntp.seconds << 16 | ntp.fraction >>> 16) >>> 0;
}
