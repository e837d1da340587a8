import { MAX_FIELDS } from "#http/http1/header_fields.ts";
import {
  MAX_HEAD_BYTES,
  type RequestHead,
  RequestHeadBuffer,
} from "#http/http1/request_head.ts";
import { HttpError } from "#http/http_error.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations, prefixes } from "#test/splits.ts";

const encoder = new TextEncoder();

/** What a head says, its fields as pairs. */
type Told = Omit<RequestHead, "fields"> & { readonly fields: string[][] };

/** All heads of what a peer sends in these pieces. */
function headsOf(chunks: Iterable<Uint8Array>): Told[] {
  const buffer = new RequestHeadBuffer();
  const heads: Told[] = [];
  const takeAll = () => {
    for (let head = buffer.take(); head; head = buffer.take()) {
      const fields = [...head.fields.toHeaders()].map((pair) => [...pair]);
      heads.push({ ...head, fields });
    }
  };
  for (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0;) {
      const room = buffer.room();
      assert(room.length > 0, "there is room");
      const count = Math.min(room.length, rest.length);
      room.set(rest.subarray(0, count));
      buffer.added(count);
      rest = rest.subarray(count);
      takeAll();
    }
  }
  return heads;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const PLAIN = {
  method: "GET",
  isOld: false,
  isKeptAlive: true,
  hasBody: false,
} as const;

const HEADS: readonly {
  readonly name: string;
  readonly text: string;
  readonly told: Partial<Told>;
}[] = [
  {
    name: "the least that HTTP/1.1 asks for",
    text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    told: { target: "/", fields: [["host", "a"]] },
  },
  {
    name: "fields of a browser [Chromium]",
    text: "GET /cam/video1_stream.m3u8?_HLS_msn=7&_HLS_part=2 HTTP/1.1\r\n" +
      "Host: 192.0.2.1:8888\r\nConnection: keep-alive\r\n" +
      "Accept-Encoding: gzip, deflate\r\nCookie: a=b\r\nCookie:\tc=d \r\n\r\n",
    told: {
      target: "/cam/video1_stream.m3u8?_HLS_msn=7&_HLS_part=2",
      fields: [
        ["accept-encoding", "gzip, deflate"],
        ["connection", "keep-alive"],
        ["cookie", "a=b; c=d"],
        ["host", "192.0.2.1:8888"],
      ],
    },
  },
  {
    name: "a blank line before it, and a field of which there are two",
    text: "\r\n\r\nGET / HTTP/1.1\r\nHost:\r\nVia: a\r\nvia:b\r\n\r\n",
    told: { target: "/", fields: [["host", ""], ["via", "a, b"]] },
  },
  {
    name: "HTTP/1.0 without a field",
    text: "GET / HTTP/1.0\r\n\r\n",
    told: { target: "/", isOld: true, isKeptAlive: false, fields: [] },
  },
  {
    name: "HTTP/1.0 that is kept [ab]",
    text: "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    told: { target: "/", isOld: true },
  },
  {
    name: "HTTP/1.0 that cannot decide",
    text: "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
    told: { target: "/", isOld: true, isKeptAlive: false },
  },
  {
    name: "an end of the connection among other options",
    text: "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: TE,Close\r\n\r\n",
    told: { method: "HEAD", target: "/", isKeptAlive: false },
  },
  {
    name: "a whole URL",
    text: "GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n",
    told: { target: "http://b/c" },
  },
  {
    name: "no path",
    text: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    told: { method: "OPTIONS", target: "*" },
  },
  {
    name: "a body of no bytes",
    text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    told: { method: "POST", target: "/" },
  },
  ...[
    "Content-Length: 5",
    "Content-Length: 00",
    "Content-Length: 99999999999999999999",
  ].map(
    (field) => ({
      name: `a body after ${field}`,
      text: `POST / HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`,
      told: { method: "POST", target: "/", hasBody: true },
    }),
  ),
  {
    name: "a body in chunks, whatever the length says",
    text:
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
    told: { method: "POST", target: "/", hasBody: true },
  },
  {
    name: "text in UTF-8, which the routes get byte by byte",
    text:
      "GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\nX: \xc3\xbc\xe2\x82\xac\r\n\r\n",
    told: {
      target: "/ü",
      fields: [["host", "a"], ["x", "\xc3\xbc\xe2\x82\xac"]],
    },
  },
  {
    name: "blanks of other scripts, which belong to the value",
    text: "GET / HTTP/1.0\r\nX: \t\xc2\xa0a\xc2\xa0\t\r\n\r\n",
    told: {
      target: "/",
      isOld: true,
      isKeptAlive: false,
      fields: [["x", "\xc2\xa0a\xc2\xa0"]],
    },
  },
];

for (const { name, text, told } of HEADS) {
  Deno.test(`RequestHeadBuffer reads ${name}, however it is split`, () => {
    const bytes = bytesOf(text + text);
    const [first] = headsOf([bytes]);
    assertEquals({ ...first, ...PLAIN, ...told }, first);
    for (const chunks of chunkings(bytes)) {
      assertEquals(headsOf(chunks), [first, first]);
    }
    for (let at = 0; at <= bytes.length; at++) {
      const halves = [bytes.subarray(0, at), bytes.subarray(at)];
      assertEquals(headsOf(halves), [first, first]);
    }
    for (const prefix of prefixes(bytesOf(text))) {
      assertEquals(headsOf([prefix]), []);
    }
  });
}

const LINE = "GET / HTTP/1.1\r\nHost: a\r\n";

const REFUSED: readonly [name: string, text: string, reason: string][] = [
  ["no Host", "GET / HTTP/1.1\r\n\r\n", "no field Host"],
  ["two hosts", `${LINE}host: a\r\n\r\n`, 'the field "host" twice'],
  [
    "two lengths",
    `${LINE}Content-Length: 0\r\nContent-Length: 0\r\n\r\n`,
    'the field "content-length" twice',
  ],
  ...["", "-0", "+1", "x", "0, 0", "0x1", "\xc2\xa00"].map(
    (length): [string, string, string] => [
      `the length "${length}"`,
      `${LINE}Content-Length: ${length}\r\n\r\n`,
      "Content-Length is no length",
    ],
  ),
  ["bare LF", "GET / HTTP/1.1\nHost: a\n\n", "do not end with CR and LF"],
  ["one bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", "CR and LF"],
  ["a bare LF in a field", `${LINE}A: b\nC: d\r\n\r\n`, "CR and LF"],
  ["a bare LF at first", `\n${LINE}\r\n`, "CR and LF"],
  ["a bare CR", "GET / HTTP/1.1\rXHost: a\r\n\r\n", "a CR in it"],
  ["a bare CR in a field", `${LINE}A: b\rC: d\r\n\r\n`, "no field"],
  ["NUL in a value", `${LINE}A: b\0\r\n\r\n`, "no field"],
  ["NUL in a target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", "request line"],
  ["a field that goes on", `${LINE}A: b\r\n c\r\n\r\n`, "no field"],
  ["a blank before the colon", `${LINE}A : b\r\n\r\n`, "no field"],
  ["a field without colon", `${LINE}A\r\n\r\n`, "no field"],
  ["a field without name", `${LINE}: b\r\n\r\n`, "no field"],
  ["a name that is none", `${LINE}A(: b\r\n\r\n`, "no field"],
  ["two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "request line"],
  ["a blank behind", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "request line"],
  ["a blank before", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "request line"],
  ["no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", "request line"],
  ["small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "request line"],
  ["HTTP/0.9", "GET /\r\n\r\n", "request line"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\n", "request line"],
  ["a byte order mark", `\xef\xbb\xbf${LINE}\r\n`, "request line"],
  ["TLS", "\x16\x03\x01\x02\0\x01\r\n\r\n", "request line"],
  [
    "too many fields",
    `${LINE}${"A: b\r\n".repeat(MAX_FIELDS)}\r\n`,
    `over ${MAX_FIELDS} fields`,
  ],
  [
    "too long a head",
    `${LINE}A: ${"b".repeat(MAX_HEAD_BYTES)}\r\n\r\n`,
    `over ${MAX_HEAD_BYTES} bytes`,
  ],
  ["no line end", "A".repeat(MAX_HEAD_BYTES), `over ${MAX_HEAD_BYTES} bytes`],
];

for (const [name, text, reason] of REFUSED) {
  Deno.test(`RequestHeadBuffer refuses ${name}, however it is split`, () => {
    const bytes = bytesOf(text);
    for (const chunks of chunkings(bytes, 5)) {
      const error = assertThrows(() => headsOf(chunks), HttpError);
      assert(error.message.includes(reason), error.message);
      assertEquals(error.status, 400);
    }
  });
}

Deno.test("RequestHeadBuffer takes the longest head, and the most fields", () => {
  const rest = MAX_HEAD_BYTES - `${LINE}A: \r\n\r\n`.length;
  const long = `${LINE}A: ${"b".repeat(rest)}\r\n\r\n`;
  const many = `${LINE}${"A: b\r\n".repeat(MAX_FIELDS - 1)}\r\n`;
  const heads = headsOf([bytesOf(long + many + long)]);
  assertEquals(heads.map(({ fields }) => fields[0]![1]!.length), [
    rest,
    3 * (MAX_FIELDS - 1) - 2,
    rest,
  ]);
});

Deno.test("RequestHeadBuffer makes the fields once for requests that have the same", () => {
  const buffer = new RequestHeadBuffer();
  const read = (text: string) => {
    const bytes = encoder.encode(text);
    buffer.room().set(bytes);
    buffer.added(bytes.length);
    const head = buffer.take();
    assertEquals(buffer.isPartial, false);
    return head!;
  };
  const first = read(`${LINE}\r\n`);
  const second = read(`${LINE.replace("/", "/longer?b")}\r\n`);
  assert(first.fields === second.fields, "the same object");
  assertEquals([first.target, second.target], ["/", "/longer?b"]);
  const third = read(`${LINE}A: b\r\n\r\n`);
  assert(third.fields !== second.fields, "another");
  assertEquals(third.fields.get("a"), "b");
  const fourth = read(`${LINE}A: c\r\n\r\n`);
  assertEquals(fourth.fields.get("a"), "c");
  assertEquals(read("GET / HTTP/1.0\r\n\r\n").fields.get("a"), undefined);
});

Deno.test("RequestHeadBuffer takes blank lines for nothing", () => {
  const buffer = new RequestHeadBuffer();
  for (let i = 0; i < 50_000; i++) {
    buffer.room().set([0x0d, 0x0a]);
    buffer.added(2);
    assertEquals([buffer.take(), buffer.isPartial], [undefined, false]);
  }
});

Deno.test("RequestHeadBuffer answers any mutation with heads or 400", () => {
  const seeds = HEADS.map(({ text }) => bytesOf(text));
  for (const bytes of mutations(seeds, 4_000)) {
    let heads: Told[];
    try {
      heads = headsOf([bytes]);
    } catch (error) {
      assert(error instanceof HttpError, String(error));
      continue;
    }
    for (const { method, target, fields } of heads) {
      assert(/^[A-Z]+$/.test(method) && !/[\0-\x20]/.test(target));
      assert(fields.every(([, value]) => !/[\r\n\0]/.test(value!)));
    }
  }
});
