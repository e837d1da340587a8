import { PesAssembler } from "#formats/mpegts/pes_assembler.ts";
import { emptyPesHeader, parsePesHeader } from "#formats/mpegts/pes_header.ts";
import {
  fitsPes,
  type PesHead,
  pesPacketCount,
  writePesPackets,
} from "#formats/mpegts/packet_writer.ts";
import { emptyTsHeader, parseTsHeader } from "#formats/mpegts/ts_packet.ts";
import { assert, assertEquals } from "#test/assert.ts";

const HEAD: PesHead = {
  pid: 0x101,
  streamId: 0xc0,
  ptsTicks: 0,
  dtsTicks: 0,
  pcrTicks: undefined,
  isRandomAccess: false,
  mayBeUnbounded: false,
};

function written(head: PesHead, pieces: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const into = new Uint8Array(188 * pesPacketCount(head, sizeBytes));
  const end = writePesPackets({ into, at: 0, counter: 14 }, head, pieces);
  assertEquals(end, into.length, "the packets are filled");
  return into;
}

/** The PES packet within packets, checked on the way. */
function assembled(packets: Uint8Array): Uint8Array {
  let found: Uint8Array | undefined;
  const assembler = new PesAssembler({
    handlePes: (packet) => void (found = packet.slice()),
    handleBrokenPes: (reason) => {
      throw new Error(reason);
    },
  }, { leftBytes: 1_000_000 });
  const header = emptyTsHeader();
  for (let at = 0; at < packets.length; at += 188) {
    const i = at / 188;
    assertEquals(packets[at], 0x47);
    assertEquals(parseTsHeader(packets, at, header), undefined);
    assertEquals(header.continuityCounter, (14 + i) % 16);
    assertEquals(header.isUnitStart, i === 0);
    assembler.push(packets, at, header);
  }
  assembler.flush();
  return found!;
}

Deno.test("writePesPackets() writes a small packet byte for byte", () => {
  const head = {
    ...HEAD,
    ptsTicks: 0x1_2345_6789,
    dtsTicks: 0x1_2345_6000,
    pcrTicks: 0x1_2345_6001,
    isRandomAccess: true,
  };
  const bytes = written(head, [Uint8Array.of(0xaa), Uint8Array.of(0xbb, 0xcc)]);
  assertEquals(bytes.length, 188);
  assertEquals(
    bytes.toHex(),
    "4741013e" + "a1" + "50" + "91a2b000fe00" + "ff".repeat(154) +
      "000001c0" + "0010" + "84c00a" + "398d15cf13" + "198d15c001" + "aabbcc",
  );
});

Deno.test("writePesPackets() gives back every payload, whatever its size and how it is cut", () => {
  const header = emptyPesHeader();
  for (const pcrTicks of [undefined, 77]) {
    for (let sizeBytes = 1; sizeBytes < 600; sizeBytes++) {
      const payload = Uint8Array.from({ length: sizeBytes }, (_, i) => i);
      const cut = sizeBytes >>> 1;
      const pieces = [
        payload.subarray(0, cut),
        new Uint8Array(),
        payload.subarray(cut),
      ];
      const pes = assembled(written({ ...HEAD, pcrTicks }, pieces));
      assertEquals(parsePesHeader(pes, header), undefined);
      assertEquals(pes.subarray(header.payloadOffsetBytes), payload);
    }
  }
});

Deno.test("writePesPackets() writes 33 bits of times, whatever they are", () => {
  const header = emptyPesHeader();
  const span = 2 ** 33;
  for (const ticks of [0, 1, span - 1, span, span + 5, -1, -90_000, 7 * span]) {
    const head = { ...HEAD, ptsTicks: ticks + 10, dtsTicks: ticks };
    const pes = assembled(written(head, [Uint8Array.of(1)]));
    parsePesHeader(pes, header);
    const wrap = (value: number) => ((value % span) + span) % span;
    assertEquals(header.ptsTicks, wrap(ticks + 10));
    assertEquals(header.dtsTicks, wrap(ticks));
  }
});

Deno.test("writePesPackets() leaves the length of large pictures open, others do not fit", () => {
  const picture = { ...HEAD, streamId: 0xe0, mayBeUnbounded: true };
  const payload = new Uint8Array(70_000).fill(7);
  const pes = assembled(written(picture, [payload]));
  assertEquals(pes.subarray(4, 6).toHex(), "0000");
  assertEquals(pes.length, 14 + payload.length);
  assert(fitsPes(picture, payload.length));
  assert(!fitsPes(HEAD, payload.length));
  assert(fitsPes(HEAD, 0xffff - 8));
  assert(!fitsPes(HEAD, 0xffff - 7));
});
