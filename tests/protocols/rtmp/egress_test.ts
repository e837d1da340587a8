import type { Track } from "#core/track.ts";
import { RtmpEgress } from "#protocols/rtmp/egress.ts";
import { RtmpStreamEncoder } from "#protocols/rtmp/stream_encoder.ts";
import {
  type RtmpSelection,
  selectTracks,
} from "#protocols/rtmp/track_selection.ts";
import {
  parseRtmpCapabilities,
  PLAIN_CAPABILITIES,
} from "#protocols/rtmp/wire/capabilities.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import {
  AUDIO,
  audioUnit,
  H264_REORDERED_PARAMETERS,
  noLimits,
  publishPicture,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";
import { messagesOf } from "./messages.ts";

const SECOND: Track = { ...VIDEO, id: 2 };

const RENEWED: Track = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };

/** Takes every track of every codec. */
const MULTITRACK = parseRtmpCapabilities({ fourCcList: ["*"], capsEx: 0b10 });

function opened(
  tracks: readonly Track[] = [VIDEO, AUDIO],
  { capabilities = PLAIN_CAPABILITIES, maxUnits = Infinity } = {},
) {
  const { stream, clock } = testStream();
  const publication = stream.attach(tracks);
  const join = () => {
    const connection = new FakeTcpConnection(clock);
    const ends: string[] = [];
    const selections: RtmpSelection[] = [];
    const egress = new RtmpEgress({
      encoder: RtmpStreamEncoder.of(stream),
      connection,
      capabilities,
      onSelection: (selection) => selections.push(selection),
      onEnd: (reason) => ends.push(reason),
    });
    const subscription = stream.subscribe(egress, noLimits({ maxUnits }));
    connection.onDrained = () => subscription.resume();
    subscription.resume();
    /** Track, kind and time of what was sent since the last call. */
    const got = () =>
      messagesOf(connection.takeSent()).map(
        ({ typeId, timestampMs, payload }) => {
          if (typeId !== 9) {
            return typeId === 8 ? `audio ${timestampMs}` : "data";
          }
          const isSecond = payload[0]! >> 7 === 1;
          const packetType = payload[1]! & 0b1111;
          const isKey = (payload[0]! >> 4 & 0b111) === 1;
          const what = packetType === 0 ? "header" : isKey ? "key" : "picture";
          return `${isSecond ? "second " : ""}${what} ${timestampMs}`;
        },
      );
    return { connection, ends, egress, subscription, selections, got };
  };
  /** A picture of each track; `keys`: IDs of those at which a decoder may start. */
  const publish = (dtsMs: number, ...keys: readonly number[]) => {
    for (const track of publication.tracks) {
      if (track.kind !== "video") continue;
      const isRandomAccess = keys.includes(track.id);
      publication.publish(track, videoUnit(dtsMs * 90, { isRandomAccess }));
    }
    publication.flush();
  };
  return { stream, clock, publication, join, publish };
}

Deno.test("RtmpEgress.deliver() sends the opening with the first batch, in one piece", () => {
  const { stream, publication, join } = opened();
  const { connection } = join();
  publishPicture(publication, 0, { isRandomAccess: true });
  const batch = stream.groupStart!;
  const encoder = RtmpStreamEncoder.of(stream);
  const selection = selectTracks(batch.tracks, PLAIN_CAPABILITIES);
  assertEquals(connection.sends, 1);
  assertEquals(
    connection.takeSent(),
    concatBytes([
      encoder.opening(batch, selection, undefined),
      encoder.encode(batch, selection, []),
    ]),
  );
});

Deno.test("RtmpEgress.deliver() sends the bytes that all players share", () => {
  const { publication, join } = opened();
  const { connection } = join();
  publishPicture(publication, 0, { isRandomAccess: true });
  connection.takeSent();
  const other = join();
  other.connection.takeSent();
  publication.publish(AUDIO, audioUnit(0));
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals(connection.sends, 2);
  const bytes = connection.takeSent();
  assertEquals(other.connection.takeSent(), bytes);
  assertEquals(messagesOf(bytes).length, 2);
});

Deno.test("RtmpEgress.deliver() waits while a write is in flight", () => {
  const { publication, join } = opened();
  const { connection, subscription } = join();
  publishPicture(publication, 0, { isRandomAccess: true });
  connection.stall();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  assertEquals(connection.sends, 2);
  assert(subscription.next !== undefined);
  connection.drain();
  assertEquals([connection.sends, subscription.next], [3, undefined]);
});

Deno.test("RtmpEgress.deliver() tells new parameters to a player that lost the batch where they began", () => {
  const { publication, join, publish } = opened([VIDEO], { maxUnits: 4 });
  const { connection, got } = join();
  publish(0, VIDEO.id);
  connection.stall();
  publish(40);
  publication.setTracks([RENEWED]);
  for (let dtsMs = 80; dtsMs < 400; dtsMs += 40) publish(dtsMs);
  got();
  connection.drain();
  publish(400, VIDEO.id);
  publish(440);
  assertEquals(got(), ["header 1400", "key 1400", "picture 1440"]);
});

Deno.test("RtmpEgress.deliver() tells of every change of the tracks, in one piece with what follows", () => {
  const { publication, join, publish } = opened([VIDEO]);
  const { connection, got, selections } = join();
  publish(0, VIDEO.id);
  assertEquals(got(), ["data", "header 1000", "key 1000"]);
  publication.setTracks([RENEWED, AUDIO]);
  publish(40);
  assertEquals(connection.sends, 2);
  assertEquals(got(), ["header 1040", "audio 1040", "picture 1040"]);
  assertEquals(
    selections.map(({ tracks }) => tracks),
    [[VIDEO], [RENEWED, AUDIO]],
  );
});

Deno.test("RtmpEgress.deliver() begins each video track of a joiner at a picture of its own", () => {
  const tracks = [VIDEO, AUDIO, SECOND];
  const { join, publish } = opened(tracks, { capabilities: MULTITRACK });
  publish(0, VIDEO.id);
  publish(40);
  const { got } = join();
  assertEquals(got(), [
    ...["data", "header 1000", "audio 1000", "second header 1000"],
    ...["key 1000", "picture 1040"],
  ]);
  publish(80);
  assertEquals(got(), ["picture 1080"]);
  publish(120, SECOND.id);
  publish(160);
  assertEquals(got(), [
    ...["picture 1120", "second key 1120"],
    ...["picture 1160", "second picture 1160"],
  ]);
});

Deno.test("RtmpEgress.deliver() begins anew so after a gap", () => {
  const { join, publish } = opened([VIDEO, SECOND], {
    capabilities: MULTITRACK,
    maxUnits: 4,
  });
  const { connection, got } = join();
  publish(0, VIDEO.id, SECOND.id);
  connection.stall();
  for (let dtsMs = 40; dtsMs < 400; dtsMs += 40) publish(dtsMs);
  got();
  connection.drain();
  publish(400, VIDEO.id);
  publish(440, SECOND.id);
  assertEquals(got(), ["key 1400", "picture 1440", "second key 1440"]);
});

Deno.test("RtmpEgress.deliver() begins a video track that comes late at a picture to start with", () => {
  const { publication, join, publish } = opened([AUDIO], {
    capabilities: MULTITRACK,
  });
  const { got } = join();
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  got();
  publication.setTracks([AUDIO, VIDEO, SECOND]);
  publish(40);
  assertEquals(got(), ["header 1040", "second header 1040"]);
  publish(80, VIDEO.id);
  publish(120, SECOND.id);
  assertEquals(got(), ["key 1080", "picture 1120", "second key 1120"]);
});

Deno.test("RtmpEgress.deliver() does not wait for ever for a picture to start with [intra refresh]", () => {
  const { clock, join, publish } = opened([VIDEO, SECOND], {
    capabilities: MULTITRACK,
  });
  const { got } = join();
  publish(0, VIDEO.id);
  clock.advance(10_000);
  publish(40);
  got();
  clock.advance(1);
  publish(80);
  publish(120);
  assertEquals(got().filter((one) => one.startsWith("second")), [
    "second picture 1120",
  ]);
});

Deno.test("RtmpEgress.end() tells its owner", () => {
  const { publication, stream, join } = opened();
  const { ends } = join();
  publishPicture(publication, 0, { isRandomAccess: true });
  stream.endReaders("terminated");
  assertEquals(ends, ["terminated"]);
});
