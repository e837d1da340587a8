import { ParseError } from "#base/errors.ts";
import {
  parseTransports,
  type RtspTransport,
  serializeTransport,
} from "#protocols/rtsp/wire/headers/transport.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { bytesOf, textOf } from "../messages.ts";

const UDP = { lowerTransport: "udp", profile: "avp" } as const;
const TCP = { lowerTransport: "tcp", profile: "avp" } as const;

/** `written` stands where the writer's form is another one. */
const TRANSPORTS: {
  name: string;
  text: string;
  transport: RtspTransport;
  written?: string;
}[] = [
  {
    name: "UDP [FFmpeg]",
    text: "RTP/AVP/UDP;unicast;client_port=3056-3057;mode=record",
    transport: {
      ...UDP,
      delivery: "unicast",
      clientPorts: [3056, 3057],
      mode: "record",
    },
    written: "RTP/AVP;unicast;client_port=3056-3057;mode=record",
  },
  {
    name: "TCP [FFmpeg]",
    text: "RTP/AVP/TCP;unicast;interleaved=0-1",
    transport: { ...TCP, delivery: "unicast", interleaved: [0, 1] },
  },
  {
    name: "a server's answer over UDP",
    text:
      "RTP/AVP;unicast;client_port=14186-14187;server_port=8000-8001;ssrc=0D19E3A1",
    transport: {
      ...UDP,
      delivery: "unicast",
      clientPorts: [14186, 14187],
      serverPorts: [8000, 8001],
      ssrc: 0x0d19e3a1,
    },
  },
  {
    name: "multicast",
    text: "RTP/AVP;multicast;destination=224.1.0.2;port=8002-8003;ttl=127",
    transport: {
      ...UDP,
      delivery: "multicast",
      destination: "224.1.0.2",
      ports: [8002, 8003],
      ttl: 127,
    },
  },
  {
    name: "SAVP over TCP",
    text: "RTP/SAVP/TCP;unicast;interleaved=2-3",
    transport: {
      lowerTransport: "tcp",
      profile: "savp",
      delivery: "unicast",
      interleaved: [2, 3],
    },
  },
  {
    name: "SAVP over UDP",
    text: "RTP/SAVP/UDP;source=10.0.0.1",
    transport: { lowerTransport: "udp", profile: "savp", source: "10.0.0.1" },
    written: "RTP/SAVP;source=10.0.0.1",
  },
  {
    name:
      "quoted upper case mode, single numbers, empty and unknown parameters [made by hand]",
    text:
      'rtp/avp/tcp; UNICAST ;interleaved=4;destination=;append;layers=1;mode="PLAY"',
    transport: {
      ...TCP,
      delivery: "unicast",
      interleaved: [4, 5],
      mode: "play",
    },
    written: "RTP/AVP/TCP;unicast;interleaved=4-5;mode=play",
  },
  {
    name: "mode receive, one client port [made by hand]",
    text: "RTP/AVP;client_port=5000;mode=receive",
    transport: { ...UDP, clientPorts: [5000, 5001], mode: "record" },
    written: "RTP/AVP;client_port=5000-5001;mode=record",
  },
  {
    name: "ssrc with spaces in front and an odd count of digits [made by hand]",
    text: "RTP/AVP;unicast;ssrc=  ab1",
    transport: { ...UDP, delivery: "unicast", ssrc: 0xab1 },
    written: "RTP/AVP;unicast;ssrc=00000AB1",
  },
  {
    name: "the highest ssrc",
    text: "RTP/AVP;ssrc=ffffffff",
    transport: { ...UDP, ssrc: 0xffff_ffff },
    written: "RTP/AVP;ssrc=FFFFFFFF",
  },
];

for (const { name, text, transport, written } of TRANSPORTS) {
  Deno.test(`parseTransports() reads ${name}`, () => {
    assertEquals(parseTransports(text), [transport]);
  });

  Deno.test(`serializeTransport() writes ${name}`, () => {
    const serialized = serializeTransport(transport);
    assertEquals(serialized, written ?? text);
    assertEquals(parseTransports(serialized), [transport]);
  });
}

Deno.test("parseTransports() keeps the order of alternatives and leaves out unknown ones", () => {
  const text =
    'RAW/RAW/UDP;unicast;client_port=x, RTP/AVPF/TCP;unicast,RTP/AVP/TCP;unicast;mode="a,b;c", ';
  assertThrows(() => parseTransports(text), ParseError);
  assertEquals(
    parseTransports(
      "RAW/RAW/UDP;client_port=x, RTP/AVP;multicast, RTP/AVP/TCP;unicast",
    ),
    [{ ...UDP, delivery: "multicast" }, { ...TCP, delivery: "unicast" }],
  );
  assertEquals(parseTransports(""), []);
  assertEquals(parseTransports("MP2T/H2221/UDP;unicast"), []);
});

const WRONG = [
  ["client_port=a-b", "client_port"],
  ["client_port=", "client_port"],
  ["client_port", "client_port"],
  ["client_port=65536-65537", "client_port"],
  ["client_port=65535", "client_port"],
  ["client_port=1-2-3", "client_port"],
  ["server_port=1-", "server_port"],
  ["port=-1", "port"],
  ["interleaved=255-256", "interleaved"],
  ["interleaved=255", "interleaved"],
  ["ttl=256", "ttl"],
  ["ssrc=123456789", "ssrc"],
  ["ssrc=xyz", "ssrc"],
  ["ssrc=", "ssrc"],
  ["mode=pause", "mode"],
  ["mode", "mode"],
] as const;

for (const [parameter, field] of WRONG) {
  Deno.test(`parseTransports() rejects ${parameter}`, () => {
    const error = assertThrows(
      () => parseTransports(`RTP/AVP;${parameter}`),
      ParseError,
    );
    assertEquals(error.field, field);
  });
}

Deno.test("parseTransports() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(TRANSPORTS.map(({ text }) => bytesOf(text)))) {
    try {
      for (const transport of parseTransports(textOf(bytes))) {
        serializeTransport(transport);
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
