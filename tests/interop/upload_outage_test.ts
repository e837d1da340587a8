import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";
import {
  AWS_ENVIRONMENT,
  S3_PROGRAMS,
  type S3Program,
  S3Server,
} from "./s3_server_peer.ts";

/** Longer than the longest pause between two attempts after an outage as short as these. */
const PATIENCE_MS = 60_000;

for (const program of S3_PROGRAMS) {
  interopTest({
    name:
      `${program.name} has every recording once after it and the server were killed`,
    needs: ["ffmpeg"],
    fn: () => withFolder((folder) => runThroughOutage(folder, program)),
  });
}

async function runThroughOutage(
  folder: string,
  program: S3Program,
): Promise<void> {
  await using s3 = new S3Server(program, folder);
  const recordings = join(folder, "rec");
  const options = {
    env: AWS_ENVIRONMENT,
    config: `
logLevel: debug
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPartDuration: 200ms
  recordPath: ${recordings}/%path/%Y-%m-%d_%H-%M-%S-%f
  recordUpload: s3://recordings/site 1
  recordUploadEndpoint: ${s3.url}
paths:
  front/door:
`,
  };
  const logs: string[] = [];
  await s3.start();
  {
    await using weir = await startWeir(options);
    await using publisher = startPublisher(weir, {
      ...{ way: "RTSP/TCP", path: "front/door" },
      file: await clip("short_groups"),
    });
    await waitUntilAvailable(weir, "front/door");
    await weir.waitForLog(/uploaded \S+ to http/);
    await s3.kill();
    const [, held] = await weir.waitForLog(/Cannot upload (\S+): /);
    await s3.start();
    await weir.waitForLog(handled(held!), PATIENCE_MS);
    await s3.kill();
    await publisher.waitForLine(/^out_time=00:00:0[5-9]/);
    weir.kill("SIGKILL");
    await publisher.ended;
    logs.push(...weir.log);
  }
  await s3.start();
  await using weir = await startWeir(options);
  const names = namesIn(join(recordings, "front/door"));
  assert(names.length >= 3, `${names.length} files`);
  await Promise.all(names.map((name) => waitUntilUploaded(weir, logs, name)));
  assertEquals(await weir.stop(), 0);
  logs.push(...weir.log);
  for (const name of names) {
    const key = `site 1/front/door/${name}`;
    const local = await Deno.readFile(join(recordings, "front/door", name));
    assertEquals(await s3.read(key), local, name);
    const sent = logs.filter((line) => line.includes(`${name} to http`));
    assert(sent.length <= 1, `${name} is sent once`);
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

/** A file that was uploaded before is in the log of then. */
async function waitUntilUploaded(
  weir: WeirProcess,
  before: readonly string[],
  name: string,
): Promise<void> {
  if (before.some((line) => handled(name).test(line))) return;
  await weir.waitForLog(handled(name), PATIENCE_MS);
}

/** Line of the log: a file is there, now or already. */
function handled(name: string): RegExp {
  return new RegExp(`${RegExp.escape(name)} (?:to|is at) http`);
}

for (const program of S3_PROGRAMS.filter((one) => one.checksSignatures)) {
  interopTest({
    name:
      `${program.name} refuses recordings with a wrong secret, and has them with the right one`,
    needs: ["ffmpeg"],
    fn: () => withFolder((folder) => runWithWrongSecret(folder, program)),
  });
}

async function runWithWrongSecret(
  folder: string,
  program: S3Program,
): Promise<void> {
  await using s3 = new S3Server(program, folder);
  await s3.start();
  const config = `
logLevel: debug
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPath: ${folder}/rec/%path/%s-%f
  recordUpload: s3://recordings
  recordUploadEndpoint: ${s3.url}
paths:
  cam:
`;
  const wrong = { ...AWS_ENVIRONMENT, AWS_SECRET_ACCESS_KEY: "wrong" };
  {
    await using weir = await startWeir({ config, env: wrong });
    await using _publisher = startPublisher(weir, {
      ...{ way: "RTSP/TCP", path: "cam" },
      file: await clip("short_groups"),
    });
    await weir.waitForLog(/Cannot upload .*: SignatureDoesNotMatch: /);
    assertEquals(await weir.stop(), 0);
  }
  await using weir = await startWeir({ config, env: AWS_ENVIRONMENT });
  await weir.waitForLog(/uploaded \S+ to http/);
}

async function withFolder(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_up_" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
