/** A value as OTLP's JSON has it. */
interface OtlpValue {
  readonly stringValue?: string;
  readonly doubleValue?: number;
  readonly intValue?: string | number;
  readonly boolValue?: boolean;
}

/** Attributes as OTLP's JSON has them. */
type OtlpAttributes = readonly {
  readonly key: string;
  readonly value: OtlpValue;
}[];

/** A span that came. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A log record that came. */
export interface ReceivedLog {
  readonly traceId: string;
  readonly severity: string;
  readonly body: string;
}

/** A number that came. */
export interface ReceivedPoint {
  readonly name: string;
  readonly value: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What takes OpenTelemetry's data over HTTP as JSON. Spec: OTLP 1.5 §OTLP/HTTP. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Value of `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  readonly points: ReceivedPoint[];
  /** Waits until something came that `find` answers. */
  waitFor<T>(what: string, find: () => T | undefined): Promise<T>;
}

const TIMEOUT_MS = 60_000;

/** Starts a receiver on a free port. */
export function startOtlpReceiver(): OtlpReceiver {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const points: ReceivedPoint[] = [];
  const listeners = new Set<() => void>();
  const takers: Readonly<Record<string, (body: OtlpBody) => void>> = {
    "/v1/traces": (body) => spans.push(...spansOf(body)),
    "/v1/logs": (body) => logs.push(...logsOf(body)),
    "/v1/metrics": (body) => points.push(...pointsOf(body)),
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async (request) => {
    const take = takers[new URL(request.url).pathname];
    if (!take) return new Response(null, { status: 404 });
    take(await request.json());
    for (const listener of listeners) listener();
    return Response.json({});
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    logs,
    points,
    async waitFor(what, find) {
      const { promise, resolve, reject } = Promise.withResolvers<
        NonNullable<ReturnType<typeof find>>
      >();
      const look = () => {
        const found = find();
        if (found !== undefined) resolve(found!);
      };
      const timer = setTimeout(
        () => reject(new Error(`no ${what} came in ${TIMEOUT_MS} ms`)),
        TIMEOUT_MS,
      );
      listeners.add(look);
      look();
      return await promise.finally(() => {
        clearTimeout(timer);
        listeners.delete(look);
      });
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The parts of OTLP's messages that are looked at. */
interface OtlpBody {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, "attributes"> & {
        readonly attributes: OtlpAttributes;
      })[];
    }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly traceId: string;
        readonly severityText: string;
        readonly body: OtlpValue;
      }[];
    }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge?: { readonly dataPoints: readonly OtlpPoint[] };
        readonly sum?: { readonly dataPoints: readonly OtlpPoint[] };
      }[];
    }[];
  }[];
}

interface OtlpPoint {
  readonly attributes: OtlpAttributes;
  readonly asDouble?: number;
  readonly asInt?: string | number;
}

function spansOf({ resourceSpans = [] }: OtlpBody): ReceivedSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map((span) => ({ ...span, attributes: plain(span.attributes) }));
}

function logsOf({ resourceLogs = [] }: OtlpBody): ReceivedLog[] {
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords)
    .map(({ traceId, severityText, body }) => ({
      traceId,
      severity: severityText,
      body: body.stringValue ?? "",
    }));
}

function pointsOf({ resourceMetrics = [] }: OtlpBody): ReceivedPoint[] {
  return resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .flatMap(({ name, gauge, sum }) =>
      (gauge ?? sum)?.dataPoints.map((point) => ({
        name,
        value: Number(point.asDouble ?? point.asInt),
        attributes: plain(point.attributes),
      })) ?? []
    );
}

function plain(attributes: OtlpAttributes): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}
