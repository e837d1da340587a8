import { AwsV4Signer } from "aws4fetch";
import type { Clock } from "#base/clock.ts";
import {
  askHttp,
  type HttpAnswer,
  type HttpQuestion,
} from "#platform/http_client.ts";
import type { S3Access } from "./aws_access.ts";

/** What an exchange may take that carries nothing. */
const ANSWER_TIMEOUT_MS = 60_000;

/** What a part may take: 8 MiB at 110 kbit/s. Joining many parts takes long, too. */
export const PART_TIMEOUT_MS = 600_000;

/** What somebody waits for who looks at recordings. */
const READ_TIMEOUT_MS = 10_000;

/** Spec: RFC 9110 §15.5.18. */
const EXPECTATION_FAILED = 417;

/** Answers are short; more is not read. */
export const MAX_ANSWER_BYTES = 65_536;

/** Bytes to send, with their checksum. */
export interface S3Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** 16 bytes. */
  readonly md5: Uint8Array<ArrayBuffer>;
}

/** One request. */
export interface S3Request {
  readonly method: "DELETE" | "GET" | "HEAD" | "POST" | "PUT";
  readonly url: string;
  readonly body?: S3Body | string;
  /** Bytes that are wanted, as HTTP has them. */
  readonly range?: string;
  readonly maxBodyBytes?: number;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Asks a server once; the request is signed with all of its body, so that the server refuses what has changed on the way.
 *
 * Redirects are not followed: a signature is for one server.
 * Spec: Signature Version 4.
 */
export async function askS3(
  { method, url, body, range, maxBodyBytes, timeoutMs, signal }: S3Request,
  { accessKeyId, secretAccessKey, sessionToken }: S3Access,
  { region, clock }: { readonly region: string; readonly clock: Clock },
): Promise<HttpAnswer> {
  const isPart = typeof body === "object";
  const bytes = isPart ? body.bytes : new TextEncoder().encode(body);
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  const signed = await new AwsV4Signer({
    method,
    url,
    headers: {
      "x-amz-content-sha256": new Uint8Array(hash).toHex(),
      ...isPart && { "content-md5": body.md5.toBase64() },
      ...range !== undefined && { range },
    },
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...sessionToken && { sessionToken: sessionToken.reveal() },
    service: "s3",
    region,
    datetime: new Date(clock.wallMs()).toISOString()
      .replace(/[:-]|\.\d{3}/g, ""),
  }).sign();
  const limitMs = timeoutMs ??
    (isPart
      ? PART_TIMEOUT_MS
      : method === "GET"
      ? READ_TIMEOUT_MS
      : ANSWER_TIMEOUT_MS);
  const question: HttpQuestion = {
    method,
    url: signed.url.href,
    headers: Object.fromEntries(signed.headers),
    ...body !== undefined && { body: bytes },
    fingerprint: "",
    maxBodyBytes: maxBodyBytes ?? MAX_ANSWER_BYTES,
    redirects: "answers",
  };
  const deadline = {
    clock,
    timeoutMs: limitMs,
    message: `no answer within ${limitMs / 1_000} s`,
    signal,
  };
  const answer = await askHttp({ ...question, asksFirst: isPart }, deadline);
  // Something on the way does not know what it is asked first.
  return answer.status === EXPECTATION_FAILED
    ? await askHttp(question, deadline)
    : answer;
}
