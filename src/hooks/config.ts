import {
  duration,
  field,
  secretText,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** What {@linkcode connectionHookKeys}' `hookSecret` begins with if the rest is the key in Base64. */
export const BASE64_SECRET_MARK = "whsec_";

/** A hook with such a value is a webhook. */
export const WEBHOOK_SCHEME: RegExp = /^\s*https?:\/\//i;

const HOOK = text((value) =>
  WEBHOOK_SCHEME.test(value) && !URL.canParse(value)
    ? "begins as the address of a webhook does and is not one"
    : undefined
);

const SECRET = secretText((value) =>
  !value.startsWith(BASE64_SECRET_MARK) || isKey(value)
    ? undefined
    : `must be a key in Base64 after '${BASE64_SECRET_MARK}'`
);

function isKey(secret: string): boolean {
  try {
    const text = secret.slice(BASE64_SECRET_MARK.length);
    return Uint8Array.fromBase64(text).length > 0;
  } catch {
    return false;
  }
}

/** Commands and webhooks that run when clients connect, and what all webhooks share. */
export const connectionHookKeys = {
  runOnConnect: field(HOOK, {
    default: "",
    effect: "newSessions",
    doc:
      "Command that runs while a client is connected. Every hook may be the http(s) address of a webhook instead.",
  }),
  runOnConnectRestart: field(yesNo(), {
    default: false,
    effect: "newSessions",
    doc: "Run that command again when it ends.",
  }),
  runOnDisconnect: field(HOOK, {
    default: "",
    effect: "newSessions",
    doc: "Command that runs when a client has left.",
  }),
  hookSecret: field(SECRET, {
    default: "",
    effect: "live",
    doc:
      "Key that webhooks are signed with (Standard Webhooks): text, or Base64 after 'whsec_'. Without it they are not signed.",
  }),
};

const command = (doc: string) =>
  field(HOOK, { default: "", effect: "path", doc });

const RESTART = field(yesNo(), {
  default: false,
  effect: "path",
  doc: "Run that command again when it ends.",
});

/** Commands that run on what happens to a path. */
export const pathHookKeys = {
  runOnInit: command("Command that runs as long as the path exists."),
  runOnInitRestart: RESTART,
  runOnDemand: command(
    "Command that runs while somebody wants to read and nobody publishes.",
  ),
  runOnDemandRestart: RESTART,
  runOnDemandStartTimeout: field(duration(), {
    default: "10s",
    effect: "path",
    doc: "How long readers wait for the stream of that command.",
  }),
  runOnDemandCloseAfter: field(duration(), {
    default: "10s",
    effect: "path",
    doc: "How long that command stays after the last reader.",
  }),
  runOnUnDemand: command(
    "Command that runs when the stream is not wanted any more.",
  ),
  runOnAvailable: command("Command that runs while the stream can be read."),
  runOnAvailableRestart: RESTART,
  runOnUnavailable: command(
    "Command that runs when the stream cannot be read any more.",
  ),
  runOnOnline: command("Command that runs while there is a publisher."),
  runOnOnlineRestart: RESTART,
  runOnOffline: command("Command that runs when the publisher has left."),
  runOnRead: command("Command that runs while a client reads."),
  runOnReadRestart: RESTART,
  runOnUnread: command("Command that runs when a client has stopped reading."),
  runOnRecordSegmentCreate: command(
    "Command that runs when a recording file is opened.",
  ),
  runOnRecordSegmentComplete: command(
    "Command that runs when a recording file is closed.",
  ),
};

/** Values of {@linkcode connectionHookKeys}. */
export type ConnectionHookConfig = Values<typeof connectionHookKeys>;
/** Values of {@linkcode pathHookKeys}. */
export type PathHookConfig = Values<typeof pathHookKeys>;
