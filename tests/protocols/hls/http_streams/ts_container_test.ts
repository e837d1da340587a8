import { tsContainer } from "#protocols/hls/http_streams/ts_container.ts";
import type { Track } from "#core/track.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  CollectingSink,
  noLimits,
  publishPicture,
  testStream,
  VIDEO,
} from "#test/units.ts";

const PACKET_BYTES = 188;

Deno.test("tsContainer gives all readers the same packets", () => {
  const { stream } = testStream();
  const sink = new CollectingSink();
  stream.subscribe(sink, noLimits()).resume();
  using publication = stream.attach([VIDEO, AUDIO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  publishPicture(publication, 3_600);
  const options = { stream, isScript: false, onEnd: () => {} };
  const [one, other] = [tsContainer.open(options), tsContainer.open(options)];
  for (const batch of sink.batches) {
    const [bytes] = one!.write(batch);
    assertEquals(bytes!.length % PACKET_BYTES, 0);
    assertEquals(bytes![0], 0x47);
    assert(other!.write(batch)[0] === bytes, "the same bytes");
  }
  assertEquals(one!.tracks, [VIDEO, AUDIO]);
});

Deno.test("tsContainer opens nothing where MPEG-TS carries no track", () => {
  const { stream } = testStream();
  const vp8: Track = { ...VIDEO, codec: { codec: "vp8" } as Track["codec"] };
  using _publication = stream.attach([vp8]);
  const options = { stream, isScript: false, onEnd: () => {} };
  assertEquals(tsContainer.open(options), undefined);
});
