import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { Md5 } from "#base/crypto.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import {
  type S3Client,
  S3Error,
  type S3Object,
  type S3Parts,
} from "./s3_client.ts";
import type { S3Body } from "./s3_exchange.ts";

/** What is kept in memory; a larger file is sent in several parts. */
const PART_BYTES = 8 * 1_024 * 1_024;

/** Parts that an object may have. Spec: Amazon S3 multipart upload limits. */
const MAX_PARTS = 10_000;

/** A part is tried so often, with a growing pause, before what was sent of the file is given up. */
const PART_ATTEMPTS = 4;
const PART_PAUSE_MS = 1_000;

/** What is read at once: the checksum of so much holds nobody up. */
const READ_BYTES = 131_072;

/** ETag that a server makes of the checksum, and of the checksums of several parts. */
const WHOLE_ETAG = /^[0-9a-f]{32}$/;
const PARTS_ETAG = /^[0-9a-f]{32}-\d+$/;

/** A file, and where it goes. */
export interface Upload {
  readonly client: S3Client;
  readonly clock: Clock;
  readonly input: RandomAccessInput;
  readonly url: string;
  readonly signal: AbortSignal;
}

/**
 * Uploads a file, and checks that it is there: its size, and its checksum as far as the server tells it.
 *
 * Output: false if it was there already.
 * Limits: one part in memory; the server checks each with SHA-256 and MD5.
 *
 * @throws {S3Error | Error} if it is not there.
 */
export async function uploadObject(upload: Upload): Promise<boolean> {
  if (await isThere(upload)) return false;
  const { input: { sizeBytes } } = upload;
  const sent = sizeBytes > PART_BYTES
    ? await sendParts(upload)
    : await sendWhole(upload);
  const found = await upload.client.find(upload.url, upload.signal);
  if (found === undefined) {
    throw new Error("the server has taken it, and does not have it");
  }
  if (!isSame(found, sent, sizeBytes)) {
    throw new Error(
      `the server has something else: ${found.sizeBytes} bytes with ETag ${found.etag}, sent were ${sizeBytes} with ETag ${sent.checksum}`,
    );
  }
  return true;
}

/** ETags of what was sent: as the server said, and as it would be made of the checksums. */
interface Sent {
  readonly answered: string;
  readonly checksum: string;
}

function isSame(found: S3Object, sent: Sent, sizeBytes: number): boolean {
  if (found.sizeBytes !== sizeBytes) return false;
  if (found.etag === sent.checksum) return true;
  const form = PARTS_ETAG.test(sent.checksum) ? PARTS_ETAG : WHOLE_ETAG;
  const isOfContent = !found.isEncrypted && form.test(found.etag);
  return !isOfContent && found.etag === sent.answered;
}

/** What an earlier attempt has sent whose answer was lost is not sent again. */
async function isThere(
  { client, input, url, signal }: Upload,
): Promise<boolean> {
  const found = await client.find(url, signal).catch((error) => {
    // Who may not list a bucket is not told what is not in it.
    const isHidden = error instanceof S3Error && error.status === 403 &&
      /^(?:AccessDenied)?$/.test(error.code);
    if (isHidden) return undefined;
    throw error;
  });
  if (found?.sizeBytes !== input.sizeBytes) return false;
  const checksums: Uint8Array[] = [];
  for (const range of rangesOf(input.sizeBytes)) {
    const md5 = new Md5();
    for await (const piece of piecesOf(input, range)) {
      signal.throwIfAborted();
      md5.update(piece);
    }
    checksums.push(md5.digest());
  }
  return found.etag === etagOfChecksums(checksums);
}

async function sendWhole(
  { client, input, url, signal }: Upload,
): Promise<Sent> {
  const range = { from: 0, bytes: input.sizeBytes };
  const body = await readBody(input, range);
  const answered = await client.put(url, body, signal);
  return { answered, checksum: etagOfChecksums([body.md5]) };
}

async function sendParts(upload: Upload): Promise<Sent> {
  const { client, input, url, signal } = upload;
  const parts = await client.beginParts(url, signal);
  try {
    const etags: string[] = [];
    const checksums: Uint8Array[] = [];
    for (const range of rangesOf(input.sizeBytes)) {
      const body = await readBody(input, range);
      const number = etags.length + 1;
      etags.push(await sendPart(upload, parts, { number, body }));
      checksums.push(body.md5);
    }
    const answered = await client.joinParts(parts, etags, signal);
    return { answered, checksum: etagOfChecksums(checksums) };
  } catch (error) {
    // The server may be away; what it keeps is nobody's loss but space.
    await client.dropParts(parts, signal).catch(() => {});
    throw error;
  }
}

/** Of a large file, one request that fails is not all that was sent before. */
async function sendPart(
  { client, clock, signal }: Upload,
  parts: S3Parts,
  part: { readonly number: number; readonly body: S3Body },
): Promise<string> {
  for (let attempt = 1;; attempt++) {
    try {
      return await client.putPart(parts, part, signal);
    } catch (error) {
      const isRefused = error instanceof S3Error && error.status < 500;
      if (isRefused || attempt === PART_ATTEMPTS || signal.aborted) throw error;
      await pause(clock, 2 ** (attempt - 1) * PART_PAUSE_MS, signal);
    }
  }
}

interface Range {
  readonly from: number;
  readonly bytes: number;
}

function rangesOf(sizeBytes: number): readonly Range[] {
  const partBytes = Math.max(PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes));
  return Array.from({ length: count }, (_, i) => {
    const from = i * partBytes;
    return { from, bytes: Math.min(partBytes, sizeBytes - from) };
  });
}

async function readBody(
  input: RandomAccessInput,
  range: Range,
): Promise<S3Body> {
  const bytes = new Uint8Array(range.bytes);
  const md5 = new Md5();
  let at = 0;
  for await (const piece of piecesOf(input, range)) {
    bytes.set(piece, at);
    md5.update(piece);
    at += piece.length;
  }
  return { bytes, md5: md5.digest() };
}

async function* piecesOf(
  input: RandomAccessInput,
  { from, bytes }: Range,
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes; at += READ_BYTES) {
    const wanted = Math.min(READ_BYTES, bytes - at);
    const piece = await input.readAt(from + at, wanted);
    if (piece.length < wanted) throw new Error("the file has become shorter");
    yield piece;
  }
}

/** The ETag of an object that was sent whole, or in several parts. */
function etagOfChecksums(checksums: readonly Uint8Array[]): string {
  if (checksums.length === 1) return checksums[0]!.toHex();
  const all = new Md5();
  for (const one of checksums) all.update(one);
  return `${all.digest().toHex()}-${checksums.length}`;
}
