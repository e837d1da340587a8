import type { ReadGrant } from "#core/ports.ts";
import type { Track } from "#core/track.ts";
import { RtmpError } from "#protocols/rtmp/errors.ts";
import { RtmpPlayer } from "#protocols/rtmp/player.ts";
import {
  parseRtmpCapabilities,
  PLAIN_CAPABILITIES,
} from "#protocols/rtmp/wire/capabilities.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { accessTo, sessionOwner, testPorts } from "#test/test_ports.ts";
import {
  AUDIO,
  publishPicture,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";

const OPUS: Track = {
  id: 2,
  kind: "audio",
  codec: { codec: "opus", channelCount: 2 },
  clockRateHz: 48_000,
};

async function reading(
  tracks: readonly Track[],
  capabilities = PLAIN_CAPABILITIES,
) {
  const test = testPorts();
  const owner = sessionOwner(test.logger, "s");
  const publisher = await test.paths.publish(accessTo("cam"), owner);
  const publication = publisher.attach(tracks);
  const grant: ReadGrant = await test.paths.read(accessTo("cam"), owner);
  const stream = new FakeTcpConnection(test.clock);
  const ends: string[] = [];
  const open = () =>
    new RtmpPlayer({
      grant,
      stream,
      capabilities,
      logger: test.logger,
      onEnd: (reason) => ends.push(reason),
    });
  const { lines } = test;
  lines.splice(0);
  return { publisher, publication, grant, stream, ends, open, lines };
}

Deno.test("RtmpPlayer names the tracks it sends and those it leaves out", async () => {
  const { open, lines } = await reading([VIDEO, OPUS, AUDIO]);
  const player = open();
  assertEquals(lines, ["warn: skipping track 2 (Opus)"]);
  assertEquals(
    player.readingLine("cam"),
    "is reading from path 'cam', 2 tracks (H264, MPEG-4 Audio)",
  );
  player.stop();
});

Deno.test("RtmpPlayer refuses a stream of which RTMP carries nothing", async () => {
  const { open, grant } = await reading([OPUS]);
  const error = assertThrows(open, RtmpError);
  assertEquals(error.code, "no_supported_codec");
  assertEquals(
    error.message,
    "the stream doesn't contain any supported codec, which are currently H264, MPEG-4 Audio, MPEG-1/2 Audio, G711, LPCM",
  );
  assertEquals(grant.stream.readers.size, 0);
});

Deno.test("RtmpPlayer sends what the player said that it takes", async () => {
  const capabilities = parseRtmpCapabilities({ fourCcList: ["Opus"] });
  const { open, lines } = await reading([VIDEO, OPUS, AUDIO], capabilities);
  const player = open();
  assertEquals(lines, ["warn: skipping track 3 (MPEG-4 Audio)"]);
  assertEquals(
    player.readingLine("cam"),
    "is reading from path 'cam', 2 tracks (H264, Opus)",
  );
  player.stop();
});

Deno.test("RtmpPlayer names a track that comes late and is left out, once", async () => {
  const { open, publication, lines } = await reading([VIDEO, AUDIO]);
  const player = open();
  player.start();
  publishPicture(publication, 0, { isRandomAccess: true });
  assertEquals(lines, []);
  const late = { ...OPUS, id: 7 };
  publication.setTracks([VIDEO, AUDIO, late]);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publication.setTracks([{ ...VIDEO }, AUDIO, { ...late }]);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  assertEquals(lines, ["warn: skipping track 3 (Opus)"]);
  player.stop();
});

Deno.test("RtmpPlayer sends no media before start(), whatever leaves meanwhile", async () => {
  const { open, publication, stream } = await reading([VIDEO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  const player = open();
  stream.stall();
  stream.drain();
  assertEquals(stream.sends, 0);
  player.start();
  assertEquals(stream.sends, 1);
  player.stop();
});

Deno.test("RtmpPlayer.start() waits until what was sent before has left", async () => {
  const { open, publication, stream } = await reading([VIDEO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  stream.stall();
  const player = open();
  player.start();
  assertEquals(stream.sends, 0);
  stream.drain();
  assertEquals(stream.sends, 1);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals(stream.sends, 2);
  player.stop();
});

Deno.test("RtmpPlayer.stop() leaves the stream and its connection", async () => {
  const { open, publication, stream, grant } = await reading([VIDEO]);
  const player = open();
  player.start();
  player.stop();
  publishPicture(publication, 0, { isRandomAccess: true });
  assertEquals([stream.sends, stream.onDrained], [0, undefined]);
  assertEquals(grant.stream.readers.size, 0);
});

Deno.test("RtmpPlayer tells of the end once everything was handed over", async () => {
  const { open, publication, publisher, stream, ends } = await reading([VIDEO]);
  open().start();
  publishPicture(publication, 0, { isRandomAccess: true });
  stream.stall();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  publisher[Symbol.dispose]();
  assertEquals([stream.sends, ends], [2, []]);
  stream.drain();
  assertEquals([stream.sends, ends], [3, ["terminated"]]);
});
