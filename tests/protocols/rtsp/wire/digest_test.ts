import {
  type DigestProof,
  generateNonce,
  verifyDigest,
} from "#protocols/rtsp/wire/digest.ts";
import { assert, assertEquals } from "#test/assert.ts";

/** The example of RFC 2617 §3.5. */
const RFC_2617: DigestProof = {
  user: "Mufasa",
  realm: "testrealm@host.com",
  nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
  uri: "/dir/index.html",
  response: "6629fae49393a05397450978507c4ef1",
  algorithm: undefined,
  qop: "auth",
  nonceCount: "00000001",
  clientNonce: "0a4f113b",
};
const RFC_2617_CHALLENGE = {
  method: "GET",
  url: RFC_2617.uri,
  realm: RFC_2617.realm,
  nonce: RFC_2617.nonce,
};

/** Computed apart with md5sum: user `u`, password `p`, realm `ipcam`, nonce `abc`. */
const RTSP = {
  user: "u",
  realm: "ipcam",
  nonce: "abc",
  uri: "rtsp://h:8554/cam/",
  response: "f8b85864bd91484eb5ec2554888527e0",
  algorithm: "MD5",
  qop: undefined,
  nonceCount: undefined,
  clientNonce: undefined,
};
const RTSP_CHALLENGE = {
  method: "DESCRIBE",
  url: "rtsp://h:8554/cam",
  realm: "ipcam",
  nonce: "abc",
};

Deno.test("verifyDigest() takes the proof of [RFC 2617 §3.5]", () => {
  assert(verifyDigest(RFC_2617, RFC_2617_CHALLENGE, "Circle Of Life"));
  const upper = { ...RFC_2617, response: RFC_2617.response.toUpperCase() };
  assert(verifyDigest(upper, RFC_2617_CHALLENGE, "Circle Of Life"));
});

Deno.test("verifyDigest() takes a proof without qop over a URL with a trailing slash", () => {
  assert(verifyDigest(RTSP, RTSP_CHALLENGE, "p"));
});

Deno.test("verifyDigest() takes the stream's URL for the track's in SETUP [VLC 3]", () => {
  const proof = { ...RTSP, response: "9f61696c2c73c6a9f237526ac56c6b6e" };
  const url = "rtsp://h:8554/cam/trackID=0";
  assert(verifyDigest(proof, { ...RTSP_CHALLENGE, method: "SETUP", url }, "p"));
  assert(!verifyDigest(RTSP, { ...RTSP_CHALLENGE, url }, "p"));
});

Deno.test("verifyDigest() refuses a proof about anything else", () => {
  const wrong: [
    Partial<DigestProof>,
    Partial<typeof RFC_2617_CHALLENGE>,
    string,
  ][] = [
    [{}, {}, "circle of life"],
    [{ user: "Simba" }, {}, "Circle Of Life"],
    [{ realm: "other" }, {}, "Circle Of Life"],
    [{}, { realm: "other" }, "Circle Of Life"],
    [{}, { nonce: "other" }, "Circle Of Life"],
    [{}, { method: "POST" }, "Circle Of Life"],
    [{}, { url: "/dir/other.html" }, "Circle Of Life"],
    [{ algorithm: "SHA-256" }, {}, "Circle Of Life"],
    [{ qop: "auth-int" }, {}, "Circle Of Life"],
    [{ qop: undefined }, {}, "Circle Of Life"],
    [{ nonceCount: undefined }, {}, "Circle Of Life"],
    [{ clientNonce: undefined }, {}, "Circle Of Life"],
    [{ response: "" }, {}, "Circle Of Life"],
    [{ response: RFC_2617.response + "0" }, {}, "Circle Of Life"],
  ];
  for (const [proof, challenge, password] of wrong) {
    const changed = { ...RFC_2617_CHALLENGE, ...challenge };
    assert(!verifyDigest({ ...RFC_2617, ...proof }, changed, password));
  }
});

Deno.test("generateNonce() never gives the same one twice", () => {
  const nonces = Array.from({ length: 100 }, () => generateNonce());
  assertEquals(new Set(nonces).size, 100);
  assert(nonces.every((nonce) => /^[0-9a-f]{32}$/.test(nonce)));
});
