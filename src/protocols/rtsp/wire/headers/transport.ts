import {
  headerError,
  parseDecimal,
  parseParameter,
  splitOutsideQuotes,
} from "./parameters.ts";

const FORMAT = "Transport header";
const MAX_PORT = 0xffff;
const MAX_CHANNEL = 0xff;
const MAX_TTL = 0xff;

/** Two ports or channels: the first for RTP, the second for RTCP. */
export type RtpRtcpPair = readonly [rtp: number, rtcp: number];

/** One way to carry a media section. Spec: RFC 2326 §12.39. */
export interface RtspTransport {
  readonly lowerTransport: "udp" | "tcp";
  /** Plain RTP (`RTP/AVP`) or SRTP (`RTP/SAVP`). */
  readonly profile: "avp" | "savp";
  /** Undefined if the header does not say. */
  readonly delivery?: "unicast" | "multicast";
  /** Address the client sends from. */
  readonly source?: string;
  /** Address to send to; a server must not follow what a stranger asks for here. */
  readonly destination?: string;
  /** Channels of interleaved frames, 0 to 255. */
  readonly interleaved?: RtpRtcpPair;
  /** Ports of a multicast group. */
  readonly ports?: RtpRtcpPair;
  /** Hops of a multicast packet, 0 to 255. */
  readonly ttl?: number;
  readonly clientPorts?: RtpRtcpPair;
  readonly serverPorts?: RtpRtcpPair;
  /** 32 bits, unsigned. */
  readonly ssrc?: number;
  /** What the client wants: to read or to publish. */
  readonly mode?: "play" | "record";
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** First parts of the alternatives that are understood, in upper case; the first spelling of each pair is written. */
const SPECIFIERS: ReadonlyMap<
  string,
  Pick<RtspTransport, "lowerTransport" | "profile">
> = new Map([
  ["RTP/AVP", { lowerTransport: "udp", profile: "avp" }],
  ["RTP/AVP/UDP", { lowerTransport: "udp", profile: "avp" }],
  ["RTP/AVP/TCP", { lowerTransport: "tcp", profile: "avp" }],
  ["RTP/SAVP", { lowerTransport: "udp", profile: "savp" }],
  ["RTP/SAVP/UDP", { lowerTransport: "udp", profile: "savp" }],
  ["RTP/SAVP/TCP", { lowerTransport: "tcp", profile: "savp" }],
]);

/**
 * Parses the alternatives of a `Transport` header, the most wanted first.
 *
 * Alternatives with a profile or lower transport that is not known are left out: another one may do.
 *
 * Limits: none beyond those of a header line.
 * Spec: RFC 2326 §12.39.
 * Deviates: a pair may be one number, the other one is the next; `ssrc` may begin with spaces and have fewer than
 * eight digits; `mode` may stand without quotes, and `receive` means record.
 *
 * @throws {ParseError} if an alternative that is known has a wrong parameter.
 */
export function parseTransports(text: string): RtspTransport[] {
  const transports: RtspTransport[] = [];
  for (const alternative of splitOutsideQuotes(text, ",")) {
    const [first = "", ...pieces] = splitOutsideQuotes(alternative, ";");
    const specifier = SPECIFIERS.get(first.toUpperCase());
    if (!specifier) continue;
    const transport: Mutable<RtspTransport> = { ...specifier };
    for (const piece of pieces) {
      const { name, value } = parseParameter(piece);
      readParameter(transport, name, value);
    }
    transports.push(transport);
  }
  return transports;
}

/** Writes one alternative. Spec: RFC 2326 §12.39. */
export function serializeTransport(transport: RtspTransport): string {
  const isTcp = transport.lowerTransport === "tcp";
  const parts = [
    `RTP/${transport.profile === "savp" ? "SAVP" : "AVP"}${
      isTcp ? "/TCP" : ""
    }`,
  ];
  if (transport.delivery) parts.push(transport.delivery);
  if (transport.source) parts.push(`source=${transport.source}`);
  if (transport.destination) {
    parts.push(`destination=${transport.destination}`);
  }
  pushPair(parts, "interleaved", transport.interleaved);
  pushPair(parts, "port", transport.ports);
  if (transport.ttl !== undefined) parts.push(`ttl=${transport.ttl}`);
  pushPair(parts, "client_port", transport.clientPorts);
  pushPair(parts, "server_port", transport.serverPorts);
  if (transport.ssrc !== undefined) {
    const digits = transport.ssrc.toString(16).toUpperCase().padStart(8, "0");
    parts.push(`ssrc=${digits}`);
  }
  if (transport.mode) parts.push(`mode=${transport.mode}`);
  return parts.join(";");
}

function readParameter(
  transport: Mutable<RtspTransport>,
  name: string,
  value: string | undefined,
): void {
  switch (name) {
    case "unicast":
    case "multicast":
      transport.delivery = name;
      break;
    case "source":
      if (value) transport.source = value;
      break;
    case "destination":
      if (value) transport.destination = value;
      break;
    case "interleaved":
      transport.interleaved = parsePair(value, MAX_CHANNEL, name);
      break;
    case "port":
      transport.ports = parsePair(value, MAX_PORT, name);
      break;
    case "ttl":
      transport.ttl = parseDecimal(value, MAX_TTL, context(name));
      break;
    case "client_port":
      transport.clientPorts = parsePair(value, MAX_PORT, name);
      break;
    case "server_port":
      transport.serverPorts = parsePair(value, MAX_PORT, name);
      break;
    case "ssrc":
      transport.ssrc = parseSsrc(value);
      break;
    case "mode":
      transport.mode = parseMode(value);
      break;
  }
}

function parsePair(
  text: string | undefined,
  max: number,
  field: string,
): RtpRtcpPair {
  const [first, second, ...more] = (text ?? "").split("-");
  if (more.length > 0) {
    throw headerError("must be one or two numbers", context(field));
  }
  if (second !== undefined) {
    return [
      parseDecimal(first, max, context(field)),
      parseDecimal(second, max, context(field)),
    ];
  }
  const rtp = parseDecimal(first, max - 1, context(field));
  return [rtp, rtp + 1];
}

function parseSsrc(text: string | undefined): number {
  const digits = (text ?? "").trim();
  if (!/^[0-9a-f]{1,8}$/i.test(digits)) {
    throw headerError("must be up to 8 hexadecimal digits", context("ssrc"));
  }
  return parseInt(digits, 16);
}

function parseMode(text: string | undefined): "play" | "record" {
  switch (text?.toLowerCase()) {
    case "play":
      return "play";
    case "record":
    case "receive":
      return "record";
    default:
      throw headerError("must be play or record", context("mode"));
  }
}

function pushPair(
  parts: string[],
  name: string,
  pair: RtpRtcpPair | undefined,
): void {
  if (pair) parts.push(`${name}=${pair[0]}-${pair[1]}`);
}

function context(field: string): { format: string; field: string } {
  return { format: FORMAT, field };
}
