import { assert, assertEquals } from "#test/assert.ts";
import { freeTcpPort } from "#test/ports.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir } from "#test/weir_process.ts";

/** Stands wherever a peer or a user can put a secret. */
const SECRET = "hunter2";

const QUERY = `user=a&pass=${SECRET}&jwt=${SECRET}&sign=${SECRET}`;

const LINE = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (?:DEB|INF|WAR|ERR) /;

Deno.test("no secret of a peer or of the configuration is in the log, and nobody can forge a line", async () => {
  const address = `127.0.0.1:${freeTcpPort()}`;
  const closed = `127.0.0.1:${freeTcpPort()}`;
  await using weir = await startWeir({
    config: `
logLevel: debug
pprof: yes
pprofAddress: ${address}
authInternalUsers:
- { user: any, permissions: [{ action: read }, { action: publish }] }
- { user: ops, pass: ${SECRET}, permissions: [{ action: pprof }] }
paths:
  camera: { source: "rtsp://admin:${SECRET}@${closed}/x?pass=${SECRET}" }
  hook: { runOnInit: "no_such_program rtsp://u:${SECRET}@h --token=${SECRET}" }
  all_others: {}
`,
  });
  await weir.waitForLog(/\[pprof\] started/);
  const authorization = `Basic ${btoa(`ops:${SECRET}`)}`;
  const password = btoa(`ops:${SECRET}`);

  using rtsp = await openRawRtsp(weir.rtspPort);
  const forged = "a%0d%0a2026/01/01 00:00:00 ERR forged";
  await rtsp.describe(
    weir.rtspUrl(`${forged}?${QUERY}`).replace("://", `://u:${SECRET}@`),
    { Authorization: authorization },
  );
  using publisher = await openRawRtsp(weir.rtspPort);
  assertEquals(await publisher.publish(weir.rtspUrl(`live?${QUERY}`)), 200);
  using rtmp = await openRawRtmp(weir.rtmpPort);
  await rtmp.connect(`app?${QUERY}`);

  for (const token of [authorization, `Bearer ${SECRET}-${SECRET}`]) {
    const url = `http://${address}/debug/pprof/loop?${QUERY}`;
    const response = await fetch(url, {
      headers: { Authorization: token, Cookie: `session=${SECRET}` },
    });
    await response.body?.cancel();
  }
  await weir.waitForLog(/\[c->s\] GET/);
  await weir.waitForLog(/\[path camera\].*(?:refused|Cannot)/);
  await weir.waitForLog(/\[path hook\]/);
  assertEquals(await weir.stop(), 0);

  const leaks = weir.log.filter((line) =>
    line.includes(SECRET) || line.includes(password)
  );
  assertEquals(leaks, []);
  assertEquals(weir.log.filter((line) => !LINE.test(line)), []);
  assert(!weir.log.some((line) => line.endsWith(" ERR forged")));
});
