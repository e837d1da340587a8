import { pathsText } from "#metrics/path_sections.ts";
import { assertEquals } from "#test/assert.ts";
import { pathInfo, textOf } from "./samples.ts";

const PATHS = [
  pathInfo({
    name: "cam",
    availableAtMs: 1,
    readers: [
      { type: "rtspSession", id: "1" },
      { type: "rtmpConn", id: "2" },
      { type: "rtspSession", id: "3" },
    ],
    inboundBytes: 1_000,
    outboundBytes: 3_000,
    inboundErrors: 2,
  }),
  pathInfo({ name: "door/1" }),
];

Deno.test("pathsText() writes all metrics of a path, then those of the next", () => {
  assertEquals(
    textOf(pathsText(PATHS, undefined)),
    `# Paths
paths{name="cam",state="ready"} 1
paths_readers{name="cam",readerType="rtmpConn",state="ready"} 1
paths_readers{name="cam",readerType="rtspSession",state="ready"} 2
paths_inbound_bytes{name="cam",state="ready"} 1000
paths_outbound_bytes{name="cam",state="ready"} 3000
paths_inbound_frames_in_error{name="cam",state="ready"} 2
paths{name="door/1",state="notReady"} 1
paths_readers{name="door/1",readerType="",state="notReady"} 0
paths_inbound_bytes{name="door/1",state="notReady"} 0
paths_outbound_bytes{name="door/1",state="notReady"} 0
paths_inbound_frames_in_error{name="door/1",state="notReady"} 0

# Paths (deprecated)
paths_bytes_received{name="cam",state="ready"} 1000
paths_bytes_sent{name="cam",state="ready"} 3000
paths_bytes_received{name="door/1",state="notReady"} 0
paths_bytes_sent{name="door/1",state="notReady"} 0

`,
  );
});

Deno.test("pathsText() writes zeros without labels when there are no paths", () => {
  assertEquals(
    textOf(pathsText([], undefined)),
    `# Paths
paths 0
paths_inbound_bytes 0
paths_outbound_bytes 0
paths_inbound_frames_in_error 0

# Paths (deprecated)
paths_bytes_received 0
paths_bytes_sent 0
paths_readers 0

`,
  );
});

Deno.test("pathsText() writes the one path that is asked for", () => {
  const text = textOf(pathsText(PATHS, "door/1"));
  assertEquals(text.match(/name="[^"]+"/g)!.length, 7);
  assertEquals(text.includes("cam"), false);
  assertEquals(
    textOf(pathsText(PATHS, "nobody")),
    "# Paths\n\n# Paths (deprecated)\n\n",
  );
  assertEquals(textOf(pathsText([], "cam")), "");
});
