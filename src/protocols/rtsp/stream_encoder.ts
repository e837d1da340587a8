import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import type { CodecName } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import type { RtpPayloadFormat } from "#formats/rtp/payload_format.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { RTP_HEADER_MIN_BYTES } from "#formats/rtp/rtp_header.ts";
import {
  outgoingPacketSizeBytes,
  type OutgoingRtpPacket,
  RtpTrackEncoder,
} from "#formats/rtp/track_encoder.ts";
import {
  INTERLEAVED_HEADER_BYTES,
  INTERLEAVED_MAGIC,
} from "./wire/interleaved_frame.ts";
import { mediaFromTrack } from "#formats/sdp/codec_mapping.ts";

/** Channels of one reader's interleaved connection; readers with equal ones share their bytes. */
export interface ChannelLayout {
  /** Key in the encoding cache; equal for equal layouts. */
  readonly key: string;
  /** RTP channel by track id; tracks that were not set up are missing. */
  readonly channels: ReadonlyMap<number, number>;
}

/** Datagrams of one track back to back, all of `segmentBytes` but the last. */
export interface SegmentRun {
  readonly trackId: number;
  readonly bytes: Uint8Array;
  readonly segmentBytes: number;
}

/** Queue limits of the encoder itself: it never has anything in flight. */
const NO_LIMITS = {
  maxUnits: Infinity,
  maxBytes: Infinity,
  maxAgeMs: Infinity,
  onDrop: () => {},
};

/**
 * RTP packets of a stream, made once for all RTSP readers.
 *
 * It reads the stream itself, before every reader, so that sequence numbers are given in the stream's order;
 * it does so while there are readers.
 */
export class RtspStreamEncoder implements BatchSink {
  #stream: Stream;
  #maxPacketBytes: number;
  #errors: SampledError;
  #packetsKey: string;
  #segmentsKey: string;
  #tracks = new Map<number, RtpTrackEncoder>();
  #subscription: Subscription | undefined;
  #users = 0;

  private constructor(stream: Stream, maxPacketBytes: number) {
    this.#stream = stream;
    this.#maxPacketBytes = maxPacketBytes;
    const { logger, clock } = stream.options;
    this.#errors = new SampledError(logger, clock, "RTP");
    this.#packetsKey = `rtp/${maxPacketBytes}`;
    this.#segmentsKey = `rtp/segments/${maxPacketBytes}`;
  }

  /** The encoder of a stream for packets of at most `maxPacketBytes`, header included. */
  static of(stream: Stream, maxPacketBytes: number): RtspStreamEncoder {
    const key = `rtsp/${maxPacketBytes}`;
    return stream.encoders.get<RtspStreamEncoder>(key) ??
      stream.encoders.set(
        key,
        new RtspStreamEncoder(stream, maxPacketBytes),
      );
  }

  /** Keeps the encoder going until disposed of. */
  use(): Disposable {
    this.#users++;
    if (this.#subscription === undefined) {
      this.#subscription = this.#stream.subscribe(this, NO_LIMITS);
      this.#subscription.resume();
    }
    let isReleased = false;
    return {
      [Symbol.dispose]: () => {
        if (isReleased) return;
        isReleased = true;
        if (--this.#users > 0) return;
        this.#subscription?.[Symbol.dispose]();
        this.#subscription = undefined;
        this.#errors[Symbol.dispose]();
      },
    };
  }

  /** The encoder of a track: its source, numbers and clock. */
  track(track: Track): RtpTrackEncoder {
    const known = this.#tracks.get(track.id);
    const format = payloadFormatFor(track.codec);
    const payloadType = payloadTypeOf(track);
    const isSame = known?.options.format === format &&
      known.options.payloadType === payloadType;
    if (isSame) return known;
    const encoder = this.#openTrack(format, payloadType);
    this.#tracks.set(track.id, encoder);
    return encoder;
  }

  /** Part of its own reading: numbers the packets in the stream's order. */
  deliver(batch: Batch): boolean {
    this.#packets(batch);
    return true;
  }

  /** Part of its own reading: the next reader subscribes it again. */
  end(): void {
    this.#subscription = undefined;
  }

  /** A batch as interleaved frames; empty if it has none of the reader's tracks. Hot path. */
  interleaved(batch: Batch, layout: ChannelLayout): Uint8Array {
    const known = batch.encodings.get<Uint8Array>(layout.key);
    if (known !== undefined) return known;
    const packets = this.#packets(batch);
    let sizeBytes = 0;
    for (let i = 0; i < packets.length; i++) {
      if (!layout.channels.has(batch.units[i]!.trackId)) continue;
      for (const packet of packets[i]!) {
        sizeBytes += INTERLEAVED_HEADER_BYTES + outgoingPacketSizeBytes(packet);
      }
    }
    const bytes = new Uint8Array(sizeBytes);
    let at = 0;
    for (let i = 0; i < packets.length; i++) {
      const unit = batch.units[i]!;
      const channel = layout.channels.get(unit.trackId);
      if (channel === undefined) continue;
      const encoder = this.#tracks.get(unit.trackId)!;
      for (const packet of packets[i]!) {
        const packetBytes = outgoingPacketSizeBytes(packet);
        bytes[at] = INTERLEAVED_MAGIC;
        bytes[at + 1] = channel;
        bytes[at + 2] = packetBytes >>> 8;
        bytes[at + 3] = packetBytes;
        at = writePacket(bytes, at + INTERLEAVED_HEADER_BYTES, packet, encoder);
      }
    }
    return batch.encodings.set(layout.key, bytes);
  }

  /** A batch as runs of datagrams of one size, in order. Hot path. */
  segments(batch: Batch): readonly SegmentRun[] {
    const known = batch.encodings.get<SegmentRun[]>(this.#segmentsKey);
    if (known !== undefined) return known;
    const packets = this.#packets(batch);
    const runs: SegmentRun[] = [];
    for (let i = 0; i < packets.length; i++) {
      const { trackId } = batch.units[i]!;
      const encoder = this.#tracks.get(trackId);
      if (encoder) addRuns(runs, trackId, packets[i]!, encoder);
    }
    return batch.encodings.set(this.#segmentsKey, runs);
  }

  /** Packets of each unit of a batch, by position. */
  #packets(batch: Batch): OutgoingRtpPacket[][] {
    const known = batch.encodings.get<OutgoingRtpPacket[][]>(this.#packetsKey);
    if (known !== undefined) return known;
    const packets = batch.units.map((unit) => this.#encode(unit, batch));
    return batch.encodings.set(this.#packetsKey, packets);
  }

  #encode(unit: MediaUnit, batch: Batch): OutgoingRtpPacket[] {
    for (const track of batch.tracks) {
      if (track.id === unit.trackId) {
        return this.track(track).encode(unit, track);
      }
    }
    return [];
  }

  #openTrack(
    format: RtpPayloadFormat<CodecName>,
    payloadType: number,
  ): RtpTrackEncoder {
    return new RtpTrackEncoder({
      format,
      payloadType,
      ssrc: crypto.getRandomValues(new Uint32Array(1))[0]!,
      maxPacketBytes: this.#maxPacketBytes,
      onTooBig: (sizeBytes) =>
        this.#stream.options.logger.info(
          `RTP packets are too big (${sizeBytes} > ${this.#maxPacketBytes}), remuxing them into smaller ones`,
        ),
      onError: (error) => this.#errors.add(errorText(error)),
    });
  }
}

/** Answers of {@linkcode payloadTypeOf}: tracks never change, and it is asked once a unit. */
const payloadTypes = new WeakMap<Track, number>();

/** Payload type that the description gives a track. */
function payloadTypeOf(track: Track): number {
  const known = payloadTypes.get(track);
  if (known !== undefined) return known;
  const payloadType = mediaFromTrack(track, track.id).payloadTypes[0]!;
  payloadTypes.set(track, payloadType);
  return payloadType;
}

/** Writes one RTP packet; answers the offset behind it. Spec: RFC 3550 §5.1. */
function writePacket(
  into: Uint8Array,
  at: number,
  packet: OutgoingRtpPacket,
  encoder: RtpTrackEncoder,
): number {
  const { sequenceNumber, timestampTicks, body } = packet;
  const { payloadType, ssrc } = encoder.options;
  into[at] = packet.firstByte;
  into[at + 1] = packet.marker ? payloadType | 0b1000_0000 : payloadType;
  into[at + 2] = sequenceNumber >>> 8;
  into[at + 3] = sequenceNumber;
  into[at + 4] = timestampTicks >>> 24;
  into[at + 5] = timestampTicks >>> 16;
  into[at + 6] = timestampTicks >>> 8;
  into[at + 7] = timestampTicks;
  into[at + 8] = ssrc >>> 24;
  into[at + 9] = ssrc >>> 16;
  into[at + 10] = ssrc >>> 8;
  into[at + 11] = ssrc;
  into.set(body, at + RTP_HEADER_MIN_BYTES);
  return at + RTP_HEADER_MIN_BYTES + body.length;
}

/** Adds a unit's packets as runs: a run ends with the first packet that is shorter, or before one that is longer. */
function addRuns(
  runs: SegmentRun[],
  trackId: number,
  packets: readonly OutgoingRtpPacket[],
  encoder: RtpTrackEncoder,
): void {
  for (let from = 0; from < packets.length;) {
    const segmentBytes = outgoingPacketSizeBytes(packets[from]!);
    let end = from + 1;
    let sizeBytes = segmentBytes;
    for (let last = segmentBytes; end < packets.length; end++) {
      const packetBytes = outgoingPacketSizeBytes(packets[end]!);
      if (last < segmentBytes || packetBytes > segmentBytes) break;
      last = packetBytes;
      sizeBytes += packetBytes;
    }
    const bytes = new Uint8Array(sizeBytes);
    let at = 0;
    for (let i = from; i < end; i++) {
      at = writePacket(bytes, at, packets[i]!, encoder);
    }
    runs.push({ trackId, bytes, segmentBytes });
    from = end;
  }
}
