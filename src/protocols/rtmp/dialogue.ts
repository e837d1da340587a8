import type { TcpConnection } from "#platform/tcp.ts";
import { SERVER_CHUNK_SIZE_BYTES } from "./wire/answers.ts";
import {
  ChunkReader,
  MAX_BUFFERED_BYTES,
  type RtmpMessageSink,
} from "./wire/chunk_reader.ts";
import { serializeRtmpMessages } from "./wire/chunk_writer.ts";
import { parseRtmpCommand, type RtmpCommand } from "./wire/commands.ts";
import { ServerHandshake } from "./wire/handshake.ts";
import {
  parseRtmpControl,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
  serializeRtmpControl,
} from "./wire/messages.ts";

/** Unfinished messages of a peer that nobody has let in may take this: commands are small. */
const MAX_COMMAND_BYTES = 262_144;

/** Takes what a peer says, in order, while `take()` runs. What it throws ends the reading. */
export interface RtmpDialogueSink {
  /** A command came. */
  handleCommand(command: RtmpCommand): void;
  /** A video or audio message came. Hot path. */
  handleMedia(message: RtmpMessage): void;
  /** A data message came: metadata. */
  handleData(message: RtmpMessage): void;
}

/** Bytes of one peer become commands and media: handshake, chunks, acknowledgements, pings. */
export class RtmpDialogue implements RtmpMessageSink, Disposable {
  #stream: TcpConnection;
  #sink: RtmpDialogueSink;
  #handshake: ServerHandshake | undefined = new ServerHandshake();
  #chunks = new ChunkReader();
  #ackWindowBytes = Infinity;
  #ackedBytes = 0;

  /** Answers over `stream`, which stays the caller's. */
  constructor(stream: TcpConnection, sink: RtmpDialogueSink) {
    this.#stream = stream;
    this.#sink = sink;
    this.#chunks.maxBufferedBytes = MAX_COMMAND_BYTES;
  }

  /** The peer was let in as a publisher: its messages may be as large as media is. */
  allowMedia(): void {
    this.#chunks.maxBufferedBytes = MAX_BUFFERED_BYTES;
  }

  /** Takes what the peer sent, borrowed. Hot path. @throws {ParseError} if it is no RTMP. */
  take(chunk: Uint8Array): void {
    let rest = chunk;
    if (this.#handshake) {
      const step = this.#handshake.push(chunk);
      if (step.output) this.#stream.send(step.output);
      if (!step.isDone) return;
      this.#handshake = undefined;
      rest = step.rest;
    }
    this.#chunks.push(rest, this);
    this.#acknowledge();
  }

  /** Sends messages in one piece; what comes before SetChunkSize is shorter than any chunk. */
  send(messages: readonly RtmpMessage[]): void {
    this.#stream.send(serializeRtmpMessages(messages, SERVER_CHUNK_SIZE_BYTES));
  }

  /** Part of the chunk reader: one message of the peer. Hot path for media. */
  handleMessage(message: RtmpMessage): void {
    switch (message.typeId) {
      case RTMP_MESSAGE_TYPE.video:
      case RTMP_MESSAGE_TYPE.audio:
        this.#sink.handleMedia(message);
        break;
      case RTMP_MESSAGE_TYPE.dataAmf0:
      case RTMP_MESSAGE_TYPE.dataAmf3:
        this.#sink.handleData(message);
        break;
      case RTMP_MESSAGE_TYPE.commandAmf0:
      case RTMP_MESSAGE_TYPE.commandAmf3: {
        const command = parseRtmpCommand(message);
        if (command) this.#sink.handleCommand(command);
        break;
      }
      default:
        this.#handleControl(message);
    }
  }

  /** Forgets unfinished messages. */
  [Symbol.dispose](): void {
    this.#chunks[Symbol.dispose]();
  }

  #handleControl(message: RtmpMessage): void {
    const control = parseRtmpControl(message);
    if (control?.kind === "windowAckSize") {
      this.#ackWindowBytes = Math.max(1, control.windowBytes);
    } else if (control?.kind === "pingRequest") {
      this.send([
        serializeRtmpControl({
          kind: "pingResponse",
          timestampMs: control.timestampMs,
        }),
      ]);
    }
  }

  #acknowledge(): void {
    const { receivedBytes } = this.#chunks;
    if (receivedBytes - this.#ackedBytes < this.#ackWindowBytes) return;
    this.#ackedBytes = receivedBytes;
    this.send([
      serializeRtmpControl({
        kind: "acknowledgement",
        receivedBytes: receivedBytes % 2 ** 32,
      }),
    ]);
  }
}
