import { ParseError } from "#base/errors.ts";
import {
  amf0Property,
  type Amf0Value,
  isAmf0Object,
  parseAmf0Values,
  serializeAmf0Values,
} from "#formats/flv/amf0.ts";
import {
  parseRtmpCapabilities,
  type RtmpCapabilities,
} from "./capabilities.ts";
import {
  amfValuesOf,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "./messages.ts";

const COMMAND_FORMAT = "RTMP command";

/** What every command has. */
interface CommandBase {
  /** Repeated by the answer; 0 wants none. */
  readonly transactionId: number;
}

/** First command of a client. Spec: RTMP 1.0 §7.2.1.1. */
export interface ConnectCommand extends CommandBase {
  readonly name: "connect";
  readonly app: string;
  /** URL of the server and the application, without surrounding apostrophes. */
  readonly tcUrl: string;
  /** Software of the client; empty if it does not tell. */
  readonly flashVer: string;
  /** AMF version that it wants to speak; either is understood whatever it says. */
  readonly objectEncoding: 0 | 3;
  /** What it says of enhanced RTMP. */
  readonly capabilities: RtmpCapabilities;
}

/** A command with a stream key. Spec: RTMP 1.0 §7.2.2.1, §7.2.2.6; the last three are customs of Adobe's encoders. */
export interface StreamKeyCommand extends CommandBase {
  readonly name:
    | "play"
    | "publish"
    | "releaseStream"
    | "FCPublish"
    | "FCUnpublish"
    | "getStreamLength";
  /** May be empty and may have a query. */
  readonly streamKey: string;
}

/** A command that ends a stream. Spec: RTMP 1.0 §7.2.2.3. */
export interface EndStreamCommand extends CommandBase {
  readonly name: "deleteStream" | "closeStream";
}

/** Asks for a message stream. Spec: RTMP 1.0 §7.2.1.3. */
export interface CreateStreamCommand extends CommandBase {
  readonly name: "createStream";
}

/** An answer of the other side. Spec: RTMP 1.0 §7.2.1.2, §7.2.2. */
export interface AnswerCommand extends CommandBase {
  readonly name: "_result" | "_error" | "onStatus";
  /** What stands behind the transaction ID. */
  readonly values: readonly Amf0Value[];
}

/** A command that means nothing here. */
export interface UnknownCommand extends CommandBase {
  readonly name: "unknown";
  /** Its name on the wire: any text. */
  readonly commandName: string;
}

/** A command of a peer, told apart by `name`. */
export type RtmpCommand =
  | ConnectCommand
  | CreateStreamCommand
  | StreamKeyCommand
  | EndStreamCommand
  | AnswerCommand
  | UnknownCommand;

/**
 * Parses a command message.
 *
 * Output: undefined for messages of other types.
 * Spec: RTMP 1.0 §7.1.1, §7.2; Enhanced RTMP v2 for what `connect` says of it.
 * Deviates: a transaction ID that is no number counts as 0; a stream key that is no string as empty.
 *
 * @throws {ParseError} if the values are malformed, the name is no string or `connect` lacks `app` or `tcUrl`.
 */
export function parseRtmpCommand(
  message: RtmpMessage,
): RtmpCommand | undefined {
  const values = parseCommandValues(message);
  if (values === undefined) return undefined;
  const [name, transaction, , streamKey] = values;
  if (typeof name !== "string") throw commandError("name", "must be a string");
  const transactionId = typeof transaction === "number" ? transaction : 0;
  switch (name) {
    case "connect":
      return parseConnect(transactionId, values[2]);
    case "createStream":
    case "deleteStream":
    case "closeStream":
      return { name, transactionId };
    case "play":
    case "publish":
    case "releaseStream":
    case "FCPublish":
    case "FCUnpublish":
    case "getStreamLength":
      return {
        name,
        transactionId,
        streamKey: typeof streamKey === "string" ? streamKey : "",
      };
    case "_result":
    case "_error":
    case "onStatus":
      return { name, transactionId, values: values.slice(2) };
    default:
      return { name: "unknown", transactionId, commandName: name };
  }
}

function parseCommandValues(message: RtmpMessage): Amf0Value[] | undefined {
  switch (message.typeId) {
    case RTMP_MESSAGE_TYPE.commandAmf0:
    case RTMP_MESSAGE_TYPE.commandAmf3:
      return parseAmf0Values(amfValuesOf(message), COMMAND_FORMAT);
    default:
      return undefined;
  }
}

function parseConnect(
  transactionId: number,
  commandObject: Amf0Value,
): ConnectCommand {
  if (!isAmf0Object(commandObject)) {
    throw commandError("commandObject", "must be an object");
  }
  const app = amf0Property(commandObject, "app");
  const tcUrl = amf0Property(commandObject, "tcUrl") ??
    amf0Property(commandObject, "tcurl");
  const flashVer = amf0Property(commandObject, "flashVer");
  if (typeof app !== "string") throw commandError("app", "must be a string");
  if (typeof tcUrl !== "string") {
    throw commandError("tcUrl", "must be a string");
  }
  return {
    name: "connect",
    transactionId,
    app,
    tcUrl: withoutApostrophes(tcUrl),
    flashVer: typeof flashVer === "string" ? flashVer : "",
    objectEncoding: amf0Property(commandObject, "objectEncoding") === 3 ? 3 : 0,
    capabilities: parseRtmpCapabilities(commandObject),
  };
}

/** Without those at both ends; a pattern would take a time that grows with the square of their number. */
function withoutApostrophes(text: string): string {
  let start = 0;
  let end = text.length;
  while (text[start] === "'") start++;
  while (end > start && text[end - 1] === "'") end--;
  return text.slice(start, end);
}

function commandError(field: string, reason: string): ParseError {
  return new ParseError(reason, {
    format: COMMAND_FORMAT,
    field,
    offsetBytes: 0,
  });
}

/**
 * Serialises a command in AMF0, at time 0.
 *
 * `values`: what follows the transaction ID, the command object (or null) first.
 * Spec: RTMP 1.0 §7.1.1.
 */
export function serializeRtmpCommand(
  messageStreamId: number,
  name: string,
  transactionId: number,
  ...values: readonly Amf0Value[]
): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.commandAmf0,
    messageStreamId,
    timestampMs: 0,
    payload: serializeAmf0Values([name, transactionId, ...values]),
  };
}
