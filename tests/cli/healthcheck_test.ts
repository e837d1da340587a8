import { join } from "node:path";
import { healthcheckCommand } from "#cli/healthcheck.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { makeCertificate, type TestCertificate } from "#test/certificates.ts";

/** What a check came to. */
interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
}

async function check(
  args: readonly string[],
  timeoutMs = 20_000,
): Promise<Outcome> {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const code = await healthcheckCommand(args, { write, timeoutMs });
  return { code, lines };
}

/** Checks with a configuration file, and files beside it. */
async function checkConfig(
  config: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const file = join(folder, "weir.yml");
    await Deno.writeTextFile(file, config.replaceAll("FOLDER", folder));
    return await check([file]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A server that answers every request for `/readyz` with this status. */
async function openReadyz(
  status: number,
  pair?: TestCertificate,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      ...pair ? { key: pair.keyPem, cert: pair.certificatePem } : {},
    },
    (request) =>
      new Response(null, {
        status: new URL(request.url).pathname === "/readyz" ? status : 404,
      }),
  );
  await Promise.resolve();
  return {
    port: server.addr.port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server that reads a request, answers with this text, and keeps the connection. */
function openTalker(
  answer: string,
): AsyncDisposable & { readonly port: number; readonly requests: string[] } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const talking = (async () => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(2_000);
      const count = await connection.read(buffer) ?? 0;
      requests.push(new TextDecoder().decode(buffer.subarray(0, count)));
      await connection.write(new TextEncoder().encode(answer));
      // Until the peer has enough.
      while (await connection.read(buffer) !== null);
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await talking;
    },
  };
}

Deno.test("healthcheckCommand() asks the metrics service first", async () => {
  await using server = await openReadyz(204);
  const { port } = server;
  const outcome = await checkConfig(
    `metrics: yes\nmetricsAddress: :${port}\napi: yes\napiAddress: :1\n`,
  );
  assertEquals(outcome, {
    code: 0,
    lines: [`ready: http://127.0.0.1:${port}/readyz`],
  });
});

Deno.test("healthcheckCommand() asks the API where there are no metrics", async () => {
  await using server = await openReadyz(204);
  const { code } = await checkConfig(
    `api: yes\napiAddress: 0.0.0.0:${server.port}\n`,
  );
  assertEquals(code, 0);
});

Deno.test("healthcheckCommand() fails as long as the server is not ready", async () => {
  await using server = await openReadyz(503);
  const { code, lines } = await checkConfig(
    `api: yes\napiAddress: 127.0.0.1:${server.port}\n`,
  );
  assertEquals(code, 1);
  assertEquals(lines.length, 1);
  assertIncludes(lines[0]!, "the server is not ready");
  assertIncludes(lines[0]!, "503");
});

Deno.test("healthcheckCommand() knows the server's certificate from its file", async () => {
  const pair = makeCertificate();
  await using server = await openReadyz(204, pair);
  const config =
    `metrics: yes\nmetricsAddress: :${server.port}\nmetricsEncryption: yes\nmetricsServerCert: FOLDER/server.crt\n`;
  const right = await checkConfig(config, {
    "server.crt": pair.certificatePem,
  });
  assertEquals(right.lines, [`ready: https://127.0.0.1:${server.port}/readyz`]);
  const { certificatePem } = makeCertificate();
  const wrong = await checkConfig(config, { "server.crt": certificatePem });
  assertEquals(wrong.code, 1);
  assertIncludes(wrong.lines[0]!, "fingerprint does not match");
  const none = await checkConfig(config, { "server.crt": "none" });
  assertEquals(none.code, 1);
  assertIncludes(none.lines[0]!, "holds no certificate");
});

Deno.test("healthcheckCommand() asks the RTSP server where there is nothing else", async () => {
  await using server = openTalker("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
  const { port } = server;
  const outcome = await checkConfig(`rtspAddress: :${port}\n`);
  assertEquals(outcome, {
    code: 0,
    lines: [`ready: rtsp://127.0.0.1:${port}/`],
  });
  assertEquals(server.requests, [
    `OPTIONS rtsp://127.0.0.1:${port}/ RTSP/1.0\r\nCSeq: 1\r\n\r\n`,
  ]);
});

Deno.test("healthcheckCommand() says what to switch on", async () => {
  for (const rtsp of ["rtsp: no", "rtspEncryption: strict"]) {
    const { code, lines } = await checkConfig(`${rtsp}\n`);
    assertEquals(code, 1);
    assertIncludes(lines[0]!, "set metrics or api to yes");
  }
});

Deno.test("healthcheckCommand() takes a URL instead", async () => {
  await using server = await openReadyz(204);
  const base = `http://127.0.0.1:${server.port}`;
  assertEquals((await check(["--url", `${base}/readyz`])).code, 0);
  assertEquals((await check(["--url", `${base}/elsewhere`])).code, 1);
});

Deno.test("healthcheckCommand() does not wait for ever", async () => {
  await using server = openTalker("HTTP/1.1 2");
  const url = `http://127.0.0.1:${server.port}/readyz`;
  const { code, lines } = await check(["--url", url], 100);
  assertEquals(code, 1);
  assertIncludes(lines[0]!, "it takes over 0.1 s");
});

Deno.test("healthcheckCommand() tells in one line what is wrong", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using garbage = openTalker(`\u001b[31mSSH-2.0${"x".repeat(2_000)}\n`);
  const cases: [args: string[], part: string][] = [
    [["--url", `http://127.0.0.1:${port}/readyz`], "Cannot connect to"],
    [["--url", `http://127.0.0.1:${garbage.port}/`], 'answered "?[31mSSH-2.0'],
    [["--url"], "usage: weir healthcheck"],
    [["--url", "ftp://host/"], "usage: weir healthcheck"],
    [["--url", "http://host/", "more"], "usage: weir healthcheck"],
    [["--fast"], 'unexpected argument "--fast"'],
    [["/nowhere/weir.yml"], "/nowhere/weir.yml"],
  ];
  for (const [args, part] of cases) {
    const { code, lines } = await check(args);
    assertEquals([code, lines.length], [1, 1]);
    assertIncludes(lines[0]!, part);
    assert(/^ERR: [ -~]{1,300}$/.test(lines[0]!), lines[0]);
  }
  const bad = await checkConfig("no: such key\nnor: this\n");
  assertEquals([bad.code, bad.lines.length], [1, 1]);
});
