import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What parsers are called, and where they begin. */
const PARSER =
  /^export (?:async )?(?:function\*? ((?:parse|read|inspect|extract|decode|unprotect|split|takeApart)[A-Z]\w*)|(?:abstract )?class (\w*(?:Reader|Depacketizer|Parser|Decoder|Splitter|Demuxer|Receiver|Assembler|Buffer|Handshake)))\b/gm;

/** Parsers that no target imports, and why. */
const WITHOUT_TARGET: Readonly<Record<string, string>> = {
  "api/read_request.ts readBodyAs": "reads whole bodies for http_json",
  "api/read_request.ts readFlag": "two words",
  "base/big_endian.ts readU16": "a part of others",
  "base/big_endian.ts readU32": "a part of others",
  "base/byte_reader.ts ByteReader": "a part of others",
  "base/line_reader.ts LineReader": "a part of sdp and http_head",
  "base/user_info.ts decodePercent": "a part of rtsp_origin and rtmp_origin",
  "base/user_info.ts parseUserInfo": "a part of rtsp_origin and rtmp_origin",
  "codecs/av1/obu.ts readLeb128": "a part of av1_obu",
  "codecs/jpeg/jpeg_headers.ts JpegHeaderReader": "a part of jpeg",
  "config/read_fields.ts readFields": "a part of config_yaml",
  "config/read_files.ts readConfigFiles": "reads files for config_yaml",
  "config/read_files.ts readConfigText": "reads whole files",
  "formats/flv/nal_payload.ts NalPayloadReader": "a part of flv_video",
  "formats/flv/part_frames.ts splitFrames": "a part of flv_audio",
  "formats/fmp4/box_reader.ts readFullBoxHead": "a part of others",
  "formats/fmp4/box_reader.ts readI32": "a part of others",
  "formats/fmp4/box_reader.ts readU64": "a part of others",
  "formats/fmp4/flv_sample_reader.ts FlvSampleReader": "a part of mp4_init",
  "formats/fmp4/fragment_reader.ts parseFragment": "a part of mp4_segment",
  "formats/fmp4/movie_reader.ts parseMovie": "a part of mp4_init",
  "formats/fmp4/mp4_codec.ts WholeFrameReader": "a part of mp4_init",
  "formats/fmp4/sample_entry.ts parseSampleEntry": "a part of mp4_init",
  "formats/mpegts/audio_reader.ts AudioReader": "a part of mpegts_pes",
  "formats/mpegts/nal_reader.ts NalReader": "a part of mpegts_pes",
  "formats/rtp/payloads/aac_au.ts splitAus": "a part of payload_mpeg4_generic",
  "formats/rtp/payloads/av1_elements.ts extractObus": "a part of payload_av1",
  "formats/rtp/payloads/blocks.ts BlockDepacketizer":
    "a part of payload_lpcm and its like",
  "formats/rtp/payloads/mjpeg_fragments.ts readMjpegFragments":
    "a part of payload_jpeg",
  "formats/rtp/payloads/nal_pieces.ts extractNals":
    "a part of payload_h264 and payload_h265",
  "formats/rtp/payloads/vpx_fragments.ts extractVpxFrames":
    "a part of payload_vp8 and payload_vp9",
  "formats/rtp/payloads/vpx_limits.ts parseVpxLimits": "a part of sdp_formats",
  "formats/sdp/codec_mapping.ts parseFmtp": "a part of sdp_formats",
  "formats/sdp/media_description.ts parseMediaLine": "a part of sdp",
  "formats/srtp/srtp_receiver.ts SrtpReceiver": "opened by openSrtpReceiver()",
  "http/body.ts readBody": "reads whole bodies for http_json",
  "http/http1/read_to_end.ts readToEnd": "drops what it reads",
  "platform/descriptor_reader.ts DescriptorReader": "hands bytes on",
  "platform/files.ts readTextFile": "reads whole files",
  "platform/libc.ts readSockaddr": "what the system says",
  "platform/proxy_protocol.ts readProxyHeader":
    "reads from a connection for proxy_v1 and proxy_v2",
  "protocols/rtmp/wire/capabilities.ts parseRtmpCapabilities":
    "a part of rtmp_command",
  "protocols/rtsp/tunnel/http_head.ts readHttpHead":
    "reads from a connection for http_head",
  "protocols/rtsp/wire/headers/parameters.ts parseDecimal": "a part of headers",
  "protocols/rtsp/wire/headers/parameters.ts parseParameter":
    "a part of headers",
  "protocols/rtsp/wire/headers/parameters.ts splitOutsideQuotes":
    "a part of headers",
  "protocols/rtsp/wire/rtsp_message.ts parseRtspMessage":
    "a part of rtsp_request and rtsp_response",
  "recording/playback/past_reader.ts PastReader": "follows files of mp4_file",
};

/** `file name` of each parser of `src`. */
function parsers(): string[] {
  return globSync("src/**/*.ts", { cwd: ROOT }).sort().flatMap((path) => {
    const text = readFileSync(posix.join(ROOT, path), "utf8");
    const file = path.slice("src/".length);
    return [...text.matchAll(PARSER)].map((match) =>
      `${file} ${match[1] ?? match[2]}`
    );
  });
}

/** `file name` of everything that targets import from `src`. */
function imported(): Set<string> {
  const pattern = /import\s*(?:type\s*)?\{([^}]*)\}\s*from\s*"#([^"]+)"/g;
  const names = new Set<string>();
  for (const path of globSync("tests/fuzz/targets/*.ts", { cwd: ROOT })) {
    const text = readFileSync(posix.join(ROOT, path), "utf8");
    for (const [, list = "", file] of text.matchAll(pattern)) {
      for (const name of list.split(",")) names.add(`${file} ${name.trim()}`);
    }
  }
  return names;
}

Deno.test("every parser has a target", () => {
  const targets = imported();
  const missing = parsers().filter((one) =>
    !targets.has(one) && WITHOUT_TARGET[one] === undefined
  );
  assertEquals(missing, []);
});

Deno.test("the list of parsers without target names what is there and has none", () => {
  const known = new Set(parsers());
  const targets = imported();
  for (const one of Object.keys(WITHOUT_TARGET)) {
    assert(known.has(one), `${one} is no parser any more`);
    assert(!targets.has(one), `${one} has a target`);
  }
});
