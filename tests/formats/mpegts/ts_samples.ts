import { joinBytes } from "#base/join_bytes.ts";
import { serializeAdtsHeader } from "#codecs/aac/adts.ts";
import { H264_PARAMETERS, h264Slice } from "#test/units.ts";
import type { WrittenStream } from "./ts_writer.ts";

/** PIDs of the samples. */
export const VIDEO_PID = 0x100;
export const AUDIO_PID = 0x101;
export const DATA_PID = 0x102;

/** Entries of a program map. */
export const H264_STREAM: WrittenStream = { pid: VIDEO_PID, streamType: 0x1b };
export const AAC_STREAM: WrittenStream = { pid: AUDIO_PID, streamType: 0x0f };
export const KLV_STREAM: WrittenStream = {
  pid: DATA_PID,
  streamType: 0x06,
  descriptors: "05044b4c5641",
};

/** Delimiter before each picture. */
export const H264_DELIMITER: Uint8Array = Uint8Array.of(9, 0xf0);

/** NAL units behind start codes of four bytes. */
export function annexB(...nals: readonly Uint8Array[]): Uint8Array {
  return joinBytes(nals.flatMap((nal) => [Uint8Array.of(0, 0, 0, 1), nal]));
}

/** A picture as encoders put it into a PES packet. */
export function h264Picture(isRandomAccess: boolean, fill = 0xab): Uint8Array {
  const { sps, pps } = H264_PARAMETERS;
  return annexB(
    H264_DELIMITER,
    ...(isRandomAccess ? [...sps, ...pps] : []),
    h264Slice(isRandomAccess, 200, fill),
  );
}

/** A frame of AAC-LC, 48 kHz, of that many channels. */
export function adtsFrame(
  fill: number,
  { sizeBytes = 30, channels = 2, sampleRateHz = 48_000 } = {},
): Uint8Array {
  const config = {
    audioObjectType: 2,
    sampleRateHz,
    channelConfiguration: channels,
  };
  return joinBytes([
    serializeAdtsHeader(config, sizeBytes),
    new Uint8Array(sizeBytes).fill(fill),
  ]);
}
