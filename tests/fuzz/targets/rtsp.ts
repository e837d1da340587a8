import { ParseError } from "#base/errors.ts";
import {
  parseOrigin,
  redirectedOrigin,
} from "#protocols/rtsp/client/origin.ts";
import { readOriginDescription } from "#protocols/rtsp/client/origin_tracks.ts";
import { Base64Decoder } from "#protocols/rtsp/tunnel/base64_decoder.ts";
import {
  hasItem,
  HttpRefusal,
  parseHttpHead,
  requestMethod,
  responseStatus,
} from "#protocols/rtsp/tunnel/http_head.ts";
import { WebSocketDecoder } from "#http/http1/websocket_frame.ts";
import {
  acceptUpgrade,
  checkUpgrade,
  isUpgrade,
} from "#protocols/rtsp/tunnel/websocket_handshake.ts";
import { verifyDigest } from "#protocols/rtsp/wire/digest.ts";
import {
  parseAuthorization,
} from "#protocols/rtsp/wire/headers/authorization.ts";
import {
  parseKeyMgmt,
  serializeKeyMgmt,
} from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import { parseRange } from "#protocols/rtsp/wire/headers/range.ts";
import {
  parseRtpInfo,
  serializeRtpInfo,
} from "#protocols/rtsp/wire/headers/rtp_info.ts";
import { parseSession } from "#protocols/rtsp/wire/headers/session.ts";
import {
  parseTransports,
  serializeTransport,
} from "#protocols/rtsp/wire/headers/transport.ts";
import { parseChallenges } from "#protocols/rtsp/wire/headers/www_authenticate.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import {
  parseRequest,
  serializeRequest,
} from "#protocols/rtsp/wire/request.ts";
import { parseResponse } from "#protocols/rtsp/wire/response.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import {
  announceTarget,
  isControlUrl,
  parseRtspUrl,
  serializeRtspUrl,
  setupTarget,
  streamTarget,
} from "#protocols/rtsp/wire/rtsp_url.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { REQUESTS } from "../../protocols/rtsp/wire/messages.ts";
import { type FuzzTarget, takes, takesText } from "../fuzz_target.ts";
import { hexSeeds, textSeeds } from "../literal_seeds.ts";
import { type StreamOutput, takesStream } from "../stream_run.ts";
import { tryEach } from "./codecs.ts";

const WIRE = "protocols/rtsp/wire";
const HEADERS = `${WIRE}/headers`;
const TUNNEL = "protocols/rtsp/tunnel";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const BASE = parseRtspUrl("rtsp://192.0.2.1:8554/cam?a=b");

const CHALLENGE = {
  method: "SETUP",
  url: "rtsp://h/cam/trackID=0",
  realm: "ipcam",
  nonce: "00",
};

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** RTSP from the byte stream to the headers of its messages, and what it is tunnelled in. */
export const RTSP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "rtsp_stream",
    seeds: streamSeeds,
    rejects: [ParseError],
    passes: 2,
    run: takesStream((output) =>
      new RtspReader({
        handleRequest: (request) => output.add(request.method, request.body),
        handleInterleaved: (channel, packet) =>
          output.add(`$${channel}`, packet),
      })
    ),
  },
  {
    name: "rtsp_client_stream",
    seeds: streamSeeds,
    rejects: [ParseError],
    passes: 2,
    run: takesStream((output) =>
      new RtspReader({
        handleRequest: (request) => output.add(request.method, request.body),
        handleResponse: (response) =>
          output.add(`${response.status}`, response.body),
        handleInterleaved: (channel, packet) =>
          output.add(`$${channel}`, packet),
        isChannel: (channel) => channel < 4,
      }, { skipsGarbage: true })
    ),
  },
  messageTarget("rtsp_request", (bytes) => {
    const request = parseRequest(bytes);
    assertSame(parseRequest(serializeRequest(request)).url, request.url);
    return request;
  }),
  messageTarget("rtsp_response", parseResponse),
  headerTarget("rtsp_transport", "transport_test", (text) => {
    const transports = parseTransports(text);
    for (const one of transports) {
      assertEquals(parseTransports(serializeTransport(one)), [one]);
    }
    return transports.length > 0;
  }),
  headerTarget("rtsp_session_header", "session_test", parseSession),
  headerTarget("rtsp_range", "range_test", parseRange),
  headerTarget("rtsp_rtp_info", "rtp_info_test", (text) => {
    serializeRtpInfo(parseRtpInfo(text));
  }),
  headerTarget("rtsp_key_mgmt", "key_mgmt_test", (text) => {
    const { uri, message } = parseKeyMgmt(text);
    serializeKeyMgmt({ uri: uri ?? "", message });
  }),
  headerTarget("rtsp_authorization", "authorization_test", (text) => {
    const authorization = parseAuthorization(text);
    if (authorization.kind === "digest") {
      verifyDigest(authorization, CHALLENGE, "password");
      const mine = { ...authorization, realm: "ipcam", nonce: "00" };
      verifyDigest({ ...mine, uri: CHALLENGE.url }, CHALLENGE, "password");
    }
  }),
  {
    name: "rtsp_challenges",
    seeds: () =>
      [
        'Digest realm="a", nonce="b", opaque="c", qop="auth,auth-int"',
        'Basic realm="a", Digest realm="b", nonce="c", algorithm=SHA-256',
        'Basic realm="a"\r\nDigest nonce="b"',
      ].map((text) => encoder.encode(text)),
    rejects: [],
    run: takes((bytes) => {
      const challenges = parseChallenges(decoder.decode(bytes).split("\r\n"));
      return challenges.length > 0 ? challenges : undefined;
    }),
  },
  {
    name: "rtsp_url",
    seeds: () => textSeeds(`${WIRE}/rtsp_url_test.ts`),
    rejects: [ParseError],
    run: takesText((text) => {
      const [first = "", control = ""] = text.split("\r\n");
      const url = parseRtspUrl(first);
      tryEach(
        () => announceTarget(url),
        () => streamTarget(url),
        () => setupTarget(url),
        () => isControlUrl(url, BASE, control),
      );
      assertEquals(parseRtspUrl(serializeRtspUrl(url)), url);
    }),
  },
  {
    name: "rtsp_origin",
    seeds: () => [
      ...textSeeds("protocols/rtsp/client/origin_test.ts"),
      encoder.encode("rtsps+ws://a:b%20@[2001:db8::1]:322/x?y\r\n/other?z"),
      encoder.encode("rtsp://h/x\r\nrtsp://k:554/y"),
    ],
    rejects: [ParseError],
    run: takesText((text) => {
      const [url = "", location = ""] = text.split("\r\n");
      return redirectedOrigin(parseOrigin(url), location);
    }),
  },
  {
    name: "rtsp_origin_description",
    seeds: () =>
      textSeeds(
        "formats/sdp/session_description_test.ts",
        "protocols/rtsp/client/fake_camera.ts",
        "protocols/rtsp/fake_peer.ts",
      ),
    rejects: [ParseError],
    run: (bytes) => {
      const contentBase = decoder.decode(bytes.subarray(0, 40));
      const onSkipped = () => {};
      return readOriginDescription(bytes, {
        base: BASE,
        contentBase,
        onSkipped,
      })
        .tracks.length > 0;
    },
  },
  {
    name: "http_head",
    seeds: () =>
      textSeeds(
        `${TUNNEL}/http_head_test.ts`,
        `${TUNNEL}/tunnel_entrance_test.ts`,
        `${TUNNEL}/websocket_handshake_test.ts`,
      ),
    rejects: [ParseError],
    run: takes((bytes) => {
      const head = parseHttpHead(bytes);
      tryEach(() => requestMethod(head), () => responseStatus(head));
      hasItem(head, "Accept", "application/x-rtsp-tunnelled");
      return head;
    }),
  },
  {
    name: "websocket_upgrade",
    seeds: upgradeSeeds,
    rejects: [ParseError, HttpRefusal],
    run: (bytes) => {
      const head = parseHttpHead(bytes);
      if (!head.startLine.startsWith("HTTP/")) {
        return isUpgrade(head) && acceptUpgrade(head) !== undefined;
      }
      try {
        checkUpgrade(head, KEY);
        return true;
      } catch (error) {
        if (Object.getPrototypeOf(error) !== Error.prototype) throw error;
        return false;
      }
    },
  },
  inPlaceTarget("tunnel_base64", base64Seeds, () => new Base64Decoder()),
  inPlaceTarget(
    "websocket_frames",
    () => hexSeeds("http/http1/websocket_frame_test.ts"),
    (output) => new WebSocketDecoder(true, controlSink(output)),
  ),
  inPlaceTarget(
    "websocket_client_frames",
    () => hexSeeds("http/http1/websocket_frame_test.ts"),
    (output) => new WebSocketDecoder(false, controlSink(output)),
  ),
];

function controlSink(output: StreamOutput) {
  return {
    handlePing: (payload: Uint8Array) => output.add("ping", payload),
    handleClose: () => output.add("close"),
  };
}

function assertSame(found: unknown, wanted: unknown): void {
  assert(found === wanted, `wrote "${wanted}", read "${found}"`);
}

function headerTarget(
  name: string,
  test: string,
  parse: (text: string) => unknown,
): FuzzTarget {
  return {
    name,
    seeds: () => textSeeds(`${HEADERS}/${test}.ts`),
    rejects: [ParseError],
    run: takesText(parse),
  };
}

function messageTarget(
  name: string,
  parse: (bytes: Uint8Array) => unknown,
): FuzzTarget {
  return {
    name,
    seeds: messageSeeds,
    rejects: [ParseError],
    run: takes(parse),
  };
}

/** A decoder that leaves what it found in the place of what it was given. */
function inPlaceTarget(
  name: string,
  seeds: () => Uint8Array[],
  open: (
    output: StreamOutput,
  ) => { decode(bytes: Uint8Array, count: number): number },
): FuzzTarget {
  return {
    name,
    seeds,
    rejects: [ParseError],
    passes: 2,
    run: takesStream((output) => {
      const decoder = open(output);
      return {
        push: (chunk) => {
          const bytes = chunk.slice();
          const count = decoder.decode(bytes, bytes.length);
          assert(count <= bytes.length, "more comes out than went in");
          output.addBytes(bytes.subarray(0, count));
        },
      };
    }),
  };
}

function messageSeeds(): Uint8Array[] {
  return [
    ...REQUESTS.map(({ text }) => encoder.encode(text)),
    ...textSeeds(`${WIRE}/request_test.ts`, `${WIRE}/response_test.ts`),
  ];
}

/** Requests, answers and frames behind one another. */
function streamSeeds(): Uint8Array[] {
  const frame = serializeInterleavedFrames([
    Uint8Array.of(1, 2, 3),
    new Uint8Array(300),
  ], 1);
  const messages = messageSeeds().filter((one) => one.length > 30);
  return messages.map((message) =>
    Uint8Array.of(...message, ...frame, 13, 10, ...message)
  );
}

function upgradeSeeds(): Uint8Array[] {
  const request = "GET /cam HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" +
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    `Sec-WebSocket-Protocol: rtsp.onvif.org\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;
  const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
    "Connection: Upgrade\r\nSec-WebSocket-Protocol: rtsp.onvif.org\r\n" +
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  return [request, answer].map((text) => encoder.encode(text));
}

function base64Seeds(): Uint8Array[] {
  const text = encoder.encode(
    "OPTIONS rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n",
  );
  return [text, text.subarray(1), text.subarray(2)].map((bytes) =>
    encoder.encode(`${bytes.toBase64()}\r\n${bytes.toBase64()}`)
  );
}
