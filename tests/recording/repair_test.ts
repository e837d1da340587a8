import { systemDisk } from "#platform/disk.ts";
import { repairSegment } from "#recording/repair.ts";
import { Fmp4Segmenter } from "#recording/fmp4_segmenter.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  noLimits,
  testStream,
  VIDEO,
  videoUnit,
} from "#test/units.ts";
import {
  bytesOf,
  CollectingOutput,
  type MadeSegment,
  readFmp4,
} from "./scene.ts";

/** A file of four parts that is not closed; the last part has no sound. */
function openSegment(): MadeSegment {
  const { stream, clock } = testStream();
  const output = new CollectingOutput();
  const segmenter = new Fmp4Segmenter({
    settings: {
      recordPartDurationMs: 200,
      recordMaxPartSizeBytes: 1_000_000,
      recordSegmentDurationMs: 60_000,
    },
    output,
    onWarning: () => {},
  });
  const publication = stream.attach([VIDEO, AUDIO]);
  stream.subscribe({
    deliver(batch) {
      segmenter.push(batch);
      return true;
    },
    end: () => segmenter.end(),
  }, noLimits()).resume();
  for (let i = 0; i < 24; i++) {
    const picture = videoUnit(i * 3_600, { isRandomAccess: i === 0 });
    publication.publish(VIDEO, picture);
    if (i < 10) publication.publish(AUDIO, audioUnit(i * 1_920));
    publication.flush();
    clock.advance(40);
  }
  return output.segments[0]!;
}

async function withFile(
  name: string,
  bytes: Uint8Array,
  run: (file: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_repair_" });
  try {
    await Deno.writeFile(`${folder}/${name}`, bytes);
    await run(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch {
    return false;
  }
}

Deno.test("repairSegment() cuts a file behind its last whole part, wherever it ends", async () => {
  const segment = openSegment();
  const bytes = bytesOf(segment);
  const ends: number[] = [];
  let atBytes = 0;
  for (const { length } of segment.parts) ends.push(atBytes += length);
  for (let size = 0; size <= bytes.length; size += 7) {
    const wholeParts = ends.filter((end) => end <= size).length;
    await withFile("a.mp4", bytes.subarray(0, size), async (file) => {
      const outcome = await repairSegment(file);
      if (wholeParts === 0) {
        assertEquals(outcome, { kind: "removed" });
        assert(!await exists(file));
        return;
      }
      const wholeBytes = ends[wholeParts - 1]!;
      assertEquals(outcome, { kind: "cut", bytes: size - wholeBytes });
      const repaired = await Deno.readFile(file);
      assertEquals(repaired.length, wholeBytes);
      const read = await readFmp4({ ...segment, parts: [repaired] });
      // A sample of sound may last a little longer than the pictures.
      const overMs = read.durationMs - 200 * wholeParts;
      assert(overMs >= 0 && overMs <= 40, `${overMs} ms too long`);
      assertEquals(await repairSegment(file), { kind: "sound" });
    });
  }
});

Deno.test("repairSegment() leaves files alone that were closed, and those of other programs", async () => {
  const segment = openSegment();
  const closed = bytesOf(segment);
  // ftyp, then the header of moov and mvhd up to the duration.
  const movieAt = new DataView(closed.buffer).getUint32(0);
  new DataView(closed.buffer).setUint32(movieAt + 32, 1_000);
  const other = bytesOf(segment);
  const boxAt = new TextDecoder("latin1").decode(other).indexOf("mtxi");
  other.set(new TextEncoder().encode("free"), boxAt);
  const mdatFirst = bytesOf(segment);
  mdatFirst.set(new TextEncoder().encode("mdat"), movieAt + 4);
  const cases = {
    closed: closed.subarray(0, closed.length - 5),
    other,
    mdatFirst,
    text: new TextEncoder().encode("this is no video at all"),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    await withFile(`${name}.mp4`, bytes, async (file) => {
      assertEquals(await repairSegment(file), { kind: "sound" }, name);
      assertEquals(await Deno.readFile(file), bytes);
    });
  }
});

Deno.test({
  name: "repairSegment() leaves a file alone that is written, by whomever",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const bytes = bytesOf(openSegment()).slice(0, -5);
    await withFile("old.mp4", bytes, async (old) => {
      const file = old.replace("old", "new");
      const output = await systemDisk.create(file);
      for (const written of [new Uint8Array(), bytes]) {
        await output!.write(written);
        assertEquals(await repairSegment(file), { kind: "sound" });
        assertEquals(await Deno.readFile(file), written);
      }
      await output!.close();
      const outcome = await repairSegment(file);
      assertEquals(outcome, await repairSegment(old));
      assertEquals(outcome.kind, "cut");
    });
  },
});

Deno.test("repairSegment() cuts MPEG-TS behind its last whole packet", async () => {
  const packets = new Uint8Array(3 * 188);
  for (const at of [0, 188, 376]) packets[at] = 0x47;
  for (const size of [376, 377, 500]) {
    await withFile("a.ts", packets.subarray(0, size), async (file) => {
      const expected = size === 376
        ? { kind: "sound" }
        : { kind: "cut", bytes: size - 376 };
      assertEquals(await repairSegment(file), expected);
      assertEquals((await Deno.stat(file)).size, 376);
    });
  }
  for (const size of [0, 100]) {
    await withFile("a.ts", packets.subarray(0, size), async (file) => {
      assertEquals(await repairSegment(file), { kind: "removed" });
      assert(!await exists(file));
    });
  }
  await withFile("a.ts", new Uint8Array(100), async (file) => {
    assertEquals(await repairSegment(file), { kind: "sound" });
  });
});

Deno.test("repairSegment() refuses nonsense, or says that it is sound", async () => {
  const bytes = bytesOf(openSegment());
  for (let at = 0; at < 700; at += 11) {
    const mutated = bytes.slice();
    mutated[at] = mutated[at]! ^ 0xff;
    await withFile("a.mp4", mutated, async (file) => {
      try {
        await repairSegment(file);
      } catch (error) {
        assert(error instanceof SyntaxError, String(error));
      }
    });
  }
});
