import type { MediaWriter } from "#protocols/hls/http_streams/media_writer.ts";
import { flvContainer } from "#protocols/hls/http_streams/flv_container.ts";
import type { Track } from "#core/track.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  CollectingSink,
  H264_REORDERED_PARAMETERS,
  noLimits,
  publishPicture,
  type TestStream,
  testStream,
  VIDEO,
  videoUnit,
} from "#test/units.ts";

const NO_END = () => {};

function open({ stream }: TestStream): MediaWriter {
  const writer = flvContainer.open({ stream, isScript: false, onEnd: NO_END });
  assert(writer !== undefined, "a writer");
  return writer;
}

function collect(of: TestStream): CollectingSink {
  const sink = new CollectingSink();
  of.stream.subscribe(sink, noLimits()).resume();
  return sink;
}

/** Type and time of each tag, `-` for the header of a file. */
function tagsOf(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: string[] = [];
  let at = 0;
  if (view.getUint32(0) === 0x46_4c_56_01) {
    found.push("-");
    at = 13;
  }
  while (at < bytes.length) {
    const typeAndSize = view.getUint32(at);
    const bodyBytes = typeAndSize % 2 ** 24;
    const timestampMs = (view.getUint32(at + 4) >>> 8) +
      bytes[at + 7]! * 2 ** 24;
    const kind = { 8: "audio", 9: "video", 18: "script" }[typeAndSize >>> 24];
    const isHeader = bytes[at + 12] === 0;
    const what = kind === "script"
      ? kind
      : `${kind}${isHeader ? " header" : ""}`;
    found.push(`${what} ${timestampMs}`);
    assertEquals(view.getUint32(at + 11 + bodyBytes), 11 + bodyBytes);
    at += 11 + bodyBytes + 4;
  }
  return found;
}

Deno.test("flvContainer begins with the header, and shares the tags of a batch", () => {
  const scene = testStream();
  const sink = collect(scene);
  using publication = scene.stream.attach([VIDEO, AUDIO]);
  publication.publish(VIDEO, videoUnit(0, { isRandomAccess: true }));
  publication.publish(AUDIO, audioUnit(480));
  publication.flush();
  publishPicture(publication, 3_600, { ptsTicks: 7_200 });
  const [first, second] = sink.batches;
  const [one, other] = [open(scene), open(scene)];
  const [start, headers, frames] = one.write(first!);
  assertEquals(tagsOf(start!), ["-", "script 0"]);
  assertEquals(tagsOf(headers!), ["video header 1000", "audio header 1000"]);
  assertEquals(tagsOf(frames!), ["video 1000", "audio 1010"]);
  assert(other.write(first!).at(-1) === frames, "the same bytes");
  const next = one.write(second!);
  assertEquals(next.map(tagsOf), [["video 1040"]]);
  // CompositionTime.
  assertEquals(next[0]!.subarray(13, 16).toHex(), "000028");
});

Deno.test("flvContainer tells of tracks that have changed, not of the others", () => {
  const scene = testStream();
  const sink = collect(scene);
  using publication = scene.stream.attach([VIDEO, AUDIO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.setTracks([
    { ...VIDEO, codec: H264_REORDERED_PARAMETERS },
    AUDIO,
  ]);
  publishPicture(publication, 3_600, { isRandomAccess: true });
  publication.setTracks([
    { ...VIDEO, codec: H264_REORDERED_PARAMETERS },
    AUDIO,
  ]);
  publishPicture(publication, 7_200);
  const writer = open(scene);
  const [, second, third] = sink.batches.map((batch) => writer.write(batch));
  assertEquals(second!.map(tagsOf), [["video header 1040"], ["video 1040"]]);
  assertEquals(third!.map(tagsOf), [["video 1080"]]);
});

Deno.test("flvContainer takes the first track of each kind that FLV carries", () => {
  const scene = testStream();
  const second: Track = { ...VIDEO, id: 2 };
  const text: Track = {
    id: 3,
    kind: "data",
    codec: { codec: "klv" } as Track["codec"],
    clockRateHz: 90_000,
  };
  using _publication = scene.stream.attach([text, VIDEO, second, AUDIO]);
  assertEquals(open(scene).tracks, [VIDEO, AUDIO]);
});

Deno.test("flvContainer opens nothing where FLV carries no track", () => {
  const { stream } = testStream();
  using _publication = stream.attach([]);
  const options = { stream, isScript: false, onEnd: NO_END };
  assertEquals(flvContainer.open(options), undefined);
});
