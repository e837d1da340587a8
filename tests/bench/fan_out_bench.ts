// Cost of one picture of 20 KB for 200 readers, without the system's part: fan-out and one encoding.
// Budget: 100 µs for all readers together, 30 µs for the encoding.
//
// deno bench -A tests/bench/fan_out_bench.ts

import type { Batch } from "#core/batch.ts";
import { systemClock } from "#base/clock.ts";
import type { BatchSink } from "#core/subscription.ts";
import { Stream } from "#core/stream.ts";
import { createLogger } from "#base/log.ts";
import { RtspStreamEncoder } from "#protocols/rtsp/stream_encoder.ts";
import { RtmpStreamEncoder } from "#protocols/rtmp/stream_encoder.ts";
import { selectTracks } from "#protocols/rtmp/track_selection.ts";
import { PLAIN_CAPABILITIES } from "#protocols/rtmp/wire/capabilities.ts";
import { VIDEO, videoUnit } from "#test/units.ts";

const READERS = 200;
const FRAME_TICKS = 3_000;
const FRAME_BYTES = 20_000;

const limits = {
  maxUnits: 512,
  maxBytes: 1e9,
  maxAgeMs: 1e9,
  onDrop: () => {},
};

function openStream(): Stream {
  return new Stream({
    clock: systemClock,
    groupCache: { isOn: true, maxBytes: 1e7, maxDurationMs: 1e4 },
    logger: createLogger(() => {}, "error"),
  });
}

/** A publisher and readers that do with each batch what `deliver` says. */
function scene(
  deliver: (stream: Stream) => (batch: Batch) => void,
): () => void {
  const stream = openStream();
  const track = VIDEO;
  const publication = stream.attach([track]);
  const take = deliver(stream);
  for (let i = 0; i < READERS; i++) {
    const sink: BatchSink = {
      deliver(batch) {
        take(batch);
        return true;
      },
      end() {},
    };
    stream.subscribe(sink, limits).resume();
  }
  let frame = 0;
  return () => {
    publication.publish(
      track,
      videoUnit(frame * FRAME_TICKS, {
        isRandomAccess: frame++ % 60 === 0,
        sizeBytes: FRAME_BYTES,
      }),
    );
    publication.flush();
  };
}

const group = "one picture, 200 readers";

Deno.bench(
  "Stream alone",
  { group, baseline: true },
  scene(() => () => {}),
);

Deno.bench(
  "RTSP, interleaved",
  { group },
  scene((stream) => {
    const encoder = RtspStreamEncoder.of(stream, 1_452);
    encoder.use();
    const layout = { key: "0 0", channels: new Map([[0, 0]]) };
    return (batch) => encoder.interleaved(batch, layout);
  }),
);

Deno.bench(
  "RTSP, datagrams",
  { group },
  scene((stream) => {
    const encoder = RtspStreamEncoder.of(stream, 1_452);
    encoder.use();
    return (batch) => encoder.segments(batch);
  }),
);

Deno.bench(
  "RTMP",
  { group },
  scene((stream) => {
    const encoder = RtmpStreamEncoder.of(stream);
    const selection = selectTracks([VIDEO], PLAIN_CAPABILITIES);
    return (batch) => encoder.encode(batch, selection);
  }),
);
