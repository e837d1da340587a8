import type * as http from "node:http";
import * as tls from "node:tls";
import type { Deadline } from "#base/abort.ts";
import { pause, withDeadline } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { sha256 } from "#base/crypto.ts";
import { systemRoots } from "./tls.ts";

/** Redirects that are followed before an exchange counts as one that leads nowhere. */
const MAX_REDIRECTS = 10;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Redirects after which the same request is made, body and all. Spec: RFC 9110 §15.4. */
const SAME_REQUEST: ReadonlySet<number> = new Set([307, 308]);

/** How long a server is waited for that may not know the question whether it takes a body. Spec: RFC 9110 §10.1.1. */
const CONTINUE_WAIT_MS = 1_000;

/** One question to an HTTP server. */
export interface HttpQuestion {
  readonly method: "DELETE" | "GET" | "HEAD" | "POST" | "PUT";
  /** `http://` or `https://`, with user and password where the server wants them. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whether the server is asked first if it takes the body: it is no use to send what is refused, and hides why. */
  readonly asksFirst?: boolean;
  /** SHA-256 of the server's certificate in hexadecimal digits: it takes the place of all verification; empty for none. */
  readonly fingerprint: string;
  /** More of the answer's body is not read. */
  readonly maxBodyBytes: number;
  /** Whether the body of an answer is of any use; it is if left out. */
  readonly wantsBody?: (status: number) => boolean;
  /** What a redirect does; it is followed if left out. */
  readonly redirects?: "followed" | "answers";
}

/** What the server said in the end. */
export interface HttpAnswer {
  readonly status: number;
  /** Names are in lower case. */
  readonly headers: Readonly<
    Record<string, string | readonly string[] | undefined>
  >;
  /** Owned. */
  readonly body: Uint8Array;
  /** There was more of the body. */
  readonly isCut: boolean;
}

/**
 * Asks an HTTP server and follows its redirects, each time over a connection of its own.
 *
 * Nothing is sent before the certificate was checked.
 * Limits: `maxBodyBytes`, ten redirects, and the time of the deadline for all of it.
 *
 * @throws {Error} if there is no answer: what of, or the deadline's message, or the reason of its signal.
 */
export function askHttp(
  question: HttpQuestion,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const { clock } = deadline;
  return withDeadline((signal) => ask(question, { clock, signal }), deadline);
}

/** What an exchange ends with, and what tells the time. */
interface Limits {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function ask(first: HttpQuestion, limits: Limits): Promise<HttpAnswer> {
  let question = first;
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    const { answer, location } = await exchange(question, limits);
    if (location === undefined || first.redirects === "answers") return answer;
    question = redirected(question, answer.status, location);
  }
  throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
}

function redirected(
  question: HttpQuestion,
  status: number,
  location: string,
): HttpQuestion {
  if (!URL.canParse(location, question.url)) {
    throw new Error("the server redirects to what is no URL");
  }
  const { href, protocol } = new URL(location, question.url);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new Error(`the server redirects to ${protocol}`);
  }
  if (SAME_REQUEST.has(status)) return { ...question, url: href };
  const { headers: _headers, body: _body, asksFirst: _first, ...rest } =
    question;
  return { ...rest, method: "GET", url: href };
}

interface Exchanged {
  readonly answer: HttpAnswer;
  /** Where to ask instead. */
  readonly location: string | undefined;
}

async function exchange(
  question: HttpQuestion,
  { clock, signal }: Limits,
): Promise<Exchanged> {
  const url = new URL(question.url);
  const socket = url.protocol === "https:"
    ? await connectVerified(url, question.fingerprint, signal)
    : undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
  const request = await requestTo(url, question, socket);
  const leave = () => {
    request.destroy();
    reject(signal.reason);
  };
  signal.addEventListener("abort", leave);
  request.on("error", reject);
  request.on("response", (response) => {
    readAnswer(response, question).then(resolve, reject);
  });
  if (signal.aborted) leave();
  try {
    if (question.asksFirst) {
      promise.catch(() => {}); // awaited below
      if (await isRefused(request, { clock, signal })) return await promise;
    }
    request.end(question.body);
    return await promise;
  } finally {
    signal.removeEventListener("abort", leave);
    request.destroy();
    socket?.destroy();
  }
}

/** Sends the head of a request. Output: whether it is over before its body was wanted. */
async function isRefused(
  request: http.ClientRequest,
  { clock, signal }: Limits,
): Promise<boolean> {
  const told = new AbortController();
  let isOver = false;
  request.once("continue", () => told.abort());
  for (const event of ["response", "error", "close"]) {
    request.once(event, () => {
      isOver = true;
      told.abort();
    });
  }
  request.flushHeaders();
  const either = AbortSignal.any([told.signal, signal]);
  await pause(clock, CONTINUE_WAIT_MS, either);
  return isOver || signal.aborted;
}

/** The library is loaded for the first question: a server that asks nobody starts without it. */
async function requestTo(
  url: URL,
  { method, headers = {}, body, asksFirst }: HttpQuestion,
  socket: tls.TLSSocket | undefined,
): Promise<http.ClientRequest> {
  const userInfo = url.username === "" ? {} : {
    auth: `${decodeURIComponent(url.username)}:${
      decodeURIComponent(url.password)
    }`,
  };
  const length = body === undefined
    ? {}
    : { "Content-Length": String(sizeBytesOf(body)) };
  const options = {
    method,
    headers: {
      ...headers,
      ...length,
      ...asksFirst && { Expect: "100-continue" },
      Connection: "close",
    },
    ...userInfo,
  } as const;
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  // With an agent the connection that was checked would not be taken.
  if (socket === undefined) {
    const { request } = await import("node:http");
    return request(bare, { ...options, agent: false });
  }
  const { request } = await import("node:https");
  return request(bare, { ...options, createConnection: () => socket });
}

function sizeBytesOf(body: string | Uint8Array): number {
  return typeof body === "string"
    ? new TextEncoder().encode(body).length
    : body.length;
}

async function readAnswer(
  response: http.IncomingMessage,
  { maxBodyBytes, wantsBody }: HttpQuestion,
): Promise<Exchanged> {
  const status = response.statusCode ?? 0;
  const location = REDIRECTS.has(status)
    ? response.headers.location
    : undefined;
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  if (location === undefined && wantsBody?.(status) !== false) {
    for await (const piece of response) {
      pieces.push(piece);
      sizeBytes += piece.length;
      if (sizeBytes > maxBodyBytes) break;
    }
  }
  const body = new Uint8Array(Math.min(sizeBytes, maxBodyBytes));
  let offset = 0;
  for (const piece of pieces) {
    body.set(piece.subarray(0, body.length - offset), offset);
    offset = Math.min(offset + piece.length, body.length);
  }
  const isCut = sizeBytes > maxBodyBytes;
  const { headers } = response;
  return { answer: { status, headers, body, isCut }, location };
}

/** A connection whose other end has shown the right certificate. */
async function connectVerified(
  url: URL,
  fingerprint: string,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const roots = fingerprint === "" ? systemRoots() : undefined;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = tls.connect({
    host,
    port: url.port === "" ? 443 : Number(url.port),
    rejectUnauthorized: fingerprint === "",
    ALPNProtocols: ["http/1.1"],
    ...roots ? { ca: roots } : {},
  });
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave);
  socket.once("secureConnect", resolve);
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed")));
  if (signal.aborted) leave();
  try {
    await promise;
    if (fingerprint !== "") checkFingerprint(socket, fingerprint.toLowerCase());
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function checkFingerprint(socket: tls.TLSSocket, wanted: string): void {
  const found = sha256(socket.getPeerCertificate().raw).toHex();
  if (found === wanted) return;
  throw new Error(
    `server fingerprint does not match: expected ${wanted}, got ${found}`,
  );
}
