import { RtmpEgress } from "#protocols/rtmp/egress.ts";
import { RtmpStreamEncoder } from "#protocols/rtmp/stream_encoder.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import {
  AUDIO,
  audioUnit,
  noLimits,
  publishPicture,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";

function opened() {
  const { stream, clock } = testStream();
  const publication = stream.attach([VIDEO, AUDIO]);
  const encoder = RtmpStreamEncoder.of(stream);
  const connection = new FakeTcpConnection(clock);
  const ends: string[] = [];
  const egress = new RtmpEgress(
    encoder,
    connection,
    (reason) => ends.push(reason),
  );
  const subscription = stream.subscribe(egress, noLimits());
  subscription.resume();
  return {
    stream,
    publication,
    encoder,
    connection,
    ends,
    egress,
    subscription,
  };
}

Deno.test("RtmpEgress.deliver() sends the opening with the first batch, in one piece", () => {
  const { stream, publication, encoder, connection, egress } = opened();
  publishPicture(publication, 0, { isRandomAccess: true });
  const batch = stream.groupStart!;
  assertEquals(connection.sends, 1);
  assertEquals(
    connection.takeSent(),
    concatBytes([encoder.opening(batch), encoder.encode(batch)]),
  );
  assertEquals(egress.outboundBytes, encoder.encode(batch).length);
});

Deno.test("RtmpEgress.deliver() sends the bytes that all players share", () => {
  const { publication, stream, encoder, connection } = opened();
  publishPicture(publication, 0, { isRandomAccess: true });
  connection.takeSent();
  publication.publish(AUDIO, audioUnit(0));
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals(connection.sends, 2);
  assertEquals(
    connection.takeSent(),
    encoder.encode(stream.groupStart!.next!),
  );
});

Deno.test("RtmpEgress.deliver() waits while a write is in flight", () => {
  const { publication, connection, subscription } = opened();
  publishPicture(publication, 0, { isRandomAccess: true });
  connection.stall();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  assertEquals(connection.sends, 2);
  assert(subscription.next !== undefined);
  connection.drain();
  subscription.resume();
  assertEquals([connection.sends, subscription.next], [3, undefined]);
});

Deno.test("RtmpEgress.end() tells its owner", () => {
  const { publication, stream, ends } = opened();
  publishPicture(publication, 0, { isRandomAccess: true });
  stream.endReaders("terminated");
  assertEquals(ends, ["terminated"]);
});
