import type { Amf0Value } from "#formats/flv/amf0.ts";
import {
  readRtmpStatus,
  type RtmpStatus,
  statusText,
} from "#protocols/rtmp/wire/status.ts";
import { assertEquals } from "#test/assert.ts";

const NOTHING: RtmpStatus = {
  level: "",
  code: "",
  description: "",
  redirect: undefined,
  tcUrl: undefined,
};

const STATUSES: readonly {
  readonly name: string;
  readonly values: readonly Amf0Value[];
  readonly status: Partial<RtmpStatus>;
  readonly text: string;
}[] = [
  {
    name: "nothing",
    values: [null],
    status: {},
    text: "no reason given",
  },
  {
    name: "the second of two objects [connect]",
    values: [{ fmsVer: "x", code: "no" }, {
      level: "status",
      code: "NetConnection.Connect.Success",
      description: "Connection succeeded.",
    }],
    status: {
      level: "status",
      code: "NetConnection.Connect.Success",
      description: "Connection succeeded.",
    },
    text: "NetConnection.Connect.Success: Connection succeeded.",
  },
  {
    name: "values of other types",
    values: [null, { level: 1, code: [], description: null, tcUrl: 5, ex: 7 }],
    status: {},
    text: "no reason given",
  },
  {
    name: "a redirect",
    values: [null, {
      code: "NetConnection.Connect.Rejected",
      ex: { code: 302, redirect: "rtmp://o/a" },
    }],
    status: {
      code: "NetConnection.Connect.Rejected",
      redirect: "rtmp://o/a",
    },
    text: "NetConnection.Connect.Rejected",
  },
  {
    name: "another code than that of a redirect",
    values: [null, { ex: { code: 403, redirect: "rtmp://o/a" } }],
    status: {},
    text: "no reason given",
  },
  {
    name: "where to connect again",
    values: [null, { description: "moved", tcUrl: "/other" }],
    status: { description: "moved", tcUrl: "/other" },
    text: "moved",
  },
];

for (const { name, values, status, text } of STATUSES) {
  Deno.test(`readRtmpStatus() reads ${name}`, () => {
    const read = readRtmpStatus({ name: "onStatus", transactionId: 0, values });
    assertEquals(read, { ...NOTHING, ...status });
    assertEquals(statusText(read), text);
  });
}

Deno.test("readRtmpStatus() cuts text that would fill a log", () => {
  const { description } = readRtmpStatus({
    name: "_error",
    transactionId: 1,
    values: [{ description: "x".repeat(5_000) }],
  });
  assertEquals(description.length, 512);
});
