import type { Clock } from "#base/clock.ts";
import type { HttpAnswer } from "#platform/http_client.ts";
import type { AwsAccess } from "./aws_access.ts";
import {
  askS3,
  MAX_ANSWER_BYTES,
  PART_TIMEOUT_MS,
  type S3Body,
  type S3Request,
} from "./s3_exchange.ts";
import { escapeXml, parseS3Page, type S3Page, xmlElement } from "./s3_xml.ts";

/** A thousand keys, as long as keys may be. */
const MAX_PAGE_BYTES = 4 * 1_024 * 1_024;

/** What is read where only the outcome counts. */
const FIRST_BYTE = { offsetBytes: 0, lengthBytes: 1 };

/** The server has refused something. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  /** Status of the answer. */
  readonly status: number;
  /** As the server has it; empty if it said none. */
  readonly code: string;

  /** `reason`: what the server said. */
  constructor(status: number, reason: string, code = "") {
    super(reason);
    this.status = status;
    this.code = code;
  }

  /** There is no such object, though there may be its bucket. */
  get isNotFound(): boolean {
    return this.status === 404 && /^(?:NoSuchKey)?$/.test(this.code);
  }
}

/** An object that is there. */
export interface S3Object {
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** Encrypted with a key that makes the ETag no checksum. */
  readonly isEncrypted: boolean;
}

/** What a client is given. */
export interface S3ClientOptions {
  readonly access: AwsAccess;
  readonly region: string;
  readonly clock: Clock;
}

/** Which bytes of an object are wanted. */
export interface S3Span {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Bytes of an object. */
export interface S3Range {
  /** Of the whole object. */
  readonly sizeBytes: number;
  /** Owned; shorter at its end. */
  readonly bytes: Uint8Array;
}

/**
 * Asks S3 servers; every request is signed with all of its body, so that the server refuses what has changed on the way.
 *
 * Redirects are not followed: a signature is for one server.
 * Spec: Amazon S3 API Reference, Signature Version 4.
 */
export class S3Client {
  #options: S3ClientOptions;

  /** Asks nothing yet. */
  constructor(options: S3ClientOptions) {
    this.#options = options;
  }

  /** What is at a URL; undefined if nothing is. @throws {S3Error | Error} */
  async find(url: string, signal: AbortSignal): Promise<S3Object | undefined> {
    const answer = await this.#ask({ method: "HEAD", url, signal });
    if (answer.status === 404) return undefined;
    const isRefused = answer.status >= 400 && answer.status < 500;
    if (isRefused) await this.#explain(url, signal); // its answer has no words
    check(answer);
    const { headers } = answer;
    const encryption = headers["x-amz-server-side-encryption"] ?? "";
    const isEncrypted = String(encryption).startsWith("aws:kms") ||
      headers["x-amz-server-side-encryption-customer-algorithm"] !== undefined;
    const sizeBytes = Number(headers["content-length"]);
    return { sizeBytes, etag: etagOf(answer), isEncrypted };
  }

  /** Makes an object, or a part of one. Output: its ETag. @throws {S3Error | Error} */
  async put(url: string, body: S3Body, signal: AbortSignal): Promise<string> {
    try {
      const answer = await this.#ask({ method: "PUT", url, body, signal });
      return etagOf(check(answer));
    } catch (error) {
      // What is refused while it is sent is not heard.
      if (!(error instanceof S3Error)) {
        await this.#explain(url.replace(/\?.*/, ""), signal);
      }
      throw error;
    }
  }

  /** Begins an object of several parts. Output: URL that parts are put to, up to their number. @throws {S3Error | Error} */
  async beginParts(url: string, signal: AbortSignal): Promise<S3Parts> {
    const answer = await this.#ask({
      method: "POST",
      url: `${url}?uploads=`,
      body: "",
      signal,
    });
    const id = elementOf(check(answer), "UploadId");
    if (id === undefined) {
      throw new S3Error(answer.status, "the server gives an upload no name");
    }
    return { url, query: `uploadId=${encodeURIComponent(id)}` };
  }

  /** Puts one part; `number` counts from 1. Output: its ETag. @throws {S3Error | Error} */
  putPart(
    { url, query }: S3Parts,
    { number, body }: { readonly number: number; readonly body: S3Body },
    signal: AbortSignal,
  ): Promise<string> {
    return this.put(`${url}?partNumber=${number}&${query}`, body, signal);
  }

  /** Makes an object of its parts; `etags` in their order. Output: its ETag. @throws {S3Error | Error} */
  async joinParts(
    { url, query }: S3Parts,
    etags: readonly string[],
    signal: AbortSignal,
  ): Promise<string> {
    const parts = etags.map((etag, i) =>
      `<Part><PartNumber>${i + 1}</PartNumber><ETag>"${
        escapeXml(etag)
      }"</ETag></Part>`
    );
    const answer = await this.#ask({
      method: "POST",
      url: `${url}?${query}`,
      body:
        `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
          parts.join("")
        }</CompleteMultipartUpload>`,
      timeoutMs: PART_TIMEOUT_MS,
      signal,
    });
    const etag = elementOf(check(answer), "ETag");
    // The status is sent before the outcome is known.
    if (etag === undefined) throw refusal(answer);
    return bareEtag(etag);
  }

  /** Gives parts up that were put; the server forgets them. @throws {S3Error | Error} */
  async dropParts(
    { url, query }: S3Parts,
    signal: AbortSignal,
  ): Promise<void> {
    check(
      await this.#ask({ method: "DELETE", url: `${url}?${query}`, signal }),
    );
  }

  /** Some of the keys that begin with a prefix, behind those of the page before. @throws {S3Error | Error} */
  async list(
    bucketUrl: string,
    { prefix, after }: {
      readonly prefix: string;
      readonly after: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<S3Page> {
    const query = [["list-type", "2"], ["prefix", prefix]];
    if (after !== undefined) query.push(["continuation-token", after]);
    const pairs = query.map((pair) => pair.map(encodeURIComponent).join("="));
    const answer = await this.#ask({
      method: "GET",
      url: `${bucketUrl}/?${pairs.join("&")}`,
      maxBodyBytes: MAX_PAGE_BYTES,
      signal,
    });
    return parseS3Page(new TextDecoder().decode(check(answer).body));
  }

  /** Reads bytes of an object, from within it. @throws {S3Error | Error} */
  async read(
    url: string,
    { offsetBytes, lengthBytes }: S3Span,
    signal: AbortSignal,
  ): Promise<S3Range> {
    const answer = await this.#ask({
      method: "GET",
      url,
      range: `bytes=${offsetBytes}-${offsetBytes + lengthBytes - 1}`,
      maxBodyBytes: Math.max(lengthBytes, MAX_ANSWER_BYTES),
      signal,
    });
    const { status, headers, body } = check(answer);
    const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(
      String(headers["content-range"]),
    ) ?? [];
    if (status !== 206 || Number(from) !== offsetBytes) {
      throw new S3Error(status, "the server gives no parts of objects");
    }
    return { sizeBytes: Number(size), bytes: body };
  }

  /** Asks for less, to be told why not. @throws {S3Error} if it is refused, too */
  async #explain(url: string, signal: AbortSignal): Promise<void> {
    try {
      await this.read(url, FIRST_BYTE, signal);
    } catch (error) {
      if (error instanceof S3Error && !error.isNotFound) throw error;
    }
  }

  async #ask(request: S3Request): Promise<HttpAnswer> {
    const { access } = this.#options;
    const used = await access.current();
    const answer = await askS3(request, used, this.#options);
    if (!mayBeForKeys(answer)) return answer;
    const other = await access.instead(used);
    return other ? await askS3(request, other, this.#options) : answer;
  }
}

/** An object of several parts that is not complete. */
export interface S3Parts {
  readonly url: string;
  /** What tells it from others under the same URL. */
  readonly query: string;
}

function check(answer: HttpAnswer): HttpAnswer {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  throw refusal(answer);
}

/** Whether other keys may do what these do not: they are wrong, have expired, or are no more. */
function mayBeForKeys(answer: HttpAnswer): boolean {
  const { status } = answer;
  if (status !== 404) return [400, 401, 403].includes(status);
  // Some have it that there is no such user.
  const code = elementOf(answer, "Code") ?? "";
  return code !== "" && !code.startsWith("NoSuch");
}

function refusal(answer: HttpAnswer): S3Error {
  const code = elementOf(answer, "Code");
  const message = elementOf(answer, "Message");
  const words = [code, message].filter((word) => word !== undefined);
  const { status } = answer;
  const said = words.length === 0 ? "" : `: ${words.join(": ")}`;
  return new S3Error(status, `the server answered ${status}${said}`, code);
}

/** Text of the first element with a name. */
function elementOf({ body }: HttpAnswer, name: string): string | undefined {
  return xmlElement(new TextDecoder().decode(body), name);
}

function etagOf({ headers: { etag } }: HttpAnswer): string {
  return bareEtag(typeof etag === "string" ? etag : "");
}

function bareEtag(etag: string): string {
  return etag.replaceAll('"', "");
}
