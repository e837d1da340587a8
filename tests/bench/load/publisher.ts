import type { CodecName, LoadCodec, RtpPayload } from "./codecs/load_codec.ts";
import { LOAD_CODECS } from "./codecs/load_codecs.ts";
import { FrameSource } from "./frame_source.ts";
import { openRtmpClient, type RtmpClient } from "./rtmp_client.ts";
import {
  INTERLEAVED_HEADER_BYTES,
  openRtspClient,
  type RtspClient,
  writeAll,
} from "./rtsp_client.ts";

const RTP_CLOCK_RATE_HZ = 90_000;
const RTP_HEADER_BYTES = 12;
const PAYLOAD_TYPE = 96;
const SSRC = 0x5eed;

/** Longest RTP packet: what every server passes on as it is. */
const MAX_RTP_PACKET_BYTES = 1_400;

/** Sends frames of one stream; `frameIndex` makes the timestamp. */
interface FrameSender {
  send(
    frameIndex: number,
    isKeyFrame: boolean,
    picture: Uint8Array,
  ): Promise<void>;
}

/** What is published, and how often. */
interface Stream {
  readonly codec: LoadCodec;
  readonly framesPerSecond: number;
}

/**
 * Publishes one stream until it is killed. Arguments: address, frames per
 * second, bytes a frame, frames from one key frame to the next, and the codec
 * (H264 if there is none).
 *
 * Prints `publishing` after the first frame.
 */
async function main(args: readonly string[]): Promise<void> {
  const url = args[0]!;
  const framesPerSecond = Number(args[1]);
  const codec = LOAD_CODECS[(args[4] ?? "h264") as CodecName];
  const source = new FrameSource({
    frameBytes: Number(args[2]),
    gopFrames: Number(args[3]),
    codec,
  });
  const sender = url.startsWith("rtmp:")
    ? await openRtmpSender(url, { codec, framesPerSecond })
    : await openRtspSender(url, { codec, framesPerSecond });
  const startMs = performance.now();
  for (let index = 0;; index++) {
    const dueMs = startMs + index * 1_000 / framesPerSecond;
    await delay(dueMs - performance.now());
    const isKeyFrame = source.isNextKeyFrame;
    await sender.send(index, isKeyFrame, source.next());
    if (index === 0) {
      Deno.stdout.writeSync(new TextEncoder().encode("publishing\n"));
    }
  }
}

async function openRtmpSender(
  url: string,
  { codec, framesPerSecond }: Stream,
): Promise<FrameSender> {
  const { fourCc } = codec;
  const client: RtmpClient = await openRtmpClient(url, { fourCc });
  await client.publish(url.split("/").at(-1)!);
  await client.sendData("@setDataFrame", "onMetaData", {
    width: 1_280,
    height: 720,
    framerate: framesPerSecond,
    videocodecid: codec.videoCodecId,
  });
  await client.sendVideo(0, codec.sequenceHeader);
  client.drain().then(fail, fail);
  return {
    async send(index, isKeyFrame, picture) {
      await client.sendVideo(
        Math.round(index * 1_000 / framesPerSecond),
        codec.rtmpMessage(picture, isKeyFrame),
      );
    },
  };
}

async function openRtspSender(
  url: string,
  { codec, framesPerSecond }: Stream,
): Promise<FrameSender> {
  const client: RtspClient = await openRtspClient(url);
  await client.record([
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=bench",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
    `a=rtpmap:${PAYLOAD_TYPE} ${codec.encodingName}/${RTP_CLOCK_RATE_HZ}`,
    `a=fmtp:${PAYLOAD_TYPE} ${codec.fmtp}`,
    "a=control:trackID=0",
    "",
  ].join("\r\n"));
  drain(client.conn).then(fail, fail);
  const packets = new InterleavedPackets();
  const maxPayloadBytes = MAX_RTP_PACKET_BYTES - RTP_HEADER_BYTES;
  return {
    async send(index, isKeyFrame, picture) {
      const ticks = Math.round(index * RTP_CLOCK_RATE_HZ / framesPerSecond);
      const payloads = codec.rtpPayloads(picture, isKeyFrame, maxPayloadBytes);
      await writeAll(client.conn, packets.serialize(ticks, payloads));
    },
  };
}

/** Makes interleaved RTP packets, a whole frame at a time. */
class InterleavedPackets {
  #sequenceNumber = 0;

  /** The packets of one frame, the last one marked. */
  serialize(
    timestampTicks: number,
    payloads: readonly RtpPayload[],
  ): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(
      payloads.reduce((sum, one) => sum + packetBytes(one), 0),
    );
    let at = 0;
    for (const [i, payload] of payloads.entries()) {
      const { header, data } = payload;
      const endsFrame = i === payloads.length - 1;
      const view = new DataView(bytes.buffer, at);
      const rtpBytes = packetBytes(payload) - INTERLEAVED_HEADER_BYTES;
      view.setUint32(0, 0x24_00_0000 | rtpBytes);
      view.setUint16(4, 0x80_00 | (endsFrame ? 0x80 : 0) | PAYLOAD_TYPE);
      view.setUint16(6, this.#sequenceNumber);
      view.setUint32(8, timestampTicks);
      view.setUint32(12, SSRC);
      at += INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES;
      bytes.set(header, at);
      bytes.set(data, at + header.length);
      at += header.length + data.length;
      this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    }
    return bytes;
  }
}

/** Bytes of a packet with its interleaved header. */
function packetBytes({ header, data }: RtpPayload): number {
  return INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES + header.length +
    data.length;
}

async function drain(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4_096);
  while (await conn.read(buffer) !== null);
}

function fail(reason: unknown): never {
  throw new Error("The server has ended the publisher", { cause: reason });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

await main(Deno.args);
