import { resolve } from "node:path";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest, unprivilegedUser } from "#test/programs.ts";
import { freeServerPorts } from "#test/weir_process.ts";

/** The executable to test, as it was made by the task `compile`. */
const EXECUTABLE = Deno.env.get("WEIR_EXECUTABLE");

const MAX_SHUTDOWN_MS = 5_000;

const NAME = "the executable serves an unprivileged user in an empty folder";

if (EXECUTABLE === undefined) {
  const fn = () => {};
  Deno.test({ name: `${NAME} (needs WEIR_EXECUTABLE)`, ignore: true, fn });
} else {
  const fn = () => serveFrom(resolve(EXECUTABLE));
  interopTest({ name: NAME, needs: ["ffmpeg"], fn });
}

async function serveFrom(executable: string): Promise<void> {
  const user = unprivilegedUser();
  await using folder = await emptyFolder(user);
  const options = { cwd: folder.path, ...user };
  const version = await runProcess(executable, ["--version"], options);
  assertEquals([version.code, version.stderr], [0, ""]);
  assert(/^v\d+\.\d+\.\d+\S* \(\w+\)\n$/.test(version.stdout), version.stdout);
  const check = await runProcess(executable, ["check"], options);
  assertEquals(check.code, 0, check.stdout);

  const { rtspPort, rtmpPort, rtpPort } = freeServerPorts();
  const startMs = performance.now();
  await using server = startProcess(executable, [], {
    ...options,
    env: {
      WEIR_RTSPADDRESS: `127.0.0.1:${rtspPort}`,
      WEIR_RTMPADDRESS: `127.0.0.1:${rtmpPort}`,
      WEIR_RTPADDRESS: `127.0.0.1:${rtpPort}`,
      WEIR_RTCPADDRESS: `127.0.0.1:${rtpPort + 1}`,
    },
  });
  await server.waitForLine(/\[RTMP\] started with listener/);
  const listeningMs = Math.round(performance.now() - startMs);
  await print(`the executable listens ${listeningMs} ms after its start`);
  assertIncludes(server.stdout, "everybody may publish and read every path");

  const rtspUrl = `rtsp://127.0.0.1:${rtspPort}/cam`;
  await using _publisher = startProcess("ffmpeg", [
    ..."-nostdin -v error -re -stream_loop -1 -i".split(" "),
    await clip("bframes_aac"),
    ..."-c copy -rtsp_transport tcp -f rtsp".split(" "),
    rtspUrl,
  ]);
  await server.waitForLine(/\[path cam\] stream is available and online/);
  const urls = [rtspUrl, `rtmp://127.0.0.1:${rtmpPort}/cam`];
  const readings = await Promise.all(urls.map((url) =>
    runProcess("ffmpeg", [
      ...["-nostdin", "-v", "error", "-i", url],
      ..."-frames:v 25 -f null -".split(" "),
    ])
  ));
  for (const { code, stderr } of readings) {
    assertEquals([code, stderr], [0, ""]);
  }

  const endMs = performance.now();
  assertEquals((await server.stop()).code, 0);
  assert(performance.now() - endMs < MAX_SHUTDOWN_MS, "the end takes too long");
  assertEquals(server.stderr, "");
  const left = await Array.fromAsync(Deno.readDir(folder.path));
  assertEquals(left.map(({ name }) => name), [], "nothing is left behind");
}

/** A folder of this user's own. */
async function emptyFolder(
  user: { readonly uid?: number; readonly gid?: number },
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "weir_test_" });
  await Deno.chown(path, user.uid ?? null, user.gid ?? null);
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
