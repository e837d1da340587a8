import type { LogLevel } from "#base/log.ts";
import type { LogRecord } from "#logging/line_formats.ts";
import { openSyslog, syslogMessage } from "#logging/syslog.ts";
import { PlatformError } from "#platform/errors.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { startSyslogDaemon } from "#test/syslog_daemon.ts";

function record(level: LogLevel, text: string): LogRecord {
  const time = new Date(2026, 0, 5, 7, 8, 9);
  return { time, level, text, traceId: undefined };
}

const PRIORITIES = [["error", 27], ["warn", 28], ["info", 30], [
  "debug",
  31,
]] as const;

for (const [level, priority] of PRIORITIES) {
  Deno.test(`syslogMessage() gives ${level} the priority of facility daemon [MediaMTX]`, () => {
    assertEquals(
      syslogMessage(record(level, "[RTSP] one"), "mediamtx"),
      `<${priority}>Jan  5 07:08:09 mediamtx[${Deno.pid}]: [RTSP] one`,
    );
  });
}

async function syslogTo(path: string) {
  const clock = new FakeClock();
  const unsent: string[] = [];
  const syslog = openSyslog({
    path,
    tag: "weir",
    clock,
    lossRecord: (count) => record("warn", `${count} lost`),
    onUnsent: (message, error) =>
      unsent.push(`${message.split(": ")[1]}: ${(error as Error).message}`),
  });
  await settled();
  return { syslog, clock, unsent };
}

const IS_LINUX = Deno.build.os === "linux";

async function tempSocket() {
  const folder = await Deno.makeTempDir({ prefix: "weir_syslog_" });
  return {
    path: `${folder}/log`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test({
  name: "Syslog sends to the daemon, which may end and come back",
  ignore: !IS_LINUX,
  async fn() {
    await using temp = await tempSocket();
    const first = startSyslogDaemon(temp.path);
    const { syslog, unsent } = await syslogTo(temp.path);
    await using _closed = syslog;
    syslog.push(record("info", "one"));
    assert((await first.receive()).endsWith(": one"));
    first[Symbol.dispose]();
    syslog.push(record("info", "two"));
    while (unsent.length === 0) await settled();
    assertEquals(unsent, [`two: Cannot send to ${temp.path}: absent`]);
    using second = startSyslogDaemon(temp.path);
    syslog.push(record("info", "three"));
    assert((await second.receive()).endsWith(": three"));
  },
});

Deno.test({
  name: "Syslog waits for a daemon that does not keep up",
  ignore: !IS_LINUX,
  async fn() {
    await using temp = await tempSocket();
    using daemon = startSyslogDaemon(temp.path);
    const { syslog, clock, unsent } = await syslogTo(temp.path);
    const count = 5_000;
    for (let i = 0; i < count; i++) syslog.push(record("info", `n${i}`));
    for (let i = 0; i < count; i++) {
      const message = daemon.receive();
      clock.advance(10);
      assert((await message).endsWith(`: n${i}`));
    }
    await syslog[Symbol.asyncDispose]();
    assertEquals([unsent, clock.pendingTimers], [[], 0]);
  },
});

Deno.test({
  name: "openSyslog() says where there is no daemon",
  ignore: !IS_LINUX,
  async fn() {
    await using temp = await tempSocket();
    const options = {
      path: temp.path,
      tag: "weir",
      clock: new FakeClock(),
      lossRecord: (count: number) => record("warn", String(count)),
      onUnsent: () => {},
    };
    const absent = assertThrows(() => openSyslog(options), PlatformError);
    assertEquals(absent.code, "not_found");
    await Deno.writeTextFile(temp.path, "");
    const file = assertThrows(() => openSyslog(options), PlatformError);
    assertEquals(file.message, `Cannot send to ${temp.path}: it is no socket`);
    const long = { ...options, path: `/${"x".repeat(200)}` };
    assertThrows(() => openSyslog(long), PlatformError);
  },
});
