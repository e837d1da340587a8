import { ParseError } from "#base/errors.ts";
import { codecKind } from "#codecs/codec.ts";
import { parseMikey } from "#formats/mikey/parse_mikey.ts";
import {
  parseMikeyBase64,
  parseSdpKeyMgmt,
} from "#formats/mikey/sdp_key_mgmt.ts";
import { exchangeFromMikey } from "#formats/mikey/srtp_exchange.ts";
import { ReorderBuffer } from "#formats/rtp/reorder_buffer.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import { emptyRtpHeader, parseRtpHeader } from "#formats/rtp/rtp_header.ts";
import { rtpPayload } from "#formats/rtp/rtp_packet.ts";
import { parseVorbisConfiguration } from "#formats/rtp/payloads/vorbis_headers.ts";
import { parseSpropSets } from "#formats/rtp/payloads/sprop.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { RtpUnitAssembler } from "#formats/rtp/unit_assembler.ts";
import { formatFromMedia, mediaFromTrack } from "#formats/sdp/codec_mapping.ts";
import {
  isBackChannel,
  keyFrameFeedbackOf,
} from "#formats/sdp/media_description.ts";
import { serializeSessionDescription } from "#formats/sdp/serialize.ts";
import { parseSessionDescription } from "#formats/sdp/session_description.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { MESSAGES } from "../../formats/mikey/messages.ts";
import { CONFIGURATION } from "../../formats/rtp/payloads/vorbis_samples.ts";
import { KEYS, rtpPacket } from "../../formats/srtp/reference.ts";
import { joinFramed, splitFramed } from "../framed_units.ts";
import { type FuzzTarget, takes, takesText } from "../fuzz_target.ts";
import { hexSeeds, textSeeds } from "../literal_seeds.ts";
import { bytesTarget, tryEach } from "./codecs.ts";
import { PARAMETERS } from "./payload_parameters.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const header = emptyRtpHeader();

const RECEIVER_REPORT = Uint8Array.fromHex("80c90001cafebabe");

const SDP_TESTS = [
  "formats/sdp/session_description_test.ts",
  "formats/sdp/codec_mapping_test.ts",
  "protocols/rtsp/fake_peer.ts",
];

/** RTP, RTCP and SRTP, what describes them, and what their keys travel in. */
export const RTP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "rtp_header",
    seeds: () => hexSeeds("formats/rtp/rtp_header_test.ts"),
    rejects: [],
    run: (packet) => {
      if (parseRtpHeader(packet, header) !== undefined) return false;
      assert(rtpPayload(packet).length <= packet.length - 12, "no payload");
      return true;
    },
  },
  {
    name: "rtcp_compound",
    seeds: () => hexSeeds("formats/rtp/rtcp/compound_test.ts"),
    rejects: [],
    run: takes(parseRtcpCompound),
  },
  {
    name: "rtp_reorder",
    seeds: () => [
      joinFramed([1, 2, 3, 4].map((number) => rtpPacket(number, 3))),
      joinFramed([9, 7, 8, 65_535, 0, 1].map((one) => rtpPacket(one, 3))),
      joinFramed([1, 300, 2, 5_000, 5_001].map((one) => rtpPacket(one, 3))),
    ],
    rejects: [],
    run: (input) => reorder(splitFramed(input)),
  },
  {
    name: "sdp",
    seeds: () => textSeeds(...SDP_TESTS),
    rejects: [ParseError],
    run: (bytes) => {
      const { media } = parseSessionDescription(bytes);
      for (const section of media) {
        isBackChannel(section);
        keyFrameFeedbackOf(section, 96);
        if (section.keyMgmt !== undefined) {
          const { keyMgmt } = section;
          tryEach(() => parseSdpKeyMgmt(keyMgmt));
        }
      }
      return media.length > 0;
    },
  },
  {
    name: "sdp_formats",
    seeds: () => [...textSeeds(...SDP_TESTS), ...describedTracks()],
    rejects: [ParseError],
    run: (bytes) => {
      const { media } = parseSessionDescription(bytes);
      for (const section of media) {
        tryEach(() => describeAgain(formatFromMedia(section)));
      }
      return media.length > 0 && formatFromMedia(media[0]!) !== undefined;
    },
  },
  {
    name: "sprop_sets",
    seeds: () => textSeeds("formats/rtp/payloads/h264_test.ts"),
    rejects: [ParseError],
    run: takesText((text) => parseSpropSets(text)),
  },
  bytesTarget(
    "vorbis_configuration",
    [
      "formats/rtp/payloads/vorbis_headers_test.ts",
      "formats/rtp/payloads/vorbis_samples.ts",
    ],
    parseVorbisConfiguration,
    [CONFIGURATION],
  ),
  bytesTarget(
    "mikey",
    ["formats/mikey/parse_mikey_test.ts"],
    (bytes) => {
      const message = parseMikey(bytes);
      tryEach(() => exchangeFromMikey(message));
      return message;
    },
    mikeySeeds(),
  ),
  {
    name: "mikey_base64",
    seeds: () =>
      mikeySeeds().map((seed) => encoder.encode(`mikey ${seed.toBase64()}`)),
    rejects: [ParseError],
    run: takes((bytes) => {
      const text = decoder.decode(bytes);
      tryEach(() => parseMikeyBase64(text.slice("mikey ".length)));
      return parseSdpKeyMgmt(text);
    }),
  },
  srtpTarget("srtp", (receiver, packet) => receiver.unprotectRtp(packet)),
  srtpTarget("srtcp", (receiver, packet) => receiver.unprotectRtcp(packet)),
];

function mikeySeeds(): Uint8Array[] {
  return MESSAGES.map(({ bytes }) => bytes);
}

/** Every packet that is an RTP packet goes through the buffer, and into units; nothing stays for ever. */
function reorder(packets: readonly Uint8Array[]): boolean {
  let accepted = 0;
  let out = 0;
  const buffer = new ReorderBuffer();
  const assembler = new RtpUnitAssembler("marker", {
    handleRtpUnit: (unit) => void (out += unit.length),
  });
  const takeAll = () => {
    for (let one = buffer.take(); one; one = buffer.take()) assembler.push(one);
  };
  for (const packet of packets) {
    if (parseRtpHeader(packet, header) !== undefined) continue;
    accepted++;
    buffer.push(packet);
    takeAll();
    assert(buffer.heldPackets <= 64, `${buffer.heldPackets} packets are held`);
  }
  buffer.flush();
  takeAll();
  assembler.flush();
  // One packet may wait for the sender's restart to be confirmed.
  assert(out + buffer.droppedPackets >= accepted - 2, "packets are lost");
  return accepted > 0;
}

/** A track of a publisher is described to readers, and they understand it. */
function describeAgain(
  { format, parameters, clockRateHz }: ReturnType<typeof formatFromMedia>,
): void {
  assert(clockRateHz >= 1, `${clockRateHz} is no clock rate`);
  payloadFormatFor(parameters);
  format.openDepacketizer(parameters);
  const track = {
    id: 0,
    kind: codecKind(parameters),
    codec: parameters,
    clockRateHz,
  };
  const text = descriptionOf([mediaFromTrack(track, 0)]);
  const { media } = parseSessionDescription(text);
  assertEquals(media.length, 1, text);
  assertEquals(formatFromMedia(media[0]!).format.formatId, format.formatId);
}

/** What this server says of every codec. */
function describedTracks(): Uint8Array[] {
  return PARAMETERS.map((codec) => {
    const track = { id: 0, kind: codecKind(codec), codec, clockRateHz: 90_000 };
    return encoder.encode(descriptionOf([mediaFromTrack(track, 0)]));
  });
}

function descriptionOf(
  media: Parameters<typeof serializeSessionDescription>[0]["media"],
): string {
  return serializeSessionDescription({
    sessionName: "",
    connectionAddress: undefined,
    control: undefined,
    keyMgmt: undefined,
    attributes: [],
    media,
  });
}

/** Packets that a sender with the same keys made; nobody else can make any. */
function srtpTarget(
  name: string,
  unprotect: (
    receiver: ReturnType<typeof openSrtpReceiver>,
    packet: Uint8Array,
  ) => unknown,
): FuzzTarget {
  const seeds = (): Uint8Array[] => {
    using sender = openSrtpSender(KEYS);
    return [
      ...sender.protectRtp([rtpPacket(1), rtpPacket(2, 1_300)], [1, 2]),
      sender.protectRtcp(RECEIVER_REPORT),
    ];
  };
  let receiver = openSrtpReceiver(KEYS);
  let runs = 0;
  return {
    name,
    seeds,
    rejects: [],
    run: (packet) => {
      if (++runs % 1_000 === 0) {
        receiver[Symbol.dispose]();
        receiver = openSrtpReceiver(KEYS);
      }
      const clear = unprotect(receiver, packet);
      return typeof clear !== "string";
    },
  };
}
