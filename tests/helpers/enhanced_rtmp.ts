import type { Amf0Object } from "#formats/flv/amf0.ts";
import { RTMP_MESSAGE_TYPE } from "#protocols/rtmp/wire/messages.ts";
import { openRawRtmp, type RawRtmp } from "./raw_rtmp.ts";

// Written from the specification of enhanced RTMP v2 and that of FLV: it shares no code with the server's tags.

/** What is in a tag of one track, whatever header it has. */
export interface EnhancedTag {
  readonly kind: "video" | "audio";
  readonly timestampMs: number;
  /** VideoFrameType, 0 for audio. */
  readonly frameType: number;
  /** VideoPacketType or AudioPacketType. */
  readonly packetType: number;
  readonly fourCc: string;
  readonly trackId: number;
  /** What is behind the header; CodedFrames of `avc1` and `hvc1` begin with their composition time. */
  readonly payload: Uint8Array;
}

/** How tags of one time are put into a body. */
export interface BodyForm {
  /** AvMultitrackType; left out where there is one track, with ID 0. */
  readonly multitrackType?: 0 | 1 | 2;
  /** A ModEx packet with this TimestampOffsetNano comes first. */
  readonly nanoseconds?: number;
}

/** A message of media, or a tag of an FLV file. */
export interface MediaMessage {
  readonly typeId: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/** Everything that a client of enhanced RTMP can say of itself. */
export const ENHANCED_CONNECT: Amf0Object = {
  fourCcList: ["*"],
  capsEx: 0b1111,
};

const MULTITRACK = { video: 6, audio: 5 };
const MOD_EX = 7;
const MANY_TRACKS_MANY_CODECS = 2;

/** Bytes of the header of an FLV file, the first PreviousTagSize included, and of one tag. */
const FLV_HEADER_BYTES = 13;
const FLV_TAG_HEADER_BYTES = 11;
const IVF_HEADER_BYTES = 32;
const IVF_FRAME_HEADER_BYTES = 12;

/** Body of one tag: those of several tracks have one time, one frame type and one packet type. */
export function enhancedBody(
  tags: readonly EnhancedTag[],
  { multitrackType, nanoseconds }: BodyForm = {},
): Uint8Array {
  const { kind, frameType, packetType, fourCc } = tags[0]!;
  const type = multitrackType === undefined ? packetType : MULTITRACK[kind];
  const first = kind === "video" ? 0x80 | frameType << 4 : 0x90;
  const bytes = nanoseconds === undefined
    ? [first | type]
    : [first | MOD_EX, 2, ...numberBytes(nanoseconds, 3), type];
  if (multitrackType !== undefined) {
    bytes.push(multitrackType << 4 | packetType);
  }
  const isManyCodecs = multitrackType === MANY_TRACKS_MANY_CODECS;
  if (!isManyCodecs) bytes.push(...ascii(fourCc));
  const parts: Uint8Array[] = [Uint8Array.from(bytes)];
  for (const tag of tags) {
    const head = isManyCodecs ? ascii(tag.fourCc) : [];
    if (multitrackType !== undefined) head.push(tag.trackId);
    if (multitrackType) head.push(...numberBytes(tag.payload.length, 3));
    parts.push(Uint8Array.from(head), tag.payload);
  }
  return concat(parts);
}

/** Takes a message apart; AVC and AAC without FourCC are given theirs. */
export function readEnhancedTags(message: MediaMessage): EnhancedTag[] {
  const { typeId, timestampMs, payload: body } = message;
  const kind = typeId === RTMP_MESSAGE_TYPE.video ? "video" : "audio";
  const first = body[0]!;
  const common = {
    kind,
    timestampMs,
    frameType: kind === "video" ? first >> 4 & 0b111 : 0,
    trackId: 0,
  } as const;
  if (kind === "video" ? first < 0x80 : first >> 4 !== 9) {
    const fourCc = kind === "video" ? "avc1" : "mp4a";
    const packetType = body[1]!;
    // The composition time of a sequence header is of no use.
    const isBare = kind === "audio" || packetType === 1;
    const payload = body.subarray(isBare ? 2 : 5);
    return [{ ...common, packetType, fourCc, payload }];
  }
  let at = 1;
  let packetType = first & 0b1111;
  while (packetType === MOD_EX) {
    at += 2 + body[at]!;
    packetType = body[at++]! & 0b1111;
  }
  const fourCcAt = (offset: number) =>
    String.fromCharCode(...body.subarray(offset, offset + 4));
  if (packetType !== MULTITRACK[kind]) {
    const payload = body.subarray(at + 4);
    return [{ ...common, packetType, fourCc: fourCcAt(at), payload }];
  }
  const multitrackType = body[at]! >> 4;
  packetType = body[at++]! & 0b1111;
  const isManyCodecs = multitrackType === MANY_TRACKS_MANY_CODECS;
  let fourCc = fourCcAt(at);
  if (!isManyCodecs) at += 4;
  const tags: EnhancedTag[] = [];
  while (at < body.length) {
    if (isManyCodecs) {
      fourCc = fourCcAt(at);
      at += 4;
    }
    const trackId = body[at++]!;
    let end = body.length;
    if (multitrackType !== 0) {
      end = at + 3 + (body[at]! << 16 | body[at + 1]! << 8 | body[at + 2]!);
      at += 3;
    }
    const payload = body.subarray(at, end);
    tags.push({ ...common, packetType, fourCc, trackId, payload });
    at = end;
  }
  return tags;
}

/** Media of an FLV file. */
export function readFlv(file: Uint8Array): MediaMessage[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const messages: MediaMessage[] = [];
  for (let at = FLV_HEADER_BYTES; at < file.length;) {
    const typeId = file[at]!;
    const sizeBytes = view.getUint32(at) & 0xffffff;
    const timestampMs = view.getUint32(at + 4) >>> 8 | file[at + 7]! << 24;
    at += FLV_TAG_HEADER_BYTES;
    const payload = file.subarray(at, at + sizeBytes);
    at += sizeBytes + 4;
    if (typeId === RTMP_MESSAGE_TYPE.dataAmf0) continue;
    messages.push({ typeId, timestampMs, payload });
  }
  return messages;
}

/** An FLV file of these messages. */
export function writeFlv(messages: readonly MediaMessage[]): Uint8Array {
  const parts: Uint8Array[] = [
    Uint8Array.fromHex("464c5601050000000900000000"),
  ];
  for (const { typeId, timestampMs, payload } of messages) {
    const head = [
      ...[typeId, ...numberBytes(payload.length, 3)],
      ...[...numberBytes(timestampMs & 0xffffff, 3), timestampMs >>> 24],
      ...[0, 0, 0],
    ];
    const tagBytes = FLV_TAG_HEADER_BYTES + payload.length;
    const tail = numberBytes(tagBytes, 4);
    parts.push(Uint8Array.from(head), payload, Uint8Array.from(tail));
  }
  return concat(parts);
}

/** Frames of an IVF file, which holds VP8. */
export function readIvf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = IVF_HEADER_BYTES; at < file.length;) {
    const sizeBytes = view.getUint32(at, true);
    at += IVF_FRAME_HEADER_BYTES;
    frames.push(file.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  return frames;
}

/** An IVF file of VP8, with times in milliseconds. */
export function writeIvf(tags: readonly EnhancedTag[]): Uint8Array {
  const header = Uint8Array.fromHex(
    "444b494600002000" + "56503830" + "80026801" + "e803000001000000" +
      "00".repeat(8),
  );
  return concat([
    header,
    ...tags.flatMap(({ timestampMs, payload }) => {
      const frameHeader = new Uint8Array(IVF_FRAME_HEADER_BYTES);
      const view = new DataView(frameHeader.buffer);
      view.setUint32(0, payload.length, true);
      view.setUint32(4, timestampMs, true);
      return [frameHeader, payload];
    }),
  ]);
}

/** A client that has connected and said what it can. */
export class EnhancedRtmp implements Disposable {
  /** The connection underneath. */
  readonly rtmp: RawRtmp;
  /** Media that came. */
  readonly media: MediaMessage[] = [];

  /** Takes over `rtmp`; use {@linkcode openEnhancedRtmp}. */
  constructor(rtmp: RawRtmp) {
    this.rtmp = rtmp;
    rtmp.onMessage = (message) => {
      const { typeId } = message;
      const isMedia = typeId === RTMP_MESSAGE_TYPE.audio ||
        typeId === RTMP_MESSAGE_TYPE.video;
      if (isMedia) this.media.push(message);
    };
  }

  /** Everything that came, track by track. */
  get tags(): EnhancedTag[] {
    return this.media.flatMap(readEnhancedTags);
  }

  /** Sends tags of one time in one message. */
  async send(tags: readonly EnhancedTag[], form?: BodyForm): Promise<void> {
    const { kind, timestampMs } = tags[0]!;
    await this.rtmp.send({
      typeId: RTMP_MESSAGE_TYPE[kind],
      timestampMs,
      payload: enhancedBody(tags, form),
    });
  }

  /** Sends messages at their times; `speed` 2 takes half as long. */
  async sendInTime(
    messages: readonly {
      readonly tags: readonly EnhancedTag[];
      readonly form?: BodyForm;
    }[],
    speed = 1,
  ): Promise<void> {
    const startMs = performance.now();
    for (const { tags, form } of messages) {
      const dueMs = startMs + tags[0]!.timestampMs / speed;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
      await this.send(tags, form);
    }
  }

  [Symbol.dispose](): void {
    this.rtmp[Symbol.dispose]();
  }
}

/** Connects to an RTMP server on this machine with these properties in `connect`. */
export async function openEnhancedRtmp(
  port: number,
  app: string,
  properties: Amf0Object = ENHANCED_CONNECT,
): Promise<EnhancedRtmp> {
  const client = new EnhancedRtmp(await openRawRtmp(port));
  await client.rtmp.connect(app, properties);
  return client;
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function numberBytes(value: number, lengthBytes: number): number[] {
  return Array.from(
    { length: lengthBytes },
    (_, i) => value >>> 8 * (lengthBytes - 1 - i) & 0xff,
  );
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
