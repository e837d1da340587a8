import {
  ResponseSender,
  type ResponseSenderOptions,
} from "#http/http1/response_sender.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { concatBytes } from "#test/fake_tcp.ts";
import { readAnswers } from "./answers.ts";

/** How a peer is sent answers, and what it got. */
function openPeer(changes: Partial<ResponseSenderOptions> = {}): {
  readonly sender: ResponseSender;
  readonly sends: Uint8Array[];
  readonly text: () => string;
} {
  const sends: Uint8Array[] = [];
  const sender = new ResponseSender({
    send: (parts) => {
      sends.push(concatBytes(parts));
      return Promise.resolve(true);
    },
    isHead: false,
    canChunk: true,
    connection: undefined,
    ...changes,
  });
  const text = () => new TextDecoder("latin1").decode(concatBytes(sends));
  return { sender, sends, text };
}

/** A body of so many bytes in pieces, and what is known of it. */
function bodyOf(
  lengthBytes: number,
  { pieceBytes = 10_000, isBroken = false } = {},
): {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  madeBytes: number;
  isCancelled: boolean;
} {
  const body = {
    madeBytes: 0,
    isCancelled: false,
    stream: new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller): void {
        const piece = Math.min(pieceBytes, lengthBytes - body.madeBytes);
        body.madeBytes += piece;
        if (piece > 0) controller.enqueue(new Uint8Array(piece).fill(0x61));
        else if (isBroken) controller.error(new Error("broken"));
        else controller.close();
      },
      cancel(): void {
        body.isCancelled = true;
      },
    }, { highWaterMark: 0 }),
  };
  return body;
}

const WHOLE: readonly {
  readonly name: string;
  readonly response: () => Response;
  readonly isHead?: boolean;
  readonly status: number;
  readonly length: string | undefined;
  readonly body?: string;
}[] = [
  {
    name: "a text",
    response: () => new Response("abc", { headers: { A: "b" } }),
    status: 200,
    length: "3",
    body: "abc",
  },
  {
    name: "no body",
    response: () => new Response(null, { status: 404 }),
    status: 404,
    length: "0",
  },
  {
    name: "an empty body",
    response: () => new Response(""),
    status: 200,
    length: "0",
  },
  {
    name: "204",
    response: () => new Response(null, { status: 204 }),
    status: 204,
    length: undefined,
  },
  {
    name: "304 with the length of what it is not sent",
    response: () =>
      new Response(null, { status: 304, headers: { "Content-Length": "9" } }),
    status: 304,
    length: "9",
  },
  {
    name: "the head of a text",
    response: () => new Response("abc"),
    isHead: true,
    status: 200,
    length: undefined,
  },
  {
    name: "the head of a text whose length is told",
    response: () => new Response("abc", { headers: { "Content-Length": "3" } }),
    isHead: true,
    status: 200,
    length: "3",
  },
  {
    name: "a text that is longer than told",
    response: () => new Response("abc", { headers: { "Content-Length": "1" } }),
    status: 200,
    length: "3",
    body: "abc",
  },
  {
    name: "a text that is shorter than told",
    response: () => new Response("abc", { headers: { "Content-Length": "9" } }),
    status: 200,
    length: "3",
    body: "abc",
  },
  {
    name: "a status without a name",
    response: () => new Response("a", { status: 419 }),
    status: 419,
    length: "1",
    body: "a",
  },
];

for (const { name, response, isHead, status, length, body = "" } of WHOLE) {
  Deno.test(`ResponseSender sends ${name} in one go`, async () => {
    const { sender, sends } = openPeer({ isHead: isHead ?? false });
    assertEquals(await sender.send(response()), true);
    assertEquals(sends.length, 1);
    const [answer] = readAnswers(sends[0]!, () => isHead ?? false);
    assertEquals([answer!.status, answer!.body], [status, body]);
    assertEquals(answer!.fields["content-length"], length);
    assertEquals(answer!.fields["transfer-encoding"], undefined);
  });
}

Deno.test("ResponseSender sends a long body in chunks, and makes no more than leaves", async () => {
  const body = bodyOf(1_000_000);
  let sent = 0;
  const { sender, text, sends } = openPeer({
    send: (parts) => {
      const bytes = concatBytes(parts);
      sends.push(bytes);
      sent += bytes.length;
      assert(body.madeBytes - sent < 20_000, "only what is being sent");
      return Promise.resolve(true);
    },
  });
  assertEquals(await sender.send(new Response(body.stream)), true);
  const [answer] = readAnswers(concatBytes(sends));
  assertEquals(answer!.body, "a".repeat(1_000_000));
  assertEquals(answer!.fields["connection"], undefined);
  assert(text().endsWith("\r\n0\r\n\r\n"));
});

Deno.test("ResponseSender ends a long body with the connection for HTTP/1.0, and says so", async () => {
  const { sender, sends } = openPeer({
    canChunk: false,
    connection: "keep-alive",
  });
  const body = bodyOf(100_000);
  assertEquals(await sender.send(new Response(body.stream)), false);
  const [answer] = readAnswers(concatBytes(sends));
  assertEquals(answer?.fields["connection"], "close");
  assertEquals(answer?.body, "a".repeat(100_000));
});

for (
  const [name, told, isKept] of [
    ["as told", "100000", true],
    ["longer than told", "90001", false],
    ["longer than told at once", "1", false],
    ["shorter than told", "100001", false],
    ["of no length", "abc", false],
  ] as const
) {
  for (const canChunk of [true, false]) {
    Deno.test(`ResponseSender sends a long body that is ${name}, chunks ${canChunk}`, async () => {
      const { sender, text } = openPeer({ canChunk });
      const { stream } = bodyOf(100_000);
      const headers = { "Content-Length": told };
      const response = new Response(stream, { headers });
      assertEquals(await sender.send(response), isKept);
      const sentBytes = text().split("\r\n\r\n")[1]?.length ?? 0;
      assert(sentBytes <= Number(told) || told === "abc", `${sentBytes} bytes`);
      assert(!text().includes("chunked"), "its length is told");
    });
  }
}

Deno.test("ResponseSender ends the connection when a body breaks off", async () => {
  for (const lengthBytes of [10_000, 100_000]) {
    const { sender, text } = openPeer();
    const body = bodyOf(lengthBytes, { isBroken: true });
    assertEquals(await sender.send(new Response(body.stream)), false);
    assertEquals(text().endsWith("0\r\n\r\n"), false);
  }
});

Deno.test("ResponseSender lets go of a body when the peer has gone, or wants its head only", async () => {
  const gone = bodyOf(1_000_000);
  const { sender } = openPeer({ send: () => Promise.resolve(false) });
  assertEquals(await sender.send(new Response(gone.stream)), false);
  const unasked = bodyOf(1_000_000);
  const { sender: heads } = openPeer({ isHead: true });
  assertEquals(await heads.send(new Response(unasked.stream)), true);
  assertEquals([gone.isCancelled, unasked.isCancelled], [true, true]);
  assertEquals(unasked.madeBytes, 0);
  const broken = new ReadableStream({
    cancel: () => Promise.reject(new Error("broken")),
  });
  assertEquals(await heads.send(new Response(broken)), true);
});

Deno.test("ResponseSender keeps fields of one name apart, and none can begin another line", async () => {
  const { sender, text } = openPeer({ connection: "close" });
  const headers = new Headers([["Set-Cookie", "a=b"], ["Set-Cookie", "c=d"]]);
  await sender.send(new Response(null, { headers }));
  assert(text().includes("set-cookie: a=b\r\nset-cookie: c=d\r\n"), text());
  assert(text().includes("\r\nConnection: close\r\n"), text());
  for (const value of ["a\r\nb", "a\nb", "a\0b"]) {
    let isRefused = false;
    try {
      headers.set("Location", value);
    } catch {
      isRefused = true;
    }
    assert(isRefused, "the runtime takes no such value");
  }
});
