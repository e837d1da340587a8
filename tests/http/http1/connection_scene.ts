import type { DirectRequest } from "#http/direct.ts";
import { DirectHead } from "#http/direct.ts";
import {
  Http1Connection,
  type Http1Service,
  type WaitLimits,
} from "#http/http1/connection.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { type Answer, readAnswers } from "./answers.ts";

/** Limits of the scene's connections. */
export const LIMITS: WaitLimits = {
  firstRequestMs: 10_000,
  idleMs: 30_000,
  writeTimeoutMs: 10_000,
};

/** Head of what is answered directly. */
export const HEAD = new DirectHead(200, { "Content-Type": "text/plain" });

const encoder = new TextEncoder();

/** A connection without a network, and the service that it asks. */
export class ConnectionScene {
  readonly clock = new FakeClock();
  readonly tcp = new FakeTcpConnection(this.clock);
  readonly connection: Http1Connection;
  /** Settles when the connection has ended. */
  readonly ended: Promise<void>;
  hasEnded = false;
  /** Requests for `/later`, which nobody has answered yet. */
  readonly waiting: DirectRequest[] = [];
  /** Requests that the routes were given. */
  readonly routed: Request[] = [];
  /** What {@linkcode Http1Service.fail} was told. */
  readonly failures: unknown[] = [];
  /** Requests that were answered directly, and with how many bytes. */
  readonly answered: string[] = [];

  /**
   * Begins to serve. `/now` is answered directly with the path and the query, `/later` when the test does, and all else
   * by `serve`, which answers with method and URL if it is left out.
   */
  constructor(changes: Partial<Http1Service> = {}) {
    const service: Http1Service = {
      signal: new AbortController().signal,
      clientIp: (ip, fields) => fields.get("x-forwarded-for") ?? ip,
      commonLines: () => "Server: mediamtx\r\n",
      direct: (request) => this.#direct(request),
      handleAnswered: ({ path }, { status }, bodyBytes) =>
        this.answered.push(`${path} ${status} ${bodyBytes}`),
      fail: (error) => this.failures.push(error),
      serve: (request) => {
        this.routed.push(request);
        return Promise.resolve(
          new Response(`${request.method} ${request.url}`),
        );
      },
      ...changes,
    };
    this.connection = new Http1Connection(
      this.tcp,
      service,
      this.clock.monotonicMs(),
    );
    this.ended = this.connection.run();
    this.ended.then(() => this.hasEnded = true);
  }

  /** The peer sends something; everything that can happen has happened then. */
  async send(data: string | Uint8Array): Promise<void> {
    this.tcp.receive(typeof data === "string" ? encoder.encode(data) : data);
    await settled();
  }

  /** What was answered since the last call. */
  answers(isHead?: (index: number) => boolean): Answer[] {
    return readAnswers(this.tcp.takeSent(), isHead);
  }

  /** Lets time pass, second by second as a server does. */
  async pass(durationMs: number): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += 1_000) {
      this.clock.advance(1_000);
      this.connection.tick(this.clock.monotonicMs(), LIMITS);
    }
    await settled();
  }

  #direct(request: DirectRequest): boolean {
    const { path, query } = request;
    if (path === "/now") {
      request.answer(HEAD, encoder.encode(`${path} ${query}`));
      return true;
    }
    if (path !== "/later") return false;
    this.waiting.push(request);
    return true;
  }
}

/** A request without a body, of the fields given. */
export function get(target: string, fields = "", version = "1.1"): string {
  return `GET ${target} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;
}
