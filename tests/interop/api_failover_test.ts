import { fileURLToPath } from "node:url";
import { assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import { startProcess } from "#test/processes.ts";
import { interopTest, PYTHON } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const SCRIPT = fileURLToPath(new URL("failover.py", import.meta.url));

/** A condition on a loaded machine is met long before. */
const WAIT_MS = 90_000;

interopTest({
  name:
    "a script in Python moves a path to another source when its own is gone",
  needs: ["ffmpeg", "pythonRequests"],
  fn: async () => {
    await using origin = await startWeir();
    await using main = startPublisher(origin, {
      way: "RTSP/TCP",
      path: "main",
      file: await clip("bframes_aac"),
      inputArgs: ["-stream_loop", "-1"],
    });
    await using _backup = startPublisher(origin, {
      way: "RTSP/TCP",
      path: "backup",
      file: await clip("h265_aac"),
      inputArgs: ["-stream_loop", "-1"],
    });
    for (const path of ["main", "backup"]) {
      await waitUntilAvailable(origin, path);
    }
    const apiPort = freeTcpPort();
    await using edge = await startWeir({
      config: `
api: yes
apiAddress: 127.0.0.1:${apiPort}
paths:
  cam:
    source: ${origin.rtspUrl("main")}
    rtspTransport: tcp
`,
    });
    await edge.waitForLog(/\[API\] started with listener/);
    await using script = startProcess(PYTHON, [
      SCRIPT,
      `http://127.0.0.1:${apiPort}`,
      "cam",
      edge.file,
      origin.rtspUrl("backup"),
    ]);
    await script.waitForLine(/^ready: H264,MPEG-4 Audio$/, WAIT_MS);
    await main.stop();
    await script.waitForLine(/^reloaded: 200 ok$/, WAIT_MS);
    const { code } = await script.waitForExit(WAIT_MS);
    assertEquals([code, script.lines], [0, [
      "ready: H264,MPEG-4 Audio",
      "gone",
      "reloaded: 200 ok",
      `source: ${origin.rtspUrl("backup")}`,
      "ready: H265,MPEG-4 Audio",
    ]]);
  },
});
