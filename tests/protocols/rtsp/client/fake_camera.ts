import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { createLogger } from "#base/log.ts";
import { parseOrigin } from "#protocols/rtsp/client/origin.ts";
import {
  type PullOutcome,
  PullSession,
  type TransportChoice,
} from "#protocols/rtsp/client/pull_session.ts";
import type { RtspRequest } from "#protocols/rtsp/wire/request.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import type { PullCounters, PullSettings } from "#sources/pull_source.ts";
import { type FakeClock, settled } from "#test/fake_clock.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import { PATH_SETTINGS, PULL_LIMITS } from "#test/test_ports.ts";
import {
  CollectingSink,
  h264Slice,
  noLimits,
  rtpPacket,
  testStream,
} from "#test/units.ts";
import { SDP } from "../fake_peer.ts";

/** What a camera answers to one request; what is left out is as it should be. */
export interface CameraAnswer {
  readonly status?: number;
  /** Those that are undefined are left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** Answers a request differently; undefined for the usual answer. */
export type CameraQuirk = (
  request: RtspRequest,
  camera: FakeCamera,
) => CameraAnswer | undefined;

/** An origin without a network, and its quirk. */
export class FakeCamera extends FakeTcpConnection {
  /** Requests so far, `METHOD url`. */
  readonly requests: RtspRequest[] = [];
  /** Packets that came interleaved. */
  readonly frames: { channel: number; packet: Uint8Array }[] = [];
  #quirk: CameraQuirk;
  #reader: RtspReader;
  #sdp: string;

  constructor(
    clock: ConstructorParameters<typeof FakeTcpConnection>[0],
    quirk: CameraQuirk,
    sdp: string,
  ) {
    super(clock, { ip: "127.0.0.1", port: 554 });
    this.#quirk = quirk;
    this.#sdp = sdp;
    this.#reader = new RtspReader({
      handleRequest: (request) => this.#answer(request),
      handleResponse: () => {},
      handleInterleaved: (channel, packet) =>
        this.frames.push({ channel, packet }),
    });
  }

  override send(bytes: Uint8Array): boolean {
    const isSent = super.send(bytes);
    if (!this.isClosed) this.#reader.push(bytes);
    return isSent;
  }

  /** Requests of one method. */
  asked(method: string): RtspRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Sends a picture on a channel, with what comes before it. */
  sendPicture(sequenceNumber: number, channel = 0, before = ""): void {
    const packet = rtpPacket({
      payloadType: 96,
      sequenceNumber,
      timestampTicks: sequenceNumber * 3_600,
      marker: true,
    }, h264Slice(sequenceNumber === 0));
    this.receive(concatBytes([
      new TextEncoder().encode(before),
      serializeInterleavedFrames([packet], channel),
    ]));
  }

  /** Sends text. */
  sendText(text: string): void {
    this.receive(new TextEncoder().encode(text));
  }

  #answer(request: RtspRequest): void {
    this.requests.push(request);
    const usual = this.#usualAnswer(request);
    const quirk = this.#quirk(request, this) ?? {};
    const { status = 200, body = quirk.status ? "" : usual.body ?? "" } = quirk;
    const headers: Record<string, string | undefined> = {
      CSeq: request.headers.get("CSeq"),
      ...(quirk.status ? {} : usual.headers),
      ...quirk.headers,
    };
    if (body !== "") headers["Content-Length"] = String(body.length);
    const lines = Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    this.sendText(`RTSP/1.0 ${status} X\r\n${lines.join("")}\r\n${body}`);
  }

  #usualAnswer({ method, headers }: RtspRequest): CameraAnswer {
    switch (method) {
      case "OPTIONS":
        return { headers: { Public: "DESCRIBE, SETUP, PLAY, GET_PARAMETER" } };
      case "DESCRIBE":
        return {
          headers: { "Content-Type": "application/sdp" },
          body: this.#sdp,
        };
      case "SETUP":
        return {
          headers: {
            Session: "12345678;timeout=60",
            Transport: headers.get("Transport"),
          },
        };
      default:
        return { headers: { Session: "12345678" } };
    }
  }
}

/** What differs from a usual camera, and from a usual pull over TCP. */
export interface PullOptions {
  readonly quirk?: CameraQuirk;
  readonly sdp?: string;
  readonly url?: string;
  readonly choice?: TransportChoice;
  readonly settings?: Partial<PullSettings>;
}

/** A pull in the hands of a test. */
export interface TestPull {
  readonly camera: FakeCamera;
  readonly clock: FakeClock;
  readonly sink: CollectingSink;
  readonly lines: readonly string[];
  readonly counters: PullCounters;
  /** Settles when the pull has ended. */
  readonly ended: Promise<unknown>;
  /** Tracks of the stream, once it is there. */
  tracks(): readonly Track[];
  /** How it ended, once it has. */
  outcome(): PullOutcome | Error | undefined;
  /** Waits until nothing more happens by itself. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** A camera, and whoever pulls from it. */
export function pullFrom(options: PullOptions = {}): TestPull {
  const { stream, clock } = testStream();
  const camera = new FakeCamera(
    clock,
    options.quirk ?? (() => undefined),
    options.sdp ?? SDP,
  );
  const lines: string[] = [];
  const sink = new CollectingSink();
  const abort = new AbortController();
  const counters = {
    inboundBytes: 0,
    receivedPackets: 0,
    lostPackets: 0,
    damagedPackets: 0,
  };
  let tracks: readonly Track[] = [];
  const url = options.url ?? "rtsp://ann:secret@127.0.0.1/cam";
  const session = new PullSession({
    request: {
      url,
      pathName: "cam",
      settings: { ...PATH_SETTINGS, ...options.settings },
      limits: PULL_LIMITS,
      clock,
      logger: createLogger(
        (level, text) => lines.push(`${level}: ${text}`),
        "debug",
      ),
      counters,
      attach(attached): Publication {
        tracks = attached;
        const publication = stream.attach(attached);
        stream.subscribe(sink, noLimits()).resume();
        return publication;
      },
      signal: abort.signal,
    },
    origin: parseOrigin(url),
    connection: camera,
    choice: options.choice ?? { lowerTransport: "tcp", mayFallBack: false },
  });
  let outcome: PullOutcome | Error | undefined;
  const ended = session.run().then(
    (value) => outcome = value,
    (error) => outcome = error,
  );
  return {
    camera,
    clock,
    sink,
    lines,
    counters,
    ended,
    tracks: () => tracks,
    outcome: () => outcome,
    async settle(): Promise<void> {
      for (let i = 0; i < 8; i++) await settled();
    },
    async stop(): Promise<void> {
      abort.abort(new Error("stopped"));
      camera.endInput();
      await ended;
    },
  };
}
