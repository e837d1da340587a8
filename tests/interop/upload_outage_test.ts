import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { clip } from "#test/clips.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";
import {
  AWS_ENVIRONMENT,
  S3_PROGRAMS,
  type S3Program,
  S3Server,
  VERSITYGW,
  withFolder,
} from "./s3_server_peer.ts";

/** Longer than the longest pause between two attempts after an outage as short as these. */
const PATIENCE_MS = 60_000;

for (const program of S3_PROGRAMS) {
  interopTest({
    name:
      `${program.name} has every recording once after it and the server were killed`,
    needs: ["ffmpeg", ...program.needs],
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
  recordUpload: "s3://recordings/site 1+%41=ü"
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
    const key = `site 1+%41=ü/front/door/${name}`;
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

interopTest({
  name:
    "recordings go over HTTPS to a server that is trusted, with keys that are put right meanwhile",
  needs: ["ffmpeg", "versitygw"],
  fn: () => withFolder(runOverTls),
});

async function runOverTls(folder: string): Promise<void> {
  await using certificate = await writeCertificate();
  await using s3 = new S3Server(VERSITYGW, folder, certificate);
  await s3.start();
  const keys = join(folder, "credentials");
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } =
    AWS_ENVIRONMENT;
  const writeKeys = (secret: string) =>
    Deno.writeTextFile(
      keys,
      `[cams]\naws_access_key_id = ${AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${secret}\n`,
    );
  await writeKeys("wrong");
  const config = `
logLevel: debug
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPath: ${folder}/rec/%path/%s-%f
  recordUpload: s3://recordings
paths:
  cam:
`;
  const env = {
    AWS_SHARED_CREDENTIALS_FILE: keys,
    AWS_PROFILE: "cams",
    AWS_REGION,
    AWS_ENDPOINT_URL_S3: s3.url,
  };
  {
    await using weir = await startWeir({ config, env });
    await using _publisher = startPublisher(weir, {
      ...{ way: "RTSP/TCP", path: "cam" },
      file: await clip("short_groups"),
    });
    await weir.waitForLog(
      /Cannot upload .*: (?:self-signed certificate|UNABLE_TO_VERIFY_LEAF_SIGNATURE)/,
    );
    assertEquals(await weir.stop(), 0);
  }
  await using weir = await startWeir({
    config,
    env: {
      ...env,
      DENO_TLS_CA_STORE: "system", // of itself with Deno 2.9, not with 2.7
      SSL_CERT_FILE: certificate.certificateFile,
    },
  });
  const [, held] = await weir.waitForLog(
    /Cannot upload (\S+): .*SignatureDoesNotMatch: /,
  );
  await writeKeys(AWS_SECRET_ACCESS_KEY);
  await weir.waitForLog(new RegExp(`uploaded ${held} to https`), PATIENCE_MS);
  assertEquals(await weir.stop(), 0);
}
