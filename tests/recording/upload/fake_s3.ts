import { createHash, createHmac } from "node:crypto";
import { escape } from "node:querystring";
import {
  type S3Environment,
  s3EnvironmentOf,
} from "#recording/upload/s3_target.ts";

/** Who may use the server. */
export const ACCESS = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "secret/of+the=example",
  AWS_SESSION_TOKEN: "token",
  AWS_REGION: "eu-test-1",
};

/** A session token that was good once. */
export const EXPIRED_TOKEN = "expired";

/** {@linkcode ACCESS} as programs read it. */
export const ENVIRONMENT: S3Environment = s3EnvironmentOf(ACCESS);

/** What goes wrong with a request. */
export type Fault =
  /** It is refused before anything happens. */
  | "error"
  /** It is done, and a gateway has not waited for the answer. */
  | "lost"
  /** Other bytes than those that came are kept. */
  | "spoiled"
  /** Nothing happens, and there is no answer. */
  | "hanging";

/** An S3 server in memory that checks signatures and checksums as Amazon's does, by its own means. */
export class FakeS3 implements AsyncDisposable {
  /** Objects by path. */
  readonly objects = new Map<string, Uint8Array>();
  /** Requests so far: method, path and names of the query. */
  readonly requests: string[] = [];
  /** Bytes of the largest body. */
  largestBodyBytes = 0;
  /** What goes wrong with a request, if anything. */
  fault: (request: string) => Fault | undefined = () => undefined;
  #etags = new Map<string, string>();
  #parts = new Map<string, Map<number, Uint8Array>>();
  #server: Deno.HttpServer<Deno.NetAddr>;
  #abort = new AbortController();

  constructor() {
    this.#server = Deno.serve(
      {
        hostname: "127.0.0.1",
        port: 0,
        signal: this.#abort.signal,
        onListen() {},
      },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Objects whose parts have not been joined. */
  get openUploads(): number {
    return this.#parts.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    this.largestBodyBytes = Math.max(this.largestBodyBytes, body.length);
    const names = [...url.searchParams.keys()].sort().join(",");
    const line = `${request.method} ${decodeURIComponent(url.pathname)}` +
      (names === "" ? "" : ` ${names}`);
    this.requests.push(line);
    const fault = this.fault(line);
    if (fault === "error") return refusal(500, "InternalError");
    if (fault === "hanging") {
      await new Promise((resolve) =>
        this.#abort.signal.addEventListener("abort", resolve)
      );
      return refusal(500, "InternalError");
    }
    const wrong = wrongWith(request, url, body);
    if (wrong !== undefined) {
      return refusal(/Token$/.test(wrong) ? 400 : 403, wrong);
    }
    const kept = fault === "spoiled" ? body.map((byte) => byte ^ 1) : body;
    const response = this.#do(request, url, kept);
    return fault === "lost" ? refusal(504, "GatewayTimeout") : response;
  }

  #do(
    { method, headers }: Request,
    url: URL,
    body: Uint8Array,
  ): Response {
    const { pathname, searchParams } = url;
    if (searchParams.has("list-type")) return this.#list(url);
    const path = decodeURIComponent(pathname);
    const id = searchParams.get("uploadId");
    if (method === "HEAD") {
      const object = this.objects.get(path);
      return new Response(null, {
        status: object ? 200 : 404,
        headers: object
          ? {
            "content-length": String(object.length),
            etag: `"${this.#etags.get(path)}"`,
          }
          : {},
      });
    }
    if (method === "GET") return this.#read(path, headers.get("range") ?? "");
    if (searchParams.has("uploads")) {
      const name = `id+${this.#parts.size}&/=`;
      this.#parts.set(name, new Map());
      return new Response(
        `<R><UploadId>${name.replace("&", "&amp;")}</UploadId></R>`,
      );
    }
    if (id === null) {
      return this.#keep(path, body, md5(body));
    }
    const parts = this.#parts.get(id);
    if (parts === undefined) return refusal(404, "NoSuchUpload");
    if (method === "DELETE") {
      this.#parts.delete(id);
      return new Response(null, { status: 204 });
    }
    if (method === "PUT") {
      parts.set(Number(searchParams.get("partNumber")), body);
      return new Response(null, { headers: { etag: `"${md5(body)}"` } });
    }
    const wanted = [
      ...new TextDecoder().decode(body).matchAll(
        /<PartNumber>(\d+)<\/PartNumber><ETag>"(\w+)"<\/ETag>/g,
      ),
    ];
    const all = wanted.map(([, number]) => parts.get(Number(number))!);
    if (wanted.some(([, , etag], i) => md5(all[i]!) !== etag)) {
      // As Amazon does when the status is sent already.
      return new Response("<Error><Code>InvalidPart</Code></Error>");
    }
    this.#parts.delete(id);
    const sums = all.map((one) => createHash("md5").update(one).digest());
    const etag = `${md5(joined(sums))}-${all.length}`;
    this.#keep(path, joined(all), etag);
    return new Response(`<R><ETag>&quot;${etag}&quot;</ETag></R>`);
  }

  /** Two keys a page, as if they were a thousand. */
  #list({ pathname, searchParams }: URL): Response {
    const keys = [...this.objects.keys()]
      .filter((path) => path.startsWith(pathname))
      .map((path) => path.slice(pathname.length))
      .filter((key) => key.startsWith(searchParams.get("prefix") ?? ""))
      .sort();
    const from = Number(searchParams.get("continuation-token") ?? "0");
    const isTruncated = from + 2 < keys.length;
    const contents = keys.slice(from, from + 2).map((key) =>
      `<Contents><Key>${key.replaceAll("&", "&amp;")}</Key></Contents>`
    );
    return new Response(
      `<R><IsTruncated>${isTruncated}</IsTruncated>${contents.join("")}` +
        `<NextContinuationToken>${from + 2}</NextContinuationToken></R>`,
    );
  }

  #read(path: string, range: string): Response {
    const object = this.objects.get(path);
    if (object === undefined) return refusal(404, "NoSuchKey");
    const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(range)!;
    const bytes = object.slice(Number(from), Number(last) + 1);
    const end = Number(from) + bytes.length - 1;
    return new Response(bytes, {
      status: 206,
      headers: { "content-range": `bytes ${from}-${end}/${object.length}` },
    });
  }

  #keep(path: string, bytes: Uint8Array, etag: string): Response {
    this.objects.set(path, bytes);
    this.#etags.set(path, etag);
    return new Response(null, { headers: { etag: `"${etag}"` } });
  }
}

/** Code of the error, if a request is not as it must be. Spec: AWS Signature Version 4. */
function wrongWith(
  { method, headers }: Request,
  { pathname, searchParams, host }: URL,
  body: Uint8Array,
): string | undefined {
  const hash = createHash("sha256").update(body).digest("hex");
  if (headers.get("x-amz-content-sha256") !== hash) {
    return "XAmzContentSHA256Mismatch";
  }
  const sum = headers.get("content-md5");
  if (
    method === "PUT" && sum !== createHash("md5").update(body).digest("base64")
  ) {
    return "BadDigest";
  }
  const match =
    /^AWS4-HMAC-SHA256 Credential=(.*?)\/(.*), SignedHeaders=(.*), Signature=(.*)$/
      .exec(headers.get("authorization") ?? "");
  if (match === null) return "AccessDenied";
  const [, id, scope, names, signature] = match as unknown as string[];
  const token = headers.get("x-amz-security-token");
  if (id !== ACCESS.AWS_ACCESS_KEY_ID || token === null) {
    return "InvalidAccessKeyId";
  }
  if (!names!.split(";").includes("x-amz-security-token")) {
    return "AccessDenied";
  }
  if (token === EXPIRED_TOKEN) return "ExpiredToken";
  if (token !== ACCESS.AWS_SESSION_TOKEN) return "InvalidToken";
  const query = [...searchParams].map((pair) => pair.map(escape).join("="));
  const canonical = [
    method,
    pathname,
    query.sort().join("&"),
    ...names!.split(";").map((name) =>
      `${name}:${name === "host" ? host : headers.get(name)}`
    ),
    "",
    names,
    hash,
  ].join("\n");
  const key = [...scope!.split("/")].reduce<string | Uint8Array>(
    (before, part) => createHmac("sha256", before).update(part).digest(),
    `AWS4${ACCESS.AWS_SECRET_ACCESS_KEY}`,
  );
  const text = [
    "AWS4-HMAC-SHA256",
    headers.get("x-amz-date"),
    scope,
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const wanted = createHmac("sha256", key).update(text).digest("hex");
  return wanted === signature ? undefined : "SignatureDoesNotMatch";
}

function refusal(status: number, code: string): Response {
  return new Response(
    `<Error><Code>${code}</Code><Message>because of a &quot;test&quot;</Message></Error>`,
    { status },
  );
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
