import { ParseError } from "#base/errors.ts";
import { type Amf0Value, serializeAmf0Values } from "#formats/flv/amf0.ts";
import { PLAIN_CAPABILITIES } from "#protocols/rtmp/wire/capabilities.ts";
import {
  parseRtmpCommand,
  type RtmpCommand,
  serializeRtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const message = (
  payload: Uint8Array,
  typeId: number = RTMP_MESSAGE_TYPE.commandAmf0,
): RtmpMessage => ({ typeId, messageStreamId: 0, timestampMs: 0, payload });

const COMMANDS: {
  name: string;
  values: readonly Amf0Value[];
  command: RtmpCommand;
}[] = [{
  name: "connect [ffmpeg]",
  values: ["connect", 1, {
    app: "live",
    type: "nonprivate",
    flashVer: "FMLE/3.0 (compatible; Lavf59.27)",
    tcUrl: "rtmp://127.0.0.1:1935/live",
  }],
  command: {
    name: "connect",
    transactionId: 1,
    app: "live",
    tcUrl: "rtmp://127.0.0.1:1935/live",
    flashVer: "FMLE/3.0 (compatible; Lavf59.27)",
    objectEncoding: 0,
    capabilities: PLAIN_CAPABILITIES,
  },
}, {
  name: "connect with codecs, AMF3, another spelling and apostrophes",
  values: ["connect", 1, {
    app: "",
    tcurl: "'rtmp://h/é'",
    objectEncoding: 3,
    fourCcList: ["av01", 5, "hvc1"],
  }],
  command: {
    name: "connect",
    transactionId: 1,
    app: "",
    tcUrl: "rtmp://h/é",
    flashVer: "",
    objectEncoding: 3,
    capabilities: {
      ...PLAIN_CAPABILITIES,
      isEnhanced: true,
      fourCcs: ["hvc1", "av01"],
    },
  },
}, {
  name: "createStream",
  values: ["createStream", 4, null],
  command: { name: "createStream", transactionId: 4 },
}, {
  name: "play",
  values: ["play", 5, null, "key?user=a", -2_000],
  command: { name: "play", transactionId: 5, streamKey: "key?user=a" },
}, {
  name: "publish",
  values: ["publish", 5, null, "key", "live"],
  command: { name: "publish", transactionId: 5, streamKey: "key" },
}, {
  name: "publish without a key",
  values: ["publish", 5, null],
  command: { name: "publish", transactionId: 5, streamKey: "" },
}, {
  name: "releaseStream",
  values: ["releaseStream", 2, null, "key"],
  command: { name: "releaseStream", transactionId: 2, streamKey: "key" },
}, {
  name: "FCPublish",
  values: ["FCPublish", 3, null, "key"],
  command: { name: "FCPublish", transactionId: 3, streamKey: "key" },
}, {
  name: "FCUnpublish",
  values: ["FCUnpublish", 6, null, "key"],
  command: { name: "FCUnpublish", transactionId: 6, streamKey: "key" },
}, {
  name: "getStreamLength",
  values: ["getStreamLength", 3, null, "key"],
  command: { name: "getStreamLength", transactionId: 3, streamKey: "key" },
}, {
  name: "deleteStream",
  values: ["deleteStream", 7, null, 1],
  command: { name: "deleteStream", transactionId: 7 },
}, {
  name: "closeStream without a transaction",
  values: ["closeStream"],
  command: { name: "closeStream", transactionId: 0 },
}, {
  name: "_result",
  values: ["_result", 2, null, 1],
  command: { name: "_result", transactionId: 2, values: [null, 1] },
}, {
  name: "a command that it does not know",
  values: ["_checkbw", 6, null],
  command: { name: "unknown", transactionId: 6, commandName: "_checkbw" },
}];

for (const { name, values, command } of COMMANDS) {
  Deno.test(`parseRtmpCommand() reads ${name}`, () => {
    const payload = serializeAmf0Values(values);
    assertEquals(parseRtmpCommand(message(payload)), command);
    const amf3 = message(
      Uint8Array.of(0, ...payload),
      RTMP_MESSAGE_TYPE.commandAmf3,
    );
    assertEquals(parseRtmpCommand(amf3), command);
  });
}

Deno.test("parseRtmpCommand() takes apostrophes from both ends of a URL only, any number at once", () => {
  const inner = `rtmp://h/a'${"'".repeat(60_000)}'b`;
  const values = ["connect", 1, { app: "a", tcUrl: `'${inner}''` }];
  const command = parseRtmpCommand(message(serializeAmf0Values(values)));
  assertEquals(command?.name === "connect" && command.tcUrl, inner);
});

/** Of an AMF3 message: behind the 0 come AMF0 values, in which 0x11 begins an AMF3 value. */
const AMF3_COMMANDS = [{
  name: "publish with null and strings of AMF3",
  hex: "00 020007 7075626c697368 00 4014000000000000" +
    "11 01 11 06 07 6b6579 11 06 09 6c697665",
  command: { name: "publish", transactionId: 5, streamKey: "key" },
}, {
  name: "createStream with an integer of AMF3 for its transaction",
  hex: "00 02000c 63726561746553747265616d 11 04 04 11 01",
  command: { name: "createStream", transactionId: 4 },
}, {
  name: "releaseStream whose name is of AMF3, without the 0",
  hex: "11 06 1b 72656c6561736553747265616d 11 04 02 05 11 06 03 6b",
  command: { name: "releaseStream", transactionId: 2, streamKey: "k" },
}] as const;

for (const { name, hex, command } of AMF3_COMMANDS) {
  Deno.test(`parseRtmpCommand() reads ${name} [Flash Player]`, () => {
    const payload = Uint8Array.fromHex(hex.replaceAll(" ", ""));
    const parsed = parseRtmpCommand(
      message(payload, RTMP_MESSAGE_TYPE.commandAmf3),
    );
    assertEquals(parsed, command);
  });
}

Deno.test("parseRtmpCommand() leaves other messages alone", () => {
  const other = message(new Uint8Array(3), RTMP_MESSAGE_TYPE.dataAmf0);
  assertEquals(parseRtmpCommand(other), undefined);
});

for (
  const [name, values, field] of [
    ["nothing", [], "name"],
    ["a name that is no string", [1, 1], "name"],
    ["connect without an object", ["connect", 1, null], "commandObject"],
    ["connect without app", ["connect", 1, { tcUrl: "rtmp://h/a" }], "app"],
    ["connect without tcUrl", ["connect", 1, { app: "a", tcUrl: 1 }], "tcUrl"],
  ] as const
) {
  Deno.test(`parseRtmpCommand() rejects ${name}`, () => {
    const payload = serializeAmf0Values(values);
    const error = assertThrows(
      () => parseRtmpCommand(message(payload)),
      ParseError,
    );
    assertEquals([error.format, error.field], ["RTMP command", field]);
  });
}

Deno.test("parseRtmpCommand() rejects every prefix of connect", () => {
  for (const prefix of prefixes(serializeAmf0Values(COMMANDS[0]!.values))) {
    assertThrows(() => parseRtmpCommand(message(prefix)), ParseError);
  }
});

Deno.test("serializeRtmpCommand() writes name, transaction and values", () => {
  assertEquals(
    serializeRtmpCommand(1, "play", 2, null, "k"),
    {
      typeId: 20,
      messageStreamId: 1,
      timestampMs: 0,
      payload: Uint8Array.fromHex(
        "020004706c6179" + "004000000000000000" + "05" + "0200016b",
      ),
    },
  );
});

Deno.test("parseRtmpCommand() throws only ParseError on mutated input", () => {
  const seeds = COMMANDS.map(({ values }) => serializeAmf0Values(values));
  for (const payload of mutations(seeds)) {
    try {
      parseRtmpCommand(message(payload));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
