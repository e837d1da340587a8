// Cost of what runs once per packet. Budget on the reference machine: 100 ns a packet for all of it together.
//
// deno bench -A tests/bench/rtp_bench.ts

import { ReceptionStatistics } from "#formats/rtp/reception_statistics.ts";
import { ReorderBuffer } from "#formats/rtp/reorder_buffer.ts";
import { RtpClock } from "#formats/rtp/rtp_clock.ts";
import {
  emptyRtpHeader,
  parseRtpHeader,
  serializeRtpHeader,
} from "#formats/rtp/rtp_header.ts";
import { rtpPayload } from "#formats/rtp/rtp_packet.ts";

/** All sequence numbers once, so that each round follows on the one before. */
const PACKETS = Array.from({ length: 65_536 }, (_, sequenceNumber) => {
  const packet = new Uint8Array(64);
  serializeRtpHeader(packet, 0, {
    marker: sequenceNumber % 15 === 14,
    payloadType: 96,
    sequenceNumber,
    timestampTicks: Math.floor(sequenceNumber / 15) * 3000,
    ssrc: 0x01020304,
  });
  return packet;
});

/** The same with every eighth pair swapped. */
const SWAPPED_PACKETS = PACKETS.map((packet, i) => {
  if (i % 16 === 0) return PACKETS[i + 1]!;
  return i % 16 === 1 ? PACKETS[i - 1]! : packet;
});

const header = emptyRtpHeader();
const group = "65,536 packets";

Deno.bench("parseRtpHeader()", { group, baseline: true }, () => {
  for (const packet of PACKETS) parseRtpHeader(packet, header);
});

Deno.bench("rtpPayload()", { group }, () => {
  for (const packet of PACKETS) rtpPayload(packet);
});

Deno.bench("serializeRtpHeader()", { group }, () => {
  const into = new Uint8Array(12);
  for (let i = 0; i < PACKETS.length; i++) {
    header.sequenceNumber = i;
    serializeRtpHeader(into, 0, header);
  }
});

const clock = new RtpClock();
Deno.bench("RtpClock.unwrap()", { group }, () => {
  for (let i = 0; i < PACKETS.length; i++) clock.unwrap(i * 3000);
});

const ordered = new ReorderBuffer();
Deno.bench("ReorderBuffer, in order", { group }, () => {
  for (const packet of PACKETS) {
    ordered.push(packet);
    while (ordered.take() !== undefined);
  }
});

const swapped = new ReorderBuffer();
Deno.bench("ReorderBuffer, pairs swapped", { group }, () => {
  for (const packet of SWAPPED_PACKETS) {
    swapped.push(packet);
    while (swapped.take() !== undefined);
  }
});

const statistics = new ReceptionStatistics(90_000);
let nowMs = 0;
Deno.bench("ReceptionStatistics.push()", { group }, () => {
  for (let i = 0; i < PACKETS.length; i++) {
    statistics.push(i, i * 3000, nowMs += 2);
  }
});
