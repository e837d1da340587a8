import type { LogConfig } from "#logging/config.ts";
import { openLogging } from "#logging/open_logging.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { startSyslogDaemon } from "#test/syslog_daemon.ts";

const CONFIG: LogConfig = {
  logLevel: "info",
  logDestinations: ["stdout"],
  logStructured: false,
  logFile: "",
  logFileMaxSizeBytes: 0,
  logFileMaxAgeMs: 0,
  logFileKeep: 0,
  logFileCompress: false,
  sysLogPrefix: "weir",
};

/** A place that bytes are written to, as lines without their time. */
function output(options: { fails?: boolean } = {}) {
  let text = "";
  return {
    write(bytes: Uint8Array): Promise<void> {
      if (options.fails) return Promise.reject(new Error("gone"));
      text += new TextDecoder().decode(bytes);
      return Promise.resolve();
    },
    get lines(): string[] {
      return withoutTime(text);
    },
  };
}

function withoutTime(text: string): string[] {
  return text.split("\n").slice(0, -1)
    .map((line) => line.replace(/^[\d/]+ [\d:]+ /, ""));
}

async function setUp(config: Partial<LogConfig>) {
  const folder = await Deno.makeTempDir({ prefix: "weir_log_" });
  const clock = new FakeClock();
  const out = output();
  const errors = output();
  const options = {
    clock,
    isTerminal: false,
    output: out,
    errors,
    syslogPath: `${folder}/syslog`,
  };
  const full = { ...CONFIG, logFile: `${folder}/a.log`, ...config };
  return {
    folder,
    clock,
    out,
    errors,
    config: full,
    options,
    path: full.logFile,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("openLogging() writes to every destination and has all written when it is disposed of", async () => {
  await using given = await setUp({ logDestinations: ["stdout", "file"] });
  {
    await using logging = await openLogging(given.config, given.options);
    for (let i = 0; i < 3; i++) logging.logger.info(`line ${i}`);
    logging.logger.debug("hidden");
  }
  const lines = ["INF line 0", "INF line 1", "INF line 2"];
  assertEquals(given.out.lines, lines);
  assertEquals(withoutTime(await Deno.readTextFile(given.path)), lines);
});

Deno.test("openLogging() writes JSON to stdout and the file, whatever a peer's text holds", async () => {
  await using given = await setUp({
    logDestinations: ["stdout", "file"],
    logStructured: true,
  });
  const text = 'path "x"\r\n{"level":"ERR"}\u2028\\ \ud800 ?pass=hunter2';
  {
    await using logging = await openLogging(given.config, given.options);
    logging.logger.child("RTSP").warn(text);
  }
  const [line, ...others] = given.out.lines;
  assertEquals(others, []);
  assertEquals(await Deno.readTextFile(given.path), `${line}\n`);
  const { level, message } = JSON.parse(line!);
  assertEquals(level, "WAR");
  assertEquals(
    message,
    '[RTSP] path "x"\\u000d\\u000a{"level":"ERR"}\\u2028\\ \ud800 ?pass=<redacted>',
  );
});

Deno.test("Logging.apply() changes level, form and destinations while lines are written", async () => {
  await using given = await setUp({});
  const { config, path } = given;
  const next = `${given.folder}/b.log`;
  {
    await using logging = await openLogging(config, given.options);
    const { logger } = logging;
    logger.debug("hidden");
    await logging.apply({
      ...config,
      logLevel: "debug",
      logDestinations: ["file"],
    });
    logger.debug("to a");
    await logging.apply({
      ...config,
      logDestinations: ["file"],
      logFile: next,
    });
    logger.info("to b");
    await logging.apply({ ...config, logStructured: true });
    logger.info("json");
  }
  assertEquals(withoutTime(await Deno.readTextFile(path)), ["DEB to a"]);
  assertEquals(withoutTime(await Deno.readTextFile(next)), ["INF to b"]);
  assertEquals(given.out.lines.map((line) => JSON.parse(line).message), [
    "json",
  ]);
});

Deno.test("Logging.apply() leaves everything as it was if a destination cannot be opened", async () => {
  await using given = await setUp({ logDestinations: ["file"] });
  const { config, path } = given;
  {
    await using logging = await openLogging(config, given.options);
    const logFile = `${given.folder}/none/a.log`;
    await assertRejects(logging.apply({ ...config, logFile }), Error);
    const logDestinations = ["file", "syslog"] as const;
    await assertRejects(logging.apply({ ...config, logDestinations }), Error);
    logging.logger.info("still here");
  }
  assertEquals(withoutTime(await Deno.readTextFile(path)), ["INF still here"]);
});

Deno.test("openLogging() refuses a file that cannot be written", async () => {
  await using given = await setUp({ logDestinations: ["file"] });
  const logFile = `${given.folder}/none/a.log`;
  const error = await assertRejects(
    openLogging({ ...given.config, logFile }, given.options),
    Error,
  );
  assert(error.message.startsWith(`Cannot write ${logFile}: `), error.message);
});

Deno.test("Logging.reopen() writes to a new file after the old one was renamed", async () => {
  await using given = await setUp({ logDestinations: ["file"] });
  {
    await using logging = await openLogging(given.config, given.options);
    logging.logger.info("one");
    await Deno.rename(given.path, `${given.path}.1`);
    logging.reopen();
    logging.logger.info("two");
  }
  const read = async (path: string) =>
    withoutTime(await Deno.readTextFile(path));
  assertEquals(await read(`${given.path}.1`), ["INF one"]);
  assertEquals(await read(given.path), ["INF two"]);
});

/** Tests with things that only Linux has. */
function linuxTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

linuxTest(
  "Logging writes to standard error what a full disk does not take, and complains once a minute",
  async () => {
    await using given = await setUp({
      logDestinations: ["file"],
      logFile: "/dev/full",
    });
    const { clock, errors } = given;
    const logging = await openLogging(given.config, given.options);
    const push = async (text: string) => {
      logging.logger.info(text);
      while (!errors.lines.includes(`INF ${text}`)) {
        await settled();
      }
    };
    await push("one");
    clock.advance(30_000);
    await push("two");
    clock.advance(30_000);
    await push("three");
    await logging[Symbol.asyncDispose]();
    assertEquals(
      errors.lines.map((line) => line.replace(/(file: Cannot write).*/, "$1")),
      [
        "ERR Cannot use the log file: Cannot write",
        "INF one",
        "INF two",
        "ERR Cannot use the log file: Cannot write",
        "INF three",
      ],
    );
    assertEquals(given.out.lines, []);
  },
);

linuxTest(
  "Logging complains on stdout, which has the lines already, where that is a destination",
  async () => {
    await using given = await setUp({
      logDestinations: ["file", "stdout"],
      logFile: "/dev/full",
    });
    {
      await using logging = await openLogging(given.config, given.options);
      logging.logger.info("one");
    }
    assertEquals(given.out.lines.length, 2);
    assertEquals(
      given.out.lines.filter((line) => line === "INF one").length,
      1,
    );
    assertEquals(given.errors.lines, []);
  },
);

linuxTest(
  "openLogging() sends to syslog, credentials hidden and control characters escaped",
  async () => {
    await using given = await setUp({ logDestinations: ["syslog"] });
    using daemon = startSyslogDaemon(given.options.syslogPath);
    await using logging = await openLogging(given.config, given.options);
    logging.logger.warn("a\n<0>b rtsp://u:hunter2@h");
    const message = await daemon.receive();
    assert(/^<28>\w{3} [ \d]\d [\d:]{8} weir\[\d+\]: /.test(message), message);
    assert(message.endsWith(": a\\u000a<0>b rtsp://u:<redacted>@h"), message);
  },
);

Deno.test("Logging goes on when nobody takes its output", async () => {
  await using given = await setUp({});
  const options = { ...given.options, output: output({ fails: true }) };
  await using logging = await openLogging(given.config, options);
  logging.logger.info("one");
  logging.logger.info("two");
});
