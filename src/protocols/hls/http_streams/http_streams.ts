import { HttpError } from "#http/http_error.ts";
import type { HlsContext } from "#protocols/hls/context.ts";
import {
  accessRequest,
  type HlsRequest,
  type HlsRoute,
  queryOf,
} from "#protocols/hls/routes.ts";
import { flvContainer } from "./flv_container.ts";
import type { StreamContainer } from "./media_writer.ts";
import { mp4Container } from "./mp4_container.ts";
import { StreamSession } from "./stream_session.ts";
import {
  ResponseTransport,
  SocketTransport,
  type Transport,
} from "./transport.ts";
import { tsContainer } from "./ts_container.ts";

const CONTAINERS: readonly StreamContainer[] = [
  flvContainer,
  mp4Container,
  tsContainer,
];

/** Files of HLS, which end as streams do: `<prefix>_<stream>_<init, segment or part>`, and the one that stands for a gap. */
const HLS_FILE = /(?:^|\/)(?:[0-9a-f]{12}_\w+_(?:init|(?:seg|part)\d+)|gap)$/;

/** Nothing keeps a stream, and no proxy collects it before it hands it on. */
const HEADERS = { "Cache-Control": "no-store", "X-Accel-Buffering": "no" };

/** Streams without end: `/<path>.flv`, `.mp4` and `.ts`, as a response or over a WebSocket. */
export class HttpStreams implements Disposable {
  #context: HlsContext;
  #sessions = new Set<StreamSession>();

  /** Nobody reads yet. */
  constructor(context: HlsContext) {
    this.#context = context;
  }

  /** Row of the table of routes. */
  readonly route: HlsRoute = (request, urlPath) => {
    const name = urlPath.slice(1);
    const container = CONTAINERS.find(({ suffix }) => name.endsWith(suffix));
    if (container === undefined) return undefined;
    const pathName = name.slice(0, -container.suffix.length);
    if (pathName === "" || HLS_FILE.test(pathName)) return undefined;
    return this.#open(request, container, pathName);
  };

  /** Ends every session. */
  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.close("terminated");
  }

  async #open(
    request: HlsRequest,
    container: StreamContainer,
    pathName: string,
  ): Promise<Response> {
    const { headers } = request.req.raw;
    const isWebSocket = headers.get("Upgrade")?.toLowerCase() === "websocket";
    const query = queryOf(request);
    const session = new StreamSession({
      ports: this.#context.ports,
      container,
      transport: isWebSocket ? "webSocket" : "http",
      pathName,
      query,
      remoteAddress: request.var.remoteAddress,
      userAgent: headers.get("User-Agent") ?? "",
    });
    using undo = new DisposableStack();
    const grant = undo.use(
      await this.#context.ports.access.read(
        accessRequest(request, { pathName, query, sessionId: session.id }),
        session.owner,
      ),
    );
    grant.revoked.throwIfAborted();
    const writer = container.open({
      stream: grant.stream,
      isScript: isWebSocket,
      onEnd: (reason) => session.close(reason),
    });
    if (writer === undefined) {
      throw new HttpError(
        400,
        `the stream of path '${pathName}' has no codec that ${container.name} carries`,
      );
    }
    const { response, transport } = isWebSocket
      ? upgrade(request)
      : respond(container);
    undo.move();
    this.#sessions.add(session);
    session.onClosed = () => this.#sessions.delete(session);
    session.start(grant, writer, transport);
    return response;
  }
}

/** An answer and what goes out behind it. */
interface Way {
  readonly response: Response;
  readonly transport: Transport;
}

function upgrade(request: HlsRequest): Way {
  const { response, socket } = request.var.upgradeToWebSocket();
  return { response, transport: new SocketTransport(socket) };
}

function respond({ contentType }: StreamContainer): Way {
  const transport = new ResponseTransport();
  const headers = { ...HEADERS, "Content-Type": contentType };
  return { response: transport.respond(headers), transport };
}
