import { joinBytes } from "#base/join_bytes.ts";
import { PsiReader, type PsiSection } from "#formats/mpegts/psi_section.ts";
import { emptyTsHeader, parseTsHeader } from "#formats/mpegts/ts_packet.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { mapSection, sectionOf, TsWriter } from "./ts_writer.ts";

const PID = 0x20;

class Sections {
  readonly found: PsiSection[] = [];
  readonly errors: string[] = [];
  readonly reader = new PsiReader(PID, {
    handleSection: (_, section) => void this.found.push(section),
    handleBadSection: (_, error) => void this.errors.push(error.message),
  });

  push(bytes: Uint8Array): this {
    const header = emptyTsHeader();
    for (let at = 0; at + 188 <= bytes.length; at += 188) {
      if (parseTsHeader(bytes, at, header) !== undefined) continue;
      this.reader.push(bytes, at, header);
    }
    return this;
  }
}

function written(...sections: readonly Uint8Array[]): Uint8Array {
  const writer = new TsWriter();
  for (const section of sections) writer.section(PID, section);
  return writer.take();
}

/** A section of as many bytes. */
function longSection(sizeBytes: number, version = 0): Uint8Array {
  const body = Array.from({ length: sizeBytes - 12 }, (_, i) => i & 0x7f);
  return sectionOf(2, 7, body, { version });
}

Deno.test("PsiReader reads a section [VLC 3.0.21]", () => {
  const bytes = new Uint8Array(188).fill(0xff);
  bytes.set(Uint8Array.fromHex(
    "4740001000" + "00b00d508cd900000001e020d2b2eb9a",
  ));
  assertEquals(new Sections().push(bytes).found, [{
    tableId: 0,
    tableIdExtension: 0x508c,
    sectionNumber: 0,
    lastSectionNumber: 0,
    body: Uint8Array.fromHex("0001e020"),
  }]);
});

Deno.test("PsiReader puts sections of any size together", () => {
  for (const sizeBytes of [12, 182, 183, 184, 367, 600, 1_024]) {
    const section = longSection(sizeBytes);
    const { found, errors } = new Sections().push(written(section));
    assertEquals(errors, []);
    assertEquals(found.map(({ body }) => body), [section.slice(8, -4)]);
  }
});

Deno.test("PsiReader finds several sections in a packet, and one that begins in it", () => {
  const long = longSection(300);
  const sections = [longSection(20), longSection(30), long];
  const { found } = new Sections().push(written(joinBytes(sections)));
  assertEquals(found.map(({ body }) => body.length), [8, 18, 288]);
});

Deno.test("PsiReader goes on with a section up to where the next one begins", () => {
  const [first, second] = [longSection(300, 0), longSection(40, 1)];
  const bytes = new Uint8Array(376).fill(0xff);
  bytes.set([0x47, 0x40, PID, 0x10, 0], 0);
  bytes.set(first.subarray(0, 183), 5);
  bytes.set([0x47, 0x40, PID, 0x11, 117], 188);
  bytes.set(first.subarray(183), 193);
  bytes.set(second, 193 + 117);
  const { found, errors } = new Sections().push(bytes);
  assertEquals([found.length, errors], [2, []]);
});

Deno.test("PsiReader tells a section that is repeated only once", () => {
  const [old, next] = [mapSection([]), mapSection([], { version: 1 })];
  assertEquals(
    new Sections().push(written(old, old, next, next)).found.length,
    2,
  );
});

Deno.test("PsiReader passes over what does not hold yet, and sections of another syntax", () => {
  const later = mapSection([]);
  later[5]! &= 0xfe;
  const short = Uint8Array.of(0x42, 0x30, 2, 1, 2);
  const { found, errors } = new Sections().push(written(later, short));
  assertEquals([found, errors], [[], []]);
});

Deno.test("PsiReader refuses a wrong checksum and a section that is too long", () => {
  const wrong = mapSection([]);
  wrong[9]! ^= 1;
  const endless = Uint8Array.of(2, 0xbf, 0xff, 0, 0);
  const { found, errors } = new Sections().push(written(wrong, endless));
  assertEquals(found, []);
  assertEquals(errors, [
    "Cannot parse PSI section: CRC_32 at byte 0: does not fit the section",
    "Cannot parse PSI section: section_length at byte 0: must be at most 1021",
  ]);
});

Deno.test("PsiReader gives up a section that is dropped", () => {
  const bytes = written(longSection(300));
  const sections = new Sections().push(bytes.subarray(0, 188));
  sections.reader.drop();
  assertEquals(sections.push(bytes.subarray(188)).found, []);
  assertEquals(sections.push(bytes).found.length, 1);
});

Deno.test("PsiReader never throws", () => {
  const seeds = [written(longSection(300)), written(mapSection([]))];
  for (const bytes of mutations(seeds)) new Sections().push(bytes);
});
