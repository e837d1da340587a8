import {
  type Amf0Object,
  amf0Property,
  type Amf0Value,
} from "#formats/flv/amf0.ts";
import { ALL_FLV_CODECS } from "#formats/flv/flv_codecs.ts";

/** What one side of a connection can do with a codec. Spec: Enhanced RTMP v2, FourCcInfoMask. */
const FOUR_CC_INFO = { canDecode: 0b1, canEncode: 0b10, canForward: 0b100 };

/** What else one side can do. Spec: Enhanced RTMP v2, CapsExMask. */
const CAPS_EX = { reconnect: 0b1, multitrack: 0b10, modEx: 0b100 };

/** Stands for every codec. */
const ANY_CODEC = "*";

/** What a client says of enhanced RTMP in `connect`. */
export interface RtmpCapabilities {
  /** It said anything of it. */
  readonly isEnhanced: boolean;
  /** FourCCs of the codecs that it can take; those that nobody here knows are left out, the order is ours. */
  readonly fourCcs: readonly string[];
  /** It leaves by itself when it is asked to. */
  readonly canReconnect: boolean;
  /** It takes more than one track of a kind. */
  readonly canMultitrack: boolean;
}

/** A client from before there was enhanced RTMP. */
export const PLAIN_CAPABILITIES: RtmpCapabilities = {
  isEnhanced: false,
  fourCcs: [],
  canReconnect: false,
  canMultitrack: false,
};

/**
 * Reads what the command object of `connect` says of enhanced RTMP.
 *
 * `"*"` stands for every codec, in the list and in the maps, where it overrules the others.
 * Spec: Enhanced RTMP v2, Enhancing NetConnection connect Command.
 * Deviates: properties of another type count as missing.
 */
export function parseRtmpCapabilities(
  commandObject: Amf0Value,
): RtmpCapabilities {
  const list = amf0Property(commandObject, "fourCcList");
  const listed: readonly Amf0Value[] = Array.isArray(list) ? list : [];
  const maps = {
    video: amf0Property(commandObject, "videoFourCcInfoMap"),
    audio: amf0Property(commandObject, "audioFourCcInfoMap"),
  };
  const capsEx = amf0Property(commandObject, "capsEx");
  const flags = typeof capsEx === "number" ? capsEx : 0;
  const fourCcs: string[] = [];
  for (const { kind, fourCc } of ALL_FLV_CODECS) {
    if (fourCc === undefined) continue;
    const isListed = listed.includes(fourCc) || listed.includes(ANY_CODEC);
    if (isListed || takesByMap(maps[kind], fourCc)) fourCcs.push(fourCc);
  }
  return {
    isEnhanced: [list, maps.video, maps.audio, capsEx]
      .some((property) => property !== undefined),
    fourCcs,
    canReconnect: (flags & CAPS_EX.reconnect) !== 0,
    canMultitrack: (flags & CAPS_EX.multitrack) !== 0,
  };
}

function takesByMap(map: Amf0Value, fourCc: string): boolean {
  const info = amf0Property(map, ANY_CODEC) ?? amf0Property(map, fourCc);
  return typeof info === "number" &&
    (info & (FOUR_CC_INFO.canDecode | FOUR_CC_INFO.canForward)) !== 0;
}

/**
 * What this side says of enhanced RTMP, as a server and as a client: it forwards every codec that it knows.
 *
 * Spec: Enhanced RTMP v2, Enhancing NetConnection connect Command.
 */
export const OWN_CAPABILITIES: Amf0Object = {
  fourCcList: ALL_FLV_CODECS.flatMap(({ fourCc }) => fourCc ?? []),
  videoFourCcInfoMap: infoMap("video"),
  audioFourCcInfoMap: infoMap("audio"),
  capsEx: CAPS_EX.reconnect | CAPS_EX.multitrack | CAPS_EX.modEx,
};

function infoMap(kind: "video" | "audio"): Amf0Object {
  const map: Record<string, number> = {};
  for (const codec of ALL_FLV_CODECS) {
    if (codec.kind === kind && codec.fourCc !== undefined) {
      map[codec.fourCc] = FOUR_CC_INFO.canForward;
    }
  }
  return map;
}
