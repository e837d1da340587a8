import { serializeKeyFrameRequest } from "#formats/rtp/rtcp/key_frame_request.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import { assertEquals } from "#test/assert.ts";

const REQUESTS = [
  {
    kind: "pli",
    hex: "80c9000111223344" + "81ce00021122334455667788",
  },
  {
    kind: "fir",
    hex: "80c9000111223344" + "84ce00041122334400000000" + "5566778809000000",
  },
] as const;

for (const { kind, hex } of REQUESTS) {
  Deno.test(`serializeKeyFrameRequest() writes ${kind} behind a report [made by hand]`, () => {
    const bytes = serializeKeyFrameRequest({
      kind,
      senderSsrc: 0x1122_3344,
      mediaSsrc: 0x5566_7788,
      sequenceNumber: 9,
    });
    assertEquals(bytes.toHex(), hex);
    assertEquals(parseRtcpCompound(bytes), [
      { type: "receiverReport", ssrc: 0x1122_3344, reportBlocks: [] },
      { type: "payloadFeedback" },
    ]);
  });
}
