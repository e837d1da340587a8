import { createLogger } from "#base/log.ts";
import type { H264Parameters } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Publication, PublishedUnit } from "#core/publication.ts";
import { Stream, type StreamOptions } from "#core/stream.ts";
import type { BatchSink, QueueLimits } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { serializeRtpHeader } from "#formats/rtp/rtp_header.ts";
import { FakeClock } from "./fake_clock.ts";

/** Parameter sets of a stream without reordering [x264, 640x360, 25 fps]. */
export const H264_PARAMETERS: H264Parameters = {
  codec: "h264",
  sps: [
    Uint8Array.fromHex(
      "6742c01ed900a02ff97011000003000100000300320f162e48",
    ),
  ],
  pps: [Uint8Array.fromHex("68cb83cb20")],
};

/** Parameter sets of a stream with B-frames [x264, 1920x1080, 30 fps]. */
export const H264_REORDERED_PARAMETERS: H264Parameters = {
  codec: "h264",
  sps: [
    Uint8Array.fromHex(
      "67640028acd940780227e5c044000003000400000300f03c60c658",
    ),
  ],
  pps: [Uint8Array.fromHex("68ebe3cb22c0")],
};

/** An H264 track. */
export const VIDEO: Track = {
  id: 0,
  kind: "video",
  codec: H264_PARAMETERS,
  clockRateHz: 90_000,
};

/** An AAC-LC track, stereo, 48 kHz. */
export const AUDIO: Track = {
  id: 1,
  kind: "audio",
  codec: {
    codec: "aac",
    audioSpecificConfig: Uint8Array.of(0x11, 0x90),
    sampleRateHz: 48_000,
    channelCount: 2,
  },
  clockRateHz: 48_000,
};

/** Duration of a frame of {@linkcode VIDEO}, ticks. */
export const VIDEO_FRAME_TICKS = 3_600;

/** Duration of a frame of {@linkcode AUDIO}, ticks. */
export const AUDIO_FRAME_TICKS = 1_024;

/** A slice of a picture: an IDR picture if a decoder may start there. */
export function h264Slice(
  isRandomAccess: boolean,
  sizeBytes = 20,
  fill = 0xab,
): Uint8Array<ArrayBuffer> {
  const nal = new Uint8Array(sizeBytes).fill(fill);
  nal.set(isRandomAccess ? [0x65, 0x88] : [0x41, 0x9a]);
  return nal;
}

/** A picture as payload, shown when it is decoded unless told otherwise. */
export function videoUnit(
  dtsTicks: number,
  options: Partial<PublishedUnit> & { readonly fill?: number } = {},
): PublishedUnit {
  const { isRandomAccess = false, sizeBytes = 20, fill, ...rest } = options;
  return {
    ptsTicks: dtsTicks,
    dtsTicks,
    isRandomAccess,
    sizeBytes,
    origin: {
      kind: "payload",
      parts: [h264Slice(isRandomAccess, sizeBytes, fill)],
    },
    ...rest,
  };
}

/** One frame of audio as payload. */
export function audioUnit(ptsTicks: number, sizeBytes = 6): PublishedUnit {
  return {
    ptsTicks,
    dtsTicks: ptsTicks,
    isRandomAccess: true,
    sizeBytes,
    origin: { kind: "payload", parts: [new Uint8Array(sizeBytes).fill(0x21)] },
  };
}

/** Fields of an RTP packet; what is left out is zero. */
export interface RtpPacketFields {
  readonly payloadType?: number;
  readonly sequenceNumber?: number;
  readonly timestampTicks?: number;
  readonly ssrc?: number;
  readonly marker?: boolean;
}

/** A whole RTP packet. */
export function rtpPacket(
  fields: RtpPacketFields,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(12 + payload.length);
  serializeRtpHeader(packet, 0, {
    payloadType: 96,
    sequenceNumber: 0,
    timestampTicks: 0,
    ssrc: 0x1234_5678,
    marker: false,
    ...fields,
  });
  packet.set(payload, 12);
  return packet;
}

/** AAC as RTP carries it in mode AAC-hbr: one AU header, one frame. */
export function aacPayload(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(4 + frame.length);
  payload.set([0, 16, frame.length >> 5, frame.length << 3]);
  payload.set(frame, 4);
  return payload;
}

/** A stream with a fake clock that remembers its warnings. */
export interface TestStream {
  readonly stream: Stream;
  readonly clock: FakeClock;
  readonly warnings: string[];
}

/** Opens a stream; the group cache is large unless told otherwise. */
export function testStream(
  groupCache: Partial<StreamOptions["groupCache"]> = {},
  clock: FakeClock = new FakeClock(),
): TestStream {
  const warnings: string[] = [];
  const stream = new Stream({
    clock,
    groupCache: {
      isOn: true,
      maxBytes: 2_000_000,
      maxDurationMs: 60_000,
      ...groupCache,
    },
    logger: createLogger((_, text) => warnings.push(text), "warn"),
  });
  return { stream, clock, warnings };
}

/** Publishes a picture and hands it over. */
export function publishPicture(
  publication: Publication,
  dtsTicks: number,
  options: Parameters<typeof videoUnit>[1] = {},
): void {
  publication.publish(VIDEO, videoUnit(dtsTicks, options));
  publication.flush();
}

/** Queue limits that nothing reaches. */
export function noLimits(changes: Partial<QueueLimits> = {}): QueueLimits {
  return {
    maxUnits: Infinity,
    maxBytes: Infinity,
    maxAgeMs: Infinity,
    onDrop: () => {},
    ...changes,
  };
}

/** A reader that keeps what it gets, and can be slow. */
export class CollectingSink implements BatchSink {
  readonly batches: Batch[] = [];
  endReason: string | undefined;
  /** Batches that it takes before a write is in flight. */
  credit: number;

  /** `credit`: batches that go through at once; all of them if left out. */
  constructor(credit = Infinity) {
    this.credit = credit;
  }

  /** Units of all batches. */
  get units(): MediaUnit[] {
    return this.batches.flatMap((batch) => [...batch.units]);
  }

  /** Decoding times of the units in milliseconds of stream time, rounded. */
  get timesMs(): number[] {
    return this.batches.flatMap((batch) =>
      batch.units.map((unit) => {
        const track = batch.tracks.find(({ id }) => id === unit.trackId)!;
        return Math.round(unit.dtsTicks * 1_000 / track.clockRateHz);
      })
    );
  }

  deliver(batch: Batch): boolean {
    this.batches.push(batch);
    return --this.credit > 0;
  }

  end(reason: string): void {
    this.endReason = reason;
  }
}
