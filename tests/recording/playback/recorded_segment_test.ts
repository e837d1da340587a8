import { ParseError } from "#base/errors.ts";
import { PlatformError } from "#platform/errors.ts";
import {
  describeSegment,
  isJoined,
  joinedOffsetUs,
  type RecordedSegment,
} from "#recording/playback/recorded_segment.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import {
  type MadeRecording,
  PLAIN_TRACKS,
  plainSamples,
  playableFile,
  writeRecording,
} from "./made_recording.ts";

const START_US = 1_772_366_400e6;

/** Describes the segments of a recording, whose folder is gone then. */
async function described(
  changes: Partial<MadeRecording> = {},
): Promise<RecordedSegment[]> {
  const folder = await Deno.makeTempDir();
  const files = await writeRecording({
    recordPath: `${folder}/%path/%s-%f`,
    pathName: "cam",
    startUs: START_US,
    tracks: PLAIN_TRACKS,
    samples: plainSamples(4),
    cutSeconds: [0, 2],
    streamByte: 7,
    ...changes,
  });
  const segments: RecordedSegment[] = [];
  for (const [i, file] of files.entries()) {
    const startUs = START_US + (changes.cutSeconds ?? [0, 2])[i]! * 1e6;
    segments.push(await describeSegment(playableFile(file, startUs)));
  }
  await Deno.remove(folder, { recursive: true });
  return segments;
}

Deno.test("describeSegment() knows how long a segment is, closed or not", async () => {
  for (const isOpen of [false, true]) {
    const [first, second] = await described({ isOpen });
    assertEquals(first!.durationUs, 2e6);
    assertEquals(second!.durationUs, 2e6);
    assertEquals(first!.layout, "1 90000 avc1, 2 48000 Opus");
    assertEquals(second!.origin, {
      streamId: "07".repeat(16),
      segmentNumber: 1n,
      dtsNs: 2_000_000_000n,
    });
  }
});

Deno.test("isJoined() goes by what segments say, or by their times", async () => {
  const [first, second] = await described();
  const [other] = await described({ streamByte: 8 });
  const [plain, next] = await described({ streamByte: undefined });
  assert(isJoined(first!, second!), "numbers follow each other");
  assert(!isJoined(second!, first!), "numbers fall");
  assert(!isJoined(other!, second!), "another recording");
  assert(isJoined(plain!, next!), "times follow each other");
  assert(!isJoined(first!, next!), "one of them does not say");
  const at = (startUs: number) => ({ ...next!, startUs: START_US + startUs });
  assert(isJoined(plain!, at(3e6)), "a second between them");
  assert(isJoined(plain!, at(1e6)), "a second of both");
  assert(!isJoined(plain!, at(3_000_001)), "more than a second between them");
  assert(!isJoined(plain!, { ...next!, layout: "1 90000 hvc1" }), "codecs");
});

Deno.test("joinedOffsetUs() is the time line's, or the wall clock's", async () => {
  const [first, second] = await described();
  const late = { ...second!, startUs: START_US + 3e6 };
  assertEquals(joinedOffsetUs(first!, late), 2e6);
  const { origin: _, ...plain } = late;
  assertEquals(joinedOffsetUs(first!, { ...plain, origin: undefined }), 3e6);
});

Deno.test("describeSegment() refuses what cannot be played", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/a.mp4`;
  const segment = playableFile(file, START_US);
  await assertRejects(describeSegment(segment), PlatformError);
  const [made] = await writeRecording({
    recordPath: `${folder}/%path/%s-%f`,
    pathName: "cam",
    startUs: START_US,
    tracks: PLAIN_TRACKS,
    samples: [],
    cutSeconds: [0],
    streamByte: 7,
  });
  const header = await Deno.readFile(made!);
  const contents = [
    new Uint8Array(),
    new TextEncoder().encode("this is no film"),
    header.subarray(0, header.length - 1),
    header,
  ];
  for (const bytes of contents) {
    await Deno.writeFile(file, bytes);
    await assertRejects(describeSegment(segment), ParseError);
  }
  await Deno.remove(folder, { recursive: true });
});
