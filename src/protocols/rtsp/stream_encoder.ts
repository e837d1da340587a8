import { errorText } from "#base/errors.ts";
import { SampledError } from "#base/log.ts";
import type { CodecName } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import type { SrtpExchange } from "#formats/mikey/srtp_exchange.ts";
import type { RtpPayloadFormat } from "#formats/rtp/payload_format.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import {
  outgoingPacketSizeBytes,
  type OutgoingRtpPacket,
  RtpTrackEncoder,
  writeOutgoingPacket,
} from "#formats/rtp/track_encoder.ts";
import { mediaFromTrack } from "#formats/sdp/codec_mapping.ts";
import { srtpOverheadBytes } from "#formats/srtp/srtp_keys.ts";
import { SEQUENCE_SPAN } from "#formats/srtp/srtp_packet.ts";
import { TrackProtection } from "./track_protection.ts";
import {
  INTERLEAVED_HEADER_BYTES,
  INTERLEAVED_MAGIC,
} from "./wire/interleaved_frame.ts";

/** Whether packets are protected: `"savp"` is SRTP. Spec: RFC 3551, RFC 3711 §12. */
export type RtpProfile = "avp" | "savp";

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
  readonly packetCount: number;
}

/** Where a batch stands among the RTP packets of all tracks that the encoder has made. */
export interface BatchPlace {
  readonly packetsBefore: number;
  /** With those of the batch. */
  readonly packetsAfter: number;
}

/** A batch as interleaved frames of one layout. */
export interface InterleavedBatch extends BatchPlace {
  /** Empty if it has none of the reader's tracks. */
  readonly bytes: Uint8Array;
  readonly packetCount: number;
}

/** A batch as datagrams, in order. */
export interface SegmentedBatch extends BatchPlace {
  readonly runs: readonly SegmentRun[];
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
  /** Name of its encodings; equal for equal settings. */
  readonly key: string;
  #stream: Stream;
  #maxPacketBytes: number;
  #isProtecting: boolean;
  #errors: SampledError;
  #packetsKey: string;
  #segmentsKey: string;
  #tracks = new Map<number, RtpTrackEncoder>();
  #protections = new Map<number, TrackProtection>();
  #subscription: Subscription | undefined;
  #users = 0;
  #packetCount = 0;
  #packetsBefore = new WeakMap<Batch, number>();

  private constructor(
    stream: Stream,
    settings: {
      readonly key: string;
      readonly maxPacketBytes: number;
      readonly profile: RtpProfile;
    },
  ) {
    const { key, maxPacketBytes, profile } = settings;
    this.key = key;
    this.#stream = stream;
    this.#maxPacketBytes = maxPacketBytes;
    this.#isProtecting = profile === "savp";
    const { logger, clock } = stream.options;
    this.#errors = new SampledError(logger, clock, "RTP");
    this.#packetsKey = `${key}/packets`;
    this.#segmentsKey = `${key}/segments`;
  }

  /** The encoder of a stream for packets of at most `maxPacketBytes`, header and protection included. */
  static of(
    stream: Stream,
    maxPacketBytes: number,
    profile: RtpProfile = "avp",
  ): RtspStreamEncoder {
    const key = `rtsp/${profile}/${maxPacketBytes}`;
    return stream.encoders.get<RtspStreamEncoder>(key) ??
      stream.encoders.set(
        key,
        new RtspStreamEncoder(stream, { key, maxPacketBytes, profile }),
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
        for (const protection of this.#protections.values()) protection.close();
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
    this.#protections.get(track.id)?.close();
    const protection = this.#isProtecting ? new TrackProtection() : undefined;
    if (protection) this.#protections.set(track.id, protection);
    const encoder = this.#openTrack(format, payloadType, protection);
    this.#tracks.set(track.id, encoder);
    return encoder;
  }

  /** Whether packets of these tracks have this source. */
  isSource(ssrc: number, tracks: readonly Track[]): boolean {
    return tracks.some((track) => this.track(track).options.ssrc === ssrc);
  }

  /** Number of a track's first packet from a batch on, or else of the packet that comes next; runs on past 16 bits. */
  startNumber(track: Track, from: Batch | undefined): number {
    const encoder = this.track(track);
    for (let batch = from; batch; batch = batch.next) {
      for (const unit of batch.units) {
        if (unit.trackId !== track.id) continue;
        return encoder.firstSequenceNumber(unit) ?? encoder.nextSequenceNumber;
      }
    }
    return encoder.nextSequenceNumber;
  }

  /** What a reader must know to read a track that begins with a batch, or else with what comes; undefined if nothing is protected. */
  exchange(track: Track, from: Batch | undefined): SrtpExchange | undefined {
    const { ssrc } = this.track(track).options;
    const protection = this.#protections.get(track.id);
    if (protection === undefined) return undefined;
    const number = this.startNumber(track, from);
    const rolloverCounter = Math.floor(number / SEQUENCE_SPAN);
    return {
      keys: protection.keys,
      rollovers: new Map([[ssrc, rolloverCounter]]),
    };
  }

  /** A report about a track as it is sent to one reader: protected where the media is. */
  protectReport(track: Track, packet: Uint8Array): Uint8Array {
    return this.#protections.get(track.id)?.protectRtcp(packet) ?? packet;
  }

  /** RTP packets of all tracks before a batch, or in all: what a reader did not get of them was left out. */
  packetsBefore(batch: Batch | undefined): number {
    return (batch && this.#packetsBefore.get(batch)) ?? this.#packetCount;
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

  /** A batch as interleaved frames. Hot path. */
  interleaved(batch: Batch, layout: ChannelLayout): InterleavedBatch {
    const known = batch.encodings.get<InterleavedBatch>(layout.key);
    if (known !== undefined) return known;
    const packets = this.#packets(batch);
    let sizeBytes = 0;
    let packetCount = 0;
    for (let i = 0; i < packets.length; i++) {
      if (!layout.channels.has(batch.units[i]!.trackId)) continue;
      packetCount += packets[i]!.length;
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
        at = writeOutgoingPacket(
          bytes,
          at + INTERLEAVED_HEADER_BYTES,
          packet,
          encoder.options,
        );
      }
    }
    const place = this.#placeOf(batch, packets);
    return batch.encodings.set(layout.key, { ...place, bytes, packetCount });
  }

  /** A batch as runs of datagrams of one size. Hot path. */
  segments(batch: Batch): SegmentedBatch {
    const known = batch.encodings.get<SegmentedBatch>(this.#segmentsKey);
    if (known !== undefined) return known;
    const packets = this.#packets(batch);
    const runs: SegmentRun[] = [];
    for (let i = 0; i < packets.length; i++) {
      const { trackId } = batch.units[i]!;
      const encoder = this.#tracks.get(trackId);
      if (encoder) addRuns(runs, trackId, packets[i]!, encoder);
    }
    const place = this.#placeOf(batch, packets);
    return batch.encodings.set(this.#segmentsKey, { ...place, runs });
  }

  /** Packets of each unit of a batch, by position. */
  #packets(batch: Batch): OutgoingRtpPacket[][] {
    const known = batch.encodings.get<OutgoingRtpPacket[][]>(this.#packetsKey);
    if (known !== undefined) return known;
    const packets = batch.units.map((unit) => this.#encode(unit, batch));
    if (!this.#packetsBefore.has(batch)) {
      this.#packetsBefore.set(batch, this.#packetCount);
      this.#packetCount += countOf(packets);
    }
    return batch.encodings.set(this.#packetsKey, packets);
  }

  #placeOf(
    batch: Batch,
    packets: readonly (readonly OutgoingRtpPacket[])[],
  ): BatchPlace {
    const packetsBefore = this.packetsBefore(batch);
    return { packetsBefore, packetsAfter: packetsBefore + countOf(packets) };
  }

  #encode(unit: MediaUnit, batch: Batch): OutgoingRtpPacket[] {
    for (const track of batch.tracks) {
      if (track.id === unit.trackId) {
        const encoder = this.track(track);
        const packets = encoder.encode(unit, track);
        const protection = this.#protections.get(track.id);
        return protection?.protect(packets, encoder.options) ?? packets;
      }
    }
    return [];
  }

  #openTrack(
    format: RtpPayloadFormat<CodecName>,
    payloadType: number,
    protection: TrackProtection | undefined,
  ): RtpTrackEncoder {
    const maxPacketBytes = this.#maxPacketBytes -
      (protection ? srtpOverheadBytes(protection.keys) : 0);
    return new RtpTrackEncoder({
      format,
      payloadType,
      ssrc: crypto.getRandomValues(new Uint32Array(1))[0]!,
      maxPacketBytes,
      onTooBig: (sizeBytes) =>
        this.#stream.options.logger.info(
          `RTP packets are too big (${sizeBytes} > ${maxPacketBytes}), remuxing them into smaller ones`,
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

function countOf(packets: readonly (readonly OutgoingRtpPacket[])[]): number {
  let count = 0;
  for (const ofUnit of packets) count += ofUnit.length;
  return count;
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
      at = writeOutgoingPacket(bytes, at, packets[i]!, encoder.options);
    }
    runs.push({ trackId, bytes, segmentBytes, packetCount: end - from });
    from = end;
  }
}
