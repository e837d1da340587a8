import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";
import { makeCertificate, writeCertificate } from "#test/certificates.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { openTestService } from "./open_service.ts";

/** Calls `/livez` over TLS; the client trusts this one certificate. */
async function callSecurely(
  port: number,
  certificate: string,
): Promise<number> {
  using client = Deno.createHttpClient({ caCerts: [certificate] });
  const url = `https://127.0.0.1:${port}/livez`;
  const response = await fetch(url, { client });
  await response.body?.cancel();
  return response.status;
}

Deno.test("openHttpService() says where it listens", async () => {
  await using service = await openTestService();
  assertEquals(
    service.lines[0],
    `info: started with listener on :${service.port} (TCP/HTTP)`,
  );
});

for (const encryption of [false, true]) {
  Deno.test(`openHttpService() names the key of an address in use, encryption ${encryption}`, async () => {
    await using files = await writeCertificate();
    const pair = {
      serverKey: files.keyFile,
      serverCert: files.certificateFile,
    };
    await using service = await openTestService({ encryption, ...pair });
    const error = await assertRejects(
      openTestService({
        encryption,
        ...pair,
        address: `127.0.0.1:${service.port}`,
      }),
      Error,
    );
    assertIncludes(error.message, "Cannot listen on");
    assertIncludes(error.message, "config key apiAddress");
  });
}

Deno.test("openHttpService() names the key of a certificate that is not there", async () => {
  const error = await assertRejects(
    openTestService({ encryption: true, serverKey: "/nowhere" }),
    Error,
  );
  assertIncludes(error.message, "config key apiServerKey");
});

Deno.test("openHttpService() serves HTTPS, and another certificate without a new start", async () => {
  await using files = await writeCertificate();
  await using service = await openTestService({
    encryption: true,
    serverKey: files.keyFile,
    serverCert: files.certificateFile,
  });
  assertEquals(await callSecurely(service.port, files.certificatePem), 204);
  const next = makeCertificate();
  await files.replace(next);
  const log = () => service.lines.join("\n");
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(log())), 30_000);
  while (!log().includes("certificate reloaded")) {
    await Promise.race([late, new Promise((go) => setTimeout(go, 20))]);
  }
  clearTimeout(timer);
  assertEquals(await callSecurely(service.port, next.certificatePem), 204);
});

Deno.test("openHttpService() serves a socket file, left over or not", async () => {
  const folder = await Deno.makeTempDir({ prefix: "weir_http_" });
  const path = `${folder}/api.sock`;
  try {
    const left = Deno.listen({ transport: "unix", path: `${folder}/first` });
    await Deno.rename(`${folder}/first`, path);
    left.close();
    await using service = await openTestService({ address: `unix://${path}` });
    assertEquals(service.port, 0);
    assertIncludes(service.lines[0]!, `unix://${path}`);
    using conn = await Deno.connect({ transport: "unix", path });
    await conn.write(
      new TextEncoder().encode("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"),
    );
    const answer = new Uint8Array(4_096);
    const count = await conn.read(answer);
    assertIncludes(
      new TextDecoder().decode(answer.subarray(0, count ?? 0)),
      "HTTP/1.1 204",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (
  const [server, changes] of [
    ["the runtime", {}],
    ["http1", { direct: () => false }],
  ] as const
) {
  Deno.test(`openHttpService() closes 500 connections that only wait, and serves meanwhile, by ${server}`, async () => {
    await using service = await openTestService({
      readTimeoutMs: 500,
      ...changes,
    });
    const held = await Promise.all(
      Array.from({ length: 500 }, () => openRawTcp(service.port)),
    );
    await using opened = new AsyncDisposableStack();
    for (const one of held) opened.use(one);
    for (const one of held.slice(0, 250)) {
      await one.send("GET / HTTP/1.1\r\nA:");
    }
    assertEquals((await service.call("/livez")).status, 204);
    const read = await Promise.all(held.map((one) => one.readToEnd()));
    assert(read.every((sizeBytes) => sizeBytes === 0));
    assertEquals((await service.call("/livez")).status, 204);
  });
}
