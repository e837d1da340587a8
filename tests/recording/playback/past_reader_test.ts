import type { PastChunk } from "#recording/playback/past_chunk.ts";
import { RecordedPast } from "#recording/playback/recorded_past.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import type { FakeClock } from "#test/fake_clock.ts";
import { type TestPorts, testPorts } from "#test/test_ports.ts";
import { type MadeRecording, plainSamples } from "./made_recording.ts";
import {
  type RecordedFolder,
  recordedFolder,
  START_US,
} from "./recorded_folder.ts";

/** Chunks begin with the first key frame after four seconds. */
const LONG = { samples: plainSamples(10), cutSeconds: [0] };

const START_MS = START_US / 1_000;

interface Scene extends AsyncDisposable {
  readonly folder: RecordedFolder;
  readonly ports: TestPorts<FakeClock>;
  readonly past: RecordedPast;
  /** Reads on. Output: `start+duration` in seconds since the first recording, `|` in front behind a gap. */
  next(): Promise<string[]>;
  readonly chunks: readonly PastChunk[];
}

async function openScene(
  recordings: readonly Partial<MadeRecording>[],
  { windowMs = Infinity, record = false } = {},
): Promise<Scene> {
  const folder = await recordedFolder(...recordings);
  const { recordPath } = folder;
  const ports = testPorts();
  const recordFormat = "fmp4" as const;
  const place = { recordPath, recordFormat, record };
  const past = new RecordedPast({
    ports: ports.ports,
    paths: () => new Map([["cam", place]]),
  });
  ports.clock.shiftWall(START_MS + 30_000 - ports.clock.wallMs());
  const reader = past.reader("cam", windowMs);
  const chunks: PastChunk[] = [];
  return {
    ...{ folder, ports, past, chunks },
    async next() {
      const update = await reader.next();
      chunks.push(...update.chunks);
      return update.chunks.map((
        { startWallMs, durationSeconds, isBehindGap },
      ) =>
        `${isBehindGap ? "|" : ""}${(startWallMs - START_MS) / 1_000}+${
          Math.round(durationSeconds * 1_000) / 1_000
        }`
      );
    },
    async [Symbol.asyncDispose]() {
      await past[Symbol.asyncDispose]();
      ports[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function bytesOf(body: Promise<ReadableStream | undefined>) {
  return await new Response(await body).bytes();
}

Deno.test("PastReader tells each chunk of a file that grows, once it is whole, and never again", async () => {
  await using scene = await openScene([{ ...LONG, isOpen: true }]);
  const [segment] = await scene.folder.segments();
  const { file } = segment!;
  const whole = await Deno.readFile(file);
  const bodies: Uint8Array[] = [];
  const told: string[] = [];
  for (let percent = 0; percent <= 100; percent++) {
    const sizeBytes = Math.round(whole.length * percent / 100);
    await Deno.writeFile(file, whole.subarray(0, sizeBytes));
    told.push(...await scene.next());
    for (const chunk of scene.chunks.slice(bodies.length)) {
      bodies.push(await bytesOf(chunk.fragments(() => {})));
    }
  }
  assertEquals(told, ["0+4", "4+4"]);
  // What was sent while the file grew is what is sent now.
  for (const [i, chunk] of scene.chunks.entries()) {
    assertEquals(await bytesOf(chunk.fragments(() => {})), bodies[i]!);
  }
});

Deno.test("PastReader tells the end of a file that nothing follows after a while", async () => {
  await using scene = await openScene([LONG]);
  assertEquals(await scene.next(), ["0+4", "4+4"]);
  scene.ports.clock.advance(2_999);
  assertEquals(await scene.next(), []);
  scene.ports.clock.advance(1);
  assertEquals(await scene.next(), ["8+2"]);
  assertEquals(await scene.next(), []);
});

Deno.test("PastReader joins what belongs together, and tells gaps", async () => {
  await using scene = await openScene([
    { samples: plainSamples(12), cutSeconds: [0, 5] },
    { ...LONG, startUs: START_US + 20e6, streamByte: 8 },
  ]);
  const told = await scene.next();
  assertEquals(told, ["0+4", "4+1", "5+4", "9+3", "|20+4", "24+4"]);
  // The time line goes on at the gap: 12 s, in ticks of the pictures.
  const behindGap = await bytesOf(scene.chunks[4]!.fragments(() => {}));
  assertIncludes(behindGap.toHex(), (12 * 90_000).toString(16));
  const text = new TextDecoder().decode(
    await bytesOf(scene.chunks[3]!.fragments(() => {})),
  );
  assertIncludes(text, "picture 90");
  assert(!text.includes("picture 89"), "the chunk before has it");
});

Deno.test("PastReader begins where it is wanted", async () => {
  await using scene = await openScene([
    { samples: plainSamples(12), cutSeconds: [0, 5] },
    { ...LONG, startUs: START_US + 20e6, streamByte: 8 },
  ], { windowMs: 20_500 });
  assertEquals(await scene.next(), ["9+3", "|20+4", "24+4"]);
});

Deno.test("PastReader leaves out what cannot be read, and waits for what has just been made", async () => {
  await using scene = await openScene([
    { samples: plainSamples(15), cutSeconds: [0, 5, 10] },
  ]);
  const [, second, third] = await scene.folder.segments();
  const bytes = await Deno.readFile(third!.file);
  await Deno.writeTextFile(second!.file, "no recording");
  await Deno.writeFile(third!.file, bytes.subarray(0, 100));
  assertEquals(await scene.next(), ["0+4"]);
  const { lines } = scene.ports;
  assertIncludes(lines.join("\n"), `skipping segment ${second!.file}`);
  assert(!lines.join("\n").includes(third!.file), lines.join("\n"));
  await Deno.writeFile(third!.file, bytes);
  assertEquals(await scene.next(), ["4+1", "|10+4"]);
});

Deno.test("PastReader goes on when the file it reads is deleted", async () => {
  await using scene = await openScene([LONG]);
  assertEquals(await scene.next(), ["0+4", "4+4"]);
  const [segment] = await scene.folder.segments();
  await Deno.remove(segment!.file);
  assertEquals(await scene.next(), []);
  const chunk = scene.chunks[0]!;
  let status = 0;
  await chunk.fragments(() => {}).catch((error) => status = error.status);
  assertEquals(status, 404);
});

Deno.test("PastReader goes on with files that begin earlier, where a clock was set back", async () => {
  await using scene = await openScene([
    { ...LONG, startUs: START_US + 20e6 },
    { ...LONG, startUs: START_US + 5e6, streamByte: 8 },
  ], { windowMs: 60_000 });
  const [earlier] = await scene.folder.segments();
  const bytes = await Deno.readFile(earlier!.file);
  await Deno.remove(earlier!.file);
  assertEquals(await scene.next(), ["20+4", "24+4"]);
  await Deno.writeFile(earlier!.file, bytes);
  assertEquals(await scene.next(), ["28+2", "|5+4", "9+4"]);
  assertEquals(await scene.next(), []);
});

Deno.test("PastReader says whether more may come", async () => {
  for (
    const [recordings, record, expected] of [
      [[], false, false],
      [[], true, true],
      [[{ ...LONG, isOpen: true }], false, true],
    ] as const
  ) {
    await using scene = await openScene(recordings, { record });
    const { isGrowing } = await scene.past.reader("cam", 60_000).next();
    assertEquals(isGrowing, expected);
  }
});

Deno.test("PastChunk counts what is sent, and has a header that fits", async () => {
  await using scene = await openScene([LONG]);
  await scene.next();
  const [first, second] = scene.chunks;
  assertEquals(first!.headerKey, second!.headerKey);
  let sentBytes = 0;
  const header = await bytesOf(first!.header((bytes) => sentBytes += bytes));
  assertEquals(sentBytes, header.length);
  assertIncludes(new TextDecoder().decode(header), "avcC");
});
