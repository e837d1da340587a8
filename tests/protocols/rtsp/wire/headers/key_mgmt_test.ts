import { ParseError } from "#base/errors.ts";
import { parseMikeyBase64 } from "#formats/mikey/sdp_key_mgmt.ts";
import {
  parseKeyMgmt,
  serializeKeyMgmt,
} from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const DATA =
  "AQAFAF8oAY4CAADXJ90YAAAAAAAOhU0vAAAAAAsA7qxEq9Dmjj4KEBTeR9pKMgyHBNIAoScO+JMBAAAAFQABAQEBEAIBAQMBCgcBAQgBAQoBAQAAACIAIAAe8f/juUPCcqTTCLICELc9n6b3W9x7FKIaenY1K6mSAA==";
const message = parseMikeyBase64(DATA);

const HEADERS = [
  {
    name: "a header [GStreamer 1.22 rtspclientsink]",
    text: `prot=mikey;uri="rtsp://127.0.0.1:19322/y/stream=0";data="${DATA}"`,
    uri: "rtsp://127.0.0.1:19322/y/stream=0",
  },
  {
    name: "spaces, and no quotes around the URI",
    text: `prot=MIKEY; uri=rtsps://h/a ; data="${DATA}"`,
    uri: "rtsps://h/a",
  },
  { name: "no URI", text: `prot=mikey;data="${DATA}"`, uri: "" },
  {
    name: "another protocol first",
    text: `prot=other;data="AAAA",prot=mikey;uri="a,b;c";data="${DATA}"`,
    uri: "a,b;c",
  },
];

for (const { name, text, uri } of HEADERS) {
  Deno.test(`parseKeyMgmt() reads ${name}`, () => {
    assertEquals(parseKeyMgmt(text), { uri, message });
  });
}

const REFUSED = [
  { text: "", field: "prot" },
  { text: `uri="a";data="${DATA}"`, field: "prot" },
  { text: `prot=other;data="${DATA}"`, field: "prot" },
  { text: `prot=mikey;uri="a"`, field: "version" },
  { text: `prot=mikey;uri="a";data="%"`, field: "base64" },
];

for (const { text, field } of REFUSED) {
  Deno.test(`parseKeyMgmt() refuses ${text.slice(0, 40)}`, () => {
    const error = assertThrows(() => parseKeyMgmt(text), ParseError);
    assertEquals(error.field, field);
  });
}

Deno.test("serializeKeyMgmt() writes the header as GStreamer does", () => {
  assertEquals(
    serializeKeyMgmt({ uri: "rtsp://127.0.0.1:19322/y/stream=0", message }),
    HEADERS[0]!.text,
  );
});
