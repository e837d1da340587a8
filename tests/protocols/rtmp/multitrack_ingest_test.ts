import type { Track } from "#core/track.ts";
import { assertEquals } from "#test/assert.ts";
import {
  audioFrame,
  audioHeader,
  metadata,
  picture,
  tag,
  videoHeader,
} from "./messages.ts";
import { openIngest } from "./open_ingest.ts";

/** Sequence headers and frames of further tracks. */
const FURTHER = {
  video: (id: string) => tag("video", 0, `96 00 76703038 ${id}`),
  key: (id: string, atMs: number) =>
    tag("video", atMs, `96 01 76703038 ${id} 5062019d012a`),
  opus: (id: string) => tag("audio", 0, `95 00 4f707573 ${id}`),
  stereo: (id: string) => tag("audio", 0, `95 04 4f707573 ${id} 0002`),
  packet: (id: string, atMs: number) =>
    tag("audio", atMs, `95 01 4f707573 ${id} fc01`),
};

const codecsOf = (tracks: readonly Track[] | undefined) =>
  tracks?.map(({ id, codec }) => `${id} ${codec.codec}`);

Deno.test("RtmpIngest has a track for each track ID: video first, then audio [OBS]", () => {
  const test = openIngest();
  test.send(
    audioHeader(),
    FURTHER.opus("02"),
    FURTHER.stereo("02"),
    FURTHER.video("01"),
    videoHeader(),
    picture(0, { isRandomAccess: true }),
  );
  assertEquals(codecsOf(test.attached[0]), [
    ...["0 h264", "1 vp8", "2 aac", "3 opus"],
  ]);
  test.send(
    FURTHER.key("01", 0),
    audioFrame(0),
    FURTHER.packet("02", 20),
    picture(40),
  );
  test.clock.advance(15);
  const media = test.sink.units.map(({ trackId, dtsTicks }) => {
    const track = test.stream.tracks.find(({ id }) => id === trackId)!;
    return [trackId, dtsTicks * 1_000 / track.clockRateHz - 1_000];
  });
  assertEquals(media, [[0, 0], [1, 0], [2, 0], [3, 20], [0, 40]]);
});

Deno.test("RtmpIngest waits for every track that is promised", () => {
  const test = openIngest();
  test.send(
    metadata({
      videocodecid: 7,
      audiocodecid: 10,
      videoTrackIdInfoMap: { 1: { videocodecid: 0x76703038 } },
    }),
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
  );
  assertEquals(test.attached, []);
  test.send(FURTHER.video("01"));
  assertEquals(codecsOf(test.attached[0]), ["0 h264", "1 vp8", "2 aac"]);
});

Deno.test("RtmpIngest waits for promised tracks 250 ms", () => {
  const test = openIngest();
  test.send(
    metadata({
      videocodecid: 7,
      audiocodecid: 10,
      audioTrackIdInfoMap: { 1: {} },
    }),
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
    picture(249),
  );
  assertEquals(test.attached, []);
  test.send(picture(250));
  assertEquals(codecsOf(test.attached[0]), ["0 h264", "1 aac"]);
});

Deno.test("RtmpIngest adds further tracks that begin late, behind the others", () => {
  const test = openIngest();
  test.send(
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
    FURTHER.packet("03", 20),
    FURTHER.video("01"),
    FURTHER.key("01", 40),
  );
  assertEquals(codecsOf(test.stream.tracks), [
    ...["0 h264", "1 aac", "2 opus", "3 vp8"],
  ]);
  test.clock.advance(15);
  assertEquals(test.sink.units.map(({ trackId }) => trackId), [0, 2, 3]);
});

Deno.test("RtmpIngest opens a new track in the place of the old one: the others keep their numbers", () => {
  const test = openIngest();
  test.send(
    videoHeader(),
    audioHeader(),
    FURTHER.opus("01"),
    FURTHER.stereo("01"),
    picture(0, { isRandomAccess: true }),
    FURTHER.packet("01", 0),
    audioHeader(20, [0x12, 0x10]),
    audioFrame(20),
    FURTHER.video("01"),
  );
  assertEquals(codecsOf(test.stream.tracks), [
    ...["0 h264", "3 aac", "2 opus", "4 vp8"],
  ]);
});

Deno.test("RtmpIngest ends a publisher that opens one track after the other", () => {
  const test = openIngest();
  test.send(videoHeader(), audioHeader(), picture(0, { isRandomAccess: true }));
  for (let i = 0; i < 2_000; i++) {
    const config = i % 2 === 0 ? [0x12, 0x10] : [0x11, 0x90];
    test.send(audioHeader(i, config), audioFrame(i));
  }
  assertEquals(test.refused.map(String), [
    "RtmpError: the publisher has opened over 1024 tracks, one after the other",
  ]);
  assertEquals(test.stream.tracks.map(({ id }) => id), [0, 1_023]);
});

Deno.test("RtmpIngest takes all tracks of one message [ManyTracksManyCodecs]", () => {
  const test = openIngest();
  test.send(
    videoHeader(),
    tag("audio", 0, "95 20 6d703461 00 000002 1190 4f707573 01 000000"),
    picture(0, { isRandomAccess: true }),
    tag("audio", 10, "95 21 6d703461 00 000001 21 4f707573 01 000002 fc01"),
    picture(40),
  );
  test.clock.advance(15);
  assertEquals(codecsOf(test.stream.tracks), [
    ...["0 h264", "1 aac", "2 opus"],
  ]);
  assertEquals(
    test.sink.units.map(({ trackId, sizeBytes }) => [trackId, sizeBytes]),
    [[0, 24], [1, 1], [2, 2], [0, 24]],
  );
});

Deno.test("RtmpIngest names each track that it leaves out once, by its ID", () => {
  const test = openIngest();
  test.send(
    tag("video", 0, "96 00 76766331 02"),
    tag("video", 0, "96 01 76766331 02 00"),
    tag("video", 0, "95 61763031 80"),
    tag("video", 0, "91 61763031 1200"),
  );
  assertEquals(test.skipped, ["video 2: vvc1", "video 0: av01 from MPEG-2 TS"]);
});
