import { DiffieHellman1024, hmacSha256 } from "#base/crypto.ts";
import { ParseError } from "#base/errors.ts";
import {
  ClientHandshake,
  ServerHandshake,
} from "#protocols/rtmp/wire/handshake.ts";
import { HANDSHAKE_PACKET_BYTES } from "#protocols/rtmp/wire/handshake_digest.ts";
import { deriveRtmpeKeys, type RtmpeKeys } from "#protocols/rtmp/wire/rtmpe.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations, seededRandom } from "#test/splits.ts";

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

for (const version of [0, 8, 71]) {
  Deno.test(`ServerHandshake rejects version ${version}`, () => {
    const error = assertThrows(
      () => new ServerHandshake().push(Uint8Array.of(version)),
      ParseError,
    );
    assertEquals(error.field, "C0");
    assert(error.message.includes(`must be 3 or 6, found ${version}`));
  });
}

/** Where the public key of a packet stands; written out per scheme, unlike in the code under test. */
function publicKeyAt(packet: Uint8Array, scheme: 0 | 1): number {
  const from = scheme === 0 ? 1_532 : 768;
  const sum = packet[from]! + packet[from + 1]! + packet[from + 2]! +
    packet[from + 3]!;
  return scheme === 0 ? 772 + sum % 632 : 8 + sum % 632;
}

function encryptedC1(scheme: 0 | 1, publicKey: Uint8Array): Uint8Array {
  const c1 = signedC1(scheme, 4);
  c1.set(publicKey, publicKeyAt(c1, scheme));
  const at = digestAt(c1, scheme);
  c1.set(digestOf(c1, at, PLAYER_KEY), at);
  return c1;
}

function encrypt(keys: RtmpeKeys, plain: Uint8Array): Uint8Array {
  const encrypted = new Uint8Array(plain.length);
  keys.outgoing.apply(plain, encrypted);
  return encrypted;
}

for (const scheme of [0, 1] as const) {
  Deno.test(`ServerHandshake agrees on the keys of RTMPE with scheme ${scheme} [librtmp, ffmpeg]`, () => {
    const own = new DiffieHellman1024();
    const handshake = new ServerHandshake();
    const c1 = encryptedC1(scheme, own.publicKey);
    const { output } = handshake.push(Uint8Array.of(6, ...c1));
    assertEquals(output![0], 6);
    const s1 = output!.subarray(1, 1 + HANDSHAKE_PACKET_BYTES);
    const at = digestAt(s1, scheme);
    assertEquals(
      s1.slice(at, at + 32),
      Uint8Array.from(digestOf(s1, at, SERVER_KEY)),
    );
    const keyAt = publicKeyAt(s1, scheme);
    const client = deriveRtmpeKeys(own, s1.subarray(keyAt, keyAt + 128))!;
    const chunk = encrypt(client, text("connect"));
    const { isDone, keys, rest } = handshake.push(
      Uint8Array.of(...new Uint8Array(HANDSHAKE_PACKET_BYTES), ...chunk),
    );
    assert(isDone && keys !== undefined);
    assertEquals(rest, chunk, "the rest comes as it came");
    keys.incoming.apply(rest, rest);
    assertEquals(rest, Uint8Array.from(text("connect")));
    const answer = encrypt(keys, text("_result"));
    client.incoming.apply(answer, answer);
    assertEquals(answer, Uint8Array.from(text("_result")));
  });
}

Deno.test("ServerHandshake rejects RTMPE without a digest", () => {
  const c1 = seededBytes(9)(HANDSHAKE_PACKET_BYTES);
  const error = assertThrows(
    () => new ServerHandshake().push(Uint8Array.of(6, ...c1)),
    ParseError,
  );
  assertEquals(error.field, "C1");
});

Deno.test("ServerHandshake rejects a public key that gives the secret away", () => {
  const c1 = encryptedC1(0, new Uint8Array(128));
  const error = assertThrows(
    () => new ServerHandshake().push(Uint8Array.of(6, ...c1)),
    ParseError,
  );
  assertEquals(error.field, "C1");
});

Deno.test("ServerHandshake waits without input", () => {
  assertEquals(new ServerHandshake().push(new Uint8Array(0)), {
    output: undefined,
    isDone: false,
    rest: new Uint8Array(0),
    keys: undefined,
  });
});

Deno.test("ClientHandshake and ServerHandshake agree", () => {
  const client = new ClientHandshake();
  const server = new ServerHandshake();
  const c0c1 = client.start();
  const c1 = c0c1.subarray(1);
  const at = digestAt(c1, 0);
  assertEquals(
    c1.slice(at, at + 32),
    Uint8Array.from(digestOf(c1, at, PLAYER_KEY)),
  );
  const answer = server.push(c0c1);
  assert(answer.output !== undefined);
  const none = client.push(answer.output.subarray(0, 1_536));
  assertEquals([none.output, none.isDone], [undefined, false]);
  const half = client.push(answer.output.subarray(1_536, 2_000));
  assert(half.output !== undefined, "C2 follows S1");
  assert(!half.isDone);
  const s1 = answer.output.subarray(1, 1_537);
  const serverAt = digestAt(s1, 0);
  const key = hmacSha256(
    Uint8Array.of(...text(PLAYER_KEY), ...Uint8Array.fromHex(KEY_TAIL)),
    s1.subarray(serverAt, serverAt + 32),
  );
  assertEquals(
    half.output.slice(1_504),
    hmacSha256(key, half.output.subarray(0, 1_504)),
  );
  const whole = client.push(
    Uint8Array.of(...answer.output.subarray(2_000), 42),
  );
  assert(whole.isDone);
  assertEquals([whole.output, whole.rest], [undefined, Uint8Array.of(42)]);
  const done = server.push(half.output);
  assertEquals([done.isDone, done.output], [true, undefined]);
});

Deno.test("ClientHandshake gives S1 back to a server without digests", () => {
  const client = new ClientHandshake();
  client.start();
  const s1 = seededBytes(3)(HANDSHAKE_PACKET_BYTES);
  const step = client.push(Uint8Array.of(3, ...s1, ...s1));
  assert(step.isDone);
  assertEquals(step.output, s1);
});

Deno.test("ClientHandshake gives the same in any chunking", () => {
  const s1 = seededBytes(3)(HANDSHAKE_PACKET_BYTES);
  for (const chunks of chunkings(Uint8Array.of(3, ...s1, ...s1, 1, 2, 3))) {
    const client = new ClientHandshake();
    client.start();
    const output: number[] = [];
    const rest: number[] = [];
    for (const chunk of chunks) {
      const step = client.push(chunk);
      output.push(...step.output ?? []);
      rest.push(...step.rest);
    }
    assertEquals(Uint8Array.from(output), s1);
    assertEquals(rest, [1, 2, 3]);
  }
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

Deno.test("ServerHandshake and ClientHandshake throw only ParseError on mutated input", () => {
  const plain = seededBytes(9)(HANDSHAKE_PACKET_BYTES);
  const seeds = [
    Uint8Array.of(3, ...plain),
    Uint8Array.of(3, ...signedC1(0, 2)),
    Uint8Array.of(6, ...encryptedC1(1, new DiffieHellman1024().publicKey)),
  ];
  for (const bytes of mutations(seeds, 2_000)) {
    for (const handshake of [new ServerHandshake(), new ClientHandshake()]) {
      try {
        handshake.push(bytes);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  }
});
