import { assert, assertEquals } from "#test/assert.ts";
import { residentBytes } from "#test/bystanders.ts";
import { openRawRtsp, type RawRtsp } from "#test/raw_rtsp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

const GUESSES = 1_000;

/** Logins with the right password while the guesses wait for their answers. */
const LOGINS = 50;

/** Somebody with the right password must not wait longer, on a busy machine. */
const MAX_ANSWER_MS = 1_500;

/** What a flood may leave behind; the server gives back the rest within half a minute. */
const MAX_KEPT_BYTES = 48 * 1_024 * 1_024;
const MEMORY_DEADLINE_MS = 60_000;

const CONFIG = `
authInternalUsers:
- { user: ann, pass: test-pass, permissions: [{ action: publish }, { action: read }] }
`;

Deno.test("1,000 wrong passwords at once slow nobody else's login, and leave nothing behind", async () => {
  await using server = await startWeir({ config: CONFIG });
  await guessAll(server); // what is allocated once is there now
  const beforeBytes = await residentBytes(server.pid);
  const flood = guessAll(server);
  let worstMs = 0;
  for (let i = 0; i < LOGINS; i++) {
    const startMs = performance.now();
    using client = await openRawRtsp(server.rtspPort);
    assertEquals(await announce(server, client, "test-pass"), 200);
    worstMs = Math.max(worstMs, performance.now() - startMs);
  }
  assert(worstMs < MAX_ANSWER_MS, `a login took ${worstMs} ms`);
  await flood;
  const deadlineMs = performance.now() + MEMORY_DEADLINE_MS;
  for (;;) {
    const keptBytes = await residentBytes(server.pid) - beforeBytes;
    if (keptBytes < MAX_KEPT_BYTES) break;
    assert(performance.now() < deadlineMs, `${keptBytes} bytes are left`);
  }
  const refused = server.log.filter((line) =>
    line.includes("failed to authenticate: authentication failed")
  );
  assertEquals(refused.length, 2 * GUESSES);
});

/** Guesses the password again and again, over as many connections. */
async function guessAll(server: WeirProcess): Promise<void> {
  await Promise.all(Array.from({ length: GUESSES }, async (_, i) => {
    using client = await openRawRtsp(server.rtspPort);
    assertEquals(await announce(server, client, `guess ${i}`), 401);
    await client.end();
  }));
}

async function announce(
  server: WeirProcess,
  client: RawRtsp,
  password: string,
): Promise<number> {
  const credentials = { Authorization: `Basic ${btoa(`ann:${password}`)}` };
  const url = server.rtspUrl("cam");
  return (await client.announce(url, credentials)).status;
}
