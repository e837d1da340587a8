import { EventBus } from "#base/event_bus.ts";
import { createLogger } from "#base/log.ts";
import type { ServerEvent } from "#core/ports.ts";
import type { RecordingConfig } from "#recording/config.ts";
import { type KeptSegment, Recordings } from "#recording/recordings.ts";
import { Retention } from "#recording/retention.ts";
import { s3EnvironmentOf } from "#recording/upload/s3_target.ts";
import { Uploader } from "#recording/upload/uploader.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, START_WALL_MS } from "#test/fake_clock.ts";
import { recordingSettings } from "../settings.ts";
import { ACCESS, ENVIRONMENT, EXPIRED_TOKEN, FakeS3 } from "./fake_s3.ts";

const START_SECONDS = START_WALL_MS / 1_000;

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 30_000;

/** Waits for what other parts of the process and the system do at their own pace. */
async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!condition()) {
    assert(Date.now() < endMs, `it becomes true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A folder of recordings, a server to upload to, and everything between. */
class Scene implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "weir_up_" });
  readonly server = new FakeS3();
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  /** Files that had to go before they were uploaded. */
  readonly lost: string[] = [];
  readonly outcomes: string[] = [];
  readonly openFiles = new Set<string>();
  readonly events = new EventBus<ServerEvent>();
  readonly logger = createLogger((_, text) => this.lines.push(text), "debug");
  paths: Map<string, RecordingConfig>;
  readonly recordings: Recordings;
  #environment = ENVIRONMENT;

  constructor(changes: Partial<RecordingConfig> = {}) {
    this.paths = this.pathsWith(changes);
    const config = () => ({ paths: this.paths });
    this.recordings = new Recordings(config, this.openFiles);
    this.events.listen((event) => {
      if (event.type !== "succeeded" && event.type !== "failed") return;
      this.outcomes.push(`${event.type} ${event.kind} ${event.subject}`);
    });
  }

  pathsWith(changes: Partial<RecordingConfig>): Map<string, RecordingConfig> {
    const settings = recordingSettings({
      recordPath: `${this.folder}/%path/%s`,
      recordFormat: "mpegts",
      recordDeleteAfterMs: 0,
      recordUpload: "s3://bucket/pre fix/",
      recordUploadEndpoint: this.server.url,
      ...changes,
    });
    return new Map([["all_others", settings]]);
  }

  /** Makes a file that begins so long ago. */
  add(path: string, ageSeconds: number, sizeBytes = 188): string {
    Deno.mkdirSync(`${this.folder}/${path}`, { recursive: true });
    const file = `${this.folder}/${path}/${START_SECONDS - ageSeconds}.ts`;
    Deno.writeFileSync(file, new Uint8Array(sizeBytes).fill(0x47));
    return file;
  }

  /** The recorder tells of a file. */
  complete(pathName: string, file: string): void {
    this.events.emit({
      type: "segmentCompleted",
      ...{ pathName, file, confName: "all_others", groups: [] },
      durationMs: 1_000,
    });
  }

  open(environment = this.#environment): Uploader {
    const { recordings, events, clock, logger } = this;
    const config = () => ({ paths: this.paths });
    return new Uploader({
      ...{ config, recordings, events, clock, logger, environment },
    });
  }

  /** Ages of the files of a path that are in the bucket. */
  uploaded(path: string, prefix = "/bucket/pre fix/"): number[] {
    const top = `${prefix}${path}/`;
    return [...this.server.objects.keys()].filter((key) => key.startsWith(top))
      .map((key) => START_SECONDS - Number(key.slice(top.length, -3)))
      .sort((a, b) => a - b);
  }

  count(method: string): number {
    const { requests } = this.server;
    return requests.filter((line) => line.startsWith(`${method} `)).length;
  }

  /** Names of what is in the folder, or in one below. */
  names(below = ""): string[] {
    return [...Deno.readDirSync(`${this.folder}/${below}`)].map(({ name }) =>
      name
    );
  }

  async segment(file: string): Promise<KeptSegment> {
    for await (const one of this.recordings.all()) {
      if (one.file === file) return one;
    }
    throw new Error(`no segment ${file}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("Uploader uploads what is on the disk, and what is completed, once", async () => {
  await using scene = new Scene();
  scene.add("a/b", 30);
  scene.add("a/b", 20, 200);
  const open = scene.add("a/b", 10);
  scene.openFiles.add(open);
  {
    await using _uploader = scene.open();
    await until(() => scene.outcomes.length === 2);
    assertEquals(scene.uploaded("a/b"), [20, 30]);
    // What a crash has left of a packet is cut off before.
    const keys = [...scene.server.objects.values()];
    assertEquals(keys.map(({ length }) => length), [188, 188]);
    scene.openFiles.delete(open);
    scene.complete("a/b", open);
    await until(() => scene.outcomes.length === 3);
    assertEquals(scene.uploaded("a/b"), [10, 20, 30]);
    assertEquals(new Set(scene.outcomes), new Set(["succeeded upload a/b"]));
  }
  const { length } = scene.server.requests;
  const last = scene.add("c", 5);
  await using _again = scene.open();
  await until(() => scene.outcomes.length === 4);
  assertEquals(scene.uploaded("c"), [5]);
  assertEquals(scene.server.requests.length, length + 3, "one file more");
  assert(scene.lines.some((line) => line.includes(`uploaded ${last} to `)), "");
});

Deno.test("Uploader tries for ever, with growing pauses, and tells why", async () => {
  await using scene = new Scene();
  const file = scene.add("cam", 10);
  scene.server.fault = () => "error";
  await using uploader = scene.open();
  for (const [i, pauseMs] of [1_000, 2_000, 4_000].entries()) {
    await until(() => scene.outcomes.length === i + 1);
    assertEquals(
      scene.lines.at(-1),
      `[path cam] [upload] Cannot upload ${file}: the server answered 500; next attempt in ${
        pauseMs / 1_000
      } s`,
    );
    const { length } = scene.server.requests;
    scene.clock.advance(pauseMs - 1);
    assertEquals(scene.server.requests.length, length);
    if (i === 2) scene.server.fault = () => undefined;
    assertEquals(await uploader.isWaiting(await scene.segment(file)), true);
    scene.clock.advance(1);
  }
  await until(() => scene.outcomes.length === 4);
  assertEquals(scene.outcomes, [
    "failed upload cam",
    "failed upload cam",
    "failed upload cam",
    "succeeded upload cam",
  ]);
  assertEquals(await uploader.isWaiting(await scene.segment(file)), false);
});

Deno.test("Uploader sends nothing twice whose answer was lost", async () => {
  await using scene = new Scene();
  scene.add("cam", 10);
  scene.server.fault = (line) => line.startsWith("PUT ") ? "lost" : undefined;
  await using _uploader = scene.open();
  await until(() => scene.outcomes.length === 1);
  scene.server.fault = () => undefined;
  scene.clock.advance(1_000);
  await until(() => scene.outcomes.length === 2);
  assertEquals(scene.count("PUT"), 1);
  assertEquals(scene.outcomes[1], "succeeded upload cam");
});

Deno.test("Uploader goes on after a server that hangs and a program that ends", async () => {
  await using scene = new Scene();
  scene.add("cam", 10);
  scene.server.fault = (line) =>
    line.startsWith("PUT ") ? "hanging" : undefined;
  const hanging = scene.open();
  await until(() => scene.count("PUT") === 1);
  await hanging[Symbol.asyncDispose]();
  assertEquals(scene.outcomes, [], "its end is no failure");
  await using _uploader = scene.open();
  await until(() => scene.count("PUT") === 2);
  scene.server.fault = () => undefined;
  scene.clock.advance(600_000);
  await until(() => scene.outcomes.length === 1);
  assert(scene.lines.at(-1)!.includes("no answer within 600 s"), "");
  scene.clock.advance(1_000);
  await until(() => scene.outcomes.length === 2);
  assertEquals(scene.uploaded("cam"), [10]);
});

Deno.test("Uploader is not held up by a file that cannot be uploaded", async () => {
  await using scene = new Scene();
  const ages = [10, 20, 30, 40, 50];
  for (const age of ages) scene.add("cam", age);
  const bad = `/cam/${START_SECONDS - 30}.ts`;
  scene.server.fault = (line) => line.endsWith(bad) ? "error" : undefined;
  await using _uploader = scene.open();
  await until(() => scene.uploaded("cam").length === 4);
  assertEquals(scene.uploaded("cam"), [10, 20, 40, 50]);
});

Deno.test("Uploader forgets a file that is gone", async () => {
  await using scene = new Scene();
  await using _uploader = scene.open();
  scene.complete("cam", `${scene.folder}/cam/1.ts`);
  await until(() => scene.lines.some((line) => line.includes("is gone")));
  assertEquals([scene.outcomes, scene.count("PUT")], [[], 0]);
});

Deno.test("Uploader says which names of the environment it needs", async () => {
  await using scene = new Scene();
  scene.add("cam", 10);
  const file = `${scene.folder}/none`;
  await using _uploader = scene.open(
    s3EnvironmentOf({ AWS_SHARED_CREDENTIALS_FILE: file }),
  );
  await until(() => scene.outcomes.length === 1);
  assert(
    scene.lines.at(-1)!.includes(
      `set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or both for profile default in ${file}`,
    ),
    "the line names them",
  );
});

Deno.test("Uploader goes by the new configuration", async () => {
  await using scene = new Scene();
  scene.add("cam", 10);
  scene.server.fault = () => "error";
  await using uploader = scene.open();
  await until(() => scene.outcomes.length === 1);
  scene.server.fault = () => undefined;
  scene.paths = scene.pathsWith({ recordUpload: "s3://other" });
  uploader.handleConfig();
  await until(() => scene.outcomes.length === 2);
  assertEquals(scene.uploaded("cam", "/other/"), [10]);
  scene.clock.advance(10_000);
  scene.paths = scene.pathsWith({ recordUpload: "" });
  uploader.handleConfig();
  scene.complete("cam", scene.add("cam", 5));
  const segment = await scene.segment(scene.add("cam", 7));
  assertEquals(await uploader.isWaiting(segment), false);
  assertEquals(scene.uploaded("cam"), [], "none in the old place");
});

Deno.test("Uploader begins with the oldest file", async () => {
  await using scene = new Scene();
  for (const age of [20, 50, 10, 40, 30]) scene.add("cam", age);
  scene.add("other", 45);
  await using _uploader = scene.open();
  await until(() => scene.outcomes.length === 6);
  const begun = scene.server.requests
    .filter((line) => line.startsWith("PUT "))
    .map((line) => START_SECONDS - Number(/(\d+)\.ts$/.exec(line)![1]));
  // Two at a time: neighbours may pass each other.
  const order = begun.map((age, i) => [age, [50, 45, 40, 30, 20, 10][i]!]);
  assert(order.every(([a, b]) => Math.abs(a! - b!) <= 15), begun.join());
});

Deno.test("Uploader sends what waits to the new place only, and nothing of a path that is no more", async () => {
  await using scene = new Scene();
  scene.paths = new Map([
    ["cam", scene.pathsWith({}).get("all_others")!],
    ["old", scene.pathsWith({}).get("all_others")!],
  ]);
  scene.add("cam", 10);
  const left = scene.add("old", 20);
  scene.server.fault = () => "error";
  await using uploader = scene.open();
  await until(() => scene.outcomes.length === 2);
  scene.server.fault = () => undefined;
  const moved = scene.pathsWith({ recordUpload: "s3://bucket/new" });
  scene.paths = new Map([["cam", moved.get("all_others")!]]);
  uploader.handleConfig();
  scene.clock.advance(1_000);
  await until(() => scene.uploaded("cam", "/bucket/new/").length === 1);
  await until(() =>
    scene.lines.filter((line) => line.includes("configuration has changed"))
      .length === 2
  );
  assert(scene.lines.some((line) => line.includes(`${left} is not`)), "named");
  assertEquals(scene.server.objects.size, 1);
  scene.paths = new Map([
    ...scene.paths,
    ["old", moved.get("all_others")!],
  ]);
  uploader.handleConfig();
  await until(() => scene.uploaded("old", "/bucket/new/").length === 1);
});

Deno.test("Uploader uploads the rest where a folder cannot be read", async () => {
  await using scene = new Scene();
  const settings = (name: string) =>
    scene.pathsWith({ recordPath: `${scene.folder}/${name}/%path/%s` })
      .get("all_others")!;
  scene.paths = new Map(["bad", "good"].map((one) => [one, settings(one)]));
  scene.add("bad/bad", 20);
  await Deno.mkdir(`${scene.folder}/bad/.uploaded`); // no journal
  scene.add("good/good", 10);
  await using _uploader = scene.open();
  await until(() => scene.outcomes.length === 1);
  assertEquals(scene.uploaded("good"), [10]);
  await until(() => scene.lines.some((line) => line.includes("bad/.uploaded")));
  assertEquals(scene.server.objects.size, 1);
});

const REFUSED_KEYS = [
  { name: "an unknown key", id: "nobody", code: "InvalidAccessKeyId" },
  { name: "an expired token", token: EXPIRED_TOKEN, code: "ExpiredToken" },
  { name: "no token", token: "", code: "InvalidAccessKeyId" },
  { name: "a wrong secret", secret: "wrong", code: "SignatureDoesNotMatch" },
];

for (const { name, code, ...keys } of REFUSED_KEYS) {
  Deno.test(`Uploader goes on with the keys of a profile that has had ${name}`, async () => {
    await using scene = new Scene();
    const file = `${scene.folder}/credentials`;
    const write = (
      {
        id = ACCESS.AWS_ACCESS_KEY_ID,
        secret = ACCESS.AWS_SECRET_ACCESS_KEY,
        token = ACCESS.AWS_SESSION_TOKEN,
      },
    ) =>
      Deno.writeTextFile(
        file,
        `[cams]\naws_access_key_id=${id}\naws_secret_access_key=${secret}\naws_session_token=${token}\n`,
      );
    await write(keys);
    scene.add("cam", 10);
    await using _uploader = scene.open(s3EnvironmentOf({
      AWS_SHARED_CREDENTIALS_FILE: file,
      AWS_PROFILE: "cams",
      AWS_REGION: ACCESS.AWS_REGION,
    }));
    await until(() => scene.outcomes.length === 1);
    assert(scene.lines.at(-1)!.includes(`: ${code}: `), scene.lines.at(-1)!);
    await write({});
    scene.clock.advance(1_000);
    await until(() => scene.outcomes.length === 2);
    assertEquals(scene.outcomes, ["failed upload cam", "succeeded upload cam"]);
  });
}

Deno.test("Uploader keeps its journal as small as what is on the disk", async () => {
  await using scene = new Scene();
  const files = [1, 2, 3, 4].map((age) => scene.add("cam", age));
  {
    await using _uploader = scene.open();
    await until(() => scene.outcomes.length === 4);
  }
  for (const file of files.slice(1)) await Deno.remove(file);
  const journal = `${scene.folder}/.uploaded`;
  await using _uploader = scene.open();
  await until(() =>
    Deno.readTextFileSync(journal) ===
      `${scene.server.url}/bucket/pre%20fix/cam/${START_SECONDS - 1}.ts\n`
  );
});

async function clean(
  scene: Scene,
  uploader: Uploader,
  freeBytes = () => Infinity,
): Promise<void> {
  const { recordings, logger } = scene;
  const clock = new FakeClock();
  const retention = new Retention({
    ...{ recordings, clock, logger },
    isWaiting: (segment) => uploader.isWaiting(segment),
    onLost: ({ file }) => scene.lost.push(file),
    freeBytes: () => Promise.resolve(freeBytes()),
  });
  // The first look is over when it waits for the next one.
  await until(() => clock.pendingTimers > 0);
  await retention[Symbol.asyncDispose]();
}

Deno.test("Uploader has files kept that are too old until they are uploaded", async () => {
  await using scene = new Scene({ recordDeleteAfterMs: 60_000 });
  scene.add("cam", 100);
  scene.server.fault = () => "error";
  await using uploader = scene.open();
  await until(() => scene.outcomes.length === 1);
  await clean(scene, uploader);
  assertEquals(scene.names("cam").length, 1);
  scene.server.fault = () => undefined;
  scene.clock.advance(1_000);
  await until(() => scene.outcomes.length === 2);
  await clean(scene, uploader);
  assertEquals(scene.names(), [".uploaded"]);
});

Deno.test("Uploader has files that are not uploaded go last, and loudly, where space is limited", async () => {
  await using scene = new Scene({ recordMinFreeSpaceBytes: 1_000 });
  const lost = scene.add("cam", 100);
  const kept = scene.add("cam", 90);
  for (const age of [30, 20]) scene.add("cam", age);
  const waiting = [lost, kept].map((file) => file.slice(scene.folder.length));
  scene.server.fault = (line) =>
    waiting.some((name) => line.endsWith(name)) ? "error" : undefined;
  await using uploader = scene.open();
  await until(() => {
    scene.clock.advance(1_000);
    return scene.outcomes.filter((one) => one.startsWith("succeeded"))
      .length === 2;
  });
  const left = () => scene.names("cam").length;
  await clean(scene, uploader, () => left() > 1 ? 0 : 1_000);
  assertEquals(scene.names("cam").length, 1);
  assertEquals((await Deno.stat(kept)).size, 188);
  const loud = scene.lines.filter((line) => line.includes("not uploaded"));
  assertEquals(loud, [`removing ${lost}, which was not uploaded`]);
  assertEquals(scene.lost, [lost]);
});
