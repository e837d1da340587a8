import {
  differenceOfCounts,
  sumOfCounts,
} from "#protocols/rtsp/media_counts.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("sumOfCounts() adds up what its parts have, and has everything", () => {
  const sum = sumOfCounts(
    { inboundBytes: 3, outboundBytes: 1 },
    undefined,
    { inboundBytes: 4, outboundRTCPPackets: 2 },
  );
  assertEquals(sum, {
    inboundBytes: 7,
    inboundRTPPackets: 0,
    inboundRTPPacketsLost: 0,
    inboundRTPPacketsInError: 0,
    inboundRTCPPackets: 0,
    inboundRTCPPacketsInError: 0,
    outboundBytes: 1,
    outboundRTPPackets: 0,
    outboundRTPPacketsReportedLost: 0,
    outboundRTPPacketsDiscarded: 0,
    outboundRTCPPackets: 2,
  });
});

Deno.test("differenceOfCounts() takes away what was there before", () => {
  const now = { outboundBytes: 100, outboundRTPPackets: 5 };
  const { outboundBytes, outboundRTPPackets, inboundBytes } =
    differenceOfCounts(now, { outboundBytes: 60 });
  assertEquals([outboundBytes, outboundRTPPackets, inboundBytes], [40, 5, 0]);
});
