import { createLogger } from "#base/log.ts";
import type { Publication } from "#core/publication.ts";
import { type Amf0Value, parseAmf0Values } from "#formats/flv/amf0.ts";
import type { RtmpOrigin } from "#protocols/rtmp/client/origin.ts";
import { rtmpSourceOver } from "#protocols/rtmp/client/source.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  parseRtmpCommand,
  serializeRtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import { ServerHandshake } from "#protocols/rtmp/wire/handshake.ts";
import {
  parseRtmpControl,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import type { PullCounters, PullRequest } from "#sources/pull_source.ts";
import { type FakeClock, settled } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { PATH_SETTINGS, PULL_LIMITS } from "#test/test_ports.ts";
import {
  audioFrame,
  audioHeader,
  metadata,
  picture,
  videoHeader,
} from "../messages.ts";
import { CollectingSink, noLimits, testStream } from "#test/units.ts";

const CHUNK_SIZE_BYTES = 65_536;

const MESSAGE_STREAM_ID = 1;

/** A pull under way from origins without sockets. */
export class FakePull {
  readonly clock: FakeClock;
  /** Connections so far, the latest last. */
  readonly origins: FakeOrigin[] = [];
  readonly lines: string[] = [];
  readonly counters: PullCounters = {
    inboundBytes: 0,
    lostPackets: 0,
    receivedPackets: 0,
    damagedPackets: 0,
  };
  /** What readers of the path get. */
  readonly sink = new CollectingSink();
  /** Attached streams, each an attempt's. */
  readonly publications: Publication[] = [];
  /** How the pull ended: `"ended"`, or the text of its error; undefined while it runs. */
  result: string | undefined;
  /** Settles when it has ended. */
  readonly done: Promise<void>;
  /** What the path says to the stream, if it refuses it. */
  refusal: Error | undefined;
  /** Makes it impossible to connect. */
  connectError: Error | undefined;
  #abort = new AbortController();

  /** Begins to pull. */
  constructor(url = "rtmp://origin/live/cam") {
    const { stream, clock } = testStream();
    stream.subscribe(this.sink, noLimits()).resume();
    this.clock = clock;
    const request: PullRequest = {
      url,
      pathName: "cam",
      settings: PATH_SETTINGS,
      limits: PULL_LIMITS,
      clock,
      logger: createLogger((level, text) => {
        this.lines.push(`${level}: ${text}`);
      }, "debug"),
      counters: this.counters,
      attach: (tracks) => {
        if (this.refusal) throw this.refusal;
        const publication = stream.attach(tracks);
        this.publications.push(publication);
        return publication;
      },
      signal: this.#abort.signal,
    };
    const source = rtmpSourceOver((origin) => {
      if (this.connectError) return Promise.reject(this.connectError);
      const opened = new FakeOrigin(origin, clock);
      this.origins.push(opened);
      return Promise.resolve(opened.tcp);
    });
    this.done = source.pull(request).then(
      () => void (this.result = "ended"),
      (error: Error) => void (this.result = error.message),
    );
  }

  /** The connection that is open now. */
  get origin(): FakeOrigin {
    return this.origins.at(-1)!;
  }

  /** Waits for a connection and answers everything up to `play`. */
  async play(): Promise<FakeOrigin> {
    await settled();
    await this.origin.accept();
    return this.origin;
  }

  /** The source is not wanted any more. */
  stop(): void {
    this.#abort.abort(new Error("path is closing"));
  }

  /** Time goes on. */
  async pass(durationMs: number): Promise<void> {
    this.clock.advance(durationMs);
    await settled();
  }
}

/** One connection that an origin has accepted. */
export class FakeOrigin {
  readonly address: RtmpOrigin;
  readonly tcp: FakeTcpConnection;
  #handshake = new ServerHandshake();
  #isOpen = false;
  #chunks = new ChunkReader();
  #messages: RtmpMessage[] = [];

  constructor(address: RtmpOrigin, clock: FakeClock) {
    this.address = address;
    this.tcp = new FakeTcpConnection(clock);
  }

  /** Does the handshake. */
  async shakeHands(): Promise<void> {
    while (!this.#isOpen) {
      await settled();
      const step = this.#handshake.push(this.tcp.takeSent());
      if (step.output) this.tcp.receive(step.output);
      this.#isOpen = step.isDone;
      this.#read(step.rest);
    }
  }

  /** Handshake and `connect`; answers what the client said in it. */
  async connected(): Promise<Amf0Value> {
    await this.shakeHands();
    return (await this.values())[2];
  }

  /** Everything up to `play`, with media to follow. */
  async accept(): Promise<void> {
    await this.connected();
    await this.result(1, {}, { code: "NetConnection.Connect.Success" });
    await this.take();
    await this.result(2, null, MESSAGE_STREAM_ID);
    await this.take();
    await this.status("status", "NetStream.Play.Start");
  }

  /** Answers a command. */
  async result(id: number, ...values: readonly Amf0Value[]): Promise<void> {
    await this.send(serializeRtmpCommand(0, "_result", id, ...values));
  }

  /** Refuses a command. */
  async error(id: number, info: Amf0Value): Promise<void> {
    await this.send(serializeRtmpCommand(0, "_error", id, null, info));
  }

  /** Tells the status of the stream. */
  async status(
    level: string,
    code: string,
    more: Readonly<Record<string, Amf0Value>> = {},
  ): Promise<void> {
    const info = { level, code, ...more };
    await this.send(
      serializeRtmpCommand(MESSAGE_STREAM_ID, "onStatus", 0, null, info),
    );
  }

  /** Sends messages in one piece. */
  async send(...messages: readonly RtmpMessage[]): Promise<void> {
    const announced = serializeRtmpControl({
      kind: "setChunkSize",
      chunkSizeBytes: CHUNK_SIZE_BYTES,
    });
    this.tcp.receive(
      serializeRtmpMessages([announced, ...messages], CHUNK_SIZE_BYTES),
    );
    await settled();
  }

  /** Values of the next command: the only one that came. */
  async values(): Promise<Amf0Value[]> {
    const [message] = await this.takeMessages();
    return parseAmf0Values(message!.payload);
  }

  /** What the client said since the last call, in short. */
  async take(): Promise<string[]> {
    return (await this.takeMessages()).map((message) => {
      const control = parseRtmpControl(message);
      if (control) return control.kind;
      const command = parseRtmpCommand(message)!;
      return "streamKey" in command
        ? `${command.name} ${command.streamKey}`
        : command.name;
    });
  }

  /** Messages of the client since the last call. */
  async takeMessages(): Promise<RtmpMessage[]> {
    await settled();
    this.#read(this.tcp.takeSent());
    return this.#messages.splice(0);
  }

  #read(bytes: Uint8Array): void {
    this.#chunks.push(bytes, {
      handleMessage: (message) => void this.#messages.push(message),
    });
  }
}

/** Sends the beginning of a stream with both tracks. */
export async function sendStart(
  origin: FakeOrigin,
  startMs = 0,
): Promise<void> {
  await origin.send(
    metadata({ videocodecid: 7, audiocodecid: 10 }),
    videoHeader(startMs),
    audioHeader(startMs),
    picture(startMs, { isRandomAccess: true }),
    audioFrame(startMs),
  );
}
