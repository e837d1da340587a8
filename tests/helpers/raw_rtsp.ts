import type { RtspResponse } from "#protocols/rtsp/wire/response.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { PPS, SPS } from "../bench/load/codecs/h264.ts";
import { openRawTcp, type RawTcp } from "./raw_tcp.ts";

/** Description of one H264 track, as small as it gets. */
export const H264_SDP: string = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=video 0 RTP/AVP 96",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=" +
  `${SPS.toBase64()},${PPS.toBase64()}`,
  "a=control:trackID=0",
  "",
].join("\r\n");

/** Transport header of interleaved media. */
export const TCP_TRANSPORT = "RTP/AVP/TCP;unicast;interleaved=0-1";

/** Transport header of a publisher's interleaved media. */
export const TCP_RECORD_TRANSPORT: string = `${TCP_TRANSPORT};mode=record`;

/** Fields of a request; a field that is undefined is left out, a default too. */
export type RawHeaders = Readonly<Record<string, string | undefined>>;

/** A small RTSP client that may say anything. */
export class RawRtsp implements Disposable {
  readonly tcp: RawTcp;
  /** Id of the session, once the server has told it. */
  session: string | undefined;
  /** Interleaved packets received. */
  receivedPackets = 0;
  /** Pictures of track 0 received: interleaved packets with a marker. */
  receivedPictures = 0;
  #responses: RtspResponse[] = [];
  #reader: RtspReader;
  #sequence = 0;

  /** Takes over `tcp`; use {@linkcode openRawRtsp}. */
  constructor(tcp: RawTcp) {
    this.tcp = tcp;
    this.#reader = new RtspReader({
      handleRequest: ({ method }) => {
        throw new Error(`The server sent a request: ${method}`);
      },
      handleResponse: (response) => void this.#responses.push(response),
      handleInterleaved: (channel, packet) => {
        this.receivedPackets++;
        if (channel === 0 && packet[1]! >= 0x80) this.receivedPictures++;
      },
    });
  }

  /** `IP:port` of this side, as the server logs it. */
  get address(): string {
    return this.tcp.address;
  }

  /** Sends a request, `CSeq` and `Session` added, and waits for its answer. */
  async request(
    method: string,
    url: string,
    headers: RawHeaders = {},
    body = "",
  ): Promise<RtspResponse> {
    const all: RawHeaders = {
      CSeq: `${++this.#sequence}`,
      ...(this.session === undefined ? {} : { Session: this.session }),
      ...(body === "" ? {} : { "Content-Length": `${body.length}` }),
      ...headers,
    };
    await this.tcp.send(requestText(method, url, all) + body);
    const response = await this.response();
    this.session = response.headers.get("Session")?.split(";")[0] ??
      this.session;
    return response;
  }

  /** DESCRIBE. */
  describe(url: string, headers: RawHeaders = {}): Promise<RtspResponse> {
    return this.request("DESCRIBE", url, headers);
  }

  /** ANNOUNCE. */
  announce(
    url: string,
    headers: RawHeaders = {},
    sdp: string = H264_SDP,
  ): Promise<RtspResponse> {
    const type = { "Content-Type": "application/sdp" };
    return this.request("ANNOUNCE", url, { ...type, ...headers }, sdp);
  }

  /** SETUP of track 0. */
  setup(url: string, transport: string): Promise<RtspResponse> {
    return this.request("SETUP", `${url}/trackID=0`, { Transport: transport });
  }

  /** ANNOUNCE, SETUP, RECORD of one interleaved track; answers the last status. */
  async publish(url: string): Promise<number> {
    const announced = await this.announce(url);
    if (announced.status !== 200) return announced.status;
    const setUp = await this.setup(url, TCP_RECORD_TRANSPORT);
    if (setUp.status !== 200) return setUp.status;
    return (await this.request("RECORD", url)).status;
  }

  /** SETUP, PLAY of one interleaved track; answers the last status. */
  async play(url: string): Promise<number> {
    const setUp = await this.setup(url, TCP_TRANSPORT);
    if (setUp.status !== 200) return setUp.status;
    return (await this.request("PLAY", url)).status;
  }

  /** Sends an interleaved frame. */
  sendFrame(channel: number, packet: Uint8Array): Promise<boolean> {
    const frame = new Uint8Array(4 + packet.length);
    frame.set([0x24, channel, packet.length >> 8, packet.length & 0xff]);
    frame.set(packet, 4);
    return this.tcp.send(frame);
  }

  /**
   * The next answer.
   *
   * @throws {Error} if the server ends the connection instead.
   */
  async response(): Promise<RtspResponse> {
    for (;;) {
      const response = this.#responses.shift();
      if (response !== undefined) return response;
      if (!await this.#readOn()) {
        throw new Error("The server ended the connection without an answer");
      }
    }
  }

  /** Waits for interleaved media. */
  async media(packets: number): Promise<void> {
    while (this.receivedPackets < packets) {
      if (!await this.#readOn()) {
        throw new Error("The server ended the connection, media was expected");
      }
    }
  }

  /** Waits for pictures of track 0. */
  async pictures(count: number): Promise<void> {
    while (this.receivedPictures < count) {
      if (!await this.#readOn()) {
        throw new Error("The server ended the connection too early");
      }
    }
  }

  /** Waits until the server ends the connection. */
  async end(): Promise<void> {
    while (await this.#readOn());
  }

  [Symbol.dispose](): void {
    this.tcp[Symbol.dispose]();
  }

  async #readOn(): Promise<boolean> {
    const chunk = await this.tcp.read();
    if (chunk !== undefined) this.#reader.push(chunk);
    return chunk !== undefined;
  }
}

/** Connects to an RTSP server on this machine; with its certificate (PEM), to an RTSPS server. */
export async function openRawRtsp(
  port: number,
  certificatePem?: string,
): Promise<RawRtsp> {
  return new RawRtsp(await openRawTcp(port, certificatePem));
}

/** Head of a request; a field that is undefined is left out. */
export function requestText(
  method: string,
  url: string,
  headers: RawHeaders,
): string {
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url} RTSP/1.0\r\n${lines.join("")}\r\n`;
}
