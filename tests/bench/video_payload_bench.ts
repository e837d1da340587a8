import type { H264Parameters, H265Parameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpPacketizer,
} from "#formats/rtp/payload_format.ts";
import { h264PayloadFormat } from "#formats/rtp/payloads/h264.ts";
import { h265PayloadFormat } from "#formats/rtp/payloads/h265.ts";

const MAX_PAYLOAD_BYTES = 1_440;
const IDR_BYTES = 20_000;

function filled(headerHex: string): Uint8Array {
  const nal = new Uint8Array(IDR_BYTES).fill(0x5a);
  nal.set(Uint8Array.fromHex(headerHex));
  return nal;
}

const H264: H264Parameters = {
  codec: "h264",
  sps: [
    Uint8Array.fromHex(
      "67640028acd940780227e5c044000003000400000300f03c60c658",
    ),
  ],
  pps: [Uint8Array.fromHex("68ebe3cb22c0")],
};
const H265: H265Parameters = {
  codec: "h265",
  vps: [Uint8Array.fromHex("40010c01ffff016000000300900000030000030078959809")],
  sps: [
    Uint8Array.fromHex(
      "420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000f04",
    ),
  ],
  pps: [Uint8Array.fromHex("4401c172b46240")],
};

const ROOMS: {
  name: string;
  unit: Uint8Array[];
  packetizer: RtpPacketizer;
  depacketizer: RtpDepacketizer<"h264"> | RtpDepacketizer<"h265">;
}[] = [{
  name: "H264",
  unit: [filled("6588")],
  packetizer: h264PayloadFormat.openPacketizer(H264, MAX_PAYLOAD_BYTES),
  depacketizer: h264PayloadFormat.openDepacketizer(H264),
}, {
  name: "H265",
  unit: [filled("2801af")],
  packetizer: h265PayloadFormat.openPacketizer(H265, MAX_PAYLOAD_BYTES),
  depacketizer: h265PayloadFormat.openDepacketizer(H265),
}];

for (const { name, unit, packetizer, depacketizer } of ROOMS) {
  const payloads = packetizer.packetize(unit, true).map(({ bytes }) => bytes);

  Deno.bench(`${name} inspect, IDR of 20 KB`, { group: "inspect" }, () => {
    depacketizer.inspect(payloads);
  });

  Deno.bench(`${name} extract, IDR of 20 KB`, { group: "extract" }, () => {
    depacketizer.extract(payloads);
  });

  Deno.bench(`${name} packetize, IDR of 20 KB`, { group: "packetize" }, () => {
    packetizer.packetize(unit, true);
  });
}
