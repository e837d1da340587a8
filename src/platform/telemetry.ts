import type { Attributes, Span } from "@opentelemetry/api";

/** Under this name the runtime registers its exporter if its environment says so (`OTEL_DENO=true`). */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

/** Whether traces, metrics and logs are exported. */
export const isTelemetryOn: boolean = Object.hasOwn(globalThis, REGISTRY);

/** Loaded only for those who export. */
const api = isTelemetryOn ? await import("@opentelemetry/api") : undefined;

const LIBRARY = "weir";

/** What a span or a measured value is about. */
export type TelemetryAttributes = Attributes;

/** Something that takes time. */
export type TelemetrySpan = Pick<
  Span,
  "setAttributes" | "updateName" | "end"
>;

/** Runs `run` within a span that ends with it; without telemetry just runs it. Lines logged meanwhile have its trace. */
export async function inSpan<T>(
  name: string,
  attributes: TelemetryAttributes,
  run: () => Promise<T>,
): Promise<T> {
  if (!api) return await run();
  const { context, SpanStatusCode, trace } = api;
  const span = trace.getTracer(LIBRARY).startSpan(name, { attributes });
  try {
    return await context.with(trace.setSpan(context.active(), span), run);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    span.end();
  }
}

/** Starts a span within the one that is active; whoever starts it ends it. Undefined without telemetry. */
export function startSpan(
  name: string,
  attributes: TelemetryAttributes,
): TelemetrySpan | undefined {
  return api?.trace.getTracer(LIBRARY).startSpan(name, { attributes });
}

/** The span around what runs now. */
export function activeSpan(): TelemetrySpan | undefined {
  return api?.trace.getActiveSpan();
}

/** Identifier of the trace that what runs now belongs to; undefined outside of any, and without telemetry. */
export function activeTraceId(): string | undefined {
  return api?.trace.getActiveSpan()?.spanContext().traceId;
}

/** One number and what it is of. */
export interface Measurement {
  readonly value: number;
  readonly attributes: TelemetryAttributes;
}

/** Exports what `measure` answers each time the exporter asks. */
export function exportGauge(
  name: string,
  description: string,
  measure: () => readonly Measurement[],
): void {
  const gauge = api?.metrics.getMeter(LIBRARY)
    .createObservableGauge(name, { description });
  gauge?.addCallback((result) => {
    for (const { value, attributes } of measure()) {
      result.observe(value, attributes);
    }
  });
}

/** A number that only grows, exported; the function adds to it. */
export function exportCounter(
  name: string,
  description: string,
): (count: number, attributes: TelemetryAttributes) => void {
  const counter = api?.metrics.getMeter(LIBRARY).createCounter(name, {
    description,
  });
  return (count, attributes) => counter?.add(count, attributes);
}

/**
 * What becomes of the console's lines under telemetry (`OTEL_DENO_CONSOLE`).
 *
 * `capture`: printed and exported; `replace`: exported only; `ignore`: not exported.
 */
export type ConsoleMode = "capture" | "replace" | "ignore";

/** How {@linkcode writeConsole} works in this process. An executable is made with `replace`. */
export function consoleMode(): ConsoleMode {
  if (!isTelemetryOn) return "ignore";
  const given = Deno.env.get("OTEL_DENO_CONSOLE");
  if (given === "replace" || given === "ignore") return given;
  return Deno.build.standalone ? "replace" : "capture";
}

/** Why nothing is exported although the environment asks for it; undefined if all is as it should be. */
export function telemetryFault(): string | undefined {
  if (isTelemetryOn || Deno.env.get("OTEL_DENO") !== "true") return undefined;
  return "Cannot export telemetry: this executable was made without it; make one with OTEL_DENO=true in the environment of deno task compile";
}

/** Gives a line to the console, from where the runtime exports it as a log record of the active trace. */
export function writeConsole(
  level: "error" | "warn" | "info" | "debug",
  line: string,
): void {
  // deno-lint-ignore no-console
  console[level](line);
}
