import { PsiReader } from "#formats/mpegts/psi_section.ts";
import {
  parseProgramAssociation,
  parseProgramMap,
} from "#formats/mpegts/program_tables.ts";
import {
  tablePacketCount,
  writeTablePackets,
} from "#formats/mpegts/packet_writer.ts";
import {
  serializeProgramAssociation,
  serializeProgramMap,
  WRITTEN_PMT_PID,
} from "#formats/mpegts/table_writer.ts";
import { emptyTsHeader, parseTsHeader } from "#formats/mpegts/ts_packet.ts";
import { assertEquals } from "#test/assert.ts";
import { mapSection } from "./ts_writer.ts";

const NO_DESCRIPTORS = new Uint8Array();

/** What a reader finds in the packets of a section. */
function readBack(pid: number, section: Uint8Array): Uint8Array[] {
  const into = new Uint8Array(188 * tablePacketCount(section));
  assertEquals(
    writeTablePackets({ into, at: 0, counter: 15 }, pid, section),
    into.length,
  );
  const bodies: Uint8Array[] = [];
  const reader = new PsiReader(pid, {
    handleSection: (_, { body }) => void bodies.push(body),
    handleBadSection: (_, error) => {
      throw error;
    },
  });
  const header = emptyTsHeader();
  for (let at = 0; at < into.length; at += 188) {
    const i = at / 188;
    assertEquals(parseTsHeader(into, at, header), undefined);
    assertEquals(header.pid, pid);
    assertEquals(header.continuityCounter, (15 + i) % 16);
    assertEquals(header.isUnitStart, i === 0);
    reader.push(into, at, header);
  }
  return bodies;
}

Deno.test("serializeProgramAssociation() lists one program, byte for byte", () => {
  const section = serializeProgramAssociation();
  assertEquals(section.toHex(), "00b00d0001c100000001f0002ab104b2");
  const [body] = readBack(0, section);
  assertEquals(parseProgramAssociation(body!), [
    { programNumber: 1, pid: WRITTEN_PMT_PID },
  ]);
});

Deno.test("serializeProgramMap() lists streams, byte for byte", () => {
  const streams = [
    {
      pid: 0x100,
      streamType: 0x1b,
      streamId: 0xe0,
      descriptors: NO_DESCRIPTORS,
    },
    {
      pid: 0x101,
      streamType: 0x06,
      streamId: 0xbd,
      descriptors: Uint8Array.fromHex("05044f707573"),
    },
  ];
  const section = serializeProgramMap(streams, { pcrPid: 0x100, version: 33 });
  assertEquals(
    section.subarray(0, -4).toHex(),
    "02b01d" + "0001" + "c3" + "0000" + "e100" + "f000" +
      "1b" + "e100" + "f000" + "06" + "e101" + "f006" + "05044f707573",
  );
  const [body] = readBack(0x1000, section);
  const found = parseProgramMap(body!);
  assertEquals(found.map(({ pid, streamType }) => [pid, streamType]), [
    [0x100, 0x1b],
    [0x101, 0x06],
  ]);
});

Deno.test("serializeProgramMap() agrees with a writer of its own", () => {
  const streams = [{ pid: 0x1fff, streamType: 0x1b, streamId: 0xe0 }];
  const section = serializeProgramMap(
    streams.map((one) => ({ ...one, descriptors: NO_DESCRIPTORS })),
    { pcrPid: 0x1fff, version: 3 },
  );
  assertEquals(section.toHex(), mapSection(streams, { version: 3 }).toHex());
});

Deno.test("writeTablePackets() writes maps that take several packets", () => {
  const streams = Array.from({ length: 20 }, (_, i) => ({
    pid: 0x100 + i,
    streamType: 0x06,
    streamId: 0xbd,
    descriptors: Uint8Array.fromHex("05044f7075737f028002"),
  }));
  const section = serializeProgramMap(streams, { pcrPid: 0x100, version: 0 });
  assertEquals(tablePacketCount(section), 2);
  const [body] = readBack(0x1000, section);
  assertEquals(parseProgramMap(body!).length, 20);
});
