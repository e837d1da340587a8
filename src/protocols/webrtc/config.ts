import {
  address,
  duration,
  field,
  listOf,
  objectOf,
  secretText,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

const iceServer = objectOf({
  url: text((url) =>
    /^(?:stun|turn|turns):/.test(url)
      ? undefined
      : `invalid ICE server: '${url}'`
  ),
  username: text(),
  password: secretText(),
  clientOnly: yesNo(),
});

/** Keys of the WebRTC server that the other HTTP services do not have. */
export const webrtcKeys = {
  webrtcLocalUDPAddress: field(address(), {
    default: ":8189",
    effect: ["webrtc"],
    isPending: true,
    doc: "Address of the UDP socket for media; empty for none.",
  }),
  webrtcLocalTCPAddress: field(address(), {
    default: "",
    effect: ["webrtc"],
    isPending: true,
    doc: "Address of the TCP listener for media; empty for none.",
  }),
  webrtcIPsFromInterfaces: field(yesNo(), {
    default: true,
    effect: ["webrtc"],
    isPending: true,
    doc: "Tell clients the addresses of the network interfaces.",
  }),
  webrtcIPsFromInterfacesList: field(listOf(text()), {
    default: [],
    effect: ["webrtc"],
    isPending: true,
    doc: "Only of these interfaces; empty for all.",
  }),
  webrtcAdditionalHosts: field(listOf(text()), {
    default: [],
    effect: ["webrtc"],
    isPending: true,
    doc: "Further addresses or names to tell clients.",
  }),
  webrtcICEServers2: field(listOf(iceServer), {
    default: [],
    effect: ["webrtc"],
    isPending: true,
    doc:
      "STUN and TURN servers. url: stun:host:port, turn: or turns:; username, AUTH_SECRET for passwords that expire; " +
      "password; clientOnly: only clients use it.",
  }),
  webrtcSTUNGatherTimeout: field(duration(), {
    default: "5s",
    effect: ["webrtc"],
    isPending: true,
    doc: "How long to wait for answers of STUN servers.",
  }),
  webrtcHandshakeTimeout: field(duration(), {
    default: "10s",
    effect: ["webrtc"],
    isPending: true,
    doc: "How long a connection may take to open.",
  }),
  webrtcTrackGatherTimeout: field(duration(), {
    default: "2s",
    effect: ["webrtc"],
    isPending: true,
    doc: "How long to wait for all tracks of a publisher.",
  }),
};

/** Path keys of WHEP sources. */
export const webrtcPathKeys = {
  whepBearerToken: field(secretText(), {
    default: "",
    effect: "path",
    isPending: true,
    doc: "Token for a WHEP source.",
  }),
  whepSTUNGatherTimeout: field(duration(), {
    default: "5s",
    effect: "path",
    isPending: true,
    doc: "How long to wait for answers of STUN servers.",
  }),
  whepHandshakeTimeout: field(duration(), {
    default: "10s",
    effect: "path",
    isPending: true,
    doc: "How long the connection to a WHEP source may take to open.",
  }),
  whepTrackGatherTimeout: field(duration(), {
    default: "2s",
    effect: "path",
    isPending: true,
    doc: "How long to wait for all tracks of a WHEP source.",
  }),
};

/** Values of {@linkcode webrtcKeys}. */
export type WebrtcConfig = Values<typeof webrtcKeys>;
/** Values of {@linkcode webrtcPathKeys}. */
export type WebrtcPathConfig = Values<typeof webrtcPathKeys>;
