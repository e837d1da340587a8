import { sha256 } from "#base/crypto.ts";
import { errorText } from "#base/errors.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/root_schema.ts";
import { beginWithin } from "#platform/deadline.ts";
import { readTextFile } from "#platform/files.ts";
import { connectTcp, type TcpConnection } from "#platform/tcp.ts";
import { connectTls } from "#platform/tls.ts";

/** A server that is well answers long before; health checks of containers wait 30 s. */
const TIMEOUT_MS = 5_000;

/** A status line is far shorter. */
const MAX_ANSWER_BYTES = 1_024;

/** How the command is used. */
export const HEALTHCHECK_USAGE = "weir healthcheck [--url URL] [config files]";

/** Whom to ask, and what a good answer begins with. */
interface Question {
  readonly url: URL;
  readonly request: string;
  readonly wanted: RegExp;
  /** File of the certificate that the server shows; what the system trusts counts without one. */
  readonly certificateFile?: string;
}

/** What a command is told, and where it writes. */
export interface HealthcheckOptions {
  readonly write: (line: string) => void;
  readonly timeoutMs?: number;
}

/**
 * Asks a running server whether it is ready, for containers without a shell; one line says what came out.
 *
 * Without `--url` the configuration says where: `/readyz` of the metrics service or the API, or else the RTSP server.
 *
 * Output: exit code, 0 if it is ready, else 1.
 */
export async function healthcheckCommand(
  args: readonly string[],
  { write, timeoutMs = TIMEOUT_MS }: HealthcheckOptions,
): Promise<number> {
  try {
    const question = await questionOf(args);
    const answer = await ask(question, timeoutMs);
    if (!question.wanted.test(answer)) {
      throw new Error(
        `the server is not ready: ${question.url.href} answered "${answer}"`,
      );
    }
    write(`ready: ${question.url.href}`);
    return 0;
  } catch (error) {
    write(`ERR: ${errorText(error).split("\n", 1)[0]}`);
    return 1;
  }
}

async function questionOf(args: readonly string[]): Promise<Question> {
  if (args[0] === "--url") {
    const url = URL.parse(args[1] ?? "");
    if (!url || !/^https?:$/.test(url.protocol) || args.length > 2) {
      throw new Error(`Cannot check health: usage: ${HEALTHCHECK_USAGE}`);
    }
    return httpQuestion(url);
  }
  const option = args.find((arg) => arg.startsWith("-"));
  if (option !== undefined) {
    throw new Error(
      `Cannot check health: unexpected argument "${option}", usage: ${HEALTHCHECK_USAGE}`,
    );
  }
  return questionFor((await loadConfig(args)).config);
}

function questionFor(config: Config): Question {
  const services = [
    {
      isOn: config.metrics,
      address: config.metricsAddress,
      isEncrypted: config.metricsEncryption,
      certificateFile: config.metricsServerCert,
    },
    {
      isOn: config.api,
      address: config.apiAddress,
      isEncrypted: config.apiEncryption,
      certificateFile: config.apiServerCert,
    },
  ];
  for (const { isOn, address, isEncrypted, certificateFile } of services) {
    // A socket file has no URL.
    if (!isOn || address.startsWith("unix:")) continue;
    const scheme = isEncrypted ? "https" : "http";
    return {
      ...httpQuestion(new URL(`${scheme}://${ownHost(address)}/readyz`)),
      ...isEncrypted ? { certificateFile } : {},
    };
  }
  if (config.rtsp && config.rtspEncryption !== "strict") {
    const url = new URL(`rtsp://${ownHost(config.rtspAddress)}/`);
    return {
      url,
      request: `OPTIONS ${url.href} RTSP/1.0\r\nCSeq: 1\r\n\r\n`,
      wanted: /^RTSP\/1\.0 200 /,
    };
  }
  throw new Error(
    "Cannot check health: nothing is on that can be asked, set metrics or api to yes",
  );
}

function httpQuestion(url: URL): Question {
  return {
    url,
    request:
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`,
    wanted: /^HTTP\/1\.1 2\d\d /,
  };
}

/** Address at which a listener of this machine can be reached. */
function ownHost(address: string): string {
  const { hostname, port } = parseListenAddress(address);
  const everywhere = new Map([["", "127.0.0.1"], ["0.0.0.0", "127.0.0.1"], [
    "::",
    "::1",
  ]]);
  const host = everywhere.get(hostname) ?? hostname;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** First line of the answer. */
async function ask(question: Question, timeoutMs: number): Promise<string> {
  const connection = await connect(question, timeoutMs);
  const action = `check health at ${question.url.href}`;
  const answer = await beginWithin(connection, { action, timeoutMs }, () => {
    connection.send(new TextEncoder().encode(question.request));
    return readLine(connection);
  });
  connection.close();
  return answer;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  "http:": 80,
  "https:": 443,
};

async function connect(
  { url, certificateFile }: Question,
  timeoutMs: number,
): Promise<TcpConnection> {
  const target = {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORTS[url.protocol]! : Number(url.port),
    signal: AbortSignal.timeout(timeoutMs),
  };
  if (url.protocol !== "https:") return await connectTcp(target);
  const fingerprint = certificateFile &&
    fingerprintOf(await readTextFile(certificateFile));
  return await connectTls({ ...target, ...fingerprint ? { fingerprint } : {} });
}

/** SHA-256 of the first certificate of a file. @throws {Error} if there is none. */
function fingerprintOf(pem: string): string {
  const block = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem)?.[1];
  if (block === undefined) {
    throw new Error(
      "Cannot check health: the certificate file holds no certificate",
    );
  }
  return sha256(Uint8Array.fromBase64(block)).toHex();
}

async function readLine(connection: TcpConnection): Promise<string> {
  const bytes = new Uint8Array(MAX_ANSWER_BYTES);
  let length = 0;
  while (length < bytes.length) {
    const count = await connection.read(bytes.subarray(length));
    if (count === undefined) break;
    length += count;
    if (bytes.subarray(0, length).includes(0x0a)) break;
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  // A line of somebody else's may end up in a log: printable characters only.
  return text.split("\r\n", 1)[0]!.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
}
