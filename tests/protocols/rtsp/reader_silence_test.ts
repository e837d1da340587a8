import { createLogger } from "#base/log.ts";
import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import { ReaderSilence } from "#protocols/rtsp/reader_silence.ts";
import { assert, assertEquals } from "#test/assert.ts";

const BLOCK = {
  ssrc: 1,
  fractionLost: 0,
  cumulativeLost: 0,
  extendedHighestSequenceNumber: 5,
  jitterTicks: 0,
  lastSenderReport: 0,
  delaySinceLastSenderReport: 0,
};

const report = (blocks: readonly typeof BLOCK[]) =>
  serializeRtcpCompound([
    { type: "receiverReport", ssrc: 9, reportBlocks: blocks },
  ]);

const CASES = [
  { name: "says nothing", packets: [], warns: true },
  { name: "reports about nothing", packets: [report([])], warns: true },
  { name: "sends garbage", packets: [new Uint8Array(3)], warns: true },
  { name: "reports a packet", packets: [report([BLOCK])], warns: false },
  {
    name: "reports what nobody can read here",
    packets: [new Uint8Array(40)],
    isProtected: true,
    warns: false,
  },
];

for (const { name, packets, isProtected = false, warns } of CASES) {
  Deno.test(`ReaderSilence ${warns ? "warns once of" : "trusts"} a reader that ${name}`, () => {
    const lines: string[] = [];
    const logger = createLogger((_, text) => lines.push(text), "debug");
    const silence = new ReaderSilence(logger, { isProtected, nowMs: 1_000 });
    for (const packet of packets) silence.handleRtcp(packet);
    silence.tick(15_999);
    assertEquals(lines, []);
    silence.tick(16_000);
    silence.tick(60_000);
    assertEquals(lines.length, warns ? 1 : 0);
    if (warns) assert(lines[0]!.includes("-rtsp_transport tcp"));
  });
}
