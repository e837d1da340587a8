import type { FuzzTarget } from "./fuzz_target.ts";
import { AUTH_TARGETS } from "./targets/auth.ts";
import { CODEC_TARGETS } from "./targets/codecs.ts";
import { CONFIG_TARGETS } from "./targets/config.ts";
import { FLV_TARGETS } from "./targets/flv.ts";
import { MP4_TARGETS } from "./targets/mp4.ts";
import { HTTP_TARGETS } from "./targets/http.ts";
import { HTTP1_TARGETS } from "./targets/http1.ts";
import { MPEGTS_TARGETS } from "./targets/mpegts.ts";
import { OUTSIDE_TARGETS } from "./targets/outside.ts";
import { PAYLOAD_TARGETS } from "./targets/payloads.ts";
import { RECORDING_TARGETS } from "./targets/recordings.ts";
import { RTMP_TARGETS } from "./targets/rtmp.ts";
import { RTP_TARGETS } from "./targets/rtp.ts";
import { RTSP_TARGETS } from "./targets/rtsp.ts";
import { SESSION_TARGETS } from "./targets/sessions.ts";

/** Parsers of codecs and formats. */
export const FORMAT_TARGETS: readonly FuzzTarget[] = [
  ...CODEC_TARGETS,
  ...RTP_TARGETS,
  ...PAYLOAD_TARGETS,
  ...FLV_TARGETS,
  ...MPEGTS_TARGETS,
  ...MP4_TARGETS,
];

/** Parsers of protocols and of what whoever runs the server says. */
export const PROTOCOL_TARGETS: readonly FuzzTarget[] = [
  ...RTMP_TARGETS,
  ...RTSP_TARGETS,
  ...OUTSIDE_TARGETS,
  ...CONFIG_TARGETS,
  ...AUTH_TARGETS,
  ...HTTP_TARGETS,
  ...HTTP1_TARGETS,
  ...RECORDING_TARGETS,
  ...SESSION_TARGETS,
];

/** Every parser of what comes from outside. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...FORMAT_TARGETS,
  ...PROTOCOL_TARGETS,
];
