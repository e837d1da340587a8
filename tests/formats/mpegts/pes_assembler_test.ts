import {
  type AssemblyMemory,
  MAX_ASSEMBLY_BYTES,
  MAX_PES_BYTES,
  PesAssembler,
} from "#formats/mpegts/pes_assembler.ts";
import { emptyTsHeader, parseTsHeader } from "#formats/mpegts/ts_packet.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { pesBytes, TsWriter } from "./ts_writer.ts";

const PID = 0x100;

class Assembly {
  readonly packets: string[] = [];
  readonly marked: boolean[] = [];
  readonly broken: string[] = [];
  readonly memory: AssemblyMemory = { leftBytes: MAX_ASSEMBLY_BYTES };
  readonly assembler = new PesAssembler({
    handlePes: (packet, isRandomAccess) => {
      this.packets.push(packet.toHex());
      this.marked.push(isRandomAccess);
    },
    handleBrokenPes: (reason) => void this.broken.push(reason),
  }, this.memory);

  push(writer: TsWriter): this {
    const bytes = writer.take();
    const header = emptyTsHeader();
    for (let at = 0; at < bytes.length; at += 188) {
      parseTsHeader(bytes, at, header);
      this.assembler.push(bytes, at, header);
    }
    return this;
  }
}

function payload(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => i * 7);
}

Deno.test("PesAssembler hands a packet over as soon as it is as long as it says", () => {
  for (const sizeBytes of [1, 160, 170, 171, 500, 65_000]) {
    const pes = { ptsTicks: 5, payload: payload(sizeBytes) };
    const { packets } = new Assembly().push(new TsWriter().pes(PID, pes));
    assertEquals(packets, [pesBytes(pes).toHex()], `${sizeBytes} bytes`);
  }
});

Deno.test("PesAssembler ends a packet without a length where the next one begins", () => {
  const assembly = new Assembly();
  const pes = { payload: payload(70_000), isUnbounded: true };
  assembly.push(new TsWriter().pes(PID, { ...pes, isRandomAccess: true }));
  assertEquals(assembly.packets, []);
  assembly.push(new TsWriter().pes(PID, pes));
  assertEquals(assembly.packets, [pesBytes(pes).toHex()]);
  assembly.assembler.flush();
  assertEquals(assembly.packets.length, 2);
  assertEquals(assembly.marked, [true, false]);
  assertEquals(assembly.broken, []);
});

Deno.test("PesAssembler drops what is cut, and what comes before a start", () => {
  const bytes = new TsWriter().pes(PID, { payload: payload(400) }).take();
  const assembly = new Assembly();
  const header = emptyTsHeader();
  for (const at of [188, 376, 0, 188]) {
    parseTsHeader(bytes, at, header);
    assembly.assembler.push(bytes, at, header);
  }
  assembly.push(new TsWriter().pes(PID, { payload: payload(3) }));
  assertEquals(assembly.broken, ["it is cut"]);
  assertEquals(assembly.packets.length, 1);
});

Deno.test("PesAssembler reads a prefix that is split over packets", () => {
  const assembly = new Assembly();
  const pes = pesBytes({ payload: payload(3) });
  const header = { ...emptyTsHeader(), isUnitStart: true };
  const packet = new Uint8Array(188);
  for (const [from, until] of [[0, 2], [2, 5], [5, pes.length]] as const) {
    packet.set(pes.subarray(from, until), 188 - (until - from));
    header.payloadOffsetBytes = 188 - (until - from);
    assembly.assembler.push(packet, 0, header);
    header.isUnitStart = false;
  }
  assertEquals(assembly.packets, [pes.toHex()]);
});

Deno.test("PesAssembler drops what is no PES packet, and what is given up", () => {
  const assembly = new Assembly();
  assembly.push(new TsWriter().payload(PID, payload(300)));
  assertEquals(assembly.broken, ["it has no start code"]);
  assembly.push(
    new TsWriter().pes(PID, { payload: payload(300), isUnbounded: true }),
  );
  assembly.assembler.drop("it is not wanted");
  assembly.assembler.drop("it is not wanted");
  assembly.assembler.flush();
  assertEquals(assembly.broken, ["it has no start code", "it is not wanted"]);
  assertEquals(assembly.packets, []);
});

Deno.test("PesAssembler drops a packet that is over the limit, and takes the next one", () => {
  const assembly = new Assembly();
  const writer = new TsWriter();
  const start = pesBytes({ payload: payload(100), isUnbounded: true });
  assembly.push(writer.payload(PID, start));
  const bytes = new Uint8Array(188).fill(0x55);
  const header = { ...emptyTsHeader(), payloadOffsetBytes: 4 };
  for (let i = 0; i <= MAX_PES_BYTES / 184; i++) {
    assembly.assembler.push(bytes, 0, header);
  }
  assertEquals(assembly.broken, ["it is over the limit"]);
  assert(assembly.memory.leftBytes >= MAX_ASSEMBLY_BYTES - MAX_PES_BYTES);
  const next = { payload: payload(300) };
  assembly.push(writer.pes(PID, next));
  assertEquals(assembly.packets, [pesBytes(next).toHex()]);
  assembly.assembler[Symbol.dispose]();
  assertEquals(assembly.memory.leftBytes, MAX_ASSEMBLY_BYTES);
});

Deno.test("PesAssembler takes no more memory than is left for all", () => {
  const assembly = new Assembly();
  assembly.memory.leftBytes = 10_000;
  assembly.push(new TsWriter().pes(PID, { payload: payload(9_000) }));
  assertEquals(assembly.broken, ["it is over the limit"]);
  assembly.push(new TsWriter().pes(PID, { payload: payload(4_000) }));
  assertEquals(assembly.packets.length, 1);
});
