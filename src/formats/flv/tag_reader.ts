import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import type { FlvCodec, FlvPayload, FlvPayloadReader } from "./flv_codec.ts";
import { flvCodecByFourCc, flvCodecById } from "./flv_codecs.ts";
import { fourCcText } from "./four_cc.ts";
import { TagCursor } from "./tag_cursor.ts";
import {
  AUDIO_PACKET_TYPE,
  FRAME_TYPE,
  IS_EX_VIDEO_HEADER,
  MULTITRACK_TYPE,
  PACKET_TYPE,
  SOUND_FORMAT_EX_HEADER,
  VIDEO_PACKET_TYPE,
} from "./tag_header.ts";

/** Tracks of one kind that are taken from one publisher, and tracks in one tag. */
export const MAX_FLV_TRACKS = 32;

/** Bytes of a sequence header's payload that are taken. */
export const MAX_CONFIGURATION_BYTES = 65_536;

/** ModEx packets before one payload. */
const MAX_MOD_EX_PACKETS = 16;

/** With this size a ModEx packet tells a size of 16 bits behind. */
const LONG_MOD_EX_BYTES = 256;

/** What a tag holds of one track, told apart by `kind`. */
export type FlvTag =
  | {
    readonly kind: "parameters";
    readonly trackId: number;
    readonly parameters: CodecParameters;
  }
  | FlvFrameTag
  | {
    readonly kind: "unsupported";
    readonly trackId: number;
    /** FourCC of enhanced tags, e.g. `"vvc1"`, else CodecID or SoundFormat as a number, e.g. `"4"`. */
    readonly codecId: string;
  };

/** A frame of one track. */
export interface FlvFrameTag {
  readonly kind: "frame";
  /** Number of the track among those of its kind, 0 to 255; 0 where the tag tells none. */
  readonly trackId: number;
  /** Presentation minus decoding time, -2^23 to 2^23 - 1; 0 for audio. */
  readonly compositionTimeMs: number;
  readonly payload: FlvPayload;
  readonly sizeBytes: number;
}

/** A track that is being read. */
interface OpenTrack {
  readonly codec: FlvCodec<CodecName>;
  /** Undefined while the track comes in a form that is not supported. */
  reader: FlvPayloadReader | undefined;
}

/**
 * Reads the tags of one kind of one publisher: without and with FourCC, with one track and with many.
 *
 * SequenceEnd, video metadata, commands and ModEx packets (nanoseconds of a timestamp) are passed over.
 * Spec: FLV §E.4.2, §E.4.3; Enhanced RTMP v2, Enhanced Audio, Enhanced Video.
 */
export class FlvTagReader {
  #kind: "video" | "audio";
  #tracks = new Map<number, OpenTrack>();
  #tags: FlvTag[] = [];
  #head = { flags: 0, isKeyFrame: false };
  #cursor: TagCursor;

  /** Starts without any track. */
  constructor(kind: "video" | "audio") {
    this.#kind = kind;
    this.#cursor = new TagCursor(`FLV ${kind} tag`);
  }

  /**
   * Reads the body of one tag, or of one RTMP message of type 8 or 9.
   *
   * Hot path. Input: owned; parts are views of it.
   * Output: valid until the next call; empty if there is nothing to pass on.
   * Limits: {@linkcode MAX_FLV_TRACKS}, {@linkcode MAX_CONFIGURATION_BYTES}, 16 ModEx packets.
   *
   * @throws {ParseError} if it is malformed or passes a limit.
   */
  read(body: Uint8Array): readonly FlvTag[] {
    this.#tags.length = 0;
    if (body.length === 0) return this.#tags;
    this.#cursor.start(body, 1);
    const flags = body[0]!;
    this.#head.flags = flags;
    if (this.#kind === "audio") {
      const soundFormat = flags >>> 4;
      if (soundFormat === SOUND_FORMAT_EX_HEADER) this.#readEnhanced(false);
      else this.#readPlain(soundFormat);
      return this.#tags;
    }
    const frameType = flags >>> 4 & 0b111;
    const isCommand = frameType === FRAME_TYPE.command;
    this.#head.isKeyFrame = frameType === FRAME_TYPE.key;
    if ((flags & IS_EX_VIDEO_HEADER) !== 0) this.#readEnhanced(isCommand);
    else if (!isCommand) this.#readPlain(flags & 0b1111);
    return this.#tags;
  }

  /** A tag without FourCC. */
  #readPlain(codecId: number): void {
    const codec = flvCodecById(this.#kind, codecId);
    if (codec === undefined) return this.#addUnsupported(0, String(codecId));
    const track = this.#openTrack(0, codec);
    const isVideo = this.#kind === "video";
    const packetType = isVideo || track.codec.hasConfiguration
      ? this.#cursor.u8("packetType")
      : PACKET_TYPE.codedFrames;
    const timeMs = isVideo ? this.#cursor.compositionTimeMs() : 0;
    this.#readPayload(track, 0, packetType, timeMs, this.#cursor.body.length);
  }

  #readEnhanced(isCommand: boolean): void {
    const packetType = this.#skipModEx(this.#head.flags & 0b1111);
    const isVideo = this.#kind === "video";
    if (isVideo && packetType === VIDEO_PACKET_TYPE.metadata) return;
    if (isCommand) return;
    const { multitrack } = isVideo ? VIDEO_PACKET_TYPE : AUDIO_PACKET_TYPE;
    if (packetType === multitrack) this.#readMultitrack();
    else {
      const fourCc = this.#cursor.fourCc();
      this.#readTrack(0, fourCc, packetType, this.#cursor.body.length);
    }
  }

  /** Answers the packet type behind ModEx packets. */
  #skipModEx(firstPacketType: number): number {
    let packetType = firstPacketType;
    for (let i = 0; packetType === PACKET_TYPE.modEx; i++) {
      if (i === MAX_MOD_EX_PACKETS) {
        throw this.#cursor.error("must end before the limit", "modEx");
      }
      let sizeBytes = this.#cursor.u8("modExDataSize") + 1;
      if (sizeBytes === LONG_MOD_EX_BYTES) {
        sizeBytes = this.#cursor.u16("modExDataSize") + 1;
      }
      this.#cursor.skip(sizeBytes, "modExData");
      packetType = this.#cursor.u8("modExType") & 0b1111;
    }
    return packetType;
  }

  #readMultitrack(): void {
    const types = this.#cursor.u8("multitrackType");
    const multitrackType = types >>> 4;
    const packetType = types & 0b1111;
    if (multitrackType > MULTITRACK_TYPE.manyTracksManyCodecs) {
      throw this.#cursor.error(
        `must be 0 to 2, found ${multitrackType}`,
        "multitrackType",
      );
    }
    const isManyCodecs =
      multitrackType === MULTITRACK_TYPE.manyTracksManyCodecs;
    let fourCc = isManyCodecs ? 0 : this.#cursor.fourCc();
    const isOneTrack = multitrackType === MULTITRACK_TYPE.oneTrack;
    const lengthBytes = this.#cursor.body.length;
    for (let i = 0; i === 0 || this.#cursor.offsetBytes < lengthBytes; i++) {
      if (i === MAX_FLV_TRACKS) {
        throw this.#cursor.error("must hold no more tracks", "tracks");
      }
      if (isManyCodecs) fourCc = this.#cursor.fourCc();
      const trackId = this.#cursor.u8("trackId");
      const endBytes = isOneTrack
        ? lengthBytes
        : this.#trackEndBytes(this.#cursor.u24("sizeOfTrack"));
      this.#readTrack(trackId, fourCc, packetType, endBytes);
      this.#cursor.offsetBytes = endBytes;
    }
  }

  #trackEndBytes(sizeBytes: number): number {
    const leftBytes = this.#cursor.body.length - this.#cursor.offsetBytes;
    if (sizeBytes <= leftBytes) return this.#cursor.offsetBytes + sizeBytes;
    throw this.#cursor.error(
      `needs ${sizeBytes} bytes, ${leftBytes} left`,
      "sizeOfTrack",
    );
  }

  /** One track of a tag with FourCC, up to `endBytes`. */
  #readTrack(
    trackId: number,
    fourCc: number,
    packetType: number,
    endBytes: number,
  ): void {
    const isVideo = this.#kind === "video";
    if (isVideo && packetType === VIDEO_PACKET_TYPE.metadata) return;
    const codec = flvCodecByFourCc(this.#kind, fourCc);
    if (codec === undefined) {
      return this.#addUnsupported(trackId, fourCcText(fourCc));
    }
    const track = this.#openTrack(trackId, codec);
    if (isVideo && packetType === VIDEO_PACKET_TYPE.mpeg2TsSequenceStart) {
      track.reader = undefined;
      this.#addUnsupported(trackId, `${fourCcText(fourCc)} from MPEG-2 TS`);
      return;
    }
    const hasTime = packetType === PACKET_TYPE.codedFrames &&
      track.codec.hasCompositionTime;
    const timeMs = hasTime ? this.#cursor.compositionTimeMs() : 0;
    if (this.#cursor.offsetBytes > endBytes) {
      throw this.#cursor.error("is cut", "sizeOfTrack");
    }
    this.#readPayload(track, trackId, packetType, timeMs, endBytes);
  }

  #readPayload(
    track: OpenTrack,
    trackId: number,
    packetType: number,
    compositionTimeMs: number,
    endBytes: number,
  ): void {
    if (packetType === PACKET_TYPE.sequenceStart) {
      this.#configure(track, trackId, endBytes);
    } else if (
      packetType === PACKET_TYPE.codedFrames ||
      packetType === PACKET_TYPE.codedFramesX && this.#kind === "video"
    ) {
      const { reader, codec } = track;
      if (reader === undefined) {
        return this.#addUnsupported(trackId, codec.fourCc ?? "");
      }
      const bytes = this.#cursor.body.subarray(
        this.#cursor.offsetBytes,
        endBytes,
      );
      const payload = reader.read(bytes, this.#head);
      if (payload === undefined) return;
      this.#tags.push({
        kind: "frame",
        trackId,
        compositionTimeMs,
        payload,
        sizeBytes: bytes.length,
      });
    } else if (
      packetType === AUDIO_PACKET_TYPE.multichannelConfig &&
      this.#kind === "audio"
    ) {
      this.#cursor.skip(1, "audioChannelOrder");
      const channelCount = this.#cursor.u8("channelCount");
      const parameters = track.reader?.setChannelCount?.(channelCount);
      this.#addParameters(trackId, parameters);
    } else if (packetType !== PACKET_TYPE.sequenceEnd) {
      throw this.#cursor.error(
        `must be a known type, found ${packetType}`,
        "packetType",
      );
    }
  }

  #configure(track: OpenTrack, trackId: number, endBytes: number): void {
    const sizeBytes = endBytes - this.#cursor.offsetBytes;
    if (sizeBytes > MAX_CONFIGURATION_BYTES) {
      throw this.#cursor.error(
        `must have at most ${MAX_CONFIGURATION_BYTES} bytes, found ${sizeBytes}`,
        "sequenceHeader",
      );
    }
    track.reader ??= track.codec.openReader();
    // A copy: what is kept of it must not keep the whole message.
    const payload = this.#cursor.body.slice(this.#cursor.offsetBytes, endBytes);
    this.#addParameters(trackId, track.reader.configure(payload));
  }

  #openTrack(trackId: number, codec: FlvCodec<CodecName>): OpenTrack {
    const known = this.#tracks.get(trackId);
    if (known?.codec === codec) return known;
    if (known === undefined && this.#tracks.size === MAX_FLV_TRACKS) {
      throw this.#cursor.error(
        `is over the limit of ${MAX_FLV_TRACKS}`,
        "trackId",
      );
    }
    const track = { codec, reader: codec.openReader() };
    this.#tracks.set(trackId, track);
    return track;
  }

  #addParameters(
    trackId: number,
    parameters: CodecParameters | undefined,
  ): void {
    if (parameters === undefined) return;
    this.#tags.push({ kind: "parameters", trackId, parameters });
  }

  #addUnsupported(trackId: number, codecId: string): void {
    this.#tags.push({ kind: "unsupported", trackId, codecId });
  }
}
