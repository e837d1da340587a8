import { type CodecName, codecNameLabel } from "#codecs/codec.ts";
import { FLV_CODECS } from "#formats/flv/flv_codecs.ts";
import { PAYLOAD_FORMATS } from "#formats/rtp/payload_formats.ts";

/** What a codec's row says beside its mark. */
const REMARKS: Partial<Record<CodecName, { rtsp?: string; rtmp?: string }>> = {
  h264: { rtmp: "yes" },
  aac: { rtsp: "yes, LATM too", rtmp: "yes" },
  mpegAudio: { rtmp: "layer III" },
  g711: { rtmp: "8 kHz" },
  lpcm: { rtmp: "8 and 16 bit, up to 44.1 kHz" },
  generic: { rtsp: "passed on" },
};

/** The README's table of codecs, as the registered formats make it. */
export function codecTable(): string {
  const rows = ["| codec | RTSP | RTMP |", "| --- | --- | --- |"];
  const codecs = new Set(PAYLOAD_FORMATS.map(({ codec }) => codec));
  for (const codec of codecs) {
    const label = codec === "generic" ? "any other" : codecNameLabel(codec);
    const rtsp = REMARKS[codec]?.rtsp ?? "yes";
    const rtmp = FLV_CODECS[codec] ? REMARKS[codec]?.rtmp ?? "enhanced" : "no";
    rows.push(`| ${label} | ${rtsp} | ${rtmp} |`);
  }
  return rows.join("\n");
}
