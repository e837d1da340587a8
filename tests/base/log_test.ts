import { createLogger, type LogLevel, SampledWarning } from "#base/log.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

function recorder(verbosity: LogLevel = "debug") {
  const lines: string[] = [];
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    verbosity,
  );
  return { lines, logger };
}

const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

for (const [i, verbosity] of LEVELS.entries()) {
  Deno.test(`createLogger() hands on lines up to ${verbosity}`, () => {
    const { lines, logger } = recorder(verbosity);
    for (const level of LEVELS) logger[level](level);
    assertEquals(lines, LEVELS.slice(0, i + 1).map((one) => `${one}: ${one}`));
  });
}

Deno.test("Logger makes the text of a line only if it is shown", () => {
  const { lines, logger } = recorder("info");
  let made = 0;
  const message = () => `made ${++made}`;
  logger.debug(message);
  logger.info(message);
  assertEquals([made, lines], [1, ["info: made 1"]]);
});

Deno.test("Logger.child() puts prefixes in front, the outer one first", () => {
  const { lines, logger } = recorder();
  const rtsp = logger.child("RTSP");
  rtsp.child("conn 192.0.2.9:4000").info("opened");
  rtsp.info("started");
  assertEquals(lines, [
    "info: [RTSP] [conn 192.0.2.9:4000] opened",
    "info: [RTSP] started",
  ]);
});

Deno.test("Logger escapes what a peer could forge lines with", () => {
  const { lines, logger } = recorder();
  logger.child("path a\r\nb").info("x\u0000\u001b[31m\u0085\u2028\u202ey é");
  assertEquals(lines, [
    "info: [path a\\u000d\\u000ab] x\\u0000\\u001b[31m\\u0085\\u2028\\u202ey é",
  ]);
});

Deno.test("Logger hides credentials at every level, those behind the cut included", () => {
  const { lines, logger } = recorder();
  const message = "GET /x?pass=hunter2\r\nAuthorization: Basic hunter2\r\nX: y";
  for (const level of LEVELS) logger[level](message);
  const shown =
    "GET /x?pass=<redacted>\\u000d\\u000aAuthorization: <redacted>\\u000d\\u000aX: y";
  assertEquals(lines, LEVELS.map((level) => `${level}: ${shown}`));
  logger.info(`${"x".repeat(4_080)} rtsp://a:hunter2@b`);
  assertEquals(lines.at(-1)!.includes("hunt"), false);
});

Deno.test("Logger asks for a verbosity that may change at each line", () => {
  const lines: string[] = [];
  let verbosity: LogLevel = "error";
  const logger = createLogger((_, text) => lines.push(text), () => verbosity);
  const child = logger.child("a");
  child.info("one");
  verbosity = "info";
  child.info("two");
  logger.debug("three");
  assertEquals(lines, ["[a] two"]);
});

Deno.test("Logger cuts the end of long lines off", () => {
  const { lines, logger } = recorder();
  logger.child("a").info("x".repeat(100_000));
  assertEquals(lines, [
    `info: [a] ${"x".repeat(4_092)}… (95908 more characters)`,
  ]);
});

function sampled() {
  const { lines, logger } = recorder();
  const clock = new FakeClock();
  const warning = new SampledWarning(logger, clock, (count) => `${count} lost`);
  return { lines, clock, warning };
}

Deno.test("SampledWarning warns at once, then once a second with what came meanwhile", () => {
  const { lines, clock, warning } = sampled();
  warning.add(1);
  assertEquals(lines, ["warn: 1 lost"]);
  for (let i = 0; i < 100; i++) {
    clock.advance(5);
    warning.add(2);
  }
  clock.advance(499);
  assertEquals(lines.length, 1);
  clock.advance(1);
  assertEquals(lines, ["warn: 1 lost", "warn: 200 lost"]);
  clock.advance(60_000);
  assertEquals(lines.length, 2);
  warning.add(3);
  assertEquals(lines.at(-1), "warn: 3 lost");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("SampledWarning[Symbol.dispose]() warns of the rest and stops", () => {
  const { lines, clock, warning } = sampled();
  warning.add(1);
  warning.add(4);
  assertEquals(clock.pendingTimers, 1);
  warning[Symbol.dispose]();
  warning[Symbol.dispose]();
  assertEquals(lines, ["warn: 1 lost", "warn: 4 lost"]);
  assertEquals(clock.pendingTimers, 0);
});
