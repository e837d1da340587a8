import { MpegTsDemuxer, type MpegTsSink } from "#formats/mpegts/demuxer.ts";
import { TsMuxer } from "#formats/mpegts/muxer.ts";
import { H264_PARAMETERS, h264Slice } from "#test/units.ts";
import {
  AAC_STREAM,
  adtsFrame,
  annexB,
  AUDIO_PID,
  H264_STREAM,
  VIDEO_PID,
} from "../formats/mpegts/ts_samples.ts";
import { TsWriter } from "../formats/mpegts/ts_writer.ts";
import { MEDIA_SECOND_TEXT, mediaSecond } from "./media_second.ts";

/** One second: 5 Mbit/s of pictures, 47 frames of sound. */
const PICTURES = 25;
const PICTURE_BYTES = 25_000;
/** Seven transport packets, as datagrams have them. */
const CHUNK_BYTES = 7 * 188;

function second(): Uint8Array {
  const { sps, pps } = H264_PARAMETERS;
  const writer = new TsWriter().pat().pmt([H264_STREAM, AAC_STREAM]);
  for (let i = 0; i < PICTURES; i++) {
    const slice = h264Slice(i === 0, PICTURE_BYTES, 0x5a);
    const payload = i === 0 ? annexB(...sps, ...pps, slice) : annexB(slice);
    const ptsTicks = i * 3_600;
    writer.pes(VIDEO_PID, { ptsTicks, payload, isUnbounded: true });
    const sound = adtsFrame(i, { sizeBytes: 200 });
    writer.pes(AUDIO_PID, { ptsTicks, payload: sound, streamId: 0xc0 });
  }
  return writer.take();
}

const bytes = second();
const chunks: Uint8Array[] = [];
for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
  chunks.push(bytes.slice(at, at + CHUNK_BYTES));
}

const sink: MpegTsSink = {
  handleTracks() {},
  handleUnit() {},
  handleSkipped() {},
  handleError() {},
};

const size = `${bytes.length / 188} packets, ${
  (bytes.length * 8 / 1e6).toFixed(1)
} Mbit`;

Deno.bench(`demux a second in datagrams: ${size}`, { group: "demux" }, () => {
  const demuxer = new MpegTsDemuxer(sink);
  for (const chunk of chunks) demuxer.push(chunk);
  demuxer.end();
});

Deno.bench(`demux a second as a whole: ${size}`, { group: "demux" }, () => {
  const demuxer = new MpegTsDemuxer(sink);
  demuxer.push(bytes);
  demuxer.end();
});

const steps = mediaSecond();

Deno.bench(`mux ${MEDIA_SECOND_TEXT}`, { group: "mux" }, () => {
  const muxer = new TsMuxer({ latm: "adts", onError: () => {} });
  for (const { units, tracks } of steps) muxer.mux(units, tracks);
});
