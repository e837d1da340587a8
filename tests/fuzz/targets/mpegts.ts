import { splitAnnexB } from "#codecs/annex_b.ts";
import { ParseError } from "#base/errors.ts";
import { pictureTiming } from "#codecs/picture_timing.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import { readDescriptors } from "#formats/mpegts/descriptors.ts";
import { MpegTsError } from "#formats/mpegts/errors.ts";
import { PesAssembler } from "#formats/mpegts/pes_assembler.ts";
import { emptyPesHeader, parsePesHeader } from "#formats/mpegts/pes_header.ts";
import {
  parseProgramAssociation,
  parseProgramMap,
} from "#formats/mpegts/program_tables.ts";
import { PsiReader } from "#formats/mpegts/psi_section.ts";
import { TsPacketSplitter } from "#formats/mpegts/packet_splitter.ts";
import {
  emptyTsHeader,
  parseTsHeader,
  TS_PACKET_BYTES,
} from "#formats/mpegts/ts_packet.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { assert } from "#test/assert.ts";
import {
  AAC_STREAM,
  adtsFrame,
  annexB,
  H264_STREAM,
  h264Picture,
  KLV_STREAM,
} from "../../formats/mpegts/ts_samples.ts";
import {
  mapSection,
  pesBytes,
  TsWriter,
  type WrittenStream,
} from "../../formats/mpegts/ts_writer.ts";
import { joinFramed, splitFramed } from "../framed_units.ts";
import { type FuzzTarget, takes } from "../fuzz_target.ts";
import { distinct, hexSeeds } from "../literal_seeds.ts";
import { type StreamOutput, takesStream } from "../stream_run.ts";
import { bytesTarget, tryEach } from "./codecs.ts";
import { PARTS } from "./payload_parameters.ts";

/** One stream of every codec, at neighbouring PIDs. */
const STREAMS: readonly WrittenStream[] = [
  ...[0x1b, 0x24, 0x10, 0x02, 0x0f, 0x11, 0x03, 0x81].map((streamType) => ({
    streamType,
    descriptors: "",
  })),
  // Opus of two channels; KLV, with and without cells.
  { streamType: 0x06, descriptors: "05044f707573" + "7f028002" },
  { streamType: 0x06, descriptors: "05044b4c5641" },
  { streamType: 0x15, descriptors: "260900ff4b4c5641000f00" },
].map((stream, i) => ({ ...stream, pid: 0x100 + i }));

const MAX_PAYLOAD_BYTES = 1_400;

const tsHeader = emptyTsHeader();

const CODEC_TESTS = [
  "h264",
  "h265",
  "mpeg4_video",
  "mpeg12_video",
  "aac",
  "aac_latm",
  "mpeg_audio",
  "ac3",
  "opus",
  "klv",
].map((codec) => `formats/mpegts/codecs/${codec}_test.ts`);

/** Transport streams from their packets to the frames in them. */
export const MPEGTS_TARGETS: readonly FuzzTarget[] = [
  bytesTarget(
    "annex_b",
    ["codecs/annex_b_test.ts"],
    (bytes) => splitAnnexB(bytes)?.length || undefined,
    [annexB(Uint8Array.of(9, 0xf0), Uint8Array.of(0x65, 0, 0, 3, 1))],
  ),
  {
    name: "mpegts_stream",
    seeds: () => [clip(1), clip(2)],
    rejects: [MpegTsError],
    cost: 4,
    passes: 2,
    run: takesStream((output) => {
      const demuxer = openDemuxer(output);
      return { push: (chunk) => demuxer.push(chunk.slice()) };
    }),
  },
  {
    name: "mpegts_packets",
    seeds: () => [clip(1)],
    rejects: [],
    cost: 4,
    passes: 2,
    run: takesStream((output) => {
      const splitter = new TsPacketSplitter({
        handlePacket: (bytes, at) => {
          const packet = bytes.slice(at, at + TS_PACKET_BYTES);
          if (parseTsHeader(bytes, at, tsHeader) !== undefined) return;
          const { pid, payloadOffsetBytes } = tsHeader;
          assert(payloadOffsetBytes <= TS_PACKET_BYTES, "no payload");
          output.add(`${pid}`, packet);
        },
        handleLostSync: () => {},
      });
      return { push: (chunk) => splitter.push(chunk) };
    }),
  },
  {
    name: "mpegts_pes",
    seeds: pesSeeds,
    rejects: [MpegTsError],
    cost: 2,
    // Two bytes may be a packet: there are a hundred times as many as there are bytes.
    passes: 6,
    run: (input) => demuxPes(splitFramed(input)),
  },
  {
    name: "mpegts_sections",
    seeds: () => [
      joinFramed([clip(1).subarray(0, 188)]),
      joinFramed([section(mapSection([...STREAMS])), section(mapSection([]))]),
    ],
    rejects: [ParseError],
    // A few bytes are a packet: there are a hundred times as many as there are bytes.
    passes: 6,
    run: (input) => readSections(splitFramed(input)),
  },
  bytesTarget("mpegts_tables", ["formats/mpegts/program_tables_test.ts"], (
    body,
  ) => {
    tryEach(() => parseProgramAssociation(body), () => readDescriptors(body));
    return parseProgramMap(body);
  }, [mapSection(STREAMS).subarray(8, -4)]),
  {
    name: "mpegts_pes_header",
    seeds: () =>
      distinct([
        ...hexSeeds("formats/mpegts/pes_header_test.ts"),
        pesBytes({ ptsTicks: 9, dtsTicks: 7, payload: new Uint8Array(9) }),
      ]),
    rejects: [],
    run: takes((bytes) => {
      const header = emptyPesHeader();
      if (parsePesHeader(bytes, header) !== undefined) return undefined;
      assert(header.payloadOffsetBytes <= bytes.length, "no payload");
      return header;
    }),
  },
];

/** What a demuxer finds is noted, and can go out over RTP. */
function openDemuxer(output: StreamOutput): MpegTsDemuxer {
  return new MpegTsDemuxer({
    handleTracks: (tracks) => {
      output.add(`tracks ${tracks.map(({ codec }) => codec.codec)}`);
      for (const { codec } of tracks) {
        tryEach(() => pictureTiming(codec));
        payloadFormatFor(codec);
      }
    },
    handleUnit: ({ id, codec }, unit) => {
      assert(unit.dtsTicks <= unit.ptsTicks, "decoded after it is shown");
      if (unit.origin.kind !== "payload") return;
      const { parts } = unit.origin;
      assert(parts.length > 0, "a unit has no parts");
      output.add(`${id}@${unit.ptsTicks}`, ...parts);
      tryEach(() =>
        payloadFormatFor(codec).openPacketizer(codec, MAX_PAYLOAD_BYTES)
          .packetize(parts, unit.isRandomAccess)
      );
    },
    handleSkipped: () => {},
    handleError: () => {},
  });
}

/** PES packets of streams of every codec: the first byte of each says of which, and whether something is lost before. */
function demuxPes(parts: readonly Uint8Array[]): boolean {
  let found = 0;
  const writer = new TsWriter().pat().pmt(STREAMS);
  for (const part of parts) {
    const [choice = 0] = part;
    const { pid } = STREAMS[(choice & 0x0f) % STREAMS.length]!;
    if ((choice & 0x10) !== 0) writer.lose(pid, 1);
    writer.payload(pid, part.subarray(1), (choice & 0x20) !== 0);
  }
  const output = {
    add: (name: string) => void (found += name.includes("@") ? 1 : 0),
  } as unknown as StreamOutput;
  const demuxer = openDemuxer(output);
  demuxer.push(writer.take());
  demuxer.start();
  demuxer.end();
  return found > 0;
}

/** Payloads of packets of one PID, the first of a section in each. */
function readSections(payloads: readonly Uint8Array[]): boolean {
  let found = 0;
  const tables = new PsiReader(0, {
    handleSection: (_pid, { body }) => {
      parseProgramMap(body);
      found++;
    },
    handleBadSection: () => {},
  });
  const memory = { leftBytes: 100_000 };
  const assembler = new PesAssembler({
    handlePes: () => {},
    handleBrokenPes: () => {},
  }, memory);
  for (const payload of payloads) {
    const packet = new Uint8Array(TS_PACKET_BYTES).fill(0xff);
    packet.set([0x47, 0x40, 0, 0x10]);
    packet.set(payload.subarray(0, TS_PACKET_BYTES - 4), 4);
    if (parseTsHeader(packet, 0, tsHeader) !== undefined) continue;
    tables.push(packet, 0, tsHeader);
    assembler.push(packet, 0, tsHeader);
    assert(memory.leftBytes >= 0, "more memory is taken than there is");
  }
  return found > 0;
}

function section(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(0, ...bytes);
}

/** Tables, pictures, sound and data. */
function clip(version: number): Uint8Array {
  const writer = new TsWriter().pat().pmt(
    [H264_STREAM, AAC_STREAM, KLV_STREAM],
    { version },
  );
  for (let i = 0; i < 3; i++) {
    writer.pes(H264_STREAM.pid, {
      ptsTicks: 3_600 * i + 90_000,
      payload: h264Picture(i === 0),
      isUnbounded: true,
    });
    writer.pes(AAC_STREAM.pid, {
      ptsTicks: 1_920 * i + 90_000,
      payload: adtsFrame(i),
      streamId: 0xc0,
    });
  }
  return writer.take();
}

/** Units of every codec in a PES packet each, and what the tests of the codecs have. */
function pesSeeds(): Uint8Array[] {
  const { h264, h265, mpeg4Video, mpeg12Video, aac, mpegAudio } = PARTS;
  const { ac3, opus, klv } = PARTS;
  const payloads: (readonly Uint8Array[] | undefined)[] = [
    [annexB(...h264!)],
    [annexB(...h265!)],
    mpeg4Video,
    mpeg12Video,
    [adtsFrame(1), adtsFrame(2)],
    aac,
    mpegAudio,
    ac3,
    opus?.map((packet) => Uint8Array.of(0x7f, 0xe0, packet.length, ...packet)),
    klv,
    klv,
  ];
  const pes = (stream: number, payload: Uint8Array, ptsTicks: number) =>
    Uint8Array.of(stream, ...pesBytes({ ptsTicks, payload }));
  const seeds = payloads.map((list, stream) =>
    joinFramed(
      [0, 1, 2].flatMap((turn) =>
        (list ?? []).map((payload) =>
          pes(stream, payload, 90_000 + 3_600 * turn)
        )
      ),
    )
  );
  const texts = CODEC_TESTS.flatMap((test, stream) =>
    hexSeeds(test).map((payload) => joinFramed([pes(stream, payload, 90_000)]))
  );
  return distinct([...seeds, ...texts]);
}
