import { EAGAIN, EINVAL, EIO, type Libc } from "#platform/libc.ts";
import { ResolvedPeer, type Transfer } from "#platform/udp/udp_deno.ts";
import { FfiSegmentSender } from "#platform/udp/udp_ffi.ts";
import { assertEquals } from "#test/assert.ts";

const ENETUNREACH = 101;
const ENOPROTOOPT = 92;

interface FakeLibc extends Libc {
  /** Each call: its length and the segment size that held, 0 for none. */
  sends: { lengthBytes: number; segmentBytes: number }[];
}

/** A system that answers each send with what `answer` says: 0 or an error number. */
function fakeLibc(
  answer: (lengthBytes: number, segmentBytes: number) => number,
  hasSegmentation = true,
): FakeLibc {
  const errno = new Int32Array(1);
  let segmentBytes = 0;
  const sends: FakeLibc["sends"] = [];
  const calls = {
    sendto(_descriptor: number, _bytes: Uint8Array, lengthBytes: number) {
      sends.push({ lengthBytes, segmentBytes });
      errno[0] = answer(lengthBytes, segmentBytes);
      return errno[0] === 0 ? lengthBytes : -1;
    },
    setsockopt(
      _descriptor: number,
      _level: number,
      _name: number,
      value: Int32Array,
    ) {
      if (hasSegmentation) segmentBytes = value[0]!;
      else errno[0] = ENOPROTOOPT;
      return hasSegmentation ? 0 : -1;
    },
  };
  return { calls: calls as unknown as Libc["calls"], errno, sends };
}

function transferOf(lengthBytes: number, segmentBytes: number): Transfer {
  const peer = new ResolvedPeer("192.0.2.1", 5, false);
  const bytes = new Uint8Array(lengthBytes);
  return { bytes, offsetBytes: 0, segmentBytes, peer };
}

Deno.test("FfiSegmentSender cuts at 64 segments and at what a packet holds", () => {
  const library = fakeLibc(() => 0);
  const sender = new FfiSegmentSender(library, 3);
  assertEquals(sender.send(transferOf(150 * 100, 100)), true);
  assertEquals(sender.send(transferOf(90_000, 1_400)), true);
  assertEquals(library.sends, [
    { lengthBytes: 6_400, segmentBytes: 100 },
    { lengthBytes: 6_400, segmentBytes: 100 },
    { lengthBytes: 2_200, segmentBytes: 100 },
    { lengthBytes: 46 * 1_400, segmentBytes: 1_400 },
    { lengthBytes: 90_000 - 46 * 1_400, segmentBytes: 1_400 },
  ]);
});

Deno.test("FfiSegmentSender stops where the system is full and goes on there", () => {
  let room = 1;
  const library = fakeLibc(() => room-- > 0 ? 0 : EAGAIN);
  const sender = new FfiSegmentSender(library, 3);
  const transfer = transferOf(100 * 100, 100);
  assertEquals([sender.send(transfer), transfer.offsetBytes], [false, 6_400]);
  room = 1;
  assertEquals([sender.send(transfer), transfer.offsetBytes], [true, 10_000]);
  assertEquals(sender.droppedDatagrams, 0);
});

for (const errno of [EINVAL, EIO]) {
  Deno.test(`FfiSegmentSender sends single datagrams where segments are refused [errno ${errno}]`, () => {
    const library = fakeLibc((_, segmentBytes) =>
      segmentBytes > 1_300 ? errno : 0
    );
    const sender = new FfiSegmentSender(library, 3);
    const transfer = transferOf(3_000, 1_400);
    assertEquals(sender.send(transfer), true);
    const single = [1_400, 1_400, 200].map((lengthBytes) => ({
      lengthBytes,
      segmentBytes: 0,
    }));
    assertEquals(library.sends.splice(0), [
      { lengthBytes: 3_000, segmentBytes: 1_400 },
      ...single,
    ]);
    transfer.offsetBytes = 0;
    sender.send(transfer);
    assertEquals(library.sends.splice(0), single, "it is remembered");
    sender.send({ ...transfer, offsetBytes: 0, segmentBytes: 1_000 });
    assertEquals(library.sends.splice(0), [
      { lengthBytes: 3_000, segmentBytes: 1_000 },
    ]);
    assertEquals(sender.droppedDatagrams, 0);
  });
}

Deno.test("FfiSegmentSender does without segments on an old kernel", () => {
  const library = fakeLibc(() => 0, false);
  const sender = new FfiSegmentSender(library, 3);
  assertEquals(sender.send(transferOf(2_500, 1_000)), true);
  assertEquals(
    library.sends.map(({ lengthBytes }) => lengthBytes),
    [1_000, 1_000, 500],
  );
});

Deno.test("FfiSegmentSender counts what is refused for good and goes on", () => {
  const library = fakeLibc(() => ENETUNREACH);
  const sender = new FfiSegmentSender(library, 3);
  assertEquals(sender.send(transferOf(2_500, 1_000)), true);
  assertEquals(sender.droppedDatagrams, 3);
  const invalid = new FfiSegmentSender(fakeLibc(() => EINVAL), 3);
  assertEquals(invalid.send(transferOf(2_500, 1_000)), true);
  assertEquals(invalid.droppedDatagrams, 3);
});

Deno.test("FfiSegmentSender leaves a single datagram's socket option where it is harmless", () => {
  const library = fakeLibc(() => 0);
  const sender = new FfiSegmentSender(library, 3);
  sender.send(transferOf(3_000, 1_000));
  sender.send(transferOf(900, 900));
  sender.send(transferOf(1_100, 1_100));
  sender.send(transferOf(3_000, 1_000));
  sender.yieldSocket();
  sender.send(transferOf(900, 900));
  assertEquals(library.sends, [
    { lengthBytes: 3_000, segmentBytes: 1_000 },
    { lengthBytes: 900, segmentBytes: 1_000 },
    { lengthBytes: 1_100, segmentBytes: 0 },
    { lengthBytes: 3_000, segmentBytes: 1_000 },
    { lengthBytes: 900, segmentBytes: 0 },
  ]);
});

Deno.test("FfiSegmentSender sends nothing once forgotten", () => {
  const library = fakeLibc(() => 0);
  const sender = new FfiSegmentSender(library, 3);
  sender.forget();
  sender.send(transferOf(900, 900));
  sender.yieldSocket();
  assertEquals(library.sends, []);
});
