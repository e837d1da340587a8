import { parseAmf0Values } from "#formats/flv/amf0.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  connectRequest,
  createStreamRequest,
  playRequest,
} from "#protocols/rtmp/wire/requests.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("connectRequest() says who calls and what it takes [MediaMTX]", () => {
  const { typeId, messageStreamId, payload } = connectRequest({
    app: "live",
    tcUrl: "rtmp://h:1935/live",
    capabilities: { fourCcList: ["hvc1"] },
  });
  assertEquals([typeId, messageStreamId], [20, 0]);
  assertEquals(parseAmf0Values(payload), ["connect", 1, {
    app: "live",
    flashVer: "LNX 9,0,124,2",
    tcUrl: "rtmp://h:1935/live",
    fpad: false,
    capabilities: 15,
    audioCodecs: 1_413,
    videoCodecs: 128,
    videoFunction: 0,
    objectEncoding: 0,
    fourCcList: ["hvc1"],
  }]);
});

Deno.test("createStreamRequest() and playRequest() are these bytes", () => {
  assertEquals(
    serializeRtmpMessages(createStreamRequest(), 128).toHex(),
    "020000000000040500000000" + "04000000" +
      "030000000000191400000000" +
      "02000c63726561746553747265616d" + "004000000000000000" + "05",
  );
  assertEquals(
    serializeRtmpMessages(playRequest(1, "k"), 128).toHex(),
    "0200000000000a0400000000" + "00030000000100000064" +
      "030000000000151401000000" +
      "020004706c6179" + "004008000000000000" + "05" + "0200016b",
  );
});
