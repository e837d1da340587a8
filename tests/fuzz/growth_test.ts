import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ParseError } from "#base/errors.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import { MAX_PES_BYTES } from "#formats/mpegts/pes_assembler.ts";
import { ReorderBuffer } from "#formats/rtp/reorder_buffer.ts";
import { RtpUnitAssembler } from "#formats/rtp/unit_assembler.ts";
import {
  ChunkReader,
  MAX_BUFFERED_BYTES,
} from "#protocols/rtmp/wire/chunk_reader.ts";
import { Base64Decoder } from "#protocols/rtsp/tunnel/base64_decoder.ts";
import { WebSocketDecoder } from "#http/http1/websocket_frame.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import {
  MAX_RTSP_BODY_BYTES,
  MAX_RTSP_HEAD_BYTES,
} from "#protocols/rtsp/wire/rtsp_message.ts";
import { assert } from "#test/assert.ts";
import { rtpPacket } from "#test/units.ts";
import {
  H264_STREAM,
  h264Picture,
  VIDEO_PID,
} from "../formats/mpegts/ts_samples.ts";
import { TsWriter } from "../formats/mpegts/ts_writer.ts";
import type { StreamParser } from "./stream_run.ts";

/** What a peer sends before it is looked at how much of it is still there. */
const FLOOD_BYTES = 96 * 1_024 * 1_024;

/** What the collector, the parser itself and the measuring may take. */
const SLACK_BYTES = 2 * 1_024 * 1_024;

/** Units of RTP are handed over in pieces of this size. */
const MAX_RTP_UNIT_BYTES = 8 * 1_024 * 1_024;

const encoder = new TextEncoder();

const NO_SINK = {
  handleRequest: () => {},
  handleResponse: () => {},
  handleInterleaved: () => {},
  handleMessage: () => {},
  handlePing: () => {},
  handleClose: () => {},
  handleRtpUnit: () => {},
};

/** A peer that never comes to an end. */
interface Flood {
  readonly name: string;
  readonly open: () => StreamParser;
  /** Sent once. */
  readonly start?: Uint8Array;
  /** Sent again and again; `turn` counts from 0. */
  readonly piece: (turn: number) => Uint8Array;
  /** What the parser may keep. */
  readonly maxBytes: number;
}

const zeros = new Uint8Array(65_536);

const garbage = new Uint8Array(65_536).fill(0x4f);

const letters = new Uint8Array(65_536).fill(0x61);

const FLOODS: readonly Flood[] = [
  {
    name: "an RTSP message without end",
    open: () => new RtspReader(NO_SINK),
    piece: () => letters,
    maxBytes: MAX_RTSP_HEAD_BYTES,
  },
  {
    name: "RTSP headers without end",
    open: () => new RtspReader(NO_SINK),
    start: encoder.encode("OPTIONS * RTSP/1.0\r\n"),
    piece: () => encoder.encode("A: b\r\n"),
    maxBytes: MAX_RTSP_HEAD_BYTES,
  },
  {
    name: "RTSP bodies",
    open: () => new RtspReader(NO_SINK),
    start: encoder.encode(
      `X * RTSP/1.0\r\nContent-Length: ${MAX_RTSP_BODY_BYTES}\r\n\r\n`,
    ),
    piece: () => Uint8Array.of(0x61),
    maxBytes: MAX_RTSP_BODY_BYTES,
  },
  {
    name: "garbage before an RTSP client",
    open: () => new RtspReader(NO_SINK, { skipsGarbage: true }),
    piece: () => garbage,
    maxBytes: 0,
  },
  {
    name: "RTMP messages that never end, on every chunk stream",
    open: () => chunkReader(),
    start: Uint8Array.fromHex("02000000000004010000000000010000"),
    piece: (turn) => {
      const id = 3 + turn % 61;
      const header = turn < 61
        ? [id, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0]
        : [0xc0 | id];
      return Uint8Array.of(...header, ...zeros);
    },
    maxBytes: MAX_BUFFERED_BYTES,
  },
  {
    name: "RTMP headers of new chunk streams",
    open: () => chunkReader(),
    piece: (turn) =>
      Uint8Array.of(1, turn & 0xff, turn >> 8 & 0xff, ...zeros.subarray(0, 11)),
    maxBytes: 0,
  },
  {
    name: "WebSocket frames of 16 MB",
    open: () => {
      const decoder = new WebSocketDecoder(false, NO_SINK);
      return { push: (chunk) => void decoder.decode(chunk, chunk.length) };
    },
    start: Uint8Array.fromHex("827f0000000001000000"),
    piece: () => zeros.slice(0, 4_096),
    maxBytes: 0,
  },
  {
    name: "base64 in an HTTP tunnel",
    open: () => {
      const decoder = new Base64Decoder();
      return { push: (chunk) => void decoder.decode(chunk, chunk.length) };
    },
    piece: () => letters.slice(0, 4_096),
    maxBytes: 0,
  },
  {
    name: "RTP units that never end",
    open: () => new RtpUnitAssembler("marker", NO_SINK),
    piece: () => rtpPacket({}, new Uint8Array(1_400)),
    maxBytes: 2 * MAX_RTP_UNIT_BYTES,
  },
  {
    name: "RTP with a gap before every packet",
    open: () => {
      const buffer = new ReorderBuffer();
      return {
        push: (packet) => {
          buffer.push(packet);
          while (buffer.take() !== undefined);
        },
      };
    },
    piece: (turn) =>
      rtpPacket({ sequenceNumber: turn * 2 & 0xffff }, new Uint8Array(1_400)),
    maxBytes: 0,
  },
  {
    name: "PES packets that never end",
    open: () =>
      new MpegTsDemuxer({
        handleTracks: () => {},
        handleUnit: () => {},
        handleSkipped: () => {},
        handleError: () => {},
      }),
    start: new TsWriter().pat().pmt([H264_STREAM])
      .pes(VIDEO_PID, { payload: h264Picture(true), isUnbounded: true }).take()
      .subarray(0, 3 * 188),
    piece: continuation,
    maxBytes: MAX_PES_BYTES,
  },
];

/** A transport packet that goes on with a PES packet. */
function continuation(turn: number): Uint8Array {
  const packet = new Uint8Array(188).fill(0xa5);
  packet.set([0x47, VIDEO_PID >> 8, VIDEO_PID & 0xff, 0x10 | turn + 1 & 0x0f]);
  return packet;
}

function chunkReader(): StreamParser {
  const reader = new ChunkReader();
  return { push: (chunk) => reader.push(chunk, NO_SINK) };
}

for (const { name, open, start, piece, maxBytes } of FLOODS) {
  Deno.test(`no more than its limit is kept of ${name}`, () => {
    const beforeBytes = usedBytes();
    const parser = open();
    try {
      if (start) parser.push(start);
      let sentBytes = 0;
      for (let turn = 0; sentBytes < FLOOD_BYTES; turn++) {
        const chunk = piece(turn);
        parser.push(chunk);
        // Small pieces count for more: each costs a turn.
        sentBytes += Math.max(chunk.length, 512);
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
    const keptBytes = usedBytes() - beforeBytes;
    assert(
      keptBytes <= maxBytes + SLACK_BYTES,
      `${keptBytes} bytes are kept, at most ${maxBytes} may be`,
    );
    assert(parser !== undefined);
  });
}

/** What is still referred to, in bytes. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
