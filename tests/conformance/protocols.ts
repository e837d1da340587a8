import { systemClock } from "#base/clock.ts";
import type { ModulePorts } from "#core/ports.ts";
import { serializeAmf0Values } from "#formats/flv/amf0.ts";
import { rtpMarker } from "#formats/rtp/rtp_packet.ts";
import { rtmp, rtmps } from "#protocols/rtmp/mod.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import { serializeRtmpCommand } from "#protocols/rtmp/wire/commands.ts";
import { ClientHandshake } from "#protocols/rtmp/wire/handshake.ts";
import { RTMP_MESSAGE_TYPE } from "#protocols/rtmp/wire/messages.ts";
import { rtsp, rtsps } from "#protocols/rtsp/mod.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { writeCertificate } from "#test/certificates.ts";
import { AVC_SEQUENCE_HEADER, openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp, TCP_TRANSPORT } from "#test/raw_rtsp.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import {
  type TestPorts,
  type TestPortsOptions,
  testPortsWith,
} from "#test/test_ports.ts";
import { h264Slice, rtpPacket, VIDEO_FRAME_TICKS } from "#test/units.ts";

/** Sends numbered pictures to a path. */
export interface PicturePublisher extends Disposable {
  /** Sends picture `number`, 0 to 250. */
  send(number: number, isRandomAccess: boolean): Promise<void>;
}

/** What the suite needs of a protocol. */
export interface ConformingProtocol {
  readonly name: string;
  /** Opens its module on a port that the system chooses. */
  open(ports: ModulePorts): Promise<AsyncDisposable>;
  /** A peer that says nothing, but what TLS needs. */
  connect(port: number): Promise<RawTcp>;
  publish(port: number, path: string): Promise<PicturePublisher>;
  read(port: number, path: string): Promise<PictureReader>;
}

/** A module that runs, and the paths behind it. */
export interface RunningProtocol
  extends AsyncDisposable, TestPorts<typeof systemClock> {
  readonly port: number;
  /** Waits for the next event of this type; call it before what leads to it. */
  next(type: string): Promise<void>;
}

/** Opens a protocol's module with paths of its own. */
export async function runProtocol(
  protocol: ConformingProtocol,
  options: TestPortsOptions = {},
): Promise<RunningProtocol> {
  const test = testPortsWith(systemClock, options);
  const module = await protocol.open(test.ports);
  const started = test.lines.find((line) => line.includes("started with"))!;
  return {
    ...test,
    port: Number(/:(\d+) \(TCP/.exec(started)![1]),
    next(type) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const listening = test.ports.events.listen((event) => {
        if (event.type === type) resolve();
      });
      return promise.finally(() => listening[Symbol.dispose]());
    },
    async [Symbol.asyncDispose]() {
      await module[Symbol.asyncDispose]();
      await test.paths[Symbol.asyncDispose]();
    },
  };
}

/** Every byte of a picture behind its header: never zero, so that nothing is escaped. */
export function fillOf(number: number): number {
  return 1 + number % 250;
}

/** Reads the numbers of the pictures that come. */
export abstract class PictureReader implements Disposable {
  /** Numbers of the pictures so far. */
  readonly numbers: number[] = [];
  protected readonly tcp: RawTcp;

  constructor(tcp: RawTcp) {
    this.tcp = tcp;
  }

  /** Reads until `count` pictures have come. */
  async until(count: number): Promise<void> {
    while (this.numbers.length < count) {
      if (!await this.readOn()) throw new Error("The server ended the stream");
    }
  }

  /** Reads until the server ends the connection. */
  async end(): Promise<void> {
    while (await this.readOn());
  }

  [Symbol.dispose](): void {
    this.tcp[Symbol.dispose]();
  }

  protected async readOn(): Promise<boolean> {
    const chunk = await this.tcp.read();
    if (chunk !== undefined) this.take(chunk);
    return chunk !== undefined;
  }

  protected abstract take(chunk: Uint8Array): void;

  protected handlePicture(bytes: Uint8Array): void {
    this.numbers.push(bytes.at(-1)! - 1);
  }
}

class RtspPictureReader extends PictureReader {
  statuses: number[] = [];
  session = "";
  #reader = new RtspReader({
    handleRequest: () => {},
    handleResponse: ({ status, headers }) => {
      this.statuses.push(status);
      this.session = headers.get("Session")?.split(";")[0] ?? this.session;
    },
    handleInterleaved: (channel, packet) => {
      if (channel === 0 && rtpMarker(packet)) this.handlePicture(packet);
    },
  });

  async play(url: string): Promise<void> {
    await this.#request(
      `SETUP ${url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n` +
        `Transport: ${TCP_TRANSPORT}\r\n\r\n`,
    );
    await this.#request(
      `PLAY ${url} RTSP/1.0\r\nCSeq: 2\r\nSession: ${this.session}\r\n\r\n`,
    );
  }

  protected override take(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  async #request(text: string): Promise<void> {
    const { length } = this.statuses;
    await this.tcp.send(text);
    while (this.statuses.length === length) await this.readOn();
    if (this.statuses.at(-1) !== 200) {
      throw new Error(`The server answered ${this.statuses.at(-1)}`);
    }
  }
}

class RtmpPictureReader extends PictureReader {
  #handshake: ClientHandshake | undefined = new ClientHandshake();
  #answer: Uint8Array | undefined;
  #chunks = new ChunkReader();

  async play(path: string): Promise<void> {
    await this.tcp.send(this.#handshake!.start());
    while (this.#handshake !== undefined) await this.readOn();
    if (this.#answer) await this.tcp.send(this.#answer);
    const tcUrl = `rtmp://127.0.0.1/${path}`;
    const commands = [
      serializeRtmpCommand(0, "connect", 1, { app: path, tcUrl }),
      serializeRtmpCommand(0, "createStream", 2, null),
      serializeRtmpCommand(1, "play", 0, null, ""),
    ];
    await this.tcp.send(
      serializeRtmpMessages(commands, DEFAULT_CHUNK_SIZE_BYTES),
    );
  }

  protected override take(chunk: Uint8Array): void {
    let rest = chunk;
    if (this.#handshake) {
      const step = this.#handshake.push(chunk);
      this.#answer = step.output ?? this.#answer;
      if (!step.isDone) return;
      this.#handshake = undefined;
      rest = step.rest;
    }
    this.#chunks.push(rest, {
      handleMessage: ({ typeId, payload }) => {
        const isPicture = typeId === RTMP_MESSAGE_TYPE.video &&
          payload[1] === 1;
        if (isPicture) this.handlePicture(payload);
      },
    });
  }
}

/** For all servers that need one. */
const FILES = await writeCertificate();
addEventListener("unload", () => {
  Deno.removeSync(FILES.folder, { recursive: true });
});

const rtspProtocol = (
  module: typeof rtsp,
  certificatePem?: string,
): ConformingProtocol => ({
  name: module.name,
  open: async (ports) =>
    (await module.open({
      rtsp: true,
      rtspTransports: ["tcp"],
      rtspEncryption: "optional",
      rtspAddress: "127.0.0.1:0",
      rtspsAddress: "127.0.0.1:0",
      rtspServerKey: FILES.keyFile,
      rtspServerCert: FILES.certificateFile,
      rtspTrustedProxies: [],
      rtpAddress: ":8000",
      rtcpAddress: ":8001",
      multicastIPRange: "224.1.0.0/16",
      multicastRTPPort: 8002,
      multicastRTCPPort: 8003,
      srtpAddress: ":8004",
      srtcpAddress: ":8005",
      multicastSRTPPort: 8006,
      multicastSRTCPPort: 8007,
      rtspAuthMethods: ["basic"],
      readTimeoutMs: 10_000,
      writeTimeoutMs: 10_000,
      udpMaxPayloadSize: 1_452,
      udpReadBufferSize: 0,
    }, ports))!,
  connect: (port) => openRawTcp(port, certificatePem),
  async publish(port, path) {
    const client = await openRawRtsp(port, certificatePem);
    const status = await client.publish(`rtsp://127.0.0.1:${port}/${path}`);
    if (status !== 200) throw new Error(`The server answered ${status}`);
    return {
      async send(number, isRandomAccess) {
        const packet = rtpPacket(
          {
            sequenceNumber: number,
            timestampTicks: number * VIDEO_FRAME_TICKS,
            marker: true,
          },
          h264Slice(isRandomAccess, 40, fillOf(number)),
        );
        await client.sendFrame(0, packet);
      },
      [Symbol.dispose]: () => client[Symbol.dispose](),
    };
  },
  async read(port, path) {
    const reader = new RtspPictureReader(await this.connect(port));
    await reader.play(`rtsp://127.0.0.1:${port}/${path}`);
    return reader;
  },
});

const rtmpProtocol = (
  module: typeof rtmp,
  certificatePem?: string,
): ConformingProtocol => ({
  name: module.name,
  open: async (ports) =>
    (await module.open({
      rtmp: true,
      rtmpEncryption: "optional",
      rtmpAddress: "127.0.0.1:0",
      rtmpsAddress: "127.0.0.1:0",
      rtmpServerKey: FILES.keyFile,
      rtmpServerCert: FILES.certificateFile,
      rtmpTrustedProxies: [],
      readTimeoutMs: 10_000,
      writeTimeoutMs: 10_000,
    }, ports))!,
  connect: (port) => openRawTcp(port, certificatePem),
  async publish(port, path) {
    const client = await openRawRtmp(port, certificatePem);
    await client.connect(path);
    await client.publish("");
    await client.send({
      typeId: RTMP_MESSAGE_TYPE.dataAmf0,
      payload: serializeAmf0Values(["onMetaData", { videocodecid: 7 }]),
    });
    await client.send({
      typeId: RTMP_MESSAGE_TYPE.video,
      payload: AVC_SEQUENCE_HEADER,
    });
    return {
      async send(number, isRandomAccess) {
        const nal = h264Slice(isRandomAccess, 40, fillOf(number));
        const payload = Uint8Array.of(
          ...[isRandomAccess ? 0x17 : 0x27, 1, 0, 0, 0],
          ...[0, 0, 0, nal.length, ...nal],
        );
        const typeId = RTMP_MESSAGE_TYPE.video;
        await client.send({ typeId, timestampMs: number * 40, payload });
      },
      [Symbol.dispose]: () => client[Symbol.dispose](),
    };
  },
  async read(port, path) {
    const reader = new RtmpPictureReader(await this.connect(port));
    await reader.play(path);
    return reader;
  },
});

/** Every protocol of the suite. */
export const PROTOCOLS: readonly ConformingProtocol[] = [
  rtspProtocol(rtsp),
  rtspProtocol(rtsps, FILES.certificatePem),
  rtmpProtocol(rtmp),
  rtmpProtocol(rtmps, FILES.certificatePem),
];
