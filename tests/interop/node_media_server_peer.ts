import process from "node:process";
import { createInterface } from "node:readline";
import NodeMediaServer from "node-media-server";

/**
 * node-media-server with RTMP alone. Arguments: its port, and a folder it may fill.
 *
 * Commands on standard input, one a line: `pull URL PATH` and `push URL PATH`
 * relay to and from a path of its own. Prints `published PATH` when somebody
 * or a relay has begun to publish there.
 */
const [port, folder] = Deno.args;
const server = new NodeMediaServer({
  bind: "127.0.0.1",
  rtmp: { port: Number(port) },
  store: { path: folder },
  record: { auto: false },
});
server.on("postPublish", (session: { streamPath: string }) => {
  print(`published ${session.streamPath}`);
});
await server.run();
for await (const line of createInterface({ input: process.stdin })) {
  const [mode, url, streamPath] = line.split(" ");
  server.relayServer.addTask({ mode, url, streamPath, reconnect: false });
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
