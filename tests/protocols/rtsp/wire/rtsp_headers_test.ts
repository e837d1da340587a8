import { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("RtspHeaders finds fields without regard to case and keeps order and spelling", () => {
  const headers = new RtspHeaders({ CSeq: "1", "User-Agent": "x" });
  headers.append("WWW-Authenticate", "Basic").append(
    "www-authenticate",
    "Digest",
  );
  assertEquals(headers.get("cseq"), "1");
  assertEquals(headers.get("WWW-AUTHENTICATE"), "Basic");
  assertEquals(headers.getAll("Www-Authenticate"), ["Basic", "Digest"]);
  assertEquals(headers.get("none"), undefined);
  assertEquals(headers.getAll("none"), []);
  headers.set("cSeq", "2").delete("user-agent");
  assertEquals([headers.has("User-Agent"), headers.has("CSEQ")], [false, true]);
  assertEquals([...headers], [
    ["cSeq", "2"],
    ["WWW-Authenticate", "Basic"],
    ["WWW-Authenticate", "Digest"],
  ]);
});

Deno.test("RtspHeaders takes names of built-in properties for plain names", () => {
  const headers = new RtspHeaders().append("__proto__", "a");
  assertEquals([headers.get("__proto__"), headers.get("constructor")], [
    "a",
    undefined,
  ]);
});
