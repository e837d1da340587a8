import { ParseError } from "#base/errors.ts";
import { mikeyFromExchange } from "#formats/mikey/srtp_exchange.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { RtspError, statusOf } from "#protocols/rtsp/errors.ts";
import {
  chooseTransport,
  type MediaEndpoint,
  type TrackTransport,
  type TransportQuestion,
} from "#protocols/rtsp/track_transport.ts";
import { serializeKeyMgmt } from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { fakeRtspServer, URL_OF_CAM } from "./fake_peer.ts";

const ENDPOINT: MediaEndpoint = {
  handleInterleaved: () => {},
  handleRtpDatagram: () => {},
  handleRtcpDatagram: () => {},
  handleFault: () => {},
};

interface Asking {
  readonly isPublishing?: boolean;
  readonly others?: readonly TrackTransport[];
  readonly ssrc?: number;
  readonly transports?: readonly ("udp" | "tcp")[];
  readonly protocol?: "rtsp" | "rtsps";
  readonly keyMgmt?: string;
}

const PEER = { keys: createSrtpKeys(), rollovers: new Map([[0xab, 3]]) };
const OWN = { keys: createSrtpKeys(), rollovers: new Map() };

const KEY_MGMT = serializeKeyMgmt({
  uri: URL_OF_CAM,
  message: mikeyFromExchange(PEER, 0),
});

const PROTECTED: Asking = { protocol: "rtsps", keyMgmt: KEY_MGMT };

function question(text: string | undefined, asking: Asking): TransportQuestion {
  const transports = asking.transports ?? ["udp", "tcp"];
  const server = fakeRtspServer({
    settings: { transports },
    hasUdp: transports.includes("udp"),
    protocol: asking.protocol ?? "rtsp",
  });
  const headers = [["Transport", text], ["KeyMgmt", asking.keyMgmt]]
    .filter(([, value]) => value !== undefined);
  const { connection } = server.connect();
  for (const { channels = [] } of asking.others ?? []) {
    for (const channel of channels) connection.channels.set(channel, ENDPOINT);
  }
  return {
    request: {
      method: "SETUP",
      url: URL_OF_CAM,
      headers: new RtspHeaders(Object.fromEntries(headers)),
      body: new Uint8Array(0),
    },
    connection,
    isPublishing: asking.isPublishing ?? false,
    endpoint: ENDPOINT,
    trackIndex: 0,
    others: asking.others ?? [],
    outgoing: (profile) => ({
      ssrc: asking.ssrc,
      exchange: profile === "savp" ? OWN : undefined,
    }),
    groupIn: () => undefined,
  };
}

function interleavedOn(first: number): TrackTransport {
  return chooseTransport(
    question(`RTP/AVP/TCP;interleaved=${first}-${first + 1}`, {}),
  ).transport;
}

/** What is asked for, and what is answered. */
const ANSWERS: readonly {
  readonly name: string;
  readonly text: string;
  readonly asking: Asking;
  readonly header: string;
}[] = [
  {
    name: "the channels that the peer names",
    text: "RTP/AVP/TCP;unicast;interleaved=6-7",
    asking: { ssrc: 0xab },
    header: "RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=000000AB",
  },
  {
    name: "free channels if the peer names none",
    text: "RTP/AVP/TCP;unicast",
    asking: { others: [interleavedOn(0), interleavedOn(3)] },
    header: "RTP/AVP/TCP;unicast;interleaved=6-7",
  },
  {
    name: "a publisher's channels with its mode",
    text: "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record",
    asking: { isPublishing: true },
    header: "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record",
  },
  {
    name: "a publisher's channels with its mode in quotes [FFmpeg 4]",
    text: 'RTP/AVP/TCP;unicast;interleaved=0-1;mode="RECORD"',
    asking: { isPublishing: true },
    header: "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record",
  },
  {
    name: "the peer's ports",
    text: "RTP/AVP;unicast;client_port=6000-6001",
    asking: { ssrc: 1 },
    header:
      "RTP/AVP;unicast;client_port=6000-6001;server_port=8000-8001;ssrc=00000001",
  },
  {
    name: "a publisher's ports with its mode",
    text: "RTP/AVP/UDP;unicast;client_port=6000-6001;mode=record",
    asking: { isPublishing: true },
    header:
      "RTP/AVP;unicast;client_port=6000-6001;server_port=8000-8001;mode=record",
  },
  {
    name: "the first alternative that is there",
    text:
      "RTP/SAVP;unicast;client_port=6000-6001,RTP/AVP;multicast,RTP/AVP/TCP;unicast;interleaved=0-1",
    asking: {},
    header: "RTP/AVP/TCP;unicast;interleaved=0-1",
  },
  {
    name: "TCP where UDP is off",
    text:
      "RTP/AVP;unicast;client_port=6000-6001,RTP/AVP/TCP;unicast;interleaved=0-1",
    asking: { transports: ["tcp"] },
    header: "RTP/AVP/TCP;unicast;interleaved=0-1",
  },
  {
    name: "SRTP in datagrams, within TLS",
    text: "RTP/SAVP;unicast;client_port=6000-6001",
    asking: { ...PROTECTED, ssrc: 1 },
    header:
      "RTP/SAVP;unicast;client_port=6000-6001;server_port=8000-8001;ssrc=00000001",
  },
  {
    name: "SRTP of a publisher [GStreamer 1.22 rtspclientsink]",
    text: "RTP/SAVP/UDP;unicast;client_port=6000-6001;mode=RECORD",
    asking: { ...PROTECTED, isPublishing: true },
    header:
      "RTP/SAVP;unicast;client_port=6000-6001;server_port=8000-8001;mode=record",
  },
  {
    name: "SRTP in the connection",
    text: "RTP/SAVP/TCP;unicast;interleaved=0-1",
    asking: PROTECTED,
    header: "RTP/SAVP/TCP;unicast;interleaved=0-1",
  },
  {
    name: "TLS as protection enough in the connection, but not beside it",
    text:
      "RTP/AVP;unicast;client_port=6000-6001,RTP/AVP/TCP;unicast;interleaved=0-1",
    asking: { protocol: "rtsps" },
    header: "RTP/AVP/TCP;unicast;interleaved=0-1",
  },
];

for (const { name, text, asking, header } of ANSWERS) {
  Deno.test(`chooseTransport() gives ${name}`, () => {
    assertEquals(chooseTransport(question(text, asking)).header, header);
  });
}

const REFUSALS: readonly {
  readonly name: string;
  readonly text: string | undefined;
  readonly asking?: Asking;
  readonly status: number;
  readonly reason?: string;
}[] = [
  {
    name: "no header",
    text: undefined,
    status: 400,
    reason: "SETUP without Transport",
  },
  {
    name: "a reader that wants to record",
    text: "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record",
    status: 400,
    reason: 'Transport mode is "record", wanted "play"',
  },
  {
    name: "a publisher without a mode",
    text: "RTP/AVP/TCP;unicast;interleaved=0-1",
    asking: { isPublishing: true },
    status: 400,
    reason: 'Transport mode is "", wanted "record"',
  },
  {
    name: "channels that are no pair",
    text: "RTP/AVP/TCP;unicast;interleaved=0-2",
    status: 400,
    reason: "interleaved channels are 0-2, wanted n and n+1",
  },
  {
    name: "a channel of another track",
    text: "RTP/AVP/TCP;unicast;interleaved=1-2",
    asking: { others: [interleavedOn(0)] },
    status: 400,
    reason: "interleaved channels 1-2 are in use",
  },
  {
    name: "UDP beside TCP",
    text: "RTP/AVP;unicast;client_port=6000-6001",
    asking: { others: [interleavedOn(0)] },
    status: 400,
    reason: "all tracks of a session need the same transport",
  },
  {
    name: "UDP without ports",
    text: "RTP/AVP;unicast",
    status: 400,
    reason: "Transport has no client_port",
  },
  {
    name: "UDP to port 0",
    text: "RTP/AVP;unicast;client_port=0-1",
    status: 400,
    reason: "Transport has no client_port",
  },
  {
    name: "multicast only",
    text: "RTP/AVP;multicast",
    status: 461,
  },
  {
    name: "UDP where it is off",
    text: "RTP/AVP;unicast;client_port=6000-6001",
    asking: { transports: ["tcp"] },
    status: 461,
  },
  {
    name: "TCP where it is off",
    text: "RTP/AVP/TCP;unicast;interleaved=0-1",
    asking: { transports: ["udp"] },
    status: 461,
  },
  {
    name: "SRTP without TLS, which would tell the keys to everybody",
    text: "RTP/SAVP/TCP;unicast;interleaved=0-1",
    asking: { keyMgmt: KEY_MGMT },
    status: 461,
  },
  {
    name: "media in the clear beside TLS",
    text: "RTP/AVP;unicast;client_port=6000-6001",
    asking: PROTECTED,
    status: 461,
  },
  {
    name: "SRTP without keys",
    text: "RTP/SAVP;unicast;client_port=6000-6001",
    asking: { protocol: "rtsps" },
    status: 400,
    reason: "SETUP with RTP/SAVP, but without KeyMgmt",
  },
  {
    name: "SRTP beside a track without",
    text: "RTP/SAVP/TCP;unicast;interleaved=2-3",
    asking: { ...PROTECTED, others: [interleavedOn(0)] },
    status: 400,
    reason: "all tracks of a session need the same transport",
  },
];

for (const { name, text, asking, status, reason } of REFUSALS) {
  Deno.test(`chooseTransport() refuses ${name} with ${status}`, () => {
    const error = assertThrows(
      () => chooseTransport(question(text, asking ?? {})),
      RtspError,
    );
    assertEquals(statusOf(error), status);
    if (reason !== undefined) assertEquals(error.message, reason);
  });
}

Deno.test("chooseTransport() takes a peer's ports once, until they are released", () => {
  const asked = question("RTP/AVP;unicast;client_port=6000-6001", {});
  const overlapping = {
    ...asked,
    request: {
      ...asked.request,
      headers: new RtspHeaders({
        Transport: "RTP/AVP;unicast;client_port=5998-6001",
      }),
    },
  };
  const { transport } = chooseTransport(asked);
  assertEquals(transport.target, {
    rtp: { ip: "198.51.100.7", port: 6_000 },
    rtcp: { ip: "198.51.100.7", port: 6_001 },
  });
  for (const taken of [asked, overlapping]) {
    const error = assertThrows(() => chooseTransport(taken), Error);
    assert(error.message.length > 0);
  }
  transport.release();
  transport.release();
  chooseTransport(asked);
});

Deno.test("chooseTransport() tells the keys of both sides", () => {
  const text = "RTP/SAVP;unicast;client_port=6000-6001";
  const { srtp } = chooseTransport(question(text, PROTECTED)).transport;
  assertEquals(srtp, { peer: PEER, own: OWN });
});

Deno.test("chooseTransport() refuses keys that cannot be read", () => {
  const asking = { ...PROTECTED, keyMgmt: 'prot=mikey;data="AQ=="' };
  const text = "RTP/SAVP;unicast;client_port=6000-6001";
  const error = assertThrows(
    () => chooseTransport(question(text, asking)),
    ParseError,
  );
  assertEquals(statusOf(error), 400);
});
