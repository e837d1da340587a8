import {
  headerError,
  parseDecimal,
  parseParameter,
  splitOutsideQuotes,
} from "./parameters.ts";

const FORMAT = "RTP-Info header";
const MAX_SEQUENCE_NUMBER = 0xffff;
const MAX_TIMESTAMP_TICKS = 0xffff_ffff;
const URL_FIELD = "url=";

/** Where the packets of one media section begin. Spec: RFC 2326 §12.33. */
export interface RtpInfoEntry {
  /** As it was in SETUP, or relative. */
  readonly url: string;
  /** Sequence number of the first packet. */
  readonly sequenceNumber?: number;
  /** RTP timestamp that stands for the start of the played range, in ticks of the media's clock. */
  readonly timestampTicks?: number;
}

/**
 * Parses an `RTP-Info` header.
 *
 * Limits: none beyond those of a header line.
 * Spec: RFC 2326 §12.33.
 * Deviates: an entry begins at `url=`, so that a URL may hold a comma.
 *
 * @throws {ParseError} if an entry has no URL, or a number is out of its range.
 */
export function parseRtpInfo(text: string): RtpInfoEntry[] {
  return text.split(/,\s*(?=url=)/i).map(parseEntry);
}

/** Writes an `RTP-Info` header. Spec: RFC 2326 §12.33. */
export function serializeRtpInfo(entries: readonly RtpInfoEntry[]): string {
  return entries.map(({ url, sequenceNumber, timestampTicks }) => {
    const seq = sequenceNumber === undefined ? "" : `;seq=${sequenceNumber}`;
    const rtptime = timestampTicks === undefined
      ? ""
      : `;rtptime=${timestampTicks}`;
    return `${URL_FIELD}${url}${seq}${rtptime}`;
  }).join(",");
}

function parseEntry(text: string): RtpInfoEntry {
  const [first = "", ...pieces] = splitOutsideQuotes(text, ";");
  const { name, value: url } = parseParameter(first);
  if (name !== "url" || !url) {
    throw headerError("is missing", { format: FORMAT, field: "url" });
  }
  const entry: { -readonly [K in keyof RtpInfoEntry]: RtpInfoEntry[K] } = {
    url,
  };
  for (const piece of pieces) {
    const { name, value } = parseParameter(piece);
    const context = { format: FORMAT, field: name };
    if (name === "seq") {
      entry.sequenceNumber = parseDecimal(value, MAX_SEQUENCE_NUMBER, context);
    } else if (name === "rtptime") {
      entry.timestampTicks = parseDecimal(value, MAX_TIMESTAMP_TICKS, context);
    }
  }
  return entry;
}
