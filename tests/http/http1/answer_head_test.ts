import { DirectHead } from "#http/direct.ts";
import { answerHead, directHead, headOf } from "#http/http1/answer_head.ts";
import { assert, assertEquals } from "#test/assert.ts";

const DATE = /Date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n/;

function withoutDate(head: string | Uint8Array): string {
  const text = typeof head === "string" ? head : new TextDecoder().decode(head);
  assert(DATE.test(text), text);
  return text.replace(DATE, "");
}

Deno.test("answerHead() writes status, fields and framing", () => {
  const whole = answerHead(206, "A: b\r\n", {
    lengthBytes: 5,
    connection: "close",
  });
  assertEquals(
    withoutDate(whole),
    "HTTP/1.1 206 Partial Content\r\nA: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
  );
  const bare = answerHead(419, "", {
    lengthBytes: undefined,
    connection: undefined,
  });
  assertEquals(withoutDate(bare), "HTTP/1.1 419 \r\n\r\n");
});

Deno.test("headOf() writes the fields of a response", () => {
  const response = new Response(null, { headers: { A: "b" } });
  assertEquals(
    withoutDate(headOf(101, response, "C: d\r\n")),
    "HTTP/1.1 101 Switching Protocols\r\na: b\r\nC: d\r\n\r\n",
  );
});

Deno.test("directHead() writes each head that is asked for, whatever it was asked for before", () => {
  const heads = [new DirectHead(200, { A: "b" }), new DirectHead(404)];
  for (let round = 0; round < 2; round++) {
    for (const head of heads) {
      for (const lines of ["", "C: d\r\n"]) {
        for (const lengthBytes of [0, 5]) {
          for (const connection of [undefined, "close"] as const) {
            const ask = () => directHead(head, lines, lengthBytes, connection);
            const expected = answerHead(head.status, head.lines + lines, {
              lengthBytes,
              connection,
            });
            assertEquals(withoutDate(ask()), withoutDate(expected));
            assertEquals(withoutDate(ask()), withoutDate(expected));
          }
        }
      }
    }
  }
});
