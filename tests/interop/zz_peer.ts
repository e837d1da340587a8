import { startNginx, startNodeMediaServer } from "./rtmp_servers.ts";
import { startWeir } from "#test/weir_process.ts";
import { clip } from "#test/clips.ts";
import { readFrames } from "#test/framemd5.ts";
import { mediaArgs, startPublisher, waitUntilAvailable, readPath } from "./ffmpeg_peer.ts";
import { startProcess } from "#test/processes.ts";
const weir = await startWeir();
const file = await clip("bframes_aac");
const show = (n: string, r: any) => { console.log(n); for (const s of [0,1,2]) { const f = r.frames.filter((x: any) => x.streamIndex === s); console.log(s, f.length, f.slice(0,2).map((x: any) => [x.dtsMs, x.ptsMs, x.hash.slice(0,6)].join("/")), f.at(-1)?.ptsMs); } console.log(r.messages); };
show("file", await readFrames(file, { outputArgs: mediaArgs("h264") }));
const which = Deno.args[0];
try {
if (which === "nginx-pull") {
  const nginx = await startNginx(`rtmp://127.0.0.1:${weir.rtmpPort}/peers`);
  const p = startPublisher(weir, { way: "RTSP/TCP", path: "peers/a", file });
  await waitUntilAvailable(weir, "peers/a");
  try { show("nginx", await readFrames(nginx.url("pulled/a"), { outputArgs: mediaArgs("h264"), timeoutMs: 15000 })); } finally { console.log(nginx.process.lines.join("\n")); await nginx[Symbol.asyncDispose](); }
  await p[Symbol.asyncDispose]();
} else if (which === "nginx-push") {
  const nginx = await startNginx(`rtmp://127.0.0.1:${weir.rtmpPort}/peers`);
  const p = startProcess("ffmpeg", ["-nostdin", "-loglevel", "warning", "-re", "-i", file, "-c", "copy", "-f", "flv", nginx.url("pushed/a")]);
  try { await waitUntilAvailable(weir, "peers/a"); show("nginx", await readPath(weir, { way: "RTSP/TCP", path: "peers/a", outputArgs: mediaArgs("h264") })); } finally { console.log(nginx.process.lines.join("\n")); await nginx[Symbol.asyncDispose](); }
  await p[Symbol.asyncDispose]();
} else {
  const nms = await startNodeMediaServer();
  try {
  if (which === "nms-push") {
    const p = startProcess("ffmpeg", ["-nostdin", "-loglevel", "warning", "-re", "-i", file, "-c", "copy", "-f", "flv", nms.url("pushed/a")]);
    await nms.process.waitForLine(/^published \/pushed\/a/);
    await nms.process.writeLine(`push ${weir.rtmpUrl("peers/a")} /pushed/a`);
    await waitUntilAvailable(weir, "peers/a"); show("nms", await readPath(weir, { way: "RTSP/TCP", path: "peers/a", outputArgs: mediaArgs("h264") }));
    await p[Symbol.asyncDispose]();
  } else {
    const p = startPublisher(weir, { way: "RTSP/TCP", path: "peers/a", file });
    await waitUntilAvailable(weir, "peers/a");
    await nms.process.writeLine(`pull ${which === "nms-pull" ? weir.rtmpUrl("peers/a") : weir.rtspUrl("peers/a")} /pulled/a`);
    await nms.process.waitForLine(/^published \/pulled\/a/);
    show("nms", await readFrames(nms.url("pulled/a"), { outputArgs: mediaArgs("h264"), timeoutMs: 15000 }));
    await p[Symbol.asyncDispose]();
  }
  } finally { console.log(nms.process.lines.join("\n")); await nms[Symbol.asyncDispose](); }
}
} catch (e) { console.log(String(e.message ?? e).slice(0, 1500)); } finally {
console.log(weir.log.slice(5).join("\n"));
await weir[Symbol.asyncDispose](); }
