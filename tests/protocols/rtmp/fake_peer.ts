import type { Amf0Value } from "#formats/flv/amf0.ts";
import { RtmpConnection } from "#protocols/rtmp/connection.ts";
import type { RtmpContext } from "#protocols/rtmp/context.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  parseRtmpCommand,
  serializeRtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import { ClientHandshake } from "#protocols/rtmp/wire/handshake.ts";
import {
  parseRtmpControl,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { settled } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import {
  type TestPorts,
  testPorts,
  type TestPortsOptions,
} from "#test/test_ports.ts";

/** A server without sockets. */
export interface FakeRtmpServer extends TestPorts {
  readonly context: RtmpContext;
  /** A peer connects. */
  connect(): RtmpPeer;
  /** Time goes on, looked at every half second as the server does. */
  pass(durationMs: number): void;
  /** Every connection ends; waits for what they still do. */
  close(): Promise<void>;
}

/** Opens a server. */
export function fakeRtmpServer(options: TestPortsOptions = {}): FakeRtmpServer {
  const test = testPorts(options);
  const context: RtmpContext = {
    protocol: "rtmp",
    ports: test.ports,
    config: { readTimeoutMs: 10_000, writeTimeoutMs: 10_000 },
    connections: new Set(),
  };
  const peers: RtmpPeer[] = [];
  return {
    ...test,
    context,
    connect() {
      const ip = "198.51.100.7";
      const port = 40_000 + peers.length;
      const tcp = new FakeTcpConnection(test.clock, { ip, port });
      const peer = new RtmpPeer(tcp, new RtmpConnection(tcp, context));
      peers.push(peer);
      return peer;
    },
    pass(durationMs) {
      for (let passedMs = 0; passedMs < durationMs; passedMs += 500) {
        test.clock.advance(Math.min(500, durationMs - passedMs));
        for (const one of [...context.connections]) {
          one.tick(test.clock.monotonicMs());
        }
      }
    },
    async close() {
      for (const peer of peers) peer.tcp.close();
      await Promise.all(peers.map(({ done }) => done));
    },
  };
}

/** One peer of a server without sockets. */
export class RtmpPeer {
  readonly tcp: FakeTcpConnection;
  /** Settles when the server is done with the connection. */
  readonly done: Promise<void>;
  #handshake = new ClientHandshake();
  #isShaken = false;
  #chunks = new ChunkReader();
  #messages: RtmpMessage[] = [];
  #transaction = 0;

  constructor(tcp: FakeTcpConnection, connection: RtmpConnection) {
    this.tcp = tcp;
    this.done = connection.run();
  }

  /** Does the handshake. */
  async shakeHands(): Promise<void> {
    this.tcp.receive(this.#handshake.start());
    await settled();
    const { output, isDone } = this.#handshake.push(this.tcp.takeSent());
    if (output) this.tcp.receive(output);
    if (!isDone) throw new Error("The handshake is not over");
    this.#isShaken = true;
    await settled();
  }

  /** Handshake, `connect` and `createStream`; takes the answers. */
  async connect(app = "cam", extra = ""): Promise<void> {
    await this.shakeHands();
    await this.command("connect", {
      app,
      tcUrl: `rtmp://192.0.2.1/${app}${extra}`,
      flashVer: "test",
    });
    await this.command("createStream", null);
    await this.take();
  }

  /** Handshake to `publish`; answers what came. */
  async publish(app = "cam", extra = ""): Promise<string[]> {
    await this.connect(app, extra);
    return await this.command("publish", null, "", "live");
  }

  /** Handshake to `play`; answers what came. */
  async play(app = "cam", extra = ""): Promise<string[]> {
    await this.connect(app, extra);
    return await this.command("play", null, "");
  }

  /** Sends a command and answers what came. */
  async command(
    name: string,
    ...values: readonly Amf0Value[]
  ): Promise<string[]> {
    const id = ++this.#transaction;
    await this.send(serializeRtmpCommand(1, name, id, ...values));
    return await this.take();
  }

  /** Sends messages, each read on its own. */
  async send(...messages: readonly RtmpMessage[]): Promise<void> {
    for (const message of messages) {
      this.tcp.receive(
        serializeRtmpMessages([message], DEFAULT_CHUNK_SIZE_BYTES),
      );
      await settled();
    }
  }

  /** What came since the last call, as text. */
  async take(): Promise<string[]> {
    return (await this.takeMessages()).map(describeMessage);
  }

  /** Messages that came since the last call. */
  async takeMessages(): Promise<RtmpMessage[]> {
    await settled();
    const bytes = this.tcp.takeSent();
    if (this.#isShaken) {
      this.#chunks.push(bytes, {
        handleMessage: (message) => void this.#messages.push(message),
      });
    }
    return this.#messages.splice(0);
  }
}

/** A message in short: command and status code, control message, or kind of media and its time. */
export function describeMessage(message: RtmpMessage): string {
  const { typeId, timestampMs, payload } = message;
  switch (typeId) {
    case RTMP_MESSAGE_TYPE.audio:
      return `${payload[1] === 0 ? "audio header" : "audio"} ${timestampMs}`;
    case RTMP_MESSAGE_TYPE.video:
      return `${payload[1] === 0 ? "video header" : "video"} ${timestampMs}`;
    case RTMP_MESSAGE_TYPE.dataAmf0:
      return "metadata";
  }
  const control = parseRtmpControl(message);
  if (control !== undefined) return control.kind;
  const command = parseRtmpCommand(message)!;
  if (command.name !== "onStatus") return command.name;
  const status = command.values.at(-1) as { readonly code?: unknown };
  return String(status.code);
}
