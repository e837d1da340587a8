import { duration, field, text, type Values, yesNo } from "#base/schema.ts";

/** Commands that run when clients connect. */
export const connectionHookKeys = {
  runOnConnect: field(text(), {
    default: "",
    effect: ["rtsp", "rtmp", "srt"],
    isPending: true,
    doc: "Command that runs while a client is connected.",
  }),
  runOnConnectRestart: field(yesNo(), {
    default: false,
    effect: ["rtsp", "rtmp", "srt"],
    isPending: true,
    doc: "Run that command again when it ends.",
  }),
  runOnDisconnect: field(text(), {
    default: "",
    effect: ["rtsp", "rtmp", "srt"],
    isPending: true,
    doc: "Command that runs when a client has left.",
  }),
};

const command = (doc: string, isPending = true) =>
  field(text(), { default: "", effect: "path", isPending, doc });

const restart = (isPending = true) =>
  field(yesNo(), {
    default: false,
    effect: "path",
    isPending,
    doc: "Run that command again when it ends.",
  });

/** Commands that run on what happens to a path. */
export const pathHookKeys = {
  runOnInit: command("Command that runs as long as the path exists."),
  runOnInitRestart: restart(),
  runOnDemand: command(
    "Command that runs while somebody wants to read and nobody publishes.",
    false,
  ),
  runOnDemandRestart: restart(false),
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
    false,
  ),
  runOnAvailable: command("Command that runs while the stream can be read."),
  runOnAvailableRestart: restart(),
  runOnUnavailable: command(
    "Command that runs when the stream cannot be read any more.",
  ),
  runOnOnline: command("Command that runs while there is a publisher."),
  runOnOnlineRestart: restart(),
  runOnOffline: command("Command that runs when the publisher has left."),
  runOnRead: command("Command that runs while a client reads."),
  runOnReadRestart: restart(),
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
