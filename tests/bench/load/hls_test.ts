import { assertEquals, assertIncludes, assertRejects } from "#test/assert.ts";
import { chunkings } from "#test/splits.ts";
import { h264 } from "./codecs/h264.ts";
import { FlvWalker } from "./flv_walker.ts";
import {
  FrameSource,
  lastStampUs,
  StampFinder,
  wallClockUs,
} from "./frame_source.ts";
import { evaluateGoals } from "./goals.ts";
import type { HlsFigures } from "./hls_measure.ts";
import { firstUri, readPlaylist } from "./hls_playlist.ts";
import { openHlsViewer, PartCounter } from "./hls_viewer.ts";
import { openHttpConnection } from "./http_connection.ts";
import { RtmpCounter } from "./media_counter.ts";
import { writeAll } from "./rtsp_client.ts";

const bytesOf = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** The configuration, a frame at 0 ms and one at 100 ms; cut into chunks within tags. */
const FLV = "464c5601010000000900000000" +
  "09000006000000" + "00" + "000000" + "170000000000" + "00000011" +
  "12000001000000" + "00" + "000000" + "02" + "0000000c" +
  "09000006000000" + "00" + "000000" + "170100000000" + "00000011" +
  "09000006000064" + "00" + "000000" + "270100000000" + "00000011";

Deno.test("FlvWalker counts frames and missing ones however the answer is cut", () => {
  const flv = Uint8Array.fromHex(FLV);
  const head = bytesOf(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const answer = Uint8Array.from([
    ...head,
    ...[flv.subarray(0, 20), flv.subarray(20)].flatMap((chunk) => [
      ...bytesOf(`${chunk.length.toString(16)}\r\n`),
      ...chunk,
      ...bytesOf("\r\n"),
    ]),
  ]);
  for (const chunks of chunkings(answer)) {
    const counter = new RtmpCounter(h264, 30);
    const walker = new FlvWalker(counter);
    for (const chunk of chunks) walker.push(chunk);
    assertEquals(counter.payloadBytes, 3 * 6);
    assertEquals(counter.lost, 2);
  }
});

const PLAYLIST = `#EXTM3U
#EXT-X-MEDIA-SEQUENCE:40
#EXT-X-SKIP:SKIPPED-SEGMENTS=4
#EXT-X-PART:DURATION=0.20000,URI="x_part9.mp4",INDEPENDENT=YES
#EXTINF:1.00000,
x_seg44.mp4
#EXT-X-PART:DURATION=0.20000,URI="x_part10.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20000,URI="x_part11.mp4"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="x_part12.mp4"
`;

Deno.test("readPlaylist() finds what comes next in a delta update", () => {
  assertEquals(readPlaylist(PLAYLIST), {
    parts: ["x_part9.mp4", "x_part10.mp4", "x_part11.mp4"],
    nextMsn: 45,
    nextPart: 2,
    hint: "x_part12.mp4",
  });
  assertEquals(firstUri(PLAYLIST), "x_seg44.mp4");
});

/** A frame that is later than those before. */
function nextFrame(source: FrameSource): Uint8Array<ArrayBuffer> {
  const beforeUs = wallClockUs();
  while (wallClockUs() === beforeUs);
  return source.next().slice();
}

Deno.test("PartCounter takes each part once, in its turn, with later frames", () => {
  const source = new FrameSource({ frameBytes: 60, gopFrames: 2 });
  const [old, first, second] = Array.from({ length: 3 }, () => {
    return { status: 200, head: "", body: nextFrame(source) };
  });
  const counter = new PartCounter();
  assertEquals(counter.push("a_part7.mp4", first!), lastStampUs(first!.body));
  assertEquals(
    counter.push("a_part10.mp4", second!),
    lastStampUs(second!.body),
  );
  assertEquals([counter.lost, counter.errors], [2, 0]);
  counter.push("a_part10.mp4", second!);
  counter.push("a_part11.mp4", old!);
  counter.push("a_part11.mp4", { ...second!, status: 404 });
  counter.push("a_part11.mp4", { ...second!, body: new Uint8Array(40) });
  assertEquals([counter.lost, counter.errors, counter.requests], [2, 4, 6]);
  assertEquals(counter.payloadBytes, 120);
});

Deno.test("lastStampUs() finds the last of several stamps", () => {
  const source = new FrameSource({ frameBytes: 60, gopFrames: 2 });
  const first = source.next().slice();
  const second = source.next().slice();
  const joined = Uint8Array.from([...first, ...second]);
  assertEquals(lastStampUs(joined), lastStampUs(second));
  assertEquals(lastStampUs(second.subarray(0, 15)), undefined);
  assertEquals(lastStampUs(new Uint8Array(0)), undefined);
});

type AnswerOf = (
  target: string,
  cookies: string,
) => string | undefined | Promise<undefined>;

/** Answers requests as `answerOf` says, in pieces of a few bytes; closes the connection where it says nothing. */
function serve(answerOf: AnswerOf): AsyncDisposable & { url: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      answering.push(answerAll(conn, answerOf));
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(answering);
    },
  };
}

async function answerAll(
  conn: Deno.TcpConn,
  answerOf: AnswerOf,
): Promise<void> {
  using _ = conn;
  const buffer = new Uint8Array(4_096);
  for (;;) {
    const length = await conn.read(buffer);
    if (length === null) return;
    const request = String.fromCharCode(...buffer.subarray(0, length));
    const cookies = /Cookie: (.*)\r/.exec(request)?.[1] ?? "";
    const answer = await answerOf(request.split(" ")[1]!, cookies);
    if (answer === undefined) return;
    for (let at = 0; at < answer.length; at += 1_000) {
      const end = at + 1_000;
      await writeAll(conn, bytesOf(answer.slice(at, end)));
    }
  }
}

function withLength(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

Deno.test("HttpConnection reads answers of a length, in chunks and without body", async () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "4\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
  await using server = serve((target) => ({
    "/length": withLength("x".repeat(40_000)),
    "/chunks": chunked,
    "/none": "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
  }[target]));
  using connection = await openHttpConnection(server.url);
  const read = async (target: string) => {
    const { status, body } = await connection.get(target);
    return [status, String.fromCharCode(...body)];
  };
  assertEquals(await read("/length"), [200, "x".repeat(40_000)]);
  assertEquals(await read("/chunks"), [200, "abcd0123456789abcdef"]);
  assertEquals(await read("/none"), [404, ""]);
  assertEquals(await read("/length"), [200, "x".repeat(40_000)]);
  const error = await assertRejects(connection.get("/close"), Error);
  assertIncludes(error.message, "closed");
});

/** A playlist whose open segment has so many parts. */
function openPlaylist(parts: number): string {
  return withLength([
    "#EXTM3U",
    "#EXT-X-MEDIA-SEQUENCE:0",
    '#EXT-X-MAP:URI="init.mp4"',
    ...Array.from(
      { length: parts },
      (_, i) => `#EXT-X-PART:DURATION=0.2,URI="x_part${i}.mp4"`,
    ),
    "",
  ].join("\n"));
}

Deno.test("openHlsViewer() follows redirects, keeps cookies, and loads each part once", async () => {
  const source = new FrameSource({ frameBytes: 60, gopFrames: 2 });
  const stamped = () => withLength(String.fromCharCode(...nextFrame(source)));
  const moved = "HTTP/1.1 302 Found\r\nLocation: index.m3u8?check=1\r\n" +
    "Set-Cookie: check=1; Secure\r\nContent-Length: 0\r\n\r\n";
  const entry = withLength(
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmain.m3u8\n",
  )
    .replace("\r\n", "\r\nSet-Cookie: id=7; Secure\r\n");
  const answers = new Map([
    ["index.m3u8 ", moved],
    ["index.m3u8?check=1 check=1", entry],
    ["main.m3u8 check=1; id=7", openPlaylist(1)],
    ["init.mp4 check=1; id=7", withLength("header")],
    [
      "main.m3u8?_HLS_msn=0&_HLS_part=1&_HLS_skip=YES check=1; id=7",
      openPlaylist(3),
    ],
    ["x_part1.mp4 check=1; id=7", stamped()],
    ["x_part2.mp4 check=1; id=7", stamped()],
  ]);
  const asked: string[] = [];
  const lastReload = Promise.withResolvers<undefined>();
  await using server = serve((target, cookies) => {
    if (target.includes("_HLS_part=3")) return lastReload.promise;
    asked.push(`${target.slice("/live/".length)} ${cookies}`);
    return answers.get(asked.at(-1)!);
  });
  const { finder, noted } = countingFinder(2);
  const url = `${server.url}/live`;
  using viewer = await openHlsViewer({ url, takesHints: false, finder });
  await noted;
  lastReload.resolve(undefined);
  const error = await assertRejects(viewer.ended, Error);
  assertIncludes(error.message, "closed");
  assertEquals(asked.toSorted(), [...answers.keys()].toSorted());
  const { lost, errors, requests } = viewer.counter;
  assertEquals([lost, errors, requests], [0, 0, 3]);
});

/** A finder, and when it has noted so many delays. */
function countingFinder(
  count: number,
): { finder: StampFinder; noted: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  class CountingFinder extends StampFinder {
    override note(delayUs: number): void {
      super.note(delayUs);
      if (--count === 0) resolve();
    }
  }
  return { finder: new CountingFinder(), noted: promise };
}

const ROW: HlsFigures = {
  server: "weir",
  row: "ll-hls-120kb",
  viewers: 100,
  requestsPerSecond: 1_000,
  deliveredGbps: 0.5,
  usPerRequest: 30,
  coreSecondsPerGbit: 0.07,
  cores: 0.04,
  coresForOne: 0.01,
  latencyP50Ms: 40,
  latencyP99Ms: 60,
  latencyP50OfOneMs: 35,
  rssMb: 90,
  lost: 0,
  errors: 1,
  ended: 0,
};

Deno.test("evaluateGoals() judges HLS by the most viewers", () => {
  const most = {
    ...ROW,
    viewers: 200,
    usPerRequest: 11,
    coreSecondsPerGbit: 0.05,
    latencyP99Ms: 14,
  };
  const goals = evaluateGoals({
    figures: [],
    lateJoins: [],
    leftOut: [],
    hls: [ROW, most, { ...ROW, server: "mediamtx" }],
  });
  assertEquals(goals.map(({ goal, verdict }) => [goal, verdict]), [
    ["LL-HLS of 120 KB, core/Gbit", "met"],
    ["ll-hls-120kb, latency p99 (ms)", "met"],
    ["ll-hls-120kb, lost", "met"],
    ["ll-hls-120kb, errors", "MISSED"],
  ]);
});
