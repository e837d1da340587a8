import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import { ReaderReports } from "#protocols/rtsp/reader_reports.ts";
import type { TrackTransport } from "#protocols/rtsp/track_transport.ts";
import { assertEquals } from "#test/assert.ts";

const OURS = [11, 22];

const TRANSPORT: TrackTransport = {
  label: "UDP",
  channels: undefined,
  target: undefined,
  seat: undefined,
  srtp: undefined,
  release: () => {},
};

/** Reports as a reader sends them: losses by source. */
function report(lost: Readonly<Record<number, number>>): Uint8Array {
  return serializeRtcpCompound([{
    type: "receiverReport",
    ssrc: 9,
    reportBlocks: Object.entries(lost).map(([ssrc, cumulativeLost]) => ({
      ssrc: Number(ssrc),
      fractionLost: 0,
      cumulativeLost,
      extendedHighestSequenceNumber: 5,
      jitterTicks: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    })),
  }, { type: "bye", ssrcs: [] }]);
}

function opened(transports: readonly TrackTransport[] = [TRANSPORT]) {
  const errors: string[] = [];
  const reports = new ReaderReports({
    transports: new Map(transports.entries()),
    isSource: (ssrc) => OURS.includes(ssrc),
    onError: (message, damaged) => errors.push(`${damaged}: ${message}`),
  });
  return { reports, errors };
}

Deno.test("ReaderReports has the latest losses of each of our sources", () => {
  const { reports } = opened();
  reports.handleRtcp(report({ 11: 3, 22: 4, 33: 100 }));
  assertEquals([reports.lostPackets, reports.receivedPackets], [7, 2]);
  reports.handleRtcp(report({ 11: 5 }));
  assertEquals([reports.lostPackets, reports.receivedPackets], [9, 4]);
  // More duplicates than losses are no losses.
  reports.handleRtcp(report({ 22: -1 }));
  assertEquals(reports.lostPackets, 5);
});

Deno.test("ReaderReports names what it cannot read", () => {
  const { reports, errors } = opened();
  reports.handleRtcp(new Uint8Array(3));
  assertEquals(errors, ["rtcp: RTCP packet rejected: rtcp_too_short"]);
  assertEquals(reports.receivedPackets, 0);
});

Deno.test("ReaderReports opens what the reader protects, with the keys of any of its tracks", () => {
  const own = { keys: createSrtpKeys(), rollovers: new Map() };
  const peers = [createSrtpKeys(), createSrtpKeys()];
  const { reports, errors } = opened(
    peers.map((keys) => ({
      ...TRANSPORT,
      srtp: { own, peer: { keys, rollovers: new Map() } },
    })),
  );
  const clear = report({ 22: 6 });
  using sender = openSrtpSender(peers[1]!);
  reports.handleRtcp(sender.protectRtcp(clear));
  assertEquals([reports.lostPackets, reports.receivedPackets], [6, 2]);
  assertEquals(errors, []);
  reports.handleRtcp(clear);
  using stranger = openSrtpSender(createSrtpKeys());
  reports.handleRtcp(stranger.protectRtcp(clear));
  assertEquals(errors.length, 2);
  reports[Symbol.dispose]();
  reports[Symbol.dispose]();
});
