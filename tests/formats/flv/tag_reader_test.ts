import { ParseError } from "#base/errors.ts";
import {
  type FlvTag,
  FlvTagReader,
  MAX_CONFIGURATION_BYTES,
  MAX_FLV_TRACKS,
} from "#formats/flv/tag_reader.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { hex, readTags } from "./tags.ts";

const AVC_RECORD = "0142c01e ffe1 0004 67010203 01 0002 68ee";
const AVC_NAL = "00000002 6588";
const AAC = "1190";

/** Short form of a tag: kind, track, and what tells the tags of a test apart. */
function brief(tag: FlvTag): string {
  switch (tag.kind) {
    case "parameters":
      return `${tag.parameters.codec} of ${tag.trackId}`;
    case "frame":
      return `${
        tag.payload.parts[0]!.toHex()
      } of ${tag.trackId} +${tag.compositionTimeMs}`;
    case "unsupported":
      return `no ${tag.codecId} of ${tag.trackId}`;
  }
}

/** What each body holds, shown as {@linkcode brief} has it. */
const TAGS: readonly {
  readonly name: string;
  readonly kind: "video" | "audio";
  readonly bodies: readonly string[];
  readonly tags: readonly (readonly string[])[];
}[] = [{
  name: "empty tags [silence]",
  kind: "audio",
  bodies: [""],
  tags: [[]],
}, {
  name: "commands, with and without FourCC",
  kind: "video",
  bodies: ["57 00", "d0 00"],
  tags: [[], []],
}, {
  name: "an end of sequence, with and without FourCC",
  kind: "video",
  bodies: ["17 02 000000", "92 61766331", "96 02 61766331 00"],
  tags: [[], [], []],
}, {
  name: "codecs that nobody here knows",
  kind: "video",
  bodies: ["14 00", "90 76766331", "96 00 0a1b31ff 03"],
  tags: [["no 4 of 0"], ["no vvc1 of 0"], ["no ??1? of 3"]],
}, {
  name: "audio codecs that nobody here knows",
  kind: "audio",
  bodies: ["b2 00", "90 65632d33"],
  tags: [["no 11 of 0"], ["no ec-3 of 0"]],
}, {
  name: "metadata, with one track and with many [ffmpeg 9.0.2]",
  kind: "video",
  bodies: ["d4 61763031 0200", "94 61763031", "96 14 61763031 01 000002 0200"],
  tags: [[], [], []],
}, {
  name: "a sequence start out of MPEG-2 TS",
  kind: "video",
  bodies: ["95 61763031 80", "91 61763031 1200", "90 61763031 81000c00"],
  tags: [["no av01 from MPEG-2 TS of 0"], ["no av01 of 0"], ["av1 of 0"]],
}, {
  name: "a sequence header and frames without FourCC",
  kind: "video",
  bodies: [`1700000000${AVC_RECORD}`, `1701ffffd8${AVC_NAL}`],
  tags: [["h264 of 0"], ["6588 of 0 +-40"]],
}, {
  name: "a sequence header and frames with FourCC",
  kind: "video",
  bodies: [
    `9061766331${AVC_RECORD}`,
    `9161766331000028${AVC_NAL}`,
    `9361766331${AVC_NAL}`,
  ],
  tags: [["h264 of 0"], ["6588 of 0 +40"], ["6588 of 0 +0"]],
}, {
  name: "a publisher that changes between both",
  kind: "video",
  bodies: [`1700000000${AVC_RECORD}`, `9361766331${AVC_NAL}`],
  tags: [["h264 of 0"], ["6588 of 0 +0"]],
}, {
  name: "one track in a multitrack tag",
  kind: "video",
  bodies: [
    `960061766331 05 ${AVC_RECORD}`,
    `960161766331 05 000028 ${AVC_NAL}`,
    `960361766331 05 ${AVC_NAL}`,
  ],
  tags: [["h264 of 5"], ["6588 of 5 +40"], ["6588 of 5 +0"]],
}, {
  name: "many tracks of one codec",
  kind: "audio",
  bodies: [
    `9510 6d703461 00 000002 ${AAC} 01 000002 ${AAC}`,
    "9511 6d703461 00 000001 21 01 000002 2223",
  ],
  tags: [["aac of 0", "aac of 1"], ["21 of 0 +0", "2223 of 1 +0"]],
}, {
  name: "many tracks of many codecs",
  kind: "audio",
  bodies: [
    `9520 6d703461 00 000002 ${AAC} 4f707573 07 000000`,
    "9521 6d703461 00 000001 21 4f707573 07 000002 fc01 6d703461 00 000001 22",
  ],
  tags: [["aac of 0"], ["21 of 0 +0", "fc01 of 7 +0", "22 of 0 +0"]],
}, {
  name: "many video tracks with composition times",
  kind: "video",
  bodies: [
    `9061766331${AVC_RECORD}`,
    `9611 61766331 00 000009 000028 ${AVC_NAL}`,
  ],
  tags: [["h264 of 0"], ["6588 of 0 +40"]],
}, {
  name: "nanoseconds before a frame",
  kind: "audio",
  bodies: [
    `906d703461 ${AAC}`,
    "97 02 0f423f 01 6d703461 21",
    "97 00 aa 07 ff 0001 bbcc 01 6d703461 22",
    "97 02 000001 05 01 6d703461 03 23",
  ],
  tags: [["aac of 0"], ["21 of 0 +0"], ["22 of 0 +0"], []],
}, {
  name: "the same of video",
  kind: "video",
  bodies: [
    `9061766331 ${AVC_RECORD}`,
    `97 02 0f423f 03 61766331 ${AVC_NAL}`,
    `97 02 0f423f 06 00 61766331 01 ${AVC_RECORD}`,
  ],
  tags: [["h264 of 0"], ["6588 of 0 +0"], ["h264 of 1"]],
}, {
  name: "channels that are told apart from the configuration",
  kind: "audio",
  bodies: ["94 4f707573 0101 00000004", "95 04 4f707573 01 0002"],
  tags: [["opus of 0"], ["opus of 1"]],
}];

for (const { name, kind, bodies, tags } of TAGS) {
  Deno.test(`FlvTagReader.read() reads ${name}`, () => {
    const read = readTags(kind, ...bodies).map((one) => one.map(brief));
    assertEquals(read, tags.map((one) => [...one]));
  });
}

Deno.test("FlvTagReader.read() leaves its input untouched", () => {
  for (const { kind, bodies } of TAGS) {
    const reader = new FlvTagReader(kind);
    for (const body of bodies) {
      const bytes = hex(body);
      reader.read(bytes);
      assertEquals(bytes, hex(body));
    }
  }
});

const REJECTED: readonly {
  readonly name: string;
  readonly kind: "video" | "audio";
  readonly body: string;
  readonly field: string;
}[] = [
  { name: "a cut FourCC", kind: "video", body: "90 617630", field: "fourCc" },
  {
    name: "a cut composition time",
    kind: "video",
    body: "91 61766331 0000",
    field: "compositionTime",
  },
  {
    name: "a cut header without FourCC",
    kind: "video",
    body: "17 01 00",
    field: "compositionTime",
  },
  { name: "no packet type", kind: "audio", body: "af", field: "packetType" },
  {
    name: "a packet type of nobody",
    kind: "audio",
    body: "96 6d703461",
    field: "packetType",
  },
  {
    name: "a packet type of video",
    kind: "audio",
    body: "93 6d703461",
    field: "packetType",
  },
  {
    name: "many tracks within many tracks",
    kind: "audio",
    body: "95 05 6d703461 00",
    field: "packetType",
  },
  {
    name: "a multitrack type of nobody",
    kind: "video",
    body: "96 30 61766331",
    field: "multitrackType",
  },
  {
    name: "no track ID",
    kind: "video",
    body: "96 00 61766331",
    field: "trackId",
  },
  {
    name: "a track without a size",
    kind: "video",
    body: "96 10 61766331 00 0000",
    field: "sizeOfTrack",
  },
  {
    name: "a track that is too large",
    kind: "video",
    body: "96 10 61766331 00 000002 01",
    field: "sizeOfTrack",
  },
  {
    name: "a track that ends in its composition time",
    kind: "video",
    body: "96 11 61766331 00 000002 0000 01 000000",
    field: "sizeOfTrack",
  },
  {
    name: "a cut ModEx packet",
    kind: "video",
    body: "97 02 0000",
    field: "modExData",
  },
  {
    name: "endless ModEx packets",
    kind: "audio",
    body: `97 ${"00aa07".repeat(17)}`,
    field: "modEx",
  },
  {
    name: "a cut MultichannelConfig",
    kind: "audio",
    body: "94 4f707573 01",
    field: "channelCount",
  },
  {
    name: "a huge configuration",
    kind: "audio",
    body: `90 6d703461 ${"00".repeat(MAX_CONFIGURATION_BYTES + 1)}`,
    field: "sequenceHeader",
  },
];

for (const { name, kind, body, field } of REJECTED) {
  Deno.test(`FlvTagReader.read() rejects ${name}`, () => {
    const error = assertThrows(
      () => new FlvTagReader(kind).read(hex(body)),
      ParseError,
    );
    assertEquals([error.field, error.format], [field, `FLV ${kind} tag`]);
  });
}

Deno.test("FlvTagReader.read() takes a limited number of tracks", () => {
  const reader = new FlvTagReader("audio");
  const header = (id: number) =>
    hex(`95006d703461${id.toString(16).padStart(2, "0")}${AAC}`);
  for (let id = 0; id < MAX_FLV_TRACKS; id++) {
    assertEquals(reader.read(header(id)).length, 1);
  }
  assertThrows(() => reader.read(header(MAX_FLV_TRACKS)), ParseError);
  assertEquals(reader.read(header(0)).length, 1);
  const many = `9521${`4f707573 00 000001 fc`.repeat(MAX_FLV_TRACKS)}`;
  assertEquals(reader.read(hex(many)).length, MAX_FLV_TRACKS);
  assertThrows(() => reader.read(hex(`${many}4f707573 00 000000`)), ParseError);
});

Deno.test("FlvTagReader.read() keeps no more of a message than its configuration", () => {
  const body = hex(`9510 6d703461 00 000002 ${AAC} 01 000002 ${AAC}`);
  for (const tag of new FlvTagReader("audio").read(body)) {
    const parameters = tag.kind === "parameters" ? tag.parameters : undefined;
    const config = parameters?.codec === "aac" &&
      parameters.audioSpecificConfig;
    assertEquals(config && config.buffer.byteLength, 2);
  }
});

/** A configuration and a frame of every codec. */
const EVERY_CODEC = {
  video: [
    ...TAGS.filter(({ kind }) => kind === "video")
      .flatMap(({ bodies }) => bodies),
    "9061763031 81000c00 0a0b000000043cfeccdaf90040",
    "9161763031 1200 0a0b000000043cfeccdaf90040 3204 10c0ffee",
    "9076703039 01000000 000b820202020000",
    "9176703039 824983420013f00b360638241c184a",
    "9176703038 5062019d012a80026801",
    "9368766331 00000004 2601af1d",
  ],
  audio: [
    ...TAGS.filter(({ kind }) => kind === "audio")
      .flatMap(({ bodies }) => bodies),
    "2f fffb5044 00000000",
    "3f 01020304",
    "72 d5d5",
    `90664c6143 04000400000000000815 0bb800f000000000 ${"00".repeat(16)}`,
    "91664c6143 fff8aa0800ed4c0000",
    "9161632d33 0b77480d0c402f842bc1c77a",
    "904f707573 4f70757348656164 0106380180bb0000000001 0402000401020305",
  ],
};

for (const kind of ["video", "audio"] as const) {
  Deno.test(`FlvTagReader.read() throws only ParseError on mutated ${kind}`, () => {
    const seeds = EVERY_CODEC[kind].map(hex).filter((one) => one.length > 0);
    let reader = new FlvTagReader(kind);
    let bodies = 0;
    for (const body of mutations(seeds)) {
      if (++bodies % 100 === 0) reader = new FlvTagReader(kind);
      try {
        reader.read(body);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}
