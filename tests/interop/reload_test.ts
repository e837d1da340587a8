import { assert, assertEquals } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { freeTcpPort } from "#test/ports.ts";
import { waitForLines } from "#test/scene.ts";
import { startWeir } from "#test/weir_process.ts";

const PATH = "live/cam";

/** The program runs on what was changed. */
const APPLIED = /configuration reloaded: /;

/** Somebody who should stay has gone, or something did not work; one of the sources is of no use on purpose. */
const BAD_LINE =
  /\[(?:conn|session) .*(?:closed|destroyed): |live\/cam\] stream is not|ERR(?! \[path other\])/;

/** Readers of each protocol. */
const READERS = 5;

/** A change of the configuration: keys over those of the start. */
interface Change {
  readonly name: string;
  readonly keys: Readonly<Record<string, string>>;
  /** Entries of `paths` beside that of the path in use. */
  readonly paths?: string;
  readonly pathDefaults?: string;
}

/** Kinds of keys that reach neither the path in use nor a server that somebody uses. */
const COMMON: readonly Change[] = [
  { name: "log level", keys: { logLevel: "debug" } },
  { name: "log form", keys: { logStructured: "yes" } },
  { name: "users", keys: { authInternalUsers: usersWith("ann") } },
  { name: "other users", keys: { authInternalUsers: usersWith("bob") } },
  { name: "command on connect", keys: { runOnConnect: '"true"' } },
  { name: "command on disconnect", keys: { runOnDisconnect: '"true"' } },
  { name: "queue of new readers", keys: { writeQueueSize: "1024" } },
  { name: "API", keys: { api: "yes", apiAddress: freeAddress() } },
  { name: "metrics", keys: { metrics: "yes", metricsAddress: freeAddress() } },
  { name: "profiling", keys: { pprof: "yes", pprofAddress: freeAddress() } },
  { name: "address of what is off", keys: { apiAddress: freeAddress() } },
  { name: "origins of the API", keys: { apiAllowOrigins: '["https://a.b"]' } },
  { name: "playback address", keys: { playbackAddress: freeAddress() } },
  { name: "HLS segments", keys: { hlsSegmentCount: "9" } },
  { name: "WebRTC timeout", keys: { webrtcHandshakeTimeout: "5s" } },
  { name: "SRT address", keys: { srtAddress: freeAddress() } },
  { name: "MoQ address", keys: { moqQUICAddress: freeAddress() } },
  { name: "prefix of syslog", keys: { sysLogPrefix: "other" } },
  { name: "new path", keys: {}, paths: "other: {}" },
  { name: "limit of it", keys: {}, paths: "other: {maxReaders: 3}" },
  { name: "fallback of it", keys: {}, paths: "other: {fallback: /cam}" },
  { name: "cache of it", keys: {}, paths: "other: {gopCache: no}" },
  { name: "command of it", keys: {}, paths: 'other: {runOnInit: "sleep 9"}' },
  {
    name: "source of it",
    keys: {},
    paths: "other: {source: 'rtsp://127.0.0.1:9/x'}",
  },
  {
    name: "time of its source",
    keys: {},
    paths: "other: {source: 'rtsp://127.0.0.1:9/x', sourceReconnectMin: 3s}",
  },
  { name: "pattern", keys: {}, paths: "'~^x[0-9]+$': {}" },
  { name: "pattern before", keys: {}, paths: "'~^live/.*$': {}" },
  {
    name: "redirect",
    keys: {},
    paths: "x: {source: redirect, sourceRedirect: 'rtsp://a/b'}",
  },
  {
    name: "default that the path has",
    keys: {},
    pathDefaults: "{maxReaders: 9}",
  },
];

/** What is in use over RTSP alone does not notice. */
const OF_RTMP: readonly Change[] = [
  { name: "RTMP address", keys: { rtmpAddress: freeAddress() } },
  { name: "no RTMP", keys: { rtmp: "no" } },
  { name: "RTMP proxies", keys: { rtmpTrustedProxies: "[10.0.0.0/8]" } },
  { name: "RTMPS address", keys: { rtmpsAddress: freeAddress() } },
  { name: "RTMPS key", keys: { rtmpServerKey: "other.key" } },
];

/** What is in use over RTMP alone does not notice. */
const OF_RTSP: readonly Change[] = [
  { name: "RTSP address", keys: { rtspAddress: freeAddress() } },
  { name: "no RTSP", keys: { rtsp: "no" } },
  { name: "transports", keys: { rtspTransports: "[tcp]" } },
  { name: "authentication", keys: { rtspAuthMethods: "[basic, digest]" } },
  { name: "RTSP proxies", keys: { rtspTrustedProxies: "[10.0.0.0/8]" } },
  { name: "RTSPS address", keys: { rtspsAddress: freeAddress() } },
  { name: "packet size", keys: { udpMaxPayloadSize: "1400" } },
  { name: "multicast range", keys: { multicastIPRange: "239.0.0.0/16" } },
];

const FORMS = [
  {
    name: "RTSP",
    publisher: "rtsp",
    readers: { "rtsp-tcp": READERS, "rtsp-udp": READERS },
    changes: [...COMMON, ...OF_RTMP],
  },
  {
    name: "RTMP",
    publisher: "rtmp",
    readers: { rtmp: READERS },
    changes: [...COMMON.slice(0, 8), ...OF_RTSP],
  },
] as const;

for (const { name, publisher, readers, changes } of FORMS) {
  Deno.test(`${changes.length} reloads of other things: who publishes and reads over ${name} stays and loses nothing`, async () => {
    await using server = await startWeir({ config: configWith() });
    await using good = await startBystanders(server, {
      path: PATH,
      publisher,
      readers,
    });
    for (const [i, change] of changes.entries()) {
      await server.rewriteConfig(configWith(change));
      await waitForLines({ server, good }, APPLIED, i + 1);
    }
    const bad = server.log.filter((line) => BAD_LINE.test(line));
    assertEquals(bad, []);
  });
}

Deno.test("a reload that reaches a path closes it, and no other", async () => {
  await using server = await startWeir({ config: configWith() });
  await using other = await startBystanders(server, {
    path: PATH,
    publisher: "rtsp",
    readers: { "rtsp-tcp": READERS, rtmp: READERS },
  });
  await using touched = await startBystanders(server, {
    path: "touched/cam",
    publisher: "rtmp",
    readers: { rtmp: 1 },
  });
  await server.rewriteConfig(
    configWith({ name: "", keys: {}, paths: "touched/cam: {maxReaders: 4}" }),
  );
  await server.waitForLog(
    /\[path touched\/cam\] stream is not available and offline/,
  );
  await server.waitForLog(/closed: configuration has changed/);
  await other.assertUnharmed();
  const ended = [...await touched.snapshots()].map(([, one]) => one.ended);
  assertEquals(ended, [1]);
});

Deno.test("an invalid file changes nothing and says what is wrong with it; a valid one is taken", async () => {
  await using server = await startWeir({ config: configWith() });
  await using good = await startBystanders(server, {
    path: PATH,
    publisher: "rtsp",
    readers: { "rtsp-tcp": READERS, rtmp: READERS },
  });
  const bad = [
    { text: "rtspAdress: :1", line: /unknown.*rtspAddress|rtspAdress/ },
    { text: "readTimeout: soon", line: /readTimeout/ },
    { text: "paths: [", line: /weir\.yml:\d+/ },
  ];
  for (const { text, line } of bad) {
    const known = server.log.length;
    await server.rewriteConfig(`${configWith()}\n${text}`);
    await server.waitForLog(/ ERR .*nothing was changed/);
    const said = () => server.log.slice(known).join("\n");
    await server.waitForLog(line);
    assert(!said().includes("closed"), said());
    await good.assertUnharmed();
  }
  await server.rewriteConfig(
    configWith({ name: "", keys: { logLevel: "debug" } }),
  );
  await waitForLines({ server, good }, APPLIED, 1);
});

Deno.test("a port that is taken changes nothing: who was there can be reached as before", async () => {
  await using server = await startWeir({ config: configWith() });
  await using good = await startBystanders(server, {
    path: PATH,
    publisher: "rtsp",
    readers: { "rtsp-tcp": READERS },
  });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
  await server.rewriteConfig(
    configWith({ name: "", keys: { rtmpAddress: address } }),
  );
  await server.waitForLog(/ ERR .*rtmpAddress/);
  await good.assertUnharmed();
  await using late = await startBystanders(server, {
    path: "late/cam",
    publisher: "rtmp",
    readers: { rtmp: 1 },
  });
  await late.assertUnharmed();
});

/** A configuration whose path in use does not depend on `pathDefaults.maxReaders`. */
function configWith(change?: Change): string {
  const lines = Object.entries(change?.keys ?? {})
    .map(([key, value]) => `${key}: ${value}`);
  if (change?.pathDefaults) lines.push(`pathDefaults: ${change.pathDefaults}`);
  const paths = [`${PATH}: {maxReaders: 0}`, "all_others: {maxReaders: 0}"];
  if (change?.paths) paths.push(change.paths);
  lines.push("paths:", ...paths.map((entry) => `  ${entry}`));
  return lines.join("\n");
}

function usersWith(name: string): string {
  const everybody =
    "{user: any, permissions: [{action: publish}, {action: read}]}";
  return `[${everybody}, {user: ${name}, pass: x, permissions: [{action: api}]}]`;
}

function freeAddress(): string {
  return `127.0.0.1:${freeTcpPort()}`;
}
