import { ParseError } from "#base/errors.ts";

/** Bytes of one frame that a peer may send; frames are handed on in parts, none is collected. */
export const MAX_WEBSOCKET_PAYLOAD_BYTES = 16 * 1_048_576;

/** Longest payload whose length fits 16 bits. */
const MAX_SHORT_BYTES = 65_535;

/** Payload of a frame that is not part of a message. Spec: RFC 6455 §5.5. */
const MAX_CONTROL_BYTES = 125;

const MAX_HEADER_BYTES = 14;

/** Why a connection is closed. Spec: RFC 6455 §7.4.1. */
export const CloseCode = {
  normal: 1_000,
  protocolError: 1_002,
  unsupportedData: 1_003,
  messageTooBig: 1_009,
} as const;
/** One of {@linkcode CloseCode}. */
export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** What a frame is. Spec: RFC 6455 §5.2. */
export const Opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;
/** One of {@linkcode Opcode}. */
export type Opcode = typeof Opcode[keyof typeof Opcode];

/** A frame that does not follow the protocol, or carries what is not taken. */
export class WebSocketError extends ParseError {
  /** What the peer is told. */
  readonly closeCode: CloseCode;

  /** `reason` says what was found and what was wanted; `place` stands in the header. */
  constructor(
    reason: string,
    place: { readonly field: string; readonly offsetBytes: number },
    closeCode: CloseCode,
  ) {
    super(reason, { format: "WebSocket frame", ...place });
    this.closeCode = closeCode;
  }
}

/** Takes the frames that are about the connection itself. */
export interface ControlSink {
  /** The payload is owned, and has to be sent back. */
  handlePing(payload: Uint8Array): void;
  /** The peer sends nothing more. */
  handleClose(): void;
}

/** Part of a frame that the next byte belongs to. */
const State = { header: 0, data: 1, control: 2, closed: 3 } as const;
type State = typeof State[keyof typeof State];

/**
 * Takes the frames of one direction apart: the payloads of binary messages are one stream of bytes.
 *
 * Limits: {@linkcode MAX_WEBSOCKET_PAYLOAD_BYTES}; nothing is allocated for a length.
 * Spec: RFC 6455 §5.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-------+-+-------------+-------------------------------+
 * |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 * |I|S|S|S|  (4)  |A|     (7)     |            (16/64)            |
 * |N|V|V|V|       |S|             |  (if payload len is 126/127)  |
 * | |1|2|3|       |K|             |                               |
 * +-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +
 * |              masking key, if MASK is set; payload             |
 * +---------------------------------------------------------------+
 * ```
 */
export class WebSocketDecoder {
  #sink: ControlSink;
  #isMasked: boolean;
  #takesText: boolean;
  #state: State = State.header;
  #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #wantedHeaderBytes = 2;
  /** Payload of the frame that is still to come. */
  #remainingBytes = 0;
  /** Position of the next payload byte, for the mask. */
  #payloadAt = 0;
  #opcode = 0;
  /** A message has begun whose last frame has not come yet. */
  #isInMessage = false;
  #control = new Uint8Array(0);

  /**
   * Input: `isMasked`: the peer is a client, whose frames are masked, or a server, whose frames are not; `takesText`:
   * messages of text are no error.
   */
  constructor(isMasked: boolean, sink: ControlSink, takesText = false) {
    this.#isMasked = isMasked;
    this.#sink = sink;
    this.#takesText = takesText;
  }

  /**
   * Takes the first `count` bytes and leaves the payload of the binary frames in their place.
   *
   * Hot path. Output: how many bytes of payload there are; what comes behind the last frame of a peer is dropped.
   *
   * @throws {WebSocketError} if the bytes are no frames, or frames that are not taken.
   */
  decode(bytes: Uint8Array, count: number): number {
    let written = 0;
    let at = 0;
    while (at < count && this.#state !== State.closed) {
      if (this.#state === State.header) {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        if (this.#headerBytes === this.#wantedHeaderBytes) this.#goOnInHeader();
        continue;
      }
      const length = Math.min(this.#remainingBytes, count - at);
      if (this.#state === State.data) {
        this.#move(bytes, at, bytes, written, length);
        written += length;
      } else this.#move(bytes, at, this.#control, this.#payloadAt, length);
      at += length;
      this.#payloadAt += length;
      this.#remainingBytes -= length;
      if (this.#remainingBytes === 0) this.#endFrame();
    }
    return written;
  }

  #goOnInHeader(): void {
    const header = this.#header;
    if (this.#headerBytes === 2) {
      this.#checkStart();
      const length = header[1]! & 0x7f;
      const lengthBytes = length === 127 ? 8 : length === 126 ? 2 : 0;
      this.#wantedHeaderBytes += lengthBytes + (this.#isMasked ? 4 : 0);
      if (this.#wantedHeaderBytes > 2) return;
    }
    this.#remainingBytes = this.#payloadLength();
    this.#payloadAt = 0;
    const isControl = this.#opcode >= Opcode.close;
    this.#state = isControl ? State.control : State.data;
    if (isControl) this.#control = new Uint8Array(this.#remainingBytes);
    if (this.#remainingBytes === 0) this.#endFrame();
  }

  /** Checks the first two bytes. */
  #checkStart(): void {
    const [first, second] = [this.#header[0]!, this.#header[1]!];
    const isFinal = (first & 0b1_0000000) !== 0;
    const isMasked = (second & 0b1_0000000) !== 0;
    this.#opcode = first & 0b1111;
    if ((first & 0b0_111_0000) !== 0) {
      throw protocolError("must be 0, no extension was agreed on", "RSV");
    }
    if (isMasked !== this.#isMasked) {
      throw protocolError(`must be ${this.#isMasked ? 1 : 0}`, "MASK", 1);
    }
    const isText = this.#opcode === Opcode.text && this.#takesText;
    switch (isText ? Opcode.binary : this.#opcode) {
      case Opcode.continuation:
      case Opcode.binary:
        if ((this.#opcode === Opcode.continuation) !== this.#isInMessage) {
          throw protocolError("is not where a message goes on", "opcode");
        }
        this.#isInMessage = !isFinal;
        return;
      case Opcode.text:
        throw new WebSocketError(
          "must be binary, found text",
          { field: "opcode", offsetBytes: 0 },
          CloseCode.unsupportedData,
        );
      case Opcode.close:
      case Opcode.ping:
      case Opcode.pong:
        if (isFinal && (second & 0x7f) <= MAX_CONTROL_BYTES) return;
        throw protocolError("must be short and whole", "control frame");
      default:
        throw protocolError(`is unknown, found ${this.#opcode}`, "opcode");
    }
  }

  #payloadLength(): number {
    const header = this.#header;
    const length = header[1]! & 0x7f;
    if (length < 126) return length;
    if (length === 126) return header[2]! << 8 | header[3]!;
    let long = 0;
    for (let i = 2; i < 10; i++) long = long * 256 + header[i]!;
    if (long > MAX_WEBSOCKET_PAYLOAD_BYTES) {
      throw new WebSocketError(
        `is over ${MAX_WEBSOCKET_PAYLOAD_BYTES}, found ${long}`,
        { field: "payload length", offsetBytes: 1 },
        CloseCode.messageTooBig,
      );
    }
    return long;
  }

  /** Moves payload, without its mask. */
  #move(
    from: Uint8Array,
    fromAt: number,
    to: Uint8Array,
    toAt: number,
    length: number,
  ): void {
    if (!this.#isMasked) {
      to.set(from.subarray(fromAt, fromAt + length), toAt);
      return;
    }
    const mask = this.#header;
    const maskAt = this.#wantedHeaderBytes - 4;
    const payloadAt = this.#payloadAt;
    for (let i = 0; i < length; i++) {
      to[toAt + i] = from[fromAt + i]! ^ mask[maskAt + (payloadAt + i & 3)]!;
    }
  }

  #endFrame(): void {
    this.#state = State.header;
    this.#headerBytes = 0;
    this.#wantedHeaderBytes = 2;
    if (this.#opcode === Opcode.ping) this.#sink.handlePing(this.#control);
    if (this.#opcode !== Opcode.close) return;
    this.#state = State.closed;
    this.#sink.handleClose();
  }
}

/** Writes the header of an unmasked frame that is a whole message. Hot path. */
export function serializeFrameHeader(
  opcode: Opcode,
  payloadBytes: number,
): Uint8Array<ArrayBuffer> {
  const first = 0b1_0000000 | opcode;
  if (payloadBytes < 126) return Uint8Array.of(first, payloadBytes);
  if (payloadBytes <= MAX_SHORT_BYTES) {
    return Uint8Array.of(first, 126, payloadBytes >> 8, payloadBytes);
  }
  const header = new Uint8Array(10);
  header[0] = first;
  header[1] = 127;
  new DataView(header.buffer).setUint32(6, payloadBytes);
  return header;
}

/**
 * Writes a masked frame that is a whole message; `mask` has four bytes that nobody can guess.
 */
export function serializeMaskedFrame(
  opcode: Opcode,
  payload: Uint8Array,
  mask: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = serializeFrameHeader(opcode, payload.length);
  header[1]! |= 0b1_0000000;
  const frame = new Uint8Array(header.length + 4 + payload.length);
  frame.set(header);
  frame.set(mask, header.length);
  const start = header.length + 4;
  for (let i = 0; i < payload.length; i++) {
    frame[start + i] = payload[i]! ^ mask[i & 3]!;
  }
  return frame;
}

function protocolError(
  reason: string,
  field: string,
  offsetBytes = 0,
): WebSocketError {
  const place = { field, offsetBytes };
  return new WebSocketError(reason, place, CloseCode.protocolError);
}
