import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { freeTcpPort } from "#test/ports.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import { startWeir } from "#test/weir_process.ts";

const HELD_CONNECTIONS = 500;
const HUGE_BODY_BYTES = 100_000_000;
const CHUNK = new Uint8Array(1_000_000).fill(0x20);

const LOGIN = { Authorization: `Basic ${btoa("ann:secret")}` };

const PATCH_HEAD = "PATCH /v3/config/global/patch HTTP/1.1\r\n" +
  `Host: 127.0.0.1\r\nAuthorization: ${LOGIN.Authorization}\r\n`;

/** Whoever is here may publish and read; the API needs a password. */
const USERS = `
authInternalUsers:
  - {user: any, permissions: [{action: publish}, {action: read}]}
  - {user: ann, pass: secret, permissions: [{action: api}]}
`;

/** What is sent, and what of its answer names the fault. */
const REFUSED: readonly [string, string, RequestInit, number, string][] = [
  [
    "an unknown key",
    "config/global/patch",
    patch('{"rtspPort":1}'),
    400,
    "rtspPort",
  ],
  [
    "a wrong type",
    "config/global/patch",
    patch('{"rtsp":"maybe"}'),
    400,
    "rtsp",
  ],
  [
    "an unknown user",
    "config/global/patch",
    {
      ...patch('{"rtsp":false}'),
      headers: { Authorization: `Basic ${btoa("a:b")}` },
    },
    401,
    "authentication error",
  ],
  [
    "deep JSON",
    "config/global/patch",
    patch("[".repeat(1_000_000)),
    400,
    "levels",
  ],
  [
    "an unknown path",
    "config/paths/patch/x",
    patch("{}"),
    404,
    "path not found",
  ],
  [
    "an unknown session",
    "rtspsessions/kick/x",
    { method: "POST" },
    400,
    "UUID",
  ],
  [
    "a stranger's page",
    "config/paths/delete/all_others",
    { method: "DELETE", headers: { Origin: "http://evil.example" } },
    403,
    "evil.example",
  ],
];

function patch(body: string): RequestInit {
  return { method: "PATCH", body };
}

/** Sends 100 MB, or as much as is taken. */
async function sendHugeBody(port: number): Promise<void> {
  using raw = await openRawTcp(port);
  await raw.send(`${PATCH_HEAD}Content-Length: ${HUGE_BODY_BYTES}\r\n\r\n`);
  for (let sent = 0; sent < HUGE_BODY_BYTES; sent += CHUNK.length) {
    if (!await raw.send(CHUNK)) break;
  }
  await raw.readToEnd();
}

/** Sends 100 MB without saying so before. */
async function sendEndlessBody(port: number): Promise<void> {
  using raw = await openRawTcp(port);
  await raw.send(`${PATCH_HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  const size = CHUNK.length.toString(16);
  for (let sent = 0; sent < HUGE_BODY_BYTES; sent += CHUNK.length) {
    const isTaken = await raw.send(`${size}\r\n`) && await raw.send(CHUNK) &&
      await raw.send("\r\n");
    if (!isTaken) break;
  }
  await raw.readToEnd();
}

/** Sends a little of a body and waits for what the server does about it. */
async function sendSlowBody(port: number): Promise<void> {
  using raw = await openRawTcp(port);
  await raw.send(`${PATCH_HEAD}Content-Length: 100\r\n\r\n{`);
  assertIncludes(new TextDecoder().decode(await raw.read()), "HTTP/1.1 408");
  assertEquals(await raw.readToEnd(), 0);
}

Deno.test("bad input of the API changes nothing, and media flows on", async () => {
  const port = freeTcpPort();
  await using weir = await startWeir({
    config: `api: yes\napiAddress: 127.0.0.1:${port}\n${USERS}`,
  });
  await weir.waitForLog(/\[API\] started with listener/);
  await using bystanders = await startBystanders(weir, {
    path: "live/good",
    publisher: "rtsp",
    readers: { "rtsp-tcp": 5, "rtsp-udp": 5, "rtmp": 5 },
  });
  const url = `http://127.0.0.1:${port}/v3`;
  const configNow = async () =>
    (await Promise.all(
      ["global/get", "paths/list"].map(async (what) =>
        await (await fetch(`${url}/config/${what}`, { headers: LOGIN })).text()
      ),
    )).join();
  const before = await configNow();
  const held: RawTcp[] = [];
  await using opened = new AsyncDisposableStack();
  for (let i = 0; i < HELD_CONNECTIONS; i++) {
    const raw = opened.use(await openRawTcp(port));
    if (i % 2 === 0) await raw.send("GET / HTTP/1.1\r\nX:");
    held.push(raw);
  }
  for (const [name, path, init, status, part] of REFUSED) {
    const response = await fetch(`${url}/${path}`, { headers: LOGIN, ...init });
    const answer = await response.json();
    assertEquals([name, response.status, answer.status], [
      name,
      status,
      "error",
    ]);
    assertIncludes(answer.error, part);
  }
  await Promise.all([
    sendHugeBody(port),
    sendEndlessBody(port),
    sendSlowBody(port),
  ]);
  // Longer than the time for a first request, which is that for a body.
  const ends = await Promise.all(held.map((raw) => raw.readToEnd()));
  assert(ends.every((sizeBytes) => sizeBytes === 0));
  assertEquals(await configNow(), before);
  await bystanders.assertUnharmed();
});
