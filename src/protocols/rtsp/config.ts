import {
  address,
  field,
  integer,
  ipNetworks,
  listOf,
  oneOf,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

const fileKey = (fileName: string, doc: string) =>
  field(text(), { default: fileName, effect: ["rtsp"], doc });

const portKey = (port: number, doc: string) =>
  field(integer(), { default: port, effect: ["rtsp"], doc });

/** Keys of the RTSP and RTSPS servers. */
export const rtspKeys = {
  rtsp: field(yesNo(), {
    default: true,
    effect: ["rtsp"],
    doc: "Accept and serve streams over RTSP.",
  }),
  rtspTransports: field(
    listOf(oneOf(["udp", "multicast", "tcp"], {
      refusal: (found) => `invalid transport: ${found}`,
    })),
    {
      default: ["udp", "multicast", "tcp"],
      effect: ["rtsp"],
      doc: "Transports that clients may choose: udp, multicast, tcp.",
    },
  ),
  rtspEncryption: field(
    oneOf(["no", "optional", "strict"], {
      refusal: (found) => `invalid encryption: '${found}'`,
      aliases: { yes: "strict", true: "strict", false: "no" },
    }),
    {
      default: "no",
      effect: ["rtsp", "paths"],
      doc: 'Serve RTSPS: "no", "optional" (both) or "strict" (nothing else).',
    },
  ),
  rtspAddress: field(address(), {
    default: ":8554",
    effect: ["rtsp", "paths"],
    doc: "Address of the RTSP listener.",
  }),
  rtspsAddress: field(address(), {
    default: ":8322",
    effect: ["rtsp"],
    doc: "Address of the RTSPS listener.",
  }),
  rtpAddress: field(address(), {
    default: ":8000",
    effect: ["rtsp"],
    doc: "Address of the UDP socket for RTP; its port is even.",
  }),
  rtcpAddress: field(address(), {
    default: ":8001",
    effect: ["rtsp"],
    doc: "Address of the UDP socket for RTCP; the port after that of RTP.",
  }),
  multicastIPRange: field(text(), {
    default: "224.1.0.0/16",
    effect: ["rtsp"],
    doc:
      "Addresses to send multicast streams to, by the interface over which the reader has connected.",
  }),
  multicastRTPPort: portKey(8002, "Port of RTP over multicast; even."),
  multicastRTCPPort: portKey(
    8003,
    "Port of RTCP over multicast; the one after that of RTP.",
  ),
  srtpAddress: field(address(), {
    default: ":8004",
    effect: ["rtsp"],
    doc: "Address of the UDP socket for encrypted RTP; its port is even.",
  }),
  srtcpAddress: field(address(), {
    default: ":8005",
    effect: ["rtsp"],
    doc:
      "Address of the UDP socket for encrypted RTCP; the port after that of RTP.",
  }),
  multicastSRTPPort: portKey(
    8006,
    "Port of encrypted RTP over multicast; even.",
  ),
  multicastSRTCPPort: portKey(
    8007,
    "Port of encrypted RTCP over multicast; the one after that of RTP.",
  ),
  rtspServerKey: fileKey("server.key", "Private key file, needed for RTSPS."),
  rtspServerCert: fileKey("server.crt", "Certificate file, needed for RTSPS."),
  rtspAuthMethods: field(
    listOf(oneOf(["basic", "digest"], {
      refusal: (found) => `invalid authentication method: '${found}'`,
    })),
    {
      default: ["basic"],
      effect: ["rtsp"],
      doc: "How clients may send their password: basic, digest.",
    },
  ),
  rtspTrustedProxies: field(ipNetworks(), {
    default: [],
    effect: ["rtsp"],
    doc: "Proxies whose PROXY header is believed.",
  }),
  rtspUDPReadBufferSize: field(integer({ min: 0 }), {
    default: 0,
    effect: ["rtsp"],
    deprecation: "",
    doc: "Takes the place of udpReadBufferSize for RTSP; 0 does not.",
  }),
};

/** Path keys of RTSP publishers and sources. */
export const rtspPathKeys = {
  rtspDemuxMpegts: field(yesNo(), {
    default: false,
    effect: "path",
    doc: "Take MPEG-TS inside RTP apart into its tracks.",
  }),
  rtspTransport: field(
    oneOf(["automatic", "udp", "multicast", "tcp"], {
      refusal: (found) => `invalid transport '${found}'`,
    }),
    {
      default: "automatic",
      effect: "path",
      doc: "Transport of an RTSP source: automatic, udp, multicast or tcp.",
    },
  ),
  rtspAnyPort: field(yesNo(), {
    default: false,
    effect: "path",
    doc: "Take UDP packets of an RTSP source from any port.",
  }),
  rtspRangeType: field(
    oneOf(["", "clock", "npt", "smpte"], {
      refusal: (found) => `invalid rtsp range type: '${found}'`,
    }),
    {
      default: "",
      effect: "path",
      doc:
        "Kind of the start position to ask an RTSP source for: clock, npt or smpte.",
    },
  ),
  rtspRangeStart: field(text(), {
    default: "",
    effect: "path",
    doc:
      "That position: 20230812T120000Z for clock, a duration for npt and smpte.",
  }),
  rtspScale: field(text(), {
    default: "",
    effect: "path",
    doc: "Playback speed to ask an RTSP source for.",
  }),
  rtspUDPReadBufferSize: field(integer({ min: 0 }), {
    default: 0,
    effect: "path",
    deprecation: "",
    doc:
      "Takes the place of udpReadBufferSize for this RTSP source; 0 does not.",
  }),
  rtspUDPSourcePortRange: field(listOf(integer({ min: 0, max: 65_535 })), {
    default: [32768, 60999],
    effect: "path",
    doc: "First and last local UDP port of an RTSP source.",
  }),
};

/** Values of {@linkcode rtspKeys}. */
export type RtspConfig = Values<typeof rtspKeys>;
/** Values of {@linkcode rtspPathKeys}. */
export type RtspPathConfig = Values<typeof rtspPathKeys>;
