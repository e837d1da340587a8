import {
  address,
  field,
  ipNetworks,
  oneOf,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Keys of the RTMP and RTMPS servers. */
export const rtmpKeys = {
  rtmp: field(yesNo(), {
    default: true,
    effect: ["rtmp"],
    doc: "Accept and serve streams over RTMP.",
  }),
  rtmpEncryption: field(
    oneOf(["no", "optional", "strict"], {
      refusal: (found) => `invalid encryption: '${found}'`,
      aliases: { yes: "strict", true: "strict", false: "no" },
    }),
    {
      default: "no",
      effect: ["rtmp"],
      doc: 'Serve RTMPS: "no", "optional" (both) or "strict" (nothing else).',
    },
  ),
  rtmpAddress: field(address(), {
    default: ":1935",
    effect: ["rtmp"],
    doc: "Address of the RTMP listener.",
  }),
  rtmpsAddress: field(address(), {
    default: ":1936",
    effect: ["rtmp"],
    doc: "Address of the RTMPS listener.",
  }),
  rtmpServerKey: field(text(), {
    default: "server.key",
    effect: ["rtmp"],
    doc: "Private key file, needed for RTMPS.",
  }),
  rtmpServerCert: field(text(), {
    default: "server.crt",
    effect: ["rtmp"],
    doc: "Certificate file, needed for RTMPS.",
  }),
  rtmpTrustedProxies: field(ipNetworks(), {
    default: [],
    effect: ["rtmp"],
    doc: "Proxies whose PROXY header is believed.",
  }),
};

/** Values of {@linkcode rtmpKeys}. */
export type RtmpConfig = Values<typeof rtmpKeys>;
