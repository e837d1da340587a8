import { rtpPayload, rtpSequenceNumber } from "#formats/rtp/rtp_packet.ts";
import { createSrtpKeys, type SrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { freeUdpPort } from "#test/ports.ts";
import { startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";

const PACKETS = 60;
const PAYLOAD_BYTES = 160;

/** What GStreamer sends rolls over on the way. */
const FIRST_SEQUENCE_NUMBER = 65_500;

const SSRC = 0x1234_5678;

/** How often a packet is sent to a program that may not listen yet. */
const SEND_INTERVAL_MS = 5;

const TAGS = [
  { bytes: 10, name: "hmac-sha1-80" },
  { bytes: 4, name: "hmac-sha1-32" },
] as const;

for (const tag of TAGS) {
  interopTest({
    name: `SrtpReceiver takes what srtpenc sends, ${tag.name}`,
    needs: ["gstreamer"],
    fn: async () => {
      const keys = keysWith(tag.bytes);
      using socket = listen();
      await using _publisher = startProcess("gst-launch-1.0", [
        ...`audiotestsrc num-buffers=${PACKETS} wave=silence samplesperbuffer=${PAYLOAD_BYTES}`
          .split(" "),
        ..."! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay".split(
          " ",
        ),
        `ssrc=${SSRC}`,
        `seqnum-offset=${FIRST_SEQUENCE_NUMBER}`,
        ...`! srtpenc key=${masterOf(keys)} rtp-auth=${tag.name}`.split(" "),
        ...`! udpsink host=127.0.0.1 port=${socket.port} sync=false`.split(" "),
      ]);
      using receiver = openSrtpReceiver(keys);
      for (let i = 0; i < PACKETS; i++) {
        const clear = receiver.unprotectRtp(await socket.receive());
        assert(typeof clear !== "string", `packet ${i}: ${clear}`);
        assertEquals(
          rtpSequenceNumber(clear),
          FIRST_SEQUENCE_NUMBER + i & 0xffff,
        );
        assert(rtpPayload(clear).every((byte) => byte === 0xd5), "silence");
      }
    },
  });

  interopTest({
    name: `srtpdec takes what SrtpSender makes, ${tag.name}`,
    needs: ["gstreamer"],
    fn: async () => {
      const keys = keysWith(tag.bytes);
      const port = freeUdpPort();
      const file = await Deno.makeTempFile();
      await using program = startProcess("gst-launch-1.0", [
        ...`udpsrc port=${port} num-buffers=${PACKETS}`.split(" "),
        `caps=${srtpCaps(keys, tag.name)}`,
        ...`! srtpdec ! rtppcmadepay ! filesink location=${file}`.split(" "),
      ]);
      await sendUntilEnd(program.ended, keys, port);
      const received = await Deno.readFile(file);
      await Deno.remove(file);
      assertEquals(received.length, PACKETS * PAYLOAD_BYTES);
      const first = received[0]!;
      for (let i = 0; i < PACKETS; i++) {
        const payload = received.subarray(
          i * PAYLOAD_BYTES,
          (i + 1) * PAYLOAD_BYTES,
        );
        assertEquals(payload, payloadOf(first + i));
      }
    },
  });
}

function keysWith(rtpTagBytes: 10 | 4): SrtpKeys {
  return { ...createSrtpKeys(), rtpTagBytes };
}

function masterOf({ masterKey, masterSalt }: SrtpKeys): string {
  return masterKey.toHex() + masterSalt.toHex();
}

function srtpCaps(keys: SrtpKeys, authentication: string): string {
  return [
    "application/x-srtp",
    "media=audio",
    "clock-rate=8000",
    "encoding-name=PCMA",
    "payload=8",
    `ssrc=(uint)${SSRC}`,
    `srtp-key=(buffer)${masterOf(keys)}`,
    "srtp-cipher=aes-128-icm",
    `srtp-auth=${authentication}`,
    "srtcp-cipher=aes-128-icm",
    "srtcp-auth=hmac-sha1-80",
  ].join(",");
}

/** The packet's number, all over. */
function payloadOf(number: number): Uint8Array {
  return new Uint8Array(PAYLOAD_BYTES).fill(number);
}

/** Sends packets that count up until the program has enough of them. */
async function sendUntilEnd(
  ended: Promise<unknown>,
  keys: SrtpKeys,
  port: number,
): Promise<void> {
  using sender = openSrtpSender(keys);
  using socket = listen();
  const over = Promise.withResolvers<void>();
  let count = 0;
  const timer = setInterval(() => {
    const packet = new Uint8Array(12 + PAYLOAD_BYTES);
    const view = new DataView(packet.buffer);
    view.setUint16(0, 0x8008);
    view.setUint16(2, count);
    view.setUint32(4, count * PAYLOAD_BYTES);
    view.setUint32(8, SSRC);
    packet.set(payloadOf(count), 12);
    const [datagram] = sender.protectRtp([packet], [count++]);
    socket.send(datagram!, port).catch(over.reject);
  }, SEND_INTERVAL_MS);
  await Promise.race([ended, over.promise]).finally(() => clearInterval(timer));
}

/** A socket on a port of its own. */
function listen(): {
  readonly port: number;
  receive(): Promise<Uint8Array>;
  send(datagram: Uint8Array, port: number): Promise<number>;
  [Symbol.dispose](): void;
} {
  const port = freeUdpPort();
  const hostname = "127.0.0.1";
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port });
  return {
    port,
    receive: async () => (await socket.receive())[0].slice(),
    send: (datagram, port) =>
      socket.send(datagram, { transport: "udp", hostname, port }),
    [Symbol.dispose]: () => socket.close(),
  };
}
