import { attributeList, quoted } from "./attribute_list.ts";
import { URI_END } from "./media_playlist.ts";

/** All sound is in one group. */
const AUDIO_GROUP = "audio";

/** Sound that a viewer can choose. */
export interface AudioRendition {
  /** What the viewer reads, and the same for every playlist of the stream. */
  readonly name: string;
  readonly isDefault: boolean;
  /** Undefined if it is in the variant itself. */
  readonly uri: string | undefined;
}

/** The one variant of a stream, and its renditions. */
export interface MultivariantPlaylist {
  readonly version: number;
  readonly uri: string;
  readonly bandwidthBps: number;
  readonly averageBandwidthBps: number;
  /** As RFC 6381 names them; empty if they are not known. */
  readonly codecs: readonly string[];
  /** Pixels; undefined without pictures, or if it is not known. */
  readonly resolution:
    | { readonly width: number; readonly height: number }
    | undefined;
  readonly framesPerSecond: number | undefined;
  readonly audio: readonly AudioRendition[];
}

/** Serializes a playlist, {@linkcode URI_END} behind each URI. Spec: RFC 8216 §4.3.4. */
export function serializeMultivariantPlaylist(
  playlist: MultivariantPlaylist,
): string {
  const { version, uri, codecs, resolution, framesPerSecond, audio } = playlist;
  const lines = [
    "#EXTM3U",
    `#EXT-X-VERSION:${version}`,
    "#EXT-X-INDEPENDENT-SEGMENTS",
  ];
  for (const { name, isDefault, uri } of audio) {
    const attributes = {
      TYPE: "AUDIO",
      "GROUP-ID": quoted(AUDIO_GROUP),
      NAME: quoted(name),
      AUTOSELECT: "YES",
      ...isDefault && { DEFAULT: "YES" },
      ...uri !== undefined && { URI: quoted(uri + URI_END) },
    };
    lines.push(`#EXT-X-MEDIA:${attributeList(attributes)}`);
  }
  const attributes = {
    BANDWIDTH: `${playlist.bandwidthBps}`,
    "AVERAGE-BANDWIDTH": `${playlist.averageBandwidthBps}`,
    ...codecs.length > 0 && { CODECS: quoted(codecs.join(",")) },
    ...resolution &&
      { RESOLUTION: `${resolution.width}x${resolution.height}` },
    ...framesPerSecond !== undefined &&
      { "FRAME-RATE": framesPerSecond.toFixed(3) },
    ...audio.length > 0 && { AUDIO: quoted(AUDIO_GROUP) },
  };
  lines.push(
    `#EXT-X-STREAM-INF:${attributeList(attributes)}`,
    uri + URI_END,
    "",
  );
  return lines.join("\n");
}
