import type { Batch } from "#core/batch.ts";
import type { BatchSink } from "#core/subscription.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { ntpFromUnixMs } from "#formats/rtp/rtcp/ntp_time.ts";
import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import { rtpPayloadType, rtpTimestampTicks } from "#formats/rtp/rtp_packet.ts";
import { RtmpIngest } from "#protocols/rtmp/ingest.ts";
import { RtmpStreamEncoder } from "#protocols/rtmp/stream_encoder.ts";
import { selectTracks } from "#protocols/rtmp/track_selection.ts";
import { PLAIN_CAPABILITIES } from "#protocols/rtmp/wire/capabilities.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import { RTMP_MESSAGE_TYPE } from "#protocols/rtmp/wire/messages.ts";
import { RtspIngest } from "#protocols/rtsp/ingest.ts";
import { RtspStreamEncoder } from "#protocols/rtsp/stream_encoder.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { assert } from "#test/assert.ts";
import {
  aacPayload,
  AUDIO,
  h264Slice,
  noLimits,
  rtpPacket,
  testStream,
  VIDEO,
} from "#test/units.ts";
import {
  audioFrame,
  audioHeader,
  picture,
  videoHeader,
} from "../protocols/rtmp/messages.ts";

const HOUR_MS = 3_600_000;
/** A whole number of ticks of both clocks, and of RTP's in a millisecond. */
const UNIT_INTERVAL_MS = 500;
const AUDIO_DELAY_MS = 37;
const REPORT_INTERVAL_MS = 5_000;
const WALL_MS = 1_750_000_000_000;

/** Both RTP clocks wrap within the hour. */
const VIDEO_BASE = 2 ** 32 - 60 * 90_000;
const AUDIO_BASE = 2 ** 32 - 90 * 48_000;

/** Collects the times at which units of each kind leave, in milliseconds of a line of their own. */
class TimeSink implements BatchSink {
  readonly videoMs: number[] = [];
  readonly audioMs: number[] = [];
  #take: (batch: Batch, sink: TimeSink) => void;

  constructor(take: (batch: Batch, sink: TimeSink) => void) {
    this.#take = take;
  }

  deliver(batch: Batch): boolean {
    this.#take(batch, this);
    return true;
  }

  end(): void {}
}

/** Every unit left when it should, but for a time that all have in common. */
function assertInSync({ videoMs, audioMs }: TimeSink, limitMs: number): void {
  const count = HOUR_MS / UNIT_INTERVAL_MS;
  assert(videoMs.length >= count, `${videoMs.length} pictures`);
  assert(audioMs.length >= count - 1, `${audioMs.length} frames of sound`);
  const startMs = videoMs[0]!;
  const worst = (times: readonly number[], delayMs: number) =>
    Math.max(
      ...times.map((ms, i) =>
        Math.abs(ms - startMs - delayMs - i * UNIT_INTERVAL_MS)
      ),
    );
  const video = worst(videoMs, 0);
  const audio = worst(audioMs, AUDIO_DELAY_MS);
  assert(video <= limitMs, `a picture is off by ${video} ms`);
  assert(audio <= limitMs, `sound is off by ${audio} ms`);
}

Deno.test("an hour from RTSP to RTMP stays in sync within 1 ms, over wraps of both clocks", () => {
  const { stream, clock } = testStream();
  const ingest = new RtspIngest({
    tracks: [VIDEO, AUDIO].map((track, i) => ({
      track,
      format: payloadFormatFor(track.codec),
      payloadType: 96 + i,
      keyFrameFeedback: undefined,
    })),
    publication: stream.attach([VIDEO, AUDIO]),
    clock,
    isReordering: false,
    useAbsoluteTimestamp: false,
    sendRtcp: () => {},
    onError: (message) => assert(false, message),
    onLoss: (count) => assert(false, `${count} lost`),
  });
  const chunks = new ChunkReader();
  const encoder = RtmpStreamEncoder.of(stream);
  const selection = selectTracks([VIDEO, AUDIO], PLAIN_CAPABILITIES);
  const sink = new TimeSink((batch, { videoMs, audioMs }) =>
    chunks.push(encoder.encode(batch, selection), {
      handleMessage({ typeId, timestampMs }) {
        const isVideo = typeId === RTMP_MESSAGE_TYPE.video;
        (isVideo ? videoMs : audioMs).push(timestampMs);
      },
    })
  );
  const chunkSize = { typeId: 1, messageStreamId: 0, timestampMs: 0 };
  const payload = Uint8Array.of(0, 1, 0, 0);
  chunks.push(serializeRtmpMessages([{ ...chunkSize, payload }], 128), {
    handleMessage: () => {},
  });
  stream.subscribe(sink, noLimits()).resume();
  const send = (index: 0 | 1, number: number, atMs: number) => {
    const [base, hz] = index === 0
      ? [VIDEO_BASE, 90_000]
      : [AUDIO_BASE, 48_000];
    const timestampTicks = (base + atMs * hz / 1_000) % 2 ** 32;
    if (atMs % REPORT_INTERVAL_MS < UNIT_INTERVAL_MS) {
      ingest.handleRtcp(
        index,
        serializeRtcpCompound([{
          type: "senderReport",
          ssrc: 1,
          ntp: ntpFromUnixMs(WALL_MS + atMs),
          rtpTimestampTicks: timestampTicks,
          packetCount: 0,
          octetCount: 0,
          reportBlocks: [],
        }]),
      );
    }
    const fields = {
      payloadType: 96 + index,
      sequenceNumber: number & 0xffff,
      timestampTicks,
      marker: true,
    };
    const payload = index === 0
      ? h264Slice(number % 4 === 0)
      : aacPayload(Uint8Array.of(0x21, 0x10));
    ingest.handleRtp(index, rtpPacket(fields, payload));
    ingest.flush();
  };
  for (let atMs = 0; atMs <= HOUR_MS; atMs += UNIT_INTERVAL_MS) {
    const number = atMs / UNIT_INTERVAL_MS;
    send(0, number, atMs);
    clock.advance(AUDIO_DELAY_MS);
    send(1, number, atMs + AUDIO_DELAY_MS);
    clock.advance(UNIT_INTERVAL_MS - AUDIO_DELAY_MS);
  }
  ingest.end();
  assertInSync(sink, 1);
});

Deno.test("an hour from RTMP to RTSP stays in sync within 1 ms", () => {
  const { stream, clock } = testStream();
  const ingest = new RtmpIngest({
    clock,
    attach: (tracks) => stream.attach(tracks),
    onRefused: (error) => assert(false, String(error)),
    onSkipped: (kind) => assert(false, `${kind} was left out`),
  });
  const encoder = RtspStreamEncoder.of(stream, 1_452, "avp");
  using _use = encoder.use();
  const last = new Map<number, number>();
  const reader = (sink: TimeSink) =>
    new RtspReader({
      handleRequest: () => {},
      handleInterleaved(channel, packet) {
        if (channel % 2 !== 0) return;
        const [hz, times] = channel === 0
          ? [90_000, sink.videoMs]
          : [48_000, sink.audioMs];
        const ticks = rtpTimestampTicks(packet);
        const key = rtpPayloadType(packet);
        const step = ticks - (last.get(key) ?? ticks) | 0;
        last.set(key, ticks);
        times.push((times.at(-1) ?? 0) + step * 1_000 / hz);
      },
    });
  const layout = { key: "time", channels: new Map([[0, 0], [1, 2]]) };
  let frames: RtspReader | undefined;
  let firstAudioMs = 0;
  const sink = new TimeSink((batch, self) => {
    frames ??= reader(self);
    const first = batch.units.find(({ trackId }) => trackId === 1);
    if (first && self.audioMs.length === 0) {
      firstAudioMs = first.ptsTicks / 48;
    }
    frames.push(encoder.interleaved(batch, layout).bytes);
  });
  ingest.handleMedia(videoHeader());
  ingest.handleMedia(audioHeader());
  for (let atMs = 0; atMs <= HOUR_MS; atMs += UNIT_INTERVAL_MS) {
    const isRandomAccess = atMs % 2_000 === 0;
    ingest.handleMedia(picture(atMs, { isRandomAccess }));
    ingest.flush();
    if (atMs === 0) stream.subscribe(sink, noLimits()).resume();
    clock.advance(AUDIO_DELAY_MS);
    ingest.handleMedia(audioFrame(atMs + AUDIO_DELAY_MS));
    ingest.flush();
    clock.advance(UNIT_INTERVAL_MS - AUDIO_DELAY_MS);
  }
  ingest.end();
  const videoStartMs = stream.groupStart!.units[0]!.ptsTicks / 90 - HOUR_MS;
  const audioMs = sink.audioMs.map((ms) => ms + firstAudioMs - videoStartMs);
  const shifted = new TimeSink(() => {});
  shifted.videoMs.push(...sink.videoMs);
  shifted.audioMs.push(...audioMs);
  assertInSync(shifted, 1);
});
