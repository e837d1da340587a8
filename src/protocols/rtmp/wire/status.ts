import {
  amf0Property,
  type Amf0Value,
  isAmf0Object,
} from "#formats/flv/amf0.ts";
import type { AnswerCommand } from "./commands.ts";

/** Letters of a server's text that are passed on: they may get into a log. */
const MAX_TEXT_LENGTH = 512;

/** Code that an answer has which sends a client elsewhere. */
const REDIRECT = 302;

/** What a server says about a connection or a stream. Spec: RTMP 1.0 §7.2.2. */
export interface RtmpStatus {
  /** `"status"`, `"warning"` or `"error"`; empty if it said none. */
  readonly level: string;
  /** E.g. `"NetStream.Play.Start"`; empty if it said none. */
  readonly code: string;
  /** Empty if it said none. */
  readonly description: string;
  /** Where a server that is not the right one sends its clients; undefined if it does not. */
  readonly redirect: string | undefined;
  /** Where to connect again; undefined if it did not say. Spec: Enhanced RTMP v2, Reconnect Request. */
  readonly tcUrl: string | undefined;
}

/**
 * Reads the info object of `_result`, `_error` and `onStatus`.
 *
 * Output: everything empty if there is none.
 * Deviates: the redirect is Adobe Media Server's, known from its documentation and its followers.
 */
export function readRtmpStatus({ values }: AnswerCommand): RtmpStatus {
  const info = values.findLast(isAmf0Object);
  const ex = amf0Property(info, "ex");
  const redirect = amf0Property(ex, "code") === REDIRECT
    ? amf0Property(ex, "redirect")
    : undefined;
  const tcUrl = amf0Property(info, "tcUrl");
  return {
    level: textOf(amf0Property(info, "level")),
    code: textOf(amf0Property(info, "code")),
    description: textOf(amf0Property(info, "description")),
    redirect: typeof redirect === "string" ? redirect : undefined,
    tcUrl: typeof tcUrl === "string" ? tcUrl : undefined,
  };
}

/** The status in words. */
export function statusText({ code, description }: RtmpStatus): string {
  const words = [code, description].filter((text) => text !== "");
  return words.length === 0 ? "no reason given" : words.join(": ");
}

function textOf(value: Amf0Value): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT_LENGTH) : "";
}
