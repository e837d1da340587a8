import type { Amf0Object, Amf0Value } from "#formats/flv/amf0.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  parseRtmpCommand,
  type RtmpCommand,
  serializeRtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import { ClientHandshake } from "#protocols/rtmp/wire/handshake.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { avcDecoderConfiguration } from "../bench/load/codecs/h264.ts";
import { FrameSource } from "../bench/load/frame_source.ts";
import { openRawTcp, type RawTcp } from "./raw_tcp.ts";

const MESSAGE_STREAM_ID = 1;

/** Sequence header of an H264 track, as the body of a video message. */
export const AVC_SEQUENCE_HEADER: Uint8Array = Uint8Array.from([
  ...[0x17, 0, 0, 0, 0],
  ...avcDecoderConfiguration(),
]);

/** A small RTMP client that may say anything. */
export class RawRtmp implements Disposable {
  readonly tcp: RawTcp;
  /** Media messages received. */
  receivedMedia = 0;
  /** Sees every message that comes. */
  onMessage: ((message: RtmpMessage) => void) | undefined;
  #chunks = new ChunkReader();
  #commands: RtmpCommand[] = [];
  #transaction = 0;

  /** Takes over `tcp`; use {@linkcode openRawRtmp}. */
  constructor(tcp: RawTcp) {
    this.tcp = tcp;
  }

  /** `IP:port` of this side, as the server logs it. */
  get address(): string {
    return this.tcp.address;
  }

  /** Does the simple handshake. */
  async handshake(): Promise<void> {
    const handshake = new ClientHandshake();
    await this.tcp.send(handshake.start());
    for (;;) {
      const chunk = await this.tcp.read();
      if (chunk === undefined) throw new Error("The handshake was cut off");
      const { output, isDone, rest } = handshake.push(chunk);
      if (output !== undefined) await this.tcp.send(output);
      if (!isDone) continue;
      this.#take(rest);
      return;
    }
  }

  /** Handshake, `connect` with further properties, and `createStream`; `app` may have a query. */
  async connect(app: string, properties: Amf0Object = {}): Promise<void> {
    await this.handshake();
    const tcUrl = `rtmp://127.0.0.1/${app}`;
    const flashVer = "raw";
    await this.command("connect", { app, tcUrl, flashVer, ...properties });
    await this.answer("_result");
    await this.command("createStream", null);
    await this.answer("_result");
  }

  /** `publish`; answers the code of the server's status. */
  async publish(key: string): Promise<string> {
    await this.command("publish", null, key, "live");
    return statusCode(await this.answer("onStatus"));
  }

  /** `play`; answers the code of the server's first status. */
  async play(key: string): Promise<string> {
    await this.command("play", null, key);
    return statusCode(await this.answer("onStatus"));
  }

  /** Sends the sequence header and one key frame of an H264 track. */
  async sendKeyFrame(): Promise<void> {
    const typeId = RTMP_MESSAGE_TYPE.video;
    await this.send({ typeId, payload: AVC_SEQUENCE_HEADER });
    const nal = new FrameSource({ frameBytes: 100, gopFrames: 1 }).next();
    const head = [0x17, 1, 0, 0, 0, 0, 0, 0, nal.length];
    await this.send({ typeId, payload: Uint8Array.from([...head, ...nal]) });
  }

  /** Sends a command, its transaction ID added. */
  async command(name: string, ...values: readonly Amf0Value[]): Promise<void> {
    const id = ++this.#transaction;
    await this.send(
      serializeRtmpCommand(MESSAGE_STREAM_ID, name, id, ...values),
    );
  }

  /** Sends a message with a payload as it is. */
  async send(
    message: Pick<RtmpMessage, "typeId" | "payload"> & Partial<RtmpMessage>,
  ): Promise<boolean> {
    const whole = {
      messageStreamId: MESSAGE_STREAM_ID,
      timestampMs: 0,
      ...message,
    };
    const bytes = serializeRtmpMessages([whole], DEFAULT_CHUNK_SIZE_BYTES);
    return await this.tcp.send(bytes);
  }

  /**
   * The next command called `name`; those before it are skipped.
   *
   * @throws {Error} if the server ends the connection instead.
   */
  async answer(name: RtmpCommand["name"]): Promise<RtmpCommand> {
    for (;;) {
      const command = this.#commands.shift();
      if (command?.name === name) return command;
      if (command === undefined && !await this.#readOn()) {
        throw new Error(`The server ended the connection before ${name}`);
      }
    }
  }

  /** Waits for media messages. */
  async media(messages: number): Promise<void> {
    while (this.receivedMedia < messages) {
      if (!await this.#readOn()) {
        throw new Error("The server ended the connection, media was expected");
      }
    }
  }

  /** Waits until the server ends the connection. */
  async end(): Promise<void> {
    while (await this.#readOn());
  }

  [Symbol.dispose](): void {
    this.tcp[Symbol.dispose]();
  }

  async #readOn(): Promise<boolean> {
    const chunk = await this.tcp.read();
    if (chunk !== undefined) this.#take(chunk);
    return chunk !== undefined;
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk, {
      handleMessage: (message) => {
        this.onMessage?.(message);
        const { typeId } = message;
        const isMedia = typeId === RTMP_MESSAGE_TYPE.audio ||
          typeId === RTMP_MESSAGE_TYPE.video;
        if (isMedia) this.receivedMedia++;
        const command = parseRtmpCommand(message);
        if (command !== undefined) this.#commands.push(command);
      },
    });
  }
}

/** Connects to an RTMP server on this machine, or with its certificate (PEM) to an RTMPS server; RTMP's own handshake is not done yet. */
export async function openRawRtmp(
  port: number,
  certificatePem?: string,
): Promise<RawRtmp> {
  return new RawRtmp(await openRawTcp(port, certificatePem));
}

function statusCode(command: RtmpCommand): string {
  if (command.name !== "onStatus") return "";
  const status = command.values.at(-1) as { code?: unknown } | undefined;
  return String(status?.code ?? "");
}
