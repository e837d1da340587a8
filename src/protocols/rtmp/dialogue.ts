import type { TcpConnection } from "#platform/tcp.ts";
import { EncryptedStream, type RtmpStream } from "./encrypted_stream.ts";
import { takeApartAggregate } from "./wire/aggregate.ts";
import {
  ANNOUNCED_WINDOW_ACK_SIZE_BYTES,
  WINDOW_ACK_SIZE_BYTES,
} from "./wire/answers.ts";
import {
  ChunkReader,
  MAX_BUFFERED_BYTES,
  type RtmpMessageSink,
} from "./wire/chunk_reader.ts";
import { serializeRtmpMessages } from "./wire/chunk_writer.ts";
import { parseRtmpCommand, type RtmpCommand } from "./wire/commands.ts";
import type { RtmpHandshake } from "./wire/handshake.ts";
import {
  parseRtmpControl,
  PEER_BANDWIDTH_LIMIT,
  RTMP_MESSAGE_TYPE,
  type RtmpControl,
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
  /** A message stream has ended. */
  handleStreamEof?(): void;
}

/** How one side talks. */
export interface RtmpDialogueOptions {
  readonly handshake: RtmpHandshake;
  /** Chunk size of what this side sends. */
  readonly chunkSizeBytes: number;
}

/** Bytes of one peer become commands and media: handshake, chunks, acknowledgements, pings. */
export class RtmpDialogue implements RtmpMessageSink, Disposable {
  /** Bytes that the peer says it has received, modulo 2^32; undefined if it never said. */
  acknowledgedBytes: number | undefined;
  #stream: RtmpStream;
  #sink: RtmpDialogueSink;
  #handshake: RtmpHandshake | undefined;
  #chunkSizeBytes: number;
  #chunks = new ChunkReader();
  #ackWindowBytes = WINDOW_ACK_SIZE_BYTES;
  #ackedBytes = 0;
  /** Window that this side has announced or was told to use. */
  #ownWindowBytes = ANNOUNCED_WINDOW_ACK_SIZE_BYTES;
  #isOwnWindowHard = false;

  /** Answers over `stream`, which stays the caller's. */
  constructor(
    stream: TcpConnection,
    sink: RtmpDialogueSink,
    { handshake, chunkSizeBytes }: RtmpDialogueOptions,
  ) {
    this.#stream = stream;
    this.#sink = sink;
    this.#handshake = handshake;
    this.#chunkSizeBytes = chunkSizeBytes;
    this.#chunks.maxBufferedBytes = MAX_COMMAND_BYTES;
  }

  /** What to read from and to send media over: it changes where the handshake ends. */
  get stream(): RtmpStream {
    return this.#stream;
  }

  /** The handshake is over. */
  get isOpen(): boolean {
    return this.#handshake === undefined;
  }

  /** The peer may send media: its messages may be as large as media is. */
  allowMedia(): void {
    this.#chunks.maxBufferedBytes = MAX_BUFFERED_BYTES;
  }

  /** Takes what the peer sent, borrowed. Hot path. @throws {ParseError} if it is no RTMP. */
  take(chunk: Uint8Array): void {
    const rest = this.#handshake === undefined
      ? chunk
      : this.#shakeHands(chunk, this.#handshake);
    this.#chunks.push(rest, this);
    this.#acknowledge();
  }

  /** Sends messages in one piece; what comes before SetChunkSize is shorter than any chunk. */
  send(messages: readonly RtmpMessage[]): void {
    this.#stream.send(serializeRtmpMessages(messages, this.#chunkSizeBytes));
  }

  /** Part of the chunk reader: one message of the peer. Hot path for media. */
  handleMessage(message: RtmpMessage): void {
    switch (message.typeId) {
      case RTMP_MESSAGE_TYPE.video:
      case RTMP_MESSAGE_TYPE.audio:
        this.#sink.handleMedia(message);
        break;
      case RTMP_MESSAGE_TYPE.aggregate:
        takeApartAggregate(message, this);
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
        this.#handleControl(parseRtmpControl(message));
    }
  }

  /** Forgets unfinished messages. */
  [Symbol.dispose](): void {
    this.#chunks[Symbol.dispose]();
  }

  /** Output: what stands behind the handshake, decrypted. */
  #shakeHands(chunk: Uint8Array, handshake: RtmpHandshake): Uint8Array {
    const { output, isDone, rest, keys } = handshake.push(chunk);
    if (output !== undefined) this.#stream.send(output);
    if (!isDone) return rest;
    this.#handshake = undefined;
    if (keys === undefined) return rest;
    const encrypted = new EncryptedStream(this.#stream, keys);
    this.#stream = encrypted;
    return encrypted.decrypt(rest);
  }

  #handleControl(control: RtmpControl | undefined): void {
    switch (control?.kind) {
      case "windowAckSize":
        if (control.windowBytes > 0) this.#ackWindowBytes = control.windowBytes;
        break;
      case "setPeerBandwidth":
        this.#handlePeerBandwidth(control.windowBytes, control.limitType);
        break;
      case "acknowledgement":
        this.acknowledgedBytes = control.receivedBytes;
        break;
      case "pingRequest": {
        const { timestampMs } = control;
        this.send([
          serializeRtmpControl({ kind: "pingResponse", timestampMs }),
        ]);
        break;
      }
      case "streamEof":
        this.#sink.handleStreamEof?.();
        break;
    }
  }

  /**
   * Announces the window that the peer asks for, if it is another one.
   *
   * Nothing is held back for it: peers that set a limit do not acknowledge in time. Spec: RTMP 1.0 §5.4.5.
   */
  #handlePeerBandwidth(askedBytes: number, limitType: number): void {
    const isHard = limitType === PEER_BANDWIDTH_LIMIT.hard ||
      limitType === PEER_BANDWIDTH_LIMIT.dynamic && this.#isOwnWindowHard;
    const isSoft = limitType === PEER_BANDWIDTH_LIMIT.soft;
    if (!isHard && !isSoft) return;
    this.#isOwnWindowHard = isHard;
    const windowBytes = isHard
      ? askedBytes
      : Math.min(askedBytes, this.#ownWindowBytes);
    if (windowBytes === this.#ownWindowBytes) return;
    this.#ownWindowBytes = windowBytes;
    this.send([serializeRtmpControl({ kind: "windowAckSize", windowBytes })]);
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
