import { ParseError } from "#base/errors.ts";
import { PathError } from "#core/errors.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { AUDIO, H264_REORDERED_PARAMETERS, VIDEO } from "#test/units.ts";
import {
  audioFrame,
  audioHeader,
  metadata,
  picture,
  unknownVideo,
  videoHeader,
} from "./messages.ts";
import { openIngest, placed } from "./open_ingest.ts";

const BOTH = metadata({ videocodecid: 7, audiocodecid: 10 });

/** What a publisher sends before it is ready, and the message with which it is. */
const READY: readonly {
  readonly name: string;
  readonly before: readonly RtmpMessage[];
  readonly last: RtmpMessage;
  readonly tracks: string;
}[] = [
  {
    name: "both kinds have begun",
    before: [BOTH, videoHeader(), audioHeader()],
    last: picture(0, { isRandomAccess: true }),
    tracks: "video audio",
  },
  {
    name: "both kinds have begun, audio first",
    before: [audioHeader(), audioFrame(0), audioFrame(21)],
    last: videoHeader(20),
    tracks: "video audio",
  },
  {
    name: "metadata promises video only",
    before: [metadata({ videocodecid: 7, audiocodecid: 0 }), videoHeader()],
    last: picture(0, { isRandomAccess: true }),
    tracks: "video",
  },
  {
    name: "metadata promises audio only",
    before: [metadata({ audiocodecid: "mp4a" }), audioHeader()],
    last: audioFrame(0),
    tracks: "audio",
  },
  {
    name: "the other kind is one that is left out",
    before: [BOTH, audioHeader(), unknownVideo(0)],
    last: audioFrame(0),
    tracks: "audio",
  },
  {
    name: "250 ms of media have come without the other kind",
    before: [
      BOTH,
      videoHeader(),
      ...[0, 40, 80, 120, 160, 200, 240].map((at) =>
        picture(at, { isRandomAccess: at === 0 })
      ),
    ],
    last: picture(250),
    tracks: "video",
  },
  {
    name: "promised video begins with a late key frame [nginx-rtmp push]",
    before: [BOTH, audioHeader(), audioFrame(0), audioFrame(2_000)],
    last: videoHeader(2_000),
    tracks: "video audio",
  },
  {
    name: "promised video has not begun for 3 s",
    before: [BOTH, audioHeader(), audioFrame(0), audioFrame(2_999)],
    last: audioFrame(3_000),
    tracks: "audio",
  },
  {
    name: "nothing is promised and 250 ms have come",
    before: [audioHeader(), audioFrame(0), audioFrame(249)],
    last: audioFrame(250),
    tracks: "audio",
  },
];

for (const { name, before, last, tracks } of READY) {
  Deno.test(`RtmpIngest is ready when ${name}`, () => {
    const test = openIngest();
    test.send(...before);
    assertEquals(test.readyWith(), undefined, "it was ready too early");
    test.send(last);
    assertEquals(test.readyWith(), tracks);
    const frames = [...before, last].filter(({ typeId, payload }) =>
      typeId !== RTMP_MESSAGE_TYPE.dataAmf0 && payload[1] === 1 &&
      payload[0] !== 0x24
    );
    placed(test);
    assertEquals(test.clock.pendingTimers, 0);
    assertEquals(test.stream.totalUnits, frames.length);
  });
}

Deno.test("RtmpIngest is ready 250 ms after the first frame, however slow media comes", () => {
  const test = openIngest();
  test.send(BOTH, videoHeader(), picture(0, { isRandomAccess: true }));
  test.clock.advance(249);
  assertEquals(test.readyWith(), undefined);
  test.clock.advance(1);
  assertEquals([test.readyWith(), placed(test)], ["video", ["v250"]]);
});

Deno.test("RtmpIngest is not ready without a frame", () => {
  const test = openIngest();
  test.send(BOTH, videoHeader(), audioHeader());
  test.clock.advance(10_000);
  assertEquals(test.readyWith(), undefined);
  test.ingest.end();
  assertEquals(test.readyWith(), undefined);
});

Deno.test("RtmpIngest.end() hands over what was kept", () => {
  const test = openIngest();
  test.send(BOTH, videoHeader(), picture(0, { isRandomAccess: true }));
  test.ingest.end();
  assertEquals([test.readyWith(), placed(test)], ["video", ["v0"]]);
  test.send(picture(40));
  assertEquals(placed(test), ["v0"]);
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("RtmpIngest adds a track that comes late, whatever was promised", () => {
  const test = openIngest();
  test.send(
    metadata({ videocodecid: 7, audiocodecid: 0 }),
    videoHeader(),
    picture(0, { isRandomAccess: true }),
    picture(40),
    audioHeader(60),
    audioFrame(60),
    picture(80),
  );
  assertEquals(placed(test), ["v0", "v40", "a60", "v80"]);
  assertEquals(test.stream.tracks, [VIDEO, AUDIO]);
  assertEquals(test.attached.length, 1);
});

Deno.test("RtmpIngest lets video lead that comes late", () => {
  const test = openIngest();
  test.send(
    metadata({ audiocodecid: 10 }),
    audioHeader(),
    audioFrame(0),
    videoHeader(20),
    picture(20, { isRandomAccess: true }),
    audioFrame(21),
  );
  assertEquals(placed(test), ["a0", "v20", "a21"]);
  assertEquals(
    test.stream.tracks.map(({ id, kind }) => [id, kind]),
    [[0, "audio"], [1, "video"]],
  );
  assert(test.sink.batches.at(-2)!.isRandomAccess);
});

Deno.test("RtmpIngest ignores frames before their sequence header [start in the middle]", () => {
  const test = openIngest();
  test.send(
    picture(0, { isRandomAccess: true }),
    audioFrame(0),
    picture(40),
    videoHeader(80),
    audioHeader(80),
    picture(80),
    audioFrame(85),
    picture(120, { isRandomAccess: true }),
  );
  assertEquals(test.stream.totalUnits, 3);
  assertEquals(placed(test), ["v40"]);
});

Deno.test("RtmpIngest keeps decoding and presentation times apart", () => {
  const test = openIngest();
  test.send(videoHeader(), audioHeader());
  for (const [dtsMs, compositionTimeMs] of [[0, 80], [40, 160], [80, 0]]) {
    test.send(picture(dtsMs!, {
      isRandomAccess: dtsMs === 0,
      compositionTimeMs: compositionTimeMs!,
    }));
  }
  assertEquals(
    test.sink.units.map(({ dtsTicks, ptsTicks }) => [
      dtsTicks / 90 - 1_000,
      ptsTicks / 90 - 1_000,
    ]),
    [[0, 80], [40, 200], [80, 80]],
  );
});

Deno.test("RtmpIngest never decodes later than it shows [negative composition time]", () => {
  const test = openIngest();
  test.send(
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
    picture(40, { compositionTimeMs: -10 }),
  );
  const [, unit] = test.sink.units;
  assertEquals(unit!.dtsTicks, unit!.ptsTicks);
  assertEquals(unit!.ptsTicks / 90 - 1_000, 30);
});

const WRAPS = [
  { name: "both tracks", first: -60, audio: -40 },
  { name: "video before audio has begun", first: -10, audio: 5 },
];

for (const { name, first, audio } of WRAPS) {
  Deno.test(`RtmpIngest goes on where timestamps wrap: ${name}`, () => {
    const test = openIngest();
    test.send(
      videoHeader(first),
      picture(first, { isRandomAccess: true }),
      audioHeader(audio),
      audioFrame(audio),
      picture(first + 40),
      audioFrame(audio + 21),
      picture(first + 80),
    );
    const gap = audio - first;
    assertEquals(placed(test), [
      ...["v0", `a${gap}`, "v40", `a${gap + 21}`, "v80"],
    ]);
    assertEquals(test.warnings, []);
  });
}

Deno.test("RtmpIngest takes parameter sets that change", () => {
  const test = openIngest();
  test.send(
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
    videoHeader(40),
    picture(40),
    videoHeader(80, H264_REORDERED_PARAMETERS),
    picture(80, { isRandomAccess: true }),
  );
  assertEquals(test.stream.tracks, [
    { ...VIDEO, codec: H264_REORDERED_PARAMETERS },
    AUDIO,
  ]);
  assertEquals(
    test.sink.batches.map(({ tracksChanged }) => tracksChanged),
    [true, false, true],
  );
});

Deno.test("RtmpIngest opens a new track for each new clock rate", () => {
  const test = openIngest();
  test.send(videoHeader(), audioHeader(), picture(0, { isRandomAccess: true }));
  const ids: (readonly number[])[] = [];
  const rates = [[0x12, 0x10], [0x11, 0x90], [0x12, 0x10]];
  for (const [i, config] of rates.entries()) {
    test.send(
      audioHeader(i * 40, config),
      audioFrame(i * 40),
      picture(i * 40 + 20),
    );
    ids.push(test.stream.tracks.map(({ id }) => id));
  }
  assertEquals(ids, [[0, 2], [0, 3], [0, 4]]);
  assertEquals(placed(test), [
    ...["v0", "a0", "v20", "a40", "v60", "a80", "v100"],
  ]);
  assertEquals(test.warnings, []);
});

Deno.test("RtmpIngest names a track that it leaves out once", () => {
  const test = openIngest();
  test.send(unknownVideo(0), unknownVideo(40), audioHeader(), audioFrame(0));
  assertEquals([test.skipped, test.readyWith()], [["video 0: 4"], "audio"]);
});

Deno.test("RtmpIngest ends when the path does not take the publisher", () => {
  const refusal = new PathError("publisher_exists", "someone else is there");
  const test = openIngest(refusal);
  test.send(videoHeader(), audioHeader(), audioFrame(0), audioFrame(21));
  test.ingest.end();
  assertEquals(test.refused, [refusal]);
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("RtmpIngest goes on after a malformed body and ignores an empty one", () => {
  const test = openIngest();
  test.send(videoHeader(), audioHeader(), picture(0, { isRandomAccess: true }));
  const broken = { ...picture(40), payload: Uint8Array.of(0x27, 1, 0, 0) };
  assertThrows(() => test.ingest.handleMedia(broken), ParseError);
  test.ingest.handleMedia({ ...audioFrame(50), payload: new Uint8Array(0) });
  test.send(picture(80));
  assertEquals(placed(test), ["v0", "v80"]);
  assertEquals(test.ingest.inboundBytes > 0, true);
});

Deno.test("RtmpIngest gives up detection for a publisher with too much media", () => {
  const test = openIngest();
  test.send(BOTH, videoHeader());
  const body = new Uint8Array(6 * 1_024 * 1_024);
  body.set([0x17, 1, 0, 0, 0]);
  new DataView(body.buffer).setUint32(5, body.length - 9);
  body[9] = 0x65;
  for (let i = 0; i < 3; i++) {
    assertEquals(test.readyWith(), undefined);
    test.send({ ...picture(i), payload: body });
  }
  assertEquals(test.readyWith(), "video");
});

Deno.test("RtmpIngest gives up detection for a publisher with very many frames", () => {
  const test = openIngest();
  test.send(BOTH, audioHeader());
  let frames = 0;
  while (test.readyWith() === undefined && frames < 100_000) {
    test.ingest.handleMedia(audioFrame(0));
    frames++;
  }
  assertEquals(test.readyWith(), "audio");
});
