import type { Batch } from "#core/batch.ts";
import type { MediaUnit } from "#core/unit.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { accessTo, sessionOwner } from "#test/test_ports.ts";
import { rtpPacket, VIDEO } from "#test/units.ts";
import {
  AAC_STREAM,
  adtsFrame,
  AUDIO_PID,
  H264_STREAM,
  h264Picture,
  VIDEO_PID,
} from "../../formats/mpegts/ts_samples.ts";
import {
  TsWriter,
  type WrittenStream,
} from "../../formats/mpegts/ts_writer.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  type RtspPeer,
  SDP,
  TCP_TRANSPORTS,
} from "./fake_peer.ts";

/** A transport stream inside RTP, and nothing else. */
const MP2T_SDP = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=video 0 RTP/AVP 33",
  "a=control:trackID=0",
  "",
].join("\r\n");

const PACKET_BYTES = 7 * 188;

/** A publisher of a transport stream, and what comes out of it. */
class TsPublisher {
  readonly server: FakeRtspServer;
  readonly peer: RtspPeer;
  readonly units: MediaUnit[] = [];
  #sequenceNumber = 65_530;
  #isSubscribed = false;

  constructor(demuxes = true) {
    this.server = fakeRtspServer({
      paths: {
        all_others: { rtspDemuxMpegts: demuxes, overridePublisher: false },
      },
    });
    this.peer = this.server.connect();
  }

  async record(): Promise<void> {
    await this.peer.announce({}, MP2T_SDP);
    await this.peer.setup(0, `${TCP_TRANSPORTS[0]};mode=record`);
    assertEquals((await this.peer.request("RECORD")).status, 200);
  }

  /** Sends what was written; `lost` packets are left out before it. */
  async send(writer: TsWriter, lost = 0): Promise<void> {
    this.#sequenceNumber += lost;
    const bytes = writer.take();
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const payload = bytes.subarray(at, at + PACKET_BYTES);
      const sequenceNumber = this.#sequenceNumber++ & 0xffff;
      const packet = rtpPacket({ payloadType: 33, sequenceNumber }, payload);
      await this.peer.send({ channel: 0, packet });
    }
    if (!this.#isSubscribed && this.labels.length > 0) await this.#subscribe();
  }

  /** Codecs of the path's tracks. */
  get labels(): readonly string[] {
    const available = this.server.events.findLast((event) =>
      event.type === "pathAvailable"
    );
    return available?.type === "pathAvailable"
      ? available.tracks.map(({ codec }) => codec.codec)
      : [];
  }

  /** Lines with this in them, without what names the session. */
  lines(part: string): string[] {
    return this.server.lines.filter((line) => line.includes(part))
      .map((line) => line.replace(/\[session \w+\] /, ""));
  }

  async #subscribe(): Promise<void> {
    this.#isSubscribed = true;
    const { paths, logger } = this.server;
    const grant = await paths.read(
      accessTo("cam"),
      sessionOwner(logger, "reader"),
    );
    grant.subscribe({
      deliver: (batch: Batch) => {
        this.units.push(...batch.units);
        return true;
      },
      end: () => {},
    }).resume();
  }
}

function tables(...streams: readonly WrittenStream[]): TsWriter {
  return new TsWriter().pat().pmt(streams);
}

function video(writer: TsWriter, ptsTicks: number, isKey = false): TsWriter {
  const payload = h264Picture(isKey);
  return writer.pes(VIDEO_PID, { ptsTicks, payload, isUnbounded: true });
}

function audio(writer: TsWriter, ptsTicks: number): TsWriter {
  return writer.pes(AUDIO_PID, { ptsTicks, payload: adtsFrame(1) });
}

Deno.test("MpegTsInput publishes the tracks within a transport stream once they are known", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  const writer = tables(H264_STREAM, AAC_STREAM);
  await publisher.send(audio(writer, 0));
  assertEquals(publisher.labels, []);
  await publisher.send(video(video(video(writer, 0, true), 3_600), 7_200));
  assertEquals(publisher.labels, ["h264", "aac"]);
  assertEquals(publisher.lines("[path cam]"), [
    "info: [path cam] stream is available and online, 2 tracks (H264, MPEG-4 Audio)",
  ]);
  await publisher.send(audio(writer, 1_920));
  await publisher.peer.request("TEARDOWN");
  const isVideo = publisher.units.map(({ trackId }) => trackId === 0);
  assertEquals(isVideo.filter((one) => one).length, 3, "the last one, too");
  assertEquals(publisher.lines("error:"), []);
  await publisher.server.close();
});

Deno.test("MpegTsInput adds a track that the stream brings later", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  const writer = tables(AAC_STREAM);
  await publisher.send(audio(writer, 0));
  assertEquals(publisher.labels, ["aac"]);
  writer.pmt([AAC_STREAM, H264_STREAM], { version: 1 });
  await publisher.send(video(video(writer, 0, true), 3_600));
  const description = await publisher.server.paths.describe(accessTo("cam"));
  assert(description.kind === "stream");
  assertEquals(
    description.stream.tracks.map(({ kind }) => kind),
    ["audio", "video"],
  );
  await publisher.server.close();
});

Deno.test("a transport stream stays whole unless the path says otherwise", async () => {
  const publisher = new TsPublisher(false);
  await publisher.record();
  assertEquals(publisher.labels, ["mpegTs"]);
  assertEquals((await publisher.peer.request("PAUSE")).status, 200);
  await publisher.server.close();
});

Deno.test("a transport stream stays whole among other tracks", async () => {
  const { server, peer } = new TsPublisher();
  const sdp = SDP.replace(
    /m=audio[\s\S]*?(?=a=control)/,
    "m=video 0 RTP/AVP 33\r\n",
  );
  await peer.announce({}, sdp);
  for (const [i, transport] of TCP_TRANSPORTS.entries()) {
    await peer.setup(i, `${transport};mode=record`);
  }
  assertEquals((await peer.request("RECORD")).status, 200);
  const [available] = server.events.filter(({ type }) =>
    type === "pathAvailable"
  );
  assert(available?.type === "pathAvailable");
  assertEquals(available.tracks.map(({ codec }) => codec.codec), [
    "h264",
    "mpegTs",
  ]);
  await server.close();
});

Deno.test("MpegTsInput cannot be paused", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  assertEquals((await publisher.peer.request("PAUSE")).status, 400);
  await publisher.peer.done;
  assertEquals(publisher.server.context.sessions.size, 0);
  await publisher.server.close();
});

Deno.test("MpegTsInput ends the session if the stream has nothing that can be read", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  await publisher.send(tables({ pid: 0x200, streamType: 0x87 }));
  await publisher.peer.done;
  const reason =
    "MPEG-TS demuxer error: the program has no track of a supported codec";
  assertEquals(publisher.lines(reason).slice(0, 2), [
    `error: ${reason}`,
    `info: destroyed: ${reason}`,
  ]);
  assertEquals(publisher.lines("skipping"), [
    "warn: skipping track 1 (unsupported codec)",
  ]);
  await publisher.server.close();
});

Deno.test("MpegTsInput gives up what does not become a track in ten seconds", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  publisher.server.pass(8_000);
  const writer = tables(H264_STREAM);
  for (let second = 0; second < 9; second++) {
    await publisher.send(video(writer, 0));
    publisher.server.pass(1_000);
  }
  assertEquals(publisher.lines("demuxer error"), []);
  await publisher.send(video(writer, 0));
  publisher.server.pass(1_500);
  await publisher.peer.done;
  assertEquals(
    publisher.lines("demuxer error")[0],
    "error: MPEG-TS demuxer error: the parameters of no track are known",
  );
  await publisher.server.close();
});

Deno.test("MpegTsInput begins after ten seconds with what it knows", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  const writer = tables(H264_STREAM, AAC_STREAM);
  await publisher.send(audio(writer, 0));
  publisher.server.pass(9_000);
  await publisher.send(audio(writer, 0));
  assertEquals(publisher.labels, []);
  publisher.server.pass(1_500);
  assertEquals(publisher.labels, ["aac"]);
  await publisher.server.close();
});

Deno.test("MpegTsInput ends the session if the path has got another publisher", async () => {
  const publisher = new TsPublisher();
  const { server } = publisher;
  await publisher.record();
  const grant = await server.paths.publish(
    accessTo("cam", { action: "publish" }),
    sessionOwner(server.logger, "other"),
  );
  grant.attach([VIDEO]);
  await publisher.send(audio(tables(AAC_STREAM), 0));
  await publisher.peer.done;
  assertEquals(
    publisher.lines("demuxer error")[0],
    "error: MPEG-TS demuxer error: someone is already publishing to path 'cam'",
  );
  await server.close();
});

Deno.test("MpegTsInput tells the demuxer of holes that counters do not show", async () => {
  const publisher = new TsPublisher();
  await publisher.record();
  const writer = tables(H264_STREAM);
  await publisher.send(video(video(writer, 0, true), 3_600));
  writer.lose(VIDEO_PID, 16);
  await publisher.send(video(video(writer, 7_200), 10_800), 3);
  await publisher.peer.request("TEARDOWN");
  assertEquals(
    publisher.units.map(({ ptsTicks }) =>
      ptsTicks - publisher.units[0]!.ptsTicks
    ),
    [0, 7_200, 10_800],
  );
  assertEquals(publisher.lines("packets are missing").length, 1);
  await publisher.server.close();
});
