import {
  duration,
  field,
  integer,
  listOf,
  oneOf,
  sizeOrNone,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Keys of the log. */
export const logKeys = {
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
      doc: "Where log lines go: stdout, file, syslog.",
    },
  ),
  logStructured: field(yesNo(), {
    default: false,
    effect: ["log"],
    doc: "Write log lines to stdout and to the file as JSON, an object a line.",
  }),
  logFile: field(text(), {
    default: "mediamtx.log",
    effect: ["log"],
    doc:
      "File to append to when logDestinations has file. SIGUSR1 opens it anew, for logrotate.",
  }),
  logFileMaxSize: field(sizeOrNone(), {
    default: 0,
    effect: ["log"],
    doc: "Start a new file before this one gets larger, e.g. 50M; 0 for never.",
  }),
  logFileMaxAge: field(duration(), {
    default: "0s",
    effect: ["log"],
    doc:
      "Start a new file this often, counted from midnight: 24h for one a day; 0s for never.",
  }),
  logFileKeep: field(integer({ min: 0 }), {
    default: 10,
    effect: ["log"],
    doc: "Old files to keep when new ones are started; 0 for all.",
  }),
  logFileCompress: field(yesNo(), {
    default: false,
    effect: ["log"],
    doc: "Compress old files with gzip.",
  }),
  sysLogPrefix: field(text(), {
    default: "mediamtx",
    effect: ["log"],
    doc: "Name of the program in syslog.",
  }),
};

/** Values of {@linkcode logKeys}. */
export type LogConfig = Values<typeof logKeys>;
