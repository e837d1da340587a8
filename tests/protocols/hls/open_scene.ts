import { Secret } from "#base/secret.ts";
import type { PublishGrant } from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import type { HlsServerConfig } from "#protocols/hls/context.ts";
import type { LoadRecordedPast } from "#protocols/hls/dvr/recorded_past.ts";
import { type HlsServer, openHlsServer } from "#protocols/hls/server.ts";
import {
  accessTo,
  sessionOwner,
  type TestPorts,
  testPorts,
  type TestPortsOptions,
  USER,
} from "#test/test_ports.ts";
import {
  AUDIO,
  audioUnit,
  publishPicture,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";

/** The path that is published to. */
export const PATH = "live/cam";

/** Pictures of a group, which lasts a second. */
const GROUP_PICTURES = 25;

/** Pictures that complete a segment and begin the next. */
const SECOND_AND_A_BIT = 30;

const CONFIG: HlsServerConfig = {
  hls: true,
  hlsAddress: "127.0.0.1:0",
  hlsEncryption: false,
  hlsServerKey: "",
  hlsServerCert: "",
  hlsAllowOrigins: ["*"],
  hlsTrustedProxies: [],
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  hlsAlwaysRemux: false,
  hlsVariant: "lowLatency",
  hlsSegmentCount: 7,
  hlsSegmentDurationMs: 1_000,
  hlsPartDurationMs: 200,
  hlsSegmentMaxSizeBytes: 1_000_000,
  hlsDirectory: "",
  hlsMuxerCloseAfterMs: 60_000,
  hlsDvrWindowMs: 0,
  hlsCDNSecret: new Secret(""),
};

/** A server with a path that is published to. */
export interface HlsScene extends AsyncDisposable {
  readonly test: TestPorts;
  readonly server: HlsServer;
  readonly config: HlsServerConfig;
  /** Publishes, until it is told to leave. */
  readonly publisher: TestPublisher;
  /** Asks for a file of the path; redirects are answers. */
  get(file: string, headers?: Record<string, string>): Promise<Response>;
  /** Asks for the index as a viewer that comes; pictures for a segment come as soon as its muxer waits for them. */
  index(query?: string, headers?: Record<string, string>): Promise<Response>;
  /** A publisher that comes later. */
  publish(): Promise<TestPublisher>;
}

/** What publishes to a path. */
export class TestPublisher {
  readonly grant: PublishGrant;
  readonly publication: Publication;
  #pictures = 0;

  /** Attaches. */
  constructor(grant: PublishGrant) {
    this.grant = grant;
    this.publication = grant.attach([VIDEO, AUDIO]);
  }

  /** Publishes so many pictures more, a key frame every second, and sound as often. */
  push(pictures: number): void {
    for (let i = 0; i < pictures; i++, this.#pictures++) {
      this.publication.publish(
        AUDIO,
        audioUnit(this.#pictures * AUDIO.clockRateHz / GROUP_PICTURES),
      );
      publishPicture(this.publication, this.#pictures * VIDEO_FRAME_TICKS, {
        isRandomAccess: this.#pictures % GROUP_PICTURES === 0,
      });
    }
  }
}

/** Opens a server on a port of its own; its path has a picture. */
export async function openScene(
  changes: Partial<HlsServerConfig> = {},
  options: TestPortsOptions = {},
  loadPast: LoadRecordedPast = () => Promise.reject(new Error("no past")),
): Promise<HlsScene> {
  const test = testPorts(options);
  const { name: user, password } = USER;
  const publish = async () =>
    new TestPublisher(
      await test.paths.publish(
        accessTo(PATH, {
          action: "publish",
          credentials: { kind: "password", user, password },
        }),
        sessionOwner(test.logger, "publisher"),
      ),
    );
  const publisher = await publish();
  publisher.push(1);
  const config = { ...CONFIG, ...changes };
  const server = await openHlsServer({ config, ports: test.ports, loadPast });
  const get: HlsScene["get"] = (file, headers = {}) =>
    fetch(`http://127.0.0.1:${server.port}/${PATH}/${file}`, {
      headers,
      redirect: "manual",
    });
  const isConverting = () =>
    test.lines.some((line) => line.includes("is converting into HLS"));
  return {
    test,
    server,
    config,
    publisher,
    publish,
    get,
    async index(query = "?cookieCheck=1", headers = {}) {
      const response = get(`index.m3u8${query}`, headers);
      while (!isConverting()) await new Promise((go) => setTimeout(go, 1));
      publisher.push(SECOND_AND_A_BIT);
      return await response;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      test[Symbol.dispose]();
    },
  };
}

/** What stands behind the URIs of a viewer that keeps no cookies, after its first request. */
export async function enter(scene: HlsScene): Promise<string> {
  const response = await scene.index();
  const text = await response.text();
  const end = /\?session=[0-9a-f-]{36}/.exec(text)?.[0];
  if (end === undefined) throw new Error(`no session: ${text}`);
  return end;
}
