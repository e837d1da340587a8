import { type CodecName, codecNameLabel } from "#codecs/codec.ts";
import { FLV_CODECS } from "#formats/flv/flv_codecs.ts";
import { PAYLOAD_FORMATS } from "#formats/rtp/payload_formats.ts";

/** What a codec's row says beside its mark. */
const REMARKS: Partial<Record<CodecName, { rtsp?: string; rtmp?: string }>> = {
  aac: { rtsp: "yes, LATM too" },
  g711: { rtmp: "8 kHz" },
  generic: { rtsp: "passed on" },
};

/** The README's table of codecs, as the registered formats make it. */
export function codecTable(): string {
  const rows = [
    "| codec | publish RTSP | publish RTMP | read RTSP | read RTMP |",
    "| --- | --- | --- | --- | --- |",
  ];
  const codecs = new Set(PAYLOAD_FORMATS.map(({ codec }) => codec));
  for (const codec of codecs) {
    const label = codec === "generic" ? "any other" : codecNameLabel(codec);
    const rtsp = REMARKS[codec]?.rtsp ?? "yes";
    const rtmp = FLV_CODECS[codec]
      ? REMARKS[codec]?.rtmp ?? "yes"
      : "**not yet**";
    const rtmpCell = codec === "generic" ? "no" : rtmp;
    rows.push(`| ${label} | ${rtsp} | ${rtmpCell} | ${rtsp} | ${rtmpCell} |`);
  }
  return rows.join("\n");
}
