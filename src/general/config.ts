import {
  duration,
  type Effect,
  field,
  integer,
  listOf,
  oneOf,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

const SERVERS: Effect = ["rtsp", "rtmp", "hls", "webrtc", "srt", "moq"];
const HTTP_SERVICES: Effect = ["api", "metrics", "pprof", "playback"];

/** Keys that belong to no other folder. */
export const generalKeys = {
  logLevel: field(
    oneOf(["error", "warn", "info", "debug"], {
      refusal: (found) => `invalid log level: '${found}'`,
      refusesNull: true,
    }),
    {
      default: "info",
      effect: ["log"],
      doc: "Least severe lines to log: error, warn, info or debug.",
    },
  ),
  logDestinations: field(
    listOf(oneOf(["stdout", "file", "syslog"], {
      refusal: (found) => `invalid log destination: ${found}`,
    })),
    {
      default: ["stdout"],
      effect: ["log"],
      isPending: (destinations) => destinations.some((one) => one !== "stdout"),
      doc: "Where log lines go: stdout, file, syslog.",
    },
  ),
  logStructured: field(yesNo(), {
    default: false,
    effect: ["log"],
    isPending: true,
    doc: "Write log lines as JSON.",
  }),
  logFile: field(text(), {
    default: "mediamtx.log",
    effect: ["log"],
    isPending: true,
    doc: "File to append to when logDestinations has file.",
  }),
  sysLogPrefix: field(text(), {
    default: "mediamtx",
    effect: ["log"],
    isPending: true,
    doc: "Name of the program in syslog.",
  }),
  dumpPackets: field(yesNo(), {
    default: false,
    effect: [...SERVERS, ...HTTP_SERVICES],
    isPending: true,
    doc: "Write what connections carry to files, for debugging.",
  }),
  readTimeout: field(duration(), {
    default: "10s",
    effect: ["auth", "paths", ...SERVERS, ...HTTP_SERVICES],
    doc: "How long to wait for a peer's bytes.",
  }),
  writeTimeout: field(duration(), {
    default: "10s",
    effect: ["paths", ...SERVERS, ...HTTP_SERVICES],
    doc: "How long a write may make no progress.",
  }),
  writeQueueSize: field(integer(), {
    default: 512,
    effect: "newSessions",
    doc:
      "Waiting units of one reader; a power of two. More takes more memory, less drops earlier.",
  }),
  udpMaxPayloadSize: field(integer(), {
    default: 1452,
    effect: ["paths", ...SERVERS],
    doc:
      "Largest payload of a UDP packet, in bytes; what fits the network without fragments.",
  }),
  udpReadBufferSize: field(integer({ min: 0 }), {
    default: 0,
    effect: ["paths", ...SERVERS],
    doc:
      "Receive buffer of every UDP socket, in bytes; 0 asks for 2 MiB and takes what the system grants.",
  }),
};

/** Values of {@linkcode generalKeys}. */
export type GeneralConfig = Values<typeof generalKeys>;
