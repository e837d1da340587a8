import { av1 } from "./av1.ts";
import { h264 } from "./h264.ts";
import { h265 } from "./h265.ts";
import type { CodecName, LoadCodec } from "./load_codec.ts";

/** Every codec that a server can be loaded with. */
export const LOAD_CODECS: Readonly<Record<CodecName, LoadCodec>> = {
  h264,
  h265,
  av1,
};
