import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import { RtmpConnection } from "#protocols/rtmp/connection.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  parseRtmpCommand,
  serializeRtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import type { RtmpMessage } from "#protocols/rtmp/wire/messages.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { fakeRtmpServer } from "../protocols/rtmp/fake_peer.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  URL_OF_CAM,
} from "../protocols/rtsp/fake_peer.ts";

/** Turns of promises in which a server without sockets has done all it can do. */
const TURNS = 60;

/** Longer than any time that a server waits for a peer. */
const LONG_MS = 70_000;

/** What the runtime says of bugs: never a protocol's own words. */
const BUG =
  /Broken invariant|Cannot read|Cannot set|is not a function|is not iterable|is not defined|Invalid (array|typed|time|string)|out of (bounds|range)|call stack|Internal|undefined/;

/** Where the hostile peer's RTP comes from; its RTCP comes from the port after it. */
const HOSTILE_UDP_PORT = 6_000;

const HANDSHAKE_BYTES = 1_536;

const encoder = new TextEncoder();

/** One server with an RTSP and an RTMP side over the same paths, a hostile peer, and readers of what it publishes. */
export class SessionScene {
  readonly hostile: FakeTcpConnection;
  #server: FakeRtspServer;
  #rtmp = fakeRtmpServer();
  #connections: Promise<void>[] = [];
  #rtmpConnections: RtmpConnection[] = [];
  #readers: {
    readonly tcp: FakeTcpConnection;
    read(bytes: Uint8Array): void;
  }[] = [];

  /** Opens the server; the hostile peer speaks `protocol`. */
  constructor(protocol: "rtsp" | "rtmp") {
    this.#server = fakeRtspServer({
      // Others may be published, but their keepers do not take turns.
      paths: { all_others: { overridePublisher: false } },
    });
    this.hostile = protocol === "rtsp"
      ? this.#server.connect().tcp
      : this.#connectRtmp();
  }

  /** The hostile peer sends, and everybody does what follows from that. */
  async send(bytes: Uint8Array): Promise<void> {
    this.hostile.receive(bytes);
    await this.#settle();
  }

  /** A datagram of the hostile peer comes. */
  async sendDatagram(isRtcp: boolean, datagram: Uint8Array): Promise<void> {
    const { rtp, rtcp } = this.#server;
    const port = HOSTILE_UDP_PORT + Number(isRtcp);
    (isRtcp ? rtcp : rtp).deliver(datagram, this.hostile.peer.ip, port);
    await this.#settle();
  }

  /** Readers of both protocols come. */
  async addReaders(): Promise<void> {
    this.#addRtspReader();
    this.#addRtmpReader();
    await this.#settle();
  }

  /** What was published reached the readers, at least one of them. */
  get hasReaders(): boolean {
    return this.#server.lines.some((line) => line.includes("is reading from"));
  }

  /**
   * The hostile peer leaves, and time goes on.
   *
   * @throws {Error} if a bug of the server came to light, a reader got something malformed, or anything is left behind.
   */
  async close(): Promise<void> {
    const { context, lines, clock } = this.#server;
    this.hostile.endInput();
    await this.#settle();
    for (const { tcp, read } of this.#readers) read(tcp.takeSent());
    for (const { tcp } of this.#readers) tcp.close();
    await this.#settle();
    this.#server.pass(LONG_MS);
    await this.#settle();
    const bug = lines.find((line) => BUG.test(line) || /^error/.test(line));
    assert(bug === undefined, `logged: ${bug}`);
    assertEquals(context.connections.size, 0, "connections are left");
    assertEquals(context.sessions.size, 0, "sessions are left");
    await Promise.all(this.#connections);
    await this.#server.close();
    await this.#rtmp.close();
    assertEquals(clock.pendingTimers, 0, "timers are left");
    this.#server[Symbol.dispose]();
  }

  #connectRtmp(): FakeTcpConnection {
    const port = 50_000 + this.#rtmpConnections.length;
    const { ports, clock } = this.#server;
    const tcp = new FakeTcpConnection(clock, { ip: "198.51.100.8", port });
    const context = { ...this.#rtmp.context, ports };
    const connection = new RtmpConnection(tcp, context);
    this.#rtmpConnections.push(connection);
    this.#connections.push(connection.run());
    return tcp;
  }

  #addRtspReader(): void {
    const { tcp } = this.#server.connect("198.51.100.9");
    const reader = new RtspReader({
      handleRequest: ({ method }) => {
        throw new Error(`The server sent ${method}`);
      },
      handleResponse: ({ status }) => assert(status !== 500, "status 500"),
      handleInterleaved: (channel) => assert(channel < 2, `channel ${channel}`),
    });
    this.#readers.push({ tcp, read: (bytes) => reader.push(bytes) });
    const head = "RTSP/1.0\r\nCSeq: 1\r\n";
    const transport = "Transport: RTP/AVP/TCP;interleaved=0-1\r\n";
    tcp.receive(encoder.encode(
      `DESCRIBE ${URL_OF_CAM} ${head}\r\n` +
        `SETUP ${URL_OF_CAM}/trackID=0 ${head}${transport}\r\n` +
        `PLAY ${URL_OF_CAM} ${head}\r\n`,
    ));
  }

  #addRtmpReader(): void {
    const tcp = this.#connectRtmp();
    const chunks = new ChunkReader();
    this.#readers.push({
      tcp,
      read: (bytes) =>
        chunks.push(bytes.subarray(1 + 2 * HANDSHAKE_BYTES), {
          handleMessage: (message) => void parseRtmpCommand(message),
        }),
    });
    tcp.receive(rtmpHandshake());
    tcp.receive(rtmpChunks(rtmpStart("cam", "play")));
  }

  /** Time stands still, but all that can go on without it does. */
  async #settle(): Promise<void> {
    for (let i = 0; i < TURNS; i++) await Promise.resolve();
  }
}

/** All that a client sends in a simple handshake. */
export function rtmpHandshake(): Uint8Array {
  const bytes = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
  bytes[0] = 3;
  return bytes;
}

/** What a client says to publish or to read a path. */
export function rtmpStart(
  app: string,
  name: "publish" | "play",
): RtmpMessage[] {
  const tcUrl = `rtmp://192.0.2.1/${app}`;
  return [
    serializeRtmpCommand(0, "connect", 1, { app, tcUrl }),
    serializeRtmpCommand(0, "createStream", 2, null),
    serializeRtmpCommand(1, name, 3, null, "", "live"),
  ];
}

/** Messages as a client sends them that has not changed its chunk size. */
export function rtmpChunks(messages: readonly RtmpMessage[]): Uint8Array {
  return serializeRtmpMessages(messages, 128);
}
