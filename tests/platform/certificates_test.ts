import { dirname, join } from "node:path";
import { createLogger } from "#base/log.ts";
import { type Certificates, openCertificates } from "#platform/certificates.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import {
  type CertificateFiles,
  makeCertificate,
  writeCertificate,
} from "#test/certificates.ts";

/** Lines of a log, and a clock that goes on until there are enough of them. */
function openLog() {
  const lines: string[] = [];
  const clock = new FakeClock();
  return {
    lines,
    clock,
    logger: createLogger(
      (level, text) => lines.push(`${level}: ${text}`),
      "debug",
    ),
    async until(count: number): Promise<void> {
      while (lines.length < count) {
        clock.advance(1_000);
        await settled();
      }
    },
  };
}

function open(
  files: Pick<CertificateFiles, "keyFile" | "certificateFile">,
  { logger, clock } = openLog(),
): Promise<Certificates> {
  const { keyFile, certificateFile } = files;
  const configKeys = { key: "rtspServerKey", certificate: "rtspServerCert" };
  return openCertificates({
    keyFile,
    certificateFile,
    configKeys,
    logger,
    clock,
  });
}

Deno.test("openCertificates() loads a pair", async () => {
  await using files = await writeCertificate();
  await using certificates = await open(files);
  const { keyPem, certificatePem } = files;
  assertEquals(certificates.current, { keyPem, certificatePem });
  await certificates[Symbol.asyncDispose]();
});

Deno.test("Certificates looks once a second, says nothing of what stays, and stops", async () => {
  await using files = await writeCertificate();
  const log = openLog();
  const certificates = await open(files, log);
  const { current } = certificates;
  log.clock.advance(999);
  assertEquals(log.clock.pendingTimers, 1);
  await files.replace(files);
  log.clock.advance(1);
  assertEquals(log.clock.pendingTimers, 0);
  while (log.clock.pendingTimers === 0) await settled();
  log.clock.advance(1_000);
  await certificates[Symbol.asyncDispose]();
  assert(certificates.current === current);
  assertEquals([log.lines, log.clock.pendingTimers], [[], 0]);
});

Deno.test("openCertificates() names file, key and remedy", async () => {
  await using files = await writeCertificate();
  const { folder, keyFile, certificateFile } = files;
  const nowhere = join(folder, "nowhere");
  const other = makeCertificate();
  const otherKey = join(folder, "other.key");
  await Deno.writeTextFile(otherKey, other.keyPem);
  const cases = [
    [{ keyFile: nowhere, certificateFile }, nowhere, "rtspServerKey"],
    [{ keyFile, certificateFile: nowhere }, nowhere, "rtspServerCert"],
    [{ keyFile: otherKey, certificateFile }, otherKey, "rtspServerKey"],
    [
      { keyFile: certificateFile, certificateFile },
      certificateFile,
      "rtspServerKey",
    ],
    [{ keyFile, certificateFile: keyFile }, keyFile, "rtspServerCert"],
  ] as const;
  for (const [given, file, configKey] of cases) {
    const { message } = await assertRejects(open(given), Error);
    assert(message.includes(file), message);
    assert(message.includes(`(config key ${configKey}): name a key`), message);
    assert(message.includes("openssl req"), message);
  }
});

Deno.test("Certificates takes a new pair, keeps the old one in place of a bad one, and says so", async () => {
  await using files = await writeCertificate();
  const log = openLog();
  await using certificates = await open(files, log);
  const { keyFile, certificateFile } = files;
  const next = makeCertificate();
  await files.replace(next);
  await log.until(1);
  assertEquals(certificates.current.certificatePem, next.certificatePem);
  await Deno.writeTextFile(certificateFile, "half a certif");
  await log.until(2);
  assertEquals(certificates.current.certificatePem, next.certificatePem);
  const last = makeCertificate();
  await files.replace(last);
  await log.until(3);
  assertEquals(certificates.current.keyPem, last.keyPem);
  const failed = "error: certloader failed to load after change to ";
  assertEquals(log.lines, [
    `info: certificate reloaded after change to ${certificateFile} and ${keyFile}`,
    `${failed}${certificateFile}: Cannot use ${certificateFile}: it holds no certificate in PEM form`,
    `info: certificate reloaded after change to ${certificateFile} and ${keyFile}`,
  ]);
});

Deno.test("Certificates follows files that are moved into place, and those that vanish", async () => {
  await using files = await writeCertificate();
  const log = openLog();
  await using certificates = await open(files, log);
  const { folder, keyFile, certificateFile } = files;
  await Deno.remove(keyFile);
  await log.until(1);
  const next = makeCertificate();
  const waiting = join(folder, "waiting");
  await Deno.writeTextFile(waiting, next.certificatePem);
  await Deno.rename(waiting, certificateFile);
  await Deno.writeTextFile(waiting, next.keyPem);
  await Deno.rename(waiting, keyFile);
  await log.until(2);
  assert(log.lines[0]!.startsWith("error: certloader failed"), log.lines[0]);
  assert(log.lines[1]!.startsWith("info: certificate reloaded"), log.lines[1]);
  assertEquals(certificates.current.keyPem, next.keyPem);
});

/** A folder that is a link to another one. */
async function linkedFolder(
  to: CertificateFiles,
): Promise<
  AsyncDisposable & { path: string; replace(to: string): Promise<void> }
> {
  const parent = await Deno.makeTempDir({ prefix: "weir_test_" });
  const path = join(parent, "..data");
  await Deno.symlink(to.folder, path);
  return {
    path,
    async replace(target: string): Promise<void> {
      const next = join(parent, "next");
      await Deno.symlink(target, next);
      await Deno.rename(next, path);
    },
    [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }),
  };
}

Deno.test("Certificates follows links to another folder [Kubernetes secret]", async () => {
  await using first = await writeCertificate();
  await using second = await writeCertificate();
  await using data = await linkedFolder(first);
  const folder = dirname(data.path);
  for (const name of ["server.key", "server.crt"]) {
    await Deno.symlink(join("..data", name), join(folder, name));
  }
  const log = openLog();
  await using certificates = await open({
    keyFile: join(folder, "server.key"),
    certificateFile: join(folder, "server.crt"),
  }, log);
  assertEquals(certificates.current.keyPem, first.keyPem);
  await data.replace(second.folder);
  await log.until(1);
  assertEquals(certificates.current.keyPem, second.keyPem);
});

Deno.test("Certificates follows a folder that another one takes the place of", async () => {
  await using first = await writeCertificate();
  await using second = await writeCertificate();
  await using folder = await linkedFolder(first);
  const log = openLog();
  await using certificates = await open({
    keyFile: join(folder.path, "server.key"),
    certificateFile: join(folder.path, "server.crt"),
  }, log);
  await folder.replace(second.folder);
  await log.until(1);
  assertEquals(certificates.current.keyPem, second.keyPem);
});
