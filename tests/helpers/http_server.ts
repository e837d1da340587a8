/** A request that an {@linkcode HttpServer} was sent. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** An HTTP server on a free port. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  /** What it was sent so far. */
  readonly seen: readonly SeenRequest[];
}

/** What a server answers with. */
export type HttpAnswerer = (
  request: SeenRequest,
) => Response | Promise<Response>;

/** Opens an HTTP server on this machine; with a pair of PEM texts it speaks TLS. */
export function openHttpServer(
  answer: HttpAnswerer,
  pair: { readonly cert: string; readonly key: string } | undefined = undefined,
): HttpServer {
  const seen: SeenRequest[] = [];
  const abort = new AbortController();
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      signal: abort.signal,
      onListen() {},
      ...pair,
    },
    async (request) => {
      const { method, headers, url } = request;
      const path = new URL(url).pathname;
      const one = { method, path, headers, body: await request.text() };
      seen.push(one);
      return await answer(one);
    },
  );
  return {
    url: `${pair ? "https" : "http"}://127.0.0.1:${server.addr.port}`,
    seen,
    async [Symbol.asyncDispose](): Promise<void> {
      abort.abort();
      await server.finished;
    },
  };
}
