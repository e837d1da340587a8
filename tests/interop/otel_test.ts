import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { startOtlpReceiver } from "#test/otlp_receiver.ts";
import { freeTcpPort } from "#test/ports.ts";
import { startProcess } from "#test/processes.ts";
import { type InteropTest, interopTest } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";

/** An executable is made with or without telemetry; the usual one is without. */
const IS_EXECUTABLE = Deno.env.has("WEIR_BIN");

const sourceTest = IS_EXECUTABLE ? Deno.test.ignore : Deno.test;

function environment(url: string, console: string): Record<string, string> {
  return {
    OTEL_DENO: "true",
    OTEL_DENO_CONSOLE: console,
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "200",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_BLRP_SCHEDULE_DELAY: "200",
    OTEL_SERVICE_NAME: "weir-test",
  };
}

const sessionTest: InteropTest = {
  name:
    "OpenTelemetry gets sessions as spans, sessions and paths as numbers, and the log with its traces",
  needs: ["ffmpeg"],
  async fn() {
    const file = await clip("bframes_aac");
    await using receiver = startOtlpReceiver();
    await using weir = await startWeir({
      env: environment(receiver.url, "replace"),
    });
    await using publisher = startProcess("ffmpeg", [
      ...["-v", "error", "-re", "-stream_loop", "-1", "-i", file, "-c", "copy"],
      ...["-f", "rtsp", "-rtsp_transport", "tcp", weir.rtspUrl("cam")],
    ]);
    const [, traceId] = await weir.waitForLog(
      /\[RTSP\] \[session \w+\] is publishing to path 'cam'.* trace=([0-9a-f]{32})$/,
    );
    await receiver.waitFor(
      "number of sessions",
      () =>
        receiver.points.find(({ name, attributes, value }) =>
          name === "weir.sessions" && attributes["type"] === "rtspSession" &&
          attributes["state"] === "publish" && value === 1
        ),
    );
    await receiver.waitFor(
      "number of paths",
      () =>
        receiver.points.find(({ name, attributes, value }) =>
          name === "weir.paths" && attributes["available"] === true &&
          value === 1
        ),
    );
    await publisher.stop();
    const session = await receiver.waitFor(
      "span of the session",
      () => receiver.spans.find(({ name }) => name === "rtspSession"),
    );
    const connection = await receiver.waitFor(
      "span of the connection",
      () => receiver.spans.find(({ name }) => name === "rtspConn"),
    );
    assertEquals(session.traceId, traceId);
    assertEquals(session.traceId, connection.traceId);
    assertEquals(session.parentSpanId, connection.spanId);
    assertEquals(session.attributes["weir.path"], "cam");
    assertEquals(connection.attributes["network.peer.address"], "127.0.0.1");
    assert(Number(session.attributes["weir.inbound_bytes"]) > 10_000);
    const line = await receiver.waitFor(
      "line of the log",
      () => receiver.logs.find(({ body }) => body.includes("is publishing to")),
    );
    assertEquals([line.traceId, line.severity], [traceId, "INFO"]);
    assert(line.body.startsWith("[RTSP] [session "), line.body);
    assertEquals(await weir.stop(), 0);
  },
};

if (!IS_EXECUTABLE) interopTest(sessionTest);

sourceTest(
  "OpenTelemetry gets a span for every request over HTTP, and its lines the trace",
  async () => {
    await using receiver = startOtlpReceiver();
    const address = `127.0.0.1:${freeTcpPort()}`;
    await using weir = await startWeir({
      config:
        `pprof: yes\npprofAddress: ${address}\nlogLevel: debug\nlogStructured: yes\n`,
      env: environment(receiver.url, "replace"),
    });
    await weir.waitForLog(/\[pprof\] started/);
    const response = await fetch(`http://${address}/debug/pprof/loop`);
    await response.body?.cancel();
    const [text] = await weir.waitForLog(/^.*\[c->s\] GET.*$/);
    const { traceId } = JSON.parse(text);
    const span = await receiver.waitFor(
      "span of the request",
      () => receiver.spans.find(({ traceId: id }) => id === traceId),
    );
    assertEquals(span.attributes["http.request.method"], "GET");
  },
);

sourceTest(
  "OpenTelemetry captures what is printed where its console is not replaced",
  async () => {
    await using receiver = startOtlpReceiver();
    await using weir = await startWeir({
      env: environment(receiver.url, "capture"),
    });
    const [line] = await weir.waitForLog(/^.*\[RTSP\] started.*$/);
    const log = await receiver.waitFor(
      "line of the log",
      () => receiver.logs.find(({ body }) => body.includes("[RTSP] started")),
    );
    assertEquals(log.body.trim(), line);
    assertEquals(
      weir.log.filter((one) => one.includes("[RTSP] started")).length,
      1,
    );
  },
);

const EXECUTABLE = Deno.env.get("WEIR_BIN") ?? Deno.env.get("WEIR_EXECUTABLE");

Deno.test({
  name: "an executable without OpenTelemetry says so when it is asked for it",
  ignore: EXECUTABLE === undefined,
  async fn() {
    await using weir = await startWeir({
      bin: EXECUTABLE!,
      env: { OTEL_DENO: "true" },
    });
    await weir.waitForLog(/WAR Cannot export telemetry: /);
  },
});

Deno.test("a log without OpenTelemetry names no trace", async () => {
  await using weir = await startWeir({ config: "logStructured: yes\n" });
  for (const line of weir.log) {
    assertEquals(Object.keys(JSON.parse(line)), [
      "timestamp",
      "level",
      "message",
    ]);
  }
});
