import NodeMediaServer from "node-media-server";

/** Runs node-media-server's RTMP server alone: arguments are its port and a folder it may fill. */
const [port, folder] = Deno.args;
const server = new NodeMediaServer({
  bind: "127.0.0.1",
  rtmp: { port: Number(port) },
  store: { path: folder },
});
await server.run();
