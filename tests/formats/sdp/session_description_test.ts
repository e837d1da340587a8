import { ParseError } from "#base/errors.ts";
import {
  isBackChannel,
  keyFrameFeedbackOf,
  MAX_SDP_PAYLOAD_TYPES,
  type MediaDescription,
} from "#formats/sdp/media_description.ts";
import { serializeSessionDescription } from "#formats/sdp/serialize.ts";
import {
  MAX_SDP_ATTRIBUTES,
  MAX_SDP_BYTES,
  MAX_SDP_LINE_BYTES,
  MAX_SDP_MEDIA,
  parseSessionDescription,
  type SessionDescription,
} from "#formats/sdp/session_description.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const EMPTY: SessionDescription = {
  sessionName: "",
  connectionAddress: undefined,
  control: undefined,
  keyMgmt: undefined,
  attributes: [],
  media: [],
};

const VIDEO: MediaDescription = {
  mediaType: "video",
  port: 0,
  protocol: "RTP/AVP",
  payloadTypes: [96],
  rtpMaps: new Map([[96, "H264/90000"]]),
  fmtps: new Map([[
    96,
    "packetization-mode=1; sprop-parameter-sets=Z0LAKA==,aM4=",
  ]]),
  control: "trackID=0",
  direction: undefined,
  keyMgmt: undefined,
  attributes: [],
};

const AUDIO: MediaDescription = {
  ...VIDEO,
  mediaType: "audio",
  payloadTypes: [0],
  rtpMaps: new Map([[0, "PCMU/8000"]]),
  fmtps: new Map(),
  control: "trackID=1",
};

/** Written as they stand, and read back to the same. */
const WRITTEN: {
  name: string;
  text: string;
  description: SessionDescription;
}[] = [
  {
    name: "two tracks",
    text:
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns= \r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n" +
      "m=video 0 RTP/AVP 96\r\na=control:trackID=0\r\na=rtpmap:96 H264/90000\r\n" +
      "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAKA==,aM4=\r\n" +
      "m=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\na=rtpmap:0 PCMU/8000\r\n",
    description: {
      ...EMPTY,
      connectionAddress: "0.0.0.0",
      media: [VIDEO, AUDIO],
    },
  },
  {
    name: "everything",
    text:
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=Front door\r\nc=IN IP6 ::1\r\nt=0 0\r\n" +
      "a=control:*\r\na=key-mgmt:mikey AAAA\r\na=range:npt=now-\r\na=recvonly\r\n" +
      "m=audio 5004 RTP/SAVP 0 8\r\na=control:trackID=1\r\na=key-mgmt:mikey BBBB\r\n" +
      "a=sendonly\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n",
    description: {
      sessionName: "Front door",
      connectionAddress: "::1",
      control: "*",
      keyMgmt: "mikey AAAA",
      attributes: [{ name: "range", value: "npt=now-" }, {
        name: "recvonly",
        value: "",
      }],
      media: [{
        ...AUDIO,
        port: 5004,
        protocol: "RTP/SAVP",
        payloadTypes: [0, 8],
        rtpMaps: new Map([[0, "PCMU/8000"], [8, "PCMA/8000"]]),
        direction: "sendonly",
        keyMgmt: "mikey BBBB",
        attributes: [{ name: "ptime", value: "20" }],
      }],
    },
  },
];

for (const { name, text, description } of WRITTEN) {
  Deno.test(`serializeSessionDescription() writes ${name}`, () => {
    assertEquals(serializeSessionDescription(description), text);
  });

  Deno.test(`parseSessionDescription() reads ${name}`, () => {
    assertEquals(parseSessionDescription(text), description);
    const bytes = new TextEncoder().encode(text);
    const before = bytes.slice();
    assertEquals(parseSessionDescription(bytes), description);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseSessionDescription() reads ${name} with other line ends`, () => {
    assertEquals(
      parseSessionDescription(text.replaceAll("\r\n", "\n")),
      description,
    );
    assertEquals(
      parseSessionDescription(text.replaceAll("\r\n", "\r")),
      description,
    );
    assertEquals(
      parseSessionDescription(text.replaceAll("\r\n", " \r\n\r\n")),
      description,
    );
    assertEquals(parseSessionDescription(text.trimEnd()), description);
  });

  Deno.test(`parseSessionDescription() throws only ParseError on prefixes of ${name}`, () => {
    for (const prefix of prefixes(new TextEncoder().encode(text))) {
      parseOrReject(prefix);
    }
  });
}

/** What cameras send against the specification. */
const LENIENT: {
  name: string;
  text: string;
  description: SessionDescription;
}[] = [
  { name: "nothing", text: "", description: EMPTY },
  {
    name: "neither name nor time",
    text: "v=0\nm=video 0 RTP/AVP 96",
    description: { ...EMPTY, media: [bare([96])] },
  },
  {
    name: "unknown lines",
    text: "v=0\nq=1\nhello\n=\ns=x\nb=AS:50",
    description: { ...EMPTY, sessionName: "x" },
  },
  {
    name: "text behind a zero byte",
    text: "s=x\n\0m=video",
    description: { ...EMPTY, sessionName: "x" },
  },
  {
    name: "doubled lines, the first ones",
    text:
      "s=a\ns=b\na=control:x\na=control:y\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n" +
      "a=rtpmap:96 H265/90000\na=control:1\na=control:2\na=recvonly\na=sendonly",
    description: {
      ...EMPTY,
      sessionName: "a",
      control: "x",
      media: [{
        ...bare([96]),
        rtpMaps: new Map([[96, "H264/90000"]]),
        control: "1",
        direction: "recvonly",
      }],
    },
  },
  {
    name: "spaces everywhere",
    text:
      "s=  a  \nm=video   0  RTP/AVP   96 \na=rtpmap: 96   H264/90000 \na=fmtp:96\ta=b \na=Control: x",
    description: {
      ...EMPTY,
      sessionName: "a",
      media: [{
        ...bare([96]),
        rtpMaps: new Map([[96, "H264/90000"]]),
        fmtps: new Map([[96, "a=b"]]),
        control: "x",
      }],
    },
  },
  {
    name: "formats that are no payload types",
    text:
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nm=video 0 RTP/AVP 96 128 x 97\na=rtpmap:x y\na=rtpmap:200 z",
    description: {
      ...EMPTY,
      media: [
        {
          ...bare([]),
          mediaType: "application",
          port: 9,
          protocol: "UDP/DTLS/SCTP",
        },
        bare([96, 97]),
      ],
    },
  },
  {
    name: "other media types as application",
    text: "m=text 0 RTP/AVP 98\nm=VIDEO 6000/2 RTP/AVP 96",
    description: {
      ...EMPTY,
      media: [{ ...bare([98]), mediaType: "application" }, {
        ...bare([96]),
        port: 6000,
      }],
    },
  },
  {
    name: "an address with time to live, not that of a section",
    text: "c=IN IP4 224.1.0.1/127\nm=video 0 RTP/AVP 96\nc=IN IP4 1.2.3.4",
    description: {
      ...EMPTY,
      connectionAddress: "224.1.0.1",
      media: [bare([96])],
    },
  },
];

function bare(payloadTypes: number[]): MediaDescription {
  return {
    ...VIDEO,
    payloadTypes,
    rtpMaps: new Map(),
    fmtps: new Map(),
    control: undefined,
  };
}

for (const { name, text, description } of LENIENT) {
  Deno.test(`parseSessionDescription() accepts ${name}`, () => {
    assertEquals(parseSessionDescription(text), description);
  });
}

const REJECTED = [
  {
    name: "a section without protocol",
    text: "v=0\r\nm=video 0\r\n",
    field: "line 2 m=",
    offset: 5,
  },
  { name: "an empty section line", text: "m=", field: "line 1 m=", offset: 0 },
  {
    name: "a port that is no number",
    text: "v=0\nm=video x RTP/AVP 96",
    field: "line 2 m= port",
    offset: 4,
  },
  {
    name: "a port over 65535",
    text: "m=video 65536 RTP/AVP 96",
    field: "line 1 m= port",
    offset: 0,
  },
  {
    name: "too many formats",
    text: "m=video 0 RTP/AVP" + " 96".repeat(MAX_SDP_PAYLOAD_TYPES + 1),
    field: "line 1 m=",
    offset: 0,
  },
  {
    name: "too many sections",
    text: "m=video 0 RTP/AVP 96\n".repeat(MAX_SDP_MEDIA + 1),
    field: "line 65 m=",
    offset: 64 * 21,
  },
  {
    name: "too many attributes",
    text: "a=x\n".repeat(MAX_SDP_ATTRIBUTES + 1),
    field: "line 1025 a=",
    offset: 4096,
  },
  {
    name: "a line over its limit",
    text: "s=" + "x".repeat(MAX_SDP_LINE_BYTES - 1),
    field: "line 1",
    offset: 0,
  },
  {
    name: "a text over its limit",
    text: "\n".repeat(MAX_SDP_BYTES + 1),
    field: "length",
    offset: MAX_SDP_BYTES,
  },
];

for (const { name, text, field, offset } of REJECTED) {
  Deno.test(`parseSessionDescription() rejects ${name}`, () => {
    const error = assertThrows(() => parseSessionDescription(text), ParseError);
    assertEquals([error.format, error.field, error.offsetBytes], [
      "SDP",
      field,
      offset,
    ]);
  });
}

Deno.test("isBackChannel() is true for a media section the reader sends to [ONVIF]", () => {
  const { media } = parseSessionDescription(
    "a=sendonly\nm=video 0 RTP/AVP 96\nm=audio 0 RTP/AVP 0\na=sendonly\nm=audio 0 RTP/AVP 0\na=recvonly",
  );
  assertEquals(media.map(isBackChannel), [false, true, false]);
});

function parseOrReject(bytes: Uint8Array): SessionDescription | undefined {
  try {
    return parseSessionDescription(bytes);
  } catch (error) {
    assert(error instanceof ParseError, `threw ${error}`);
    return undefined;
  }
}

Deno.test("parseSessionDescription() throws only ParseError on 10,000 mutations, and writes the rest back", () => {
  const seeds = [...WRITTEN, ...LENIENT].map(({ text }) =>
    new TextEncoder().encode(text)
  );
  for (const bytes of mutations(seeds)) {
    const description = parseOrReject(bytes);
    if (description === undefined) continue;
    const text = serializeSessionDescription(description);
    const media = parseSessionDescription(text).media;
    assertEquals(
      media.map(({ control }) => control),
      description.media.map(({ control }) => control),
    );
  }
});

Deno.test("keyFrameFeedbackOf() finds how a sender wants to be asked [RFC 4585 §4.2]", () => {
  const feedbackOf = (lines: readonly string[]) => {
    const text = ["m=video 0 RTP/AVPF 96", ...lines].join("\r\n");
    return keyFrameFeedbackOf(parseSessionDescription(text).media[0]!, 96);
  };
  const cases = [
    { lines: [], is: undefined },
    { lines: ["a=rtcp-fb:96 nack"], is: undefined },
    { lines: ["a=rtcp-fb:97 nack pli"], is: undefined },
    { lines: ["a=rtcp-fb:96 nack pli"], is: "pli" },
    { lines: ["a=rtcp-fb:* CCM FIR"], is: "fir" },
    { lines: ["a=rtcp-fb:96 ccm fir", "a=rtcp-fb:* nack pli"], is: "pli" },
  ];
  for (const { lines, is } of cases) {
    assertEquals(feedbackOf(lines), is, lines.join());
  }
});
