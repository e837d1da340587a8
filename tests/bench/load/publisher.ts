import { Buffer } from "node:buffer";
import {
  avcDecoderConfiguration,
  FrameSource,
  PPS,
  SPS,
} from "./frame_source.ts";
import { openRtmpClient, type RtmpClient } from "./rtmp_client.ts";
import {
  INTERLEAVED_HEADER_BYTES,
  openRtspClient,
  type RtspClient,
  writeAll,
} from "./rtsp_client.ts";

const RTP_CLOCK_RATE_HZ = 90_000;
const RTP_HEADER_BYTES = 12;
const FU_HEADER_BYTES = 2;
const PAYLOAD_TYPE = 96;

/** Longest RTP packet: what every server passes on as it is. */
const MAX_RTP_PACKET_BYTES = 1_400;

const NAL_TYPE_FU_A = 28;

/** Sends frames of one stream; `frameIndex` makes the timestamp. */
interface FrameSender {
  send(frameIndex: number, isKeyFrame: boolean, nal: Uint8Array): Promise<void>;
}

/**
 * Publishes one stream until it is killed. Arguments: address, frames per
 * second, bytes a frame, frames from one key frame to the next.
 *
 * Prints `publishing` after the first frame.
 */
async function main(args: readonly string[]): Promise<void> {
  const url = args[0]!;
  const [framesPerSecond, frameBytes, gopFrames] = args.slice(1).map(Number);
  const source = new FrameSource({
    frameBytes: frameBytes!,
    gopFrames: gopFrames!,
  });
  const sender = url.startsWith("rtmp:")
    ? await openRtmpSender(url, framesPerSecond!)
    : await openRtspSender(url, framesPerSecond!);
  const startMs = performance.now();
  for (let index = 0;; index++) {
    const dueMs = startMs + index * 1_000 / framesPerSecond!;
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
  framesPerSecond: number,
): Promise<FrameSender> {
  const client: RtmpClient = await openRtmpClient(url);
  await client.publish(url.split("/").at(-1)!);
  await client.sendData("@setDataFrame", "onMetaData", {
    width: 1_280,
    height: 720,
    framerate: framesPerSecond,
    videocodecid: 7,
  });
  const header = [0x17, 0, 0, 0, 0, ...avcDecoderConfiguration()];
  await client.sendVideo(0, Uint8Array.from(header));
  client.drain().then(fail, fail);
  return {
    async send(index, isKeyFrame, nal) {
      const payload = new Uint8Array(9 + nal.length);
      payload[0] = isKeyFrame ? 0x17 : 0x27;
      payload[1] = 1;
      new DataView(payload.buffer).setUint32(5, nal.length);
      payload.set(nal, 9);
      await client.sendVideo(
        Math.round(index * 1_000 / framesPerSecond),
        payload,
      );
    },
  };
}

async function openRtspSender(
  url: string,
  framesPerSecond: number,
): Promise<FrameSender> {
  const client: RtspClient = await openRtspClient(url);
  const parameterSets = [SPS, PPS]
    .map((nal) => Buffer.from(nal).toString("base64"));
  await client.record([
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=bench",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
    `a=rtpmap:${PAYLOAD_TYPE} H264/${RTP_CLOCK_RATE_HZ}`,
    `a=fmtp:${PAYLOAD_TYPE} packetization-mode=1; sprop-parameter-sets=` +
    `${parameterSets.join(",")}; profile-level-id=42C028`,
    "a=control:trackID=0",
    "",
  ].join("\r\n"));
  drain(client.conn).then(fail, fail);
  const packetizer = new Packetizer();
  return {
    async send(index, isKeyFrame, nal) {
      const ticks = Math.round(index * RTP_CLOCK_RATE_HZ / framesPerSecond);
      const nals = isKeyFrame ? [SPS, PPS, nal] : [nal];
      await writeAll(client.conn, packetizer.packetize(ticks, nals));
    },
  };
}

/** Makes interleaved RTP packets, a whole frame at a time. */
class Packetizer {
  #sequenceNumber = 0;
  #out: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #outBytes = 0;

  /** Packets of one access unit; valid until the next call. */
  packetize(
    timestampTicks: number,
    nals: readonly Uint8Array[],
  ): Uint8Array<ArrayBuffer> {
    const nalBytes = nals.reduce((sum, nal) => sum + nal.length, 0);
    const sizeBytes = nalBytes * 2;
    if (this.#out.length < sizeBytes) this.#out = new Uint8Array(sizeBytes);
    this.#outBytes = 0;
    for (const [i, nal] of nals.entries()) {
      this.#addNal(timestampTicks, nal, i === nals.length - 1);
    }
    return this.#out.subarray(0, this.#outBytes);
  }

  #addNal(timestampTicks: number, nal: Uint8Array, isLast: boolean): void {
    if (RTP_HEADER_BYTES + nal.length <= MAX_RTP_PACKET_BYTES) {
      this.#addPacket(timestampTicks, isLast, [], nal);
      return;
    }
    const indicator = nal[0]! & 0b1110_0000 | NAL_TYPE_FU_A;
    const type = nal[0]! & 0b0001_1111;
    const room = MAX_RTP_PACKET_BYTES - RTP_HEADER_BYTES - FU_HEADER_BYTES;
    for (let at = 1; at < nal.length; at += room) {
      const isEnd = at + room >= nal.length;
      const flags = (at === 1 ? 0b1000_0000 : 0) | (isEnd ? 0b0100_0000 : 0);
      const part = nal.subarray(at, Math.min(at + room, nal.length));
      const header = [indicator, flags | type];
      this.#addPacket(timestampTicks, isLast && isEnd, header, part);
    }
  }

  #addPacket(
    timestampTicks: number,
    marker: boolean,
    payloadHeader: readonly number[],
    payload: Uint8Array,
  ): void {
    const sizeBytes = RTP_HEADER_BYTES + payloadHeader.length + payload.length;
    const view = new DataView(this.#out.buffer, this.#outBytes);
    view.setUint32(0, 0x24_00_0000 | sizeBytes);
    view.setUint16(4, 0x80_00 | (marker ? 0x80 : 0) | PAYLOAD_TYPE);
    view.setUint16(6, this.#sequenceNumber);
    view.setUint32(8, timestampTicks);
    view.setUint32(12, 0x5eed);
    const at = this.#outBytes + INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES;
    this.#out.set(payloadHeader, at);
    this.#out.set(payload, at + payloadHeader.length);
    this.#outBytes += INTERLEAVED_HEADER_BYTES + sizeBytes;
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
  }
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
