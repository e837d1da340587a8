import * as tls from "node:tls";
import { sha256 } from "#base/crypto.ts";
import { errorText } from "#base/errors.ts";
import { beginWithin } from "./deadline.ts";
import { PlatformError } from "./errors.ts";
import { connectTcp, type TcpConnection } from "./tcp.ts";
import { SocketConnection } from "./tcp_connection.ts";
import { TlsPipe } from "./tls_pipe.ts";
import { TlsStream } from "./tls_stream.ts";

/** How long a peer may take from its connection to the end of its handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** First byte of every TLS connection: a handshake record. Spec: RFC 8446 §5.1. */
const HANDSHAKE_RECORD = 22;

/** A private key and its certificate chain, both as PEM. */
export interface TlsPair {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** What the beginning of a TLS connection may take. */
export interface HandshakeOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does the handshake of an accepted connection; what comes back is the same connection, encrypted.
 *
 * Input: `connection`, owned from here on, closed on failure; `pair` is asked when the peer begins its handshake.
 * Limits: a peer that sends nothing costs no more than its connection.
 *
 * @throws {PlatformError} `tls` if the peer speaks something else or the handshake fails, `timeout` after 10 s.
 * @throws the signal's reason if it aborts first.
 */
export async function acceptTls(
  connection: TcpConnection,
  pair: () => TlsPair,
  options: HandshakeOptions = {},
): Promise<TcpConnection> {
  const { timeoutMs = HANDSHAKE_TIMEOUT_MS, signal } = options;
  const action = `accept TLS from ${connection.peer.ip}`;
  return await beginWithin(
    connection,
    { action, timeoutMs, signal },
    () =>
      asTlsError(action, async () => {
        await expectHandshake(connection);
        const { keyPem, certificatePem } = pair();
        const pipe = new TlsPipe(connection);
        const engine = new tls.TLSSocket(pipe, {
          isServer: true,
          key: keyPem,
          cert: certificatePem,
        });
        const stream = new TlsStream(connection, pipe, engine);
        return await secured(stream, () => stream.handshake("secure"));
      }),
  );
}

/**
 * Connects to a peer and does the handshake.
 *
 * Input: `fingerprint`, SHA-256 of the peer's certificate in hexadecimal digits, takes the place of all verification;
 * without it the certificate must be for `hostname` and lead to one that this system trusts.
 *
 * @throws {PlatformError} if the peer cannot be found or reached, is not trusted, or needs over 10 s to shake hands.
 * @throws the signal's reason if it aborts first.
 */
export async function connectTls(
  options: HandshakeOptions & {
    readonly hostname: string;
    readonly port: number;
    readonly fingerprint?: string;
  },
): Promise<TcpConnection> {
  const { hostname, port, fingerprint, signal } = options;
  const { timeoutMs = HANDSHAKE_TIMEOUT_MS } = options;
  const action = `connect to ${hostname}:${port} with TLS`;
  const target = { hostname, port };
  const connection = await connectTcp(signal ? { ...target, signal } : target);
  return await beginWithin(
    connection,
    { action, timeoutMs, signal },
    () =>
      asTlsError(action, async () => {
        const pipe = new TlsPipe(connection);
        const roots = fingerprint === undefined ? systemRoots() : undefined;
        const engine = tls.connect({
          socket: pipe,
          host: hostname,
          rejectUnauthorized: fingerprint === undefined,
          ...roots ? { ca: roots } : {},
        });
        const stream = new TlsStream(connection, pipe, engine);
        return await secured(stream, async () => {
          await stream.handshake("secureConnect");
          if (fingerprint !== undefined) checkFingerprint(engine, fingerprint);
        });
      }),
  );
}

async function secured(
  stream: TlsStream,
  shakeHands: () => Promise<void>,
): Promise<TcpConnection> {
  try {
    await shakeHands();
    return new SocketConnection(stream, undefined);
  } catch (error) {
    stream.close();
    throw error;
  }
}

async function asTlsError<T>(
  action: string,
  shakeHands: () => Promise<T>,
): Promise<T> {
  try {
    return await shakeHands();
  } catch (cause) {
    throw new PlatformError(action, errorText(cause), { code: "tls", cause });
  }
}

/** What does not begin with a handshake is refused here: the engine's words for it tell nobody anything. */
async function expectHandshake(connection: TcpConnection): Promise<void> {
  const first = new Uint8Array(1);
  if (await connection.read(first) === undefined) {
    throw new Error("the peer closed the connection");
  }
  if (first[0] !== HANDSHAKE_RECORD) {
    throw new Error("the peer does not speak TLS");
  }
  connection.unread(first);
}

/** Certificates that this system trusts; undefined where only the runtime's own list is known. */
export function systemRoots(): string[] | undefined {
  // Not there before Deno 2.8.
  const roots = tls.getCACertificates?.("system") ?? [];
  return roots.length > 0 ? roots : undefined;
}

function checkFingerprint(engine: tls.TLSSocket, wanted: string): void {
  const found = sha256(engine.getPeerCertificate().raw).toHex();
  if (found === wanted.toLowerCase()) return;
  throw new Error(
    `source fingerprint does not match: expected ${wanted.toLowerCase()}, got ${found}`,
  );
}
