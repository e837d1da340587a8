import { freeUdpPortPair } from "#test/ports.ts";
import type { CodecName, LoadCodec } from "./codecs/load_codec.ts";
import { LOAD_CODECS } from "./codecs/load_codecs.ts";
import { FlvWalker } from "./flv_walker.ts";
import type { StampFinder } from "./frame_source.ts";
import { openFileViewer } from "./hls_files.ts";
import { openHlsViewer } from "./hls_viewer.ts";
import { type MediaCounter, RtmpCounter, RtpCounter } from "./media_counter.ts";
import { openRtmpClient } from "./rtmp_client.ts";
import { InterleavedWalker, openRtspClient, writeAll } from "./rtsp_client.ts";

/** How readers get the stream. */
export type LoadProtocol =
  | "rtsp-tcp"
  | "rtsp-udp"
  | "rtmp"
  | "http-flv"
  | "ll-hls"
  | "ll-hls-hints"
  | "http-files";

/** What a reader is opened with. */
export interface ReaderOptions {
  readonly protocol: LoadProtocol;
  readonly url: string;
  readonly framesPerSecond: number;
  /** H264 if left out. */
  readonly codec?: CodecName | undefined;
  /** Notes the delay of every frame this reader receives. */
  readonly finder?: StampFinder | undefined;
}

/** One reader that counts and keeps nothing. */
export interface LoadReader extends Disposable {
  readonly counter: MediaCounter;
  /** Settles when the server or a fault has ended it. */
  readonly ended: Promise<void>;
}

const READ_BUFFER_BYTES = 128 * 1_024;

const MAX_BIND_TRIES = 20;

/** Connects a reader; media flows once this has returned. */
export function openReader(options: ReaderOptions): Promise<LoadReader> {
  switch (options.protocol) {
    case "rtsp-tcp":
      return openRtspTcpReader(options);
    case "rtsp-udp":
      return openRtspUdpReader(options);
    case "rtmp":
      return openRtmpReader(options);
    case "http-flv":
      return openFlvReader(options);
    case "ll-hls":
    case "ll-hls-hints":
      return openHlsViewer({
        ...options,
        takesHints: options.protocol === "ll-hls-hints",
      });
    case "http-files":
      return openFileViewer(options.url, options.finder);
  }
}

function codecOf({ codec = "h264" }: ReaderOptions): LoadCodec {
  return LOAD_CODECS[codec];
}

async function openRtspTcpReader(options: ReaderOptions): Promise<LoadReader> {
  const client = await openRtspClient(options.url);
  await client.play("RTP/AVP/TCP;unicast;interleaved=0-1");
  const counter = new RtpCounter(codecOf(options));
  const walker = new InterleavedWalker(counter);
  walker.push(client.takeBuffered());
  const ended = readTcp(client.conn, options.finder, (chunk) => {
    walker.push(chunk);
  });
  return { counter, ended, [Symbol.dispose]: () => client[Symbol.dispose]() };
}

/** Reads until the end. */
async function readTcp(
  conn: Deno.TcpConn,
  finder: StampFinder | undefined,
  count: (chunk: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(READ_BUFFER_BYTES);
  for (;;) {
    const length = await conn.read(buffer);
    if (length === null) return;
    const chunk = buffer.subarray(0, length);
    finder?.pushStream(chunk);
    count(chunk);
  }
}

async function openRtmpReader(options: ReaderOptions): Promise<LoadReader> {
  const codec = codecOf(options);
  const counter = new RtmpCounter(codec, options.framesPerSecond);
  const { fourCc } = codec;
  const client = await openRtmpClient(options.url, { counter, fourCc });
  await client.play(options.url.split("/").at(-1)!);
  return {
    counter,
    ended: client.drain(options.finder),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

async function openFlvReader(options: ReaderOptions): Promise<LoadReader> {
  const { hostname, port, host, pathname } = new URL(options.url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay();
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  await writeAll(conn, new TextEncoder().encode(request));
  const counter = new RtmpCounter(codecOf(options), options.framesPerSecond);
  const walker = new FlvWalker(counter);
  const ended = readTcp(conn, options.finder, (chunk) => walker.push(chunk));
  return { counter, ended, [Symbol.dispose]: () => conn.close() };
}

async function openRtspUdpReader(options: ReaderOptions): Promise<LoadReader> {
  using opened = new DisposableStack();
  const client = opened.use(await openRtspClient(options.url));
  const { port, media, control } = bindPair();
  opened.defer(() => media.close());
  opened.defer(() => control.close());
  const counter = new RtpCounter(codecOf(options));
  const done = Promise.all([
    receive(control, () => {}),
    receive(media, (datagram) => {
      options.finder?.push(datagram);
      counter.push(datagram, datagram.length);
    }),
  ]);
  await client.play(`RTP/AVP;unicast;client_port=${port}-${port + 1}`);
  const closing = readTcp(client.conn, undefined, () => {});
  const owned = opened.move();
  return {
    counter,
    ended: Promise.race([done, closing]).then(() => {}),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function bindPair(): {
  port: number;
  media: Deno.DatagramConn;
  control: Deno.DatagramConn;
} {
  for (let tries = 1;; tries++) {
    const port = freeUdpPortPair();
    try {
      const media = bind(port);
      try {
        return { port, media, control: bind(port + 1) };
      } catch (error) {
        media.close();
        throw error;
      }
    } catch (error) {
      // Another process was faster between looking and binding.
      if (
        !(error instanceof Deno.errors.AddrInUse) || tries === MAX_BIND_TRIES
      ) throw error;
    }
  }
}

function bind(port: number): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
}

async function receive(
  socket: Deno.DatagramConn,
  count: (datagram: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const [datagram] = await socket.receive(buffer);
    count(datagram);
  }
}
