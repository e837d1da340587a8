import {
  duration,
  type Effect,
  field,
  integer,
  type Values,
  yesNo,
} from "#base/schema.ts";

const SERVERS: Effect = ["rtsp", "rtmp", "hls", "webrtc", "srt", "moq"];
const HTTP_SERVICES: Effect = ["api", "metrics", "pprof", "playback"];

/** Keys that belong to no other folder. */
export const generalKeys = {
  dumpPackets: field(yesNo(), {
    default: false,
    effect: [...SERVERS, ...HTTP_SERVICES],
    isPending: true,
    doc: "Write what connections carry to files, for debugging.",
  }),
  readTimeout: field(duration(), {
    default: "10s",
    effect: ["auth", "paths", ...SERVERS, ...HTTP_SERVICES],
    doc: "How long to wait for a peer's bytes.",
  }),
  writeTimeout: field(duration(), {
    default: "10s",
    effect: ["paths", ...SERVERS, ...HTTP_SERVICES],
    doc: "How long a write may make no progress.",
  }),
  writeQueueSize: field(integer(), {
    default: 512,
    effect: "newSessions",
    doc:
      "Waiting units of one reader; a power of two. More takes more memory, less drops earlier.",
  }),
  udpMaxPayloadSize: field(integer(), {
    default: 1452,
    effect: ["paths", ...SERVERS],
    doc:
      "Largest payload of a UDP packet, in bytes; what fits the network without fragments.",
  }),
  udpReadBufferSize: field(integer({ min: 0 }), {
    default: 0,
    effect: ["paths", ...SERVERS],
    doc:
      "Receive buffer of every UDP socket, in bytes; 0 asks for 2 MiB and takes what the system grants.",
  }),
};

/** Values of {@linkcode generalKeys}. */
export type GeneralConfig = Values<typeof generalKeys>;
