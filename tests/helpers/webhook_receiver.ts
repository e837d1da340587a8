/** A webhook as it came. */
export interface ReceivedWebhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a receiver answers: with a status, a whole answer, or never. */
export type ReceiverAnswer = number | Response | "never";

/** A server that takes webhooks; ends with everything that hangs when it is disposed of. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  /** Settles when `count` webhooks have come. */
  waitFor(count: number): Promise<void>;
}

/** Opens a server on a free port; `answer` is told the number of the request, from 1. */
export function openWebhookReceiver(
  answer: (count: number, webhook: ReceivedWebhook) => ReceiverAnswer = () =>
    204,
): WebhookReceiver {
  const received: ReceivedWebhook[] = [];
  const abort = new AbortController();
  let wake = Promise.withResolvers<void>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, async (request) => {
    const webhook = {
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    received.push(webhook);
    wake.resolve();
    wake = Promise.withResolvers();
    const given = answer(received.length, webhook);
    if (given === "never") await aborted(abort.signal);
    if (given instanceof Response) return given;
    return new Response(null, {
      status: typeof given === "number" ? given : 503,
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/hook`,
    received,
    async waitFor(count) {
      while (received.length < count) await wake.promise;
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.shutdown();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
