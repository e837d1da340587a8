/**
 * What the media of a session has counted so far, under the names of the API.
 *
 * Bytes are those of RTP and RTCP packets as they travel: protection counts, headers of interleaved frames do not.
 */
export interface MediaCounts {
  inboundBytes: number;
  /** Packets that came in time to be used. */
  inboundRTPPackets: number;
  inboundRTPPacketsLost: number;
  inboundRTPPacketsInError: number;
  /** A compound packet is as many as it holds; outbound, too. */
  inboundRTCPPackets: number;
  inboundRTCPPacketsInError: number;
  outboundBytes: number;
  outboundRTPPackets: number;
  /** Lost on the way to the reader, as it says. */
  outboundRTPPacketsReportedLost: number;
  /** Left out because the reader is too slow. */
  outboundRTPPacketsDiscarded: number;
  outboundRTCPPackets: number;
}

/** What of a peer could not be used: an RTP packet, or one of RTCP. */
export type DamagedMedia = "rtp" | "rtcp";

/** Adds counts up; what a part does not have is nothing. */
export function sumOfCounts(
  ...parts: readonly (Partial<MediaCounts> | undefined)[]
): MediaCounts {
  const sum: MediaCounts = {
    inboundBytes: 0,
    inboundRTPPackets: 0,
    inboundRTPPacketsLost: 0,
    inboundRTPPacketsInError: 0,
    inboundRTCPPackets: 0,
    inboundRTCPPacketsInError: 0,
    outboundBytes: 0,
    outboundRTPPackets: 0,
    outboundRTPPacketsReportedLost: 0,
    outboundRTPPacketsDiscarded: 0,
    outboundRTCPPackets: 0,
  };
  for (const part of parts) if (part) add(sum, part, 1);
  return sum;
}

/** What was counted since `before`. */
export function differenceOfCounts(
  now: Partial<MediaCounts>,
  before: Partial<MediaCounts>,
): MediaCounts {
  const difference = sumOfCounts(now);
  add(difference, before, -1);
  return difference;
}

function add(
  sum: MediaCounts,
  part: Partial<MediaCounts>,
  factor: 1 | -1,
): void {
  // Lists of a thousand sessions do this for each: no array of names.
  for (const name in part) {
    const key = name as keyof MediaCounts;
    sum[key] += factor * part[key]!;
  }
}
