import { withDeadline } from "#base/abort.ts";
import { connectTcp, type TcpConnection } from "#platform/tcp.ts";
import { connectTls } from "#platform/tls.ts";
import { openTunnel } from "#protocols/rtsp/tunnel/open_tunnel.ts";
import type { RtspUrl } from "#protocols/rtsp/wire/rtsp_url.ts";
import type { PullRequest, PullSource } from "#sources/pull_source.ts";
import { ClientAuthorization } from "./client_authorization.ts";
import {
  ORIGIN_SCHEMES,
  parseOrigin,
  redirectedOrigin,
  type RtspOrigin,
} from "./origin.ts";
import {
  PullSession,
  TCP_CHOICE,
  type TransportChoice,
} from "./pull_session.ts";

/** Redirects that are followed one after the other. */
const MAX_REDIRECTS = 5;

/** Pulls streams from cameras and other servers over RTSP. */
export const rtspSource: PullSource = {
  label: "RTSP source",
  type: "rtspSource",
  schemes: ORIGIN_SCHEMES,
  pull,
};

async function pull(request: PullRequest): Promise<void> {
  let origin = parseOrigin(request.url);
  let choice = firstChoice(origin, request);
  for (let redirects = 0;;) {
    const connection = await connect(origin, request);
    const session = new PullSession({ request, origin, connection, choice });
    const outcome = await session.run();
    if (outcome.kind === "tryTcp") {
      request.logger.warn(`${outcome.reason}, switching to TCP`);
      choice = TCP_CHOICE;
    } else {
      if (++redirects > MAX_REDIRECTS) {
        throw new Error(
          `Cannot pull ${request.url}: over ${MAX_REDIRECTS} redirects`,
        );
      }
      origin = redirectedOrigin(origin, outcome.location);
      request.logger.info(`redirected to ${outcome.location}`);
    }
  }
}

/** Tunnels carry everything. */
function firstChoice(
  { tunnel }: RtspOrigin,
  { settings: { rtspTransport } }: PullRequest,
): TransportChoice {
  if (tunnel !== "none") return TCP_CHOICE;
  return rtspTransport === "automatic"
    ? { lowerTransport: "udp", mayFallBack: true }
    : { lowerTransport: rtspTransport, mayFallBack: false };
}

function connect(
  { url, tunnel, credentials }: RtspOrigin,
  { clock, limits, settings, signal }: PullRequest,
): Promise<TcpConnection> {
  const { hostname, port } = url;
  const timeoutMs = limits.readTimeoutMs;
  return withDeadline(
    (signal) => {
      const dial = () => dialOrigin(url, settings.sourceFingerprint, signal);
      if (tunnel === "none") return dial();
      const authorization = new ClientAuthorization(credentials);
      return openTunnel(tunnel, { url, authorization, dial, signal });
    },
    {
      clock,
      timeoutMs,
      signal,
      message: `Cannot connect to ${hostname}:${port}: no answer within ${
        timeoutMs / 1_000
      } s (readTimeout)`,
    },
  );
}

function dialOrigin(
  { scheme, hostname, port }: RtspUrl,
  fingerprint: string,
  signal: AbortSignal,
): Promise<TcpConnection> {
  const target = { hostname, port, signal };
  if (scheme === "rtsp") return connectTcp(target);
  return connectTls(fingerprint === "" ? target : { ...target, fingerprint });
}
