import {
  address,
  field,
  httpAddress,
  ipNetworks,
  listOf,
  oneOf,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Keys of the MoQ server. */
export const moqKeys = {
  moq: field(yesNo(), {
    default: true,
    effect: ["moq"],
    isPending: (value) => value,
    doc: "Accept and serve streams over Media over QUIC.",
  }),
  moqHTTP2Address: field(httpAddress(), {
    default: ":8892",
    effect: ["moq"],
    isPending: true,
    doc: "Address of the HTTPS listener for web pages.",
  }),
  moqHTTP3Address: field(address(), {
    default: ":8892",
    effect: ["moq"],
    isPending: true,
    doc: "Address of the UDP socket for WebTransport.",
  }),
  moqQUICAddress: field(address(), {
    default: ":8893",
    effect: ["moq"],
    isPending: true,
    doc: "Address of the UDP socket for QUIC.",
  }),
  moqServerKey: field(text(), {
    default: "auto.key",
    effect: ["moq"],
    isPending: true,
    doc: "Private key file; auto.key is made when missing.",
  }),
  moqServerCert: field(text(), {
    default: "auto.crt",
    effect: ["moq"],
    isPending: true,
    doc: "Certificate file; auto.crt is made when missing.",
  }),
  moqAllowOrigins: field(listOf(text()), {
    default: ["*"],
    effect: ["moq"],
    isPending: true,
    doc:
      "Origins that browsers may call from; wildcards such as http://*.example.com.",
  }),
  moqTrustedProxies: field(ipNetworks(), {
    default: [],
    effect: ["moq"],
    isPending: true,
    doc: "Proxies whose X-Forwarded-For header is believed.",
  }),
};

/** Path keys of MoQ sources. */
export const moqPathKeys = {
  moqTransport: field(
    oneOf(["quic", "webtransport"], {
      refusal: (found) => `invalid MoQ transport '${found}'`,
    }),
    {
      default: "quic",
      effect: "path",
      isPending: true,
      doc: "Transport of a MoQ source: quic or webtransport.",
    },
  ),
};

/** Values of {@linkcode moqKeys}. */
export type MoqConfig = Values<typeof moqKeys>;
/** Values of {@linkcode moqPathKeys}. */
export type MoqPathConfig = Values<typeof moqPathKeys>;
