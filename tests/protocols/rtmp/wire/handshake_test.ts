import { hmacSha256 } from "#base/crypto.ts";
import { ParseError } from "#base/errors.ts";
import {
  ClientHandshake,
  HANDSHAKE_PACKET_BYTES,
  ServerHandshake,
} from "#protocols/rtmp/wire/handshake.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, seededRandom } from "#test/splits.ts";

const PLAYER_KEY = "Genuine Adobe Flash Player 001";
const SERVER_KEY = "Genuine Adobe Flash Media Server 001";
const KEY_TAIL =
  "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function seededBytes(seed: number): (countBytes: number) => Uint8Array {
  const random = seededRandom(seed);
  return (length) =>
    Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Where the digest of a packet stands; written out per scheme, unlike in the code under test. */
function digestAt(packet: Uint8Array, scheme: 0 | 1): number {
  const from = scheme === 0 ? 8 : 772;
  const sum = packet[from]! + packet[from + 1]! + packet[from + 2]! +
    packet[from + 3]!;
  return scheme === 0 ? 12 + sum % 728 : 776 + sum % 728;
}

function digestOf(packet: Uint8Array, at: number, key: string): Uint8Array {
  return hmacSha256(
    text(key),
    packet.subarray(0, at),
    packet.subarray(at + 32),
  );
}

function signedC1(scheme: 0 | 1, seed: number): Uint8Array {
  const c1 = seededBytes(seed)(HANDSHAKE_PACKET_BYTES);
  c1.set([0, 0, 0, 0, 0x80, 0, 7, 2]);
  const at = digestAt(c1, scheme);
  c1.set(digestOf(c1, at, PLAYER_KEY), at);
  return c1;
}

function run(chunks: readonly Uint8Array[]): {
  output: Uint8Array;
  isDone: boolean;
  rest: Uint8Array;
} {
  const handshake = new ServerHandshake({ randomBytes: seededBytes(1) });
  const output: number[] = [];
  const rest: number[] = [];
  let isDone = false;
  for (const chunk of chunks) {
    const step = handshake.push(chunk);
    output.push(...step.output ?? []);
    rest.push(...step.rest);
    isDone = step.isDone;
  }
  return {
    output: Uint8Array.from(output),
    isDone,
    rest: Uint8Array.from(rest),
  };
}

Deno.test("ServerHandshake echoes a C1 without digest", () => {
  const c1 = seededBytes(9)(HANDSHAKE_PACKET_BYTES);
  c1.fill(0, 4, 8);
  const { output, isDone } = run([Uint8Array.of(3, ...c1)]);
  assertEquals(output.length, 1 + 2 * HANDSHAKE_PACKET_BYTES);
  assertEquals(output[0], 3);
  assertEquals(output.subarray(1, 9), new Uint8Array(8));
  assertEquals(output.slice(1 + HANDSHAKE_PACKET_BYTES), c1);
  assert(!isDone);
});

for (const scheme of [0, 1] as const) {
  Deno.test(`ServerHandshake signs its answer to a digest of scheme ${scheme}`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const c1 = signedC1(scheme, seed);
      const { output } = run([Uint8Array.of(3, ...c1)]);
      const s1 = output.subarray(1, 1 + HANDSHAKE_PACKET_BYTES);
      const at = digestAt(s1, scheme);
      assertEquals(
        s1.slice(at, at + 32),
        Uint8Array.from(digestOf(s1, at, SERVER_KEY)),
      );
      assert(s1[4] !== 0, "S1 must have a version");
      const s2 = output.subarray(1 + HANDSHAKE_PACKET_BYTES);
      const clientAt = digestAt(c1, scheme);
      const key = hmacSha256(
        Uint8Array.of(...text(SERVER_KEY), ...Uint8Array.fromHex(KEY_TAIL)),
        c1.subarray(clientAt, clientAt + 32),
      );
      assertEquals(s2.slice(1_504), hmacSha256(key, s2.subarray(0, 1_504)));
    }
  });

  Deno.test(`ServerHandshake echoes a C1 with a broken digest of scheme ${scheme}`, () => {
    const c1 = signedC1(scheme, 3);
    c1[1_535]! ^= 1;
    const { output } = run([Uint8Array.of(3, ...c1)]);
    assertEquals(
      output.slice(1 + HANDSHAKE_PACKET_BYTES),
      Uint8Array.from(c1),
    );
  });
}

Deno.test("ServerHandshake gives the same in any chunking and hands on the rest", () => {
  const bytes = Uint8Array.of(
    3,
    ...signedC1(1, 5),
    ...new Uint8Array(HANDSHAKE_PACKET_BYTES),
    ...text("chunks"),
  );
  const whole = run([bytes]);
  assert(whole.isDone);
  assertEquals(whole.rest, Uint8Array.from(text("chunks")));
  for (const chunks of chunkings(bytes)) assertEquals(run(chunks), whole);
});

for (const [version, words] of [[6, "RTMPE"], [0, "found 0"]] as const) {
  Deno.test(`ServerHandshake rejects version ${version}`, () => {
    const error = assertThrows(
      () => new ServerHandshake().push(Uint8Array.of(version)),
      ParseError,
    );
    assertEquals(error.field, "C0");
    assert(error.message.includes(words));
  });
}

Deno.test("ServerHandshake waits without input", () => {
  assertEquals(new ServerHandshake().push(new Uint8Array(0)), {
    output: undefined,
    isDone: false,
    rest: new Uint8Array(0),
  });
});

Deno.test("ClientHandshake and ServerHandshake agree", () => {
  const client = new ClientHandshake();
  const server = new ServerHandshake();
  const c0c1 = client.start();
  const answer = server.push(c0c1);
  assert(answer.output !== undefined);
  const half = client.push(answer.output.subarray(0, 2_000));
  assertEquals([half.output, half.isDone], [undefined, false]);
  const whole = client.push(
    Uint8Array.of(...answer.output.subarray(2_000), 42),
  );
  assert(whole.isDone);
  assertEquals(whole.rest, Uint8Array.of(42));
  assertEquals(whole.output, answer.output.slice(1, 1_537), "C2 echoes S1");
  const done = server.push(whole.output!);
  assertEquals([done.isDone, done.output], [true, undefined]);
});

Deno.test("ClientHandshake rejects another version", () => {
  const client = new ClientHandshake();
  client.start();
  const error = assertThrows(
    () => client.push(Uint8Array.of(6)),
    ParseError,
  );
  assertEquals(error.field, "S0");
});
