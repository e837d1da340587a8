import { ParseError } from "#base/errors.ts";
import {
  MAX_AGGREGATED_MESSAGES,
  takeApartAggregate,
} from "#protocols/rtmp/wire/aggregate.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

function aggregate(timestampMs: number, ...parts: string[]): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.aggregate,
    messageStreamId: 1,
    timestampMs,
    payload: Uint8Array.fromHex(parts.join("").replaceAll(" ", "")),
  };
}

function takeApart(message: RtmpMessage): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  takeApartAggregate(message, {
    handleMessage: (one) => void messages.push(one),
  });
  return messages;
}

const message = (
  typeId: number,
  timestampMs: number,
  ...payload: number[]
): RtmpMessage => ({
  typeId,
  messageStreamId: 1,
  timestampMs,
  payload: Uint8Array.from(payload),
});

const AGGREGATES: {
  readonly name: string;
  readonly aggregate: RtmpMessage;
  readonly messages: readonly RtmpMessage[];
}[] = [{
  name: "nothing",
  aggregate: aggregate(5),
  messages: [],
}, {
  name: "audio and video, moved to its own time [Adobe Media Server]",
  aggregate: aggregate(
    1_000,
    "08 000002 0003e8 00 000000 aa01 0000000d",
    "09 000001 000410 00 000000 17 0000000c",
  ),
  messages: [message(8, 1_000, 0xaa, 1), message(9, 1_040, 0x17)],
}, {
  name: "times that have nothing to do with its own",
  aggregate: aggregate(
    70_000,
    "08 000001 000000 00 000000 01 0000000c",
    "08 000001 000017 00 000000 02 0000000c",
  ),
  messages: [message(8, 70_000, 1), message(8, 70_023, 2)],
}, {
  name: "times of 32 bits, over their end",
  aggregate: aggregate(
    0xfffffff0,
    "08 000001 fffff0 ff 000000 01 0000000c",
    "08 000001 000010 00 000000 02 0000000c",
  ),
  messages: [message(8, 0xfffffff0, 1), message(8, 0x10, 2)],
}, {
  name: "a time before that of the first",
  aggregate: aggregate(
    5,
    "08 000001 000014 00 000000 01 0000000c",
    "09 000001 00000a 00 000000 02 0000000c",
  ),
  messages: [message(8, 5, 1), message(9, 0xfffffffb, 2)],
}, {
  name: "metadata, and what does not belong there",
  aggregate: aggregate(
    0,
    "12 000001 000000 00 000000 05 0000000c",
    "01 000004 000000 00 000000 00000001 0000000f",
    "16 000000 000000 00 000000 0000000b",
    "0f 000001 000000 00 000000 00 0000000c",
  ),
  messages: [message(18, 0, 5), message(15, 0, 0)],
}, {
  name: "wrong back pointers, and none at the end",
  aggregate: aggregate(
    0,
    "08 000001 000000 00 000000 01 ffffffff",
    "08 000001 000000 00 000000 02",
  ),
  messages: [message(8, 0, 1), message(8, 0, 2)],
}];

for (const { name, aggregate, messages } of AGGREGATES) {
  Deno.test(`takeApartAggregate() reads ${name}`, () => {
    assertEquals(takeApart(aggregate), [...messages]);
  });

  Deno.test(`takeApartAggregate() reads or rejects every prefix of ${name}`, () => {
    for (const payload of prefixes(aggregate.payload)) {
      try {
        const some = takeApart({ ...aggregate, payload });
        assertEquals(some, messages.slice(0, some.length));
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}

Deno.test("takeApartAggregate() names the message at fault", () => {
  const cut = aggregate(
    0,
    "08 000001 000000 00 000000 01 0000000c",
    "09 ffffff 000000 00 000000 17",
  );
  const error = assertThrows(() => takeApart(cut), ParseError);
  assertEquals(error.field, "messages[1].body");
});

Deno.test("takeApartAggregate() bounds the number of messages", () => {
  const empty = "08 000000 000000 00 000000 00000000";
  const most = aggregate(0, empty.repeat(MAX_AGGREGATED_MESSAGES));
  assertEquals(takeApart(most).length, MAX_AGGREGATED_MESSAGES);
  const error = assertThrows(
    () => takeApart(aggregate(0, empty.repeat(MAX_AGGREGATED_MESSAGES + 1))),
    ParseError,
  );
  assert(error.field.startsWith("messages["));
});

Deno.test("takeApartAggregate() throws only ParseError on mutated input", () => {
  const seeds = AGGREGATES.map(({ aggregate }) => aggregate.payload);
  for (const payload of mutations(seeds)) {
    try {
      takeApart({ ...AGGREGATES[1]!.aggregate, payload });
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
