import { aacPayloadFormat } from "#formats/rtp/payloads/aac.ts";
import { aacLatmPayloadFormat } from "#formats/rtp/payloads/aac_latm.ts";
import { lpcmPayloadFormat } from "#formats/rtp/payloads/lpcm.ts";
import { opusPayloadFormat } from "#formats/rtp/payloads/opus.ts";
import type {
  AacParameters,
  LpcmParameters,
  OpusParameters,
} from "#codecs/codec.ts";

const MAX_PAYLOAD_BYTES = 1_440;

const aac: AacParameters = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.fromHex("1190"),
  sampleRateHz: 48_000,
  channelCount: 2,
};
const latm: AacParameters = {
  ...aac,
  latm: {
    streamMuxConfig: Uint8Array.fromHex("400023203fc0"),
    isConfigInBand: true,
  },
};
const opus: OpusParameters = { codec: "opus", channelCount: 2 };
const lpcm: LpcmParameters = {
  codec: "lpcm",
  bitDepth: 16,
  sampleRateHz: 48_000,
  channelCount: 2,
};

const accessUnits = Array.from({ length: 3 }, () => new Uint8Array(340));
const opusPackets = Array.from(
  { length: 3 },
  () => new Uint8Array(240).fill(0xf8, 0, 1),
);

const samples = [new Uint8Array(3_840)];

const aacPacketizer = aacPayloadFormat.openPacketizer(aac, MAX_PAYLOAD_BYTES);
const aacDepacketizer = aacPayloadFormat.openDepacketizer(aac);
const aacPayloads = aacPacketizer.packetize(accessUnits, true)
  .map(({ bytes }) => bytes);

const latmPacketizer = aacLatmPayloadFormat.openPacketizer(
  latm,
  MAX_PAYLOAD_BYTES,
);
const latmDepacketizer = aacLatmPayloadFormat.openDepacketizer(latm);
const latmPayloads = [latmPacketizer.packetize(accessUnits, true)[0]!.bytes];

const opusPacketizer = opusPayloadFormat.openPacketizer(
  opus,
  MAX_PAYLOAD_BYTES,
);
const opusDepacketizer = opusPayloadFormat.openDepacketizer(opus);

const lpcmPacketizer = lpcmPayloadFormat.openPacketizer(
  lpcm,
  MAX_PAYLOAD_BYTES,
);
const lpcmDepacketizer = lpcmPayloadFormat.openDepacketizer(lpcm);

Deno.bench("AAC extract(), 3 access units of 340 bytes", () => {
  aacDepacketizer.extract(aacPayloads);
});

Deno.bench("AAC packetize(), 3 access units of 340 bytes", () => {
  aacPacketizer.packetize(accessUnits, true);
});

Deno.bench("LATM inspect(), configuration in band", () => {
  latmDepacketizer.inspect(latmPayloads);
});

Deno.bench("LATM extract(), configuration in band, 340 bytes", () => {
  latmDepacketizer.extract(latmPayloads);
});

Deno.bench("Opus extract(), 3 packets of 240 bytes", () => {
  opusDepacketizer.extract(opusPackets);
});

Deno.bench("Opus packetize(), 3 packets of 240 bytes", () => {
  opusPacketizer.packetize(opusPackets, true);
});

Deno.bench("LPCM extract(), 20 ms at 48 kHz", () => {
  lpcmDepacketizer.extract(samples);
});

Deno.bench("LPCM packetize(), 20 ms at 48 kHz", () => {
  lpcmPacketizer.packetize(samples, true);
});
