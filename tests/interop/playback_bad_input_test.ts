import { assert, assertEquals } from "#test/assert.ts";
import { residentBytes } from "#test/bystanders.ts";
import { freeTcpPort } from "#test/ports.ts";
import { seededRandom } from "#test/splits.ts";
import { startWeir } from "#test/weir_process.ts";
import { Mutator } from "../fuzz/mutator.ts";
import {
  PLAIN_TRACKS,
  plainSamples,
  writeRecording,
} from "../recording/playback/made_recording.ts";

/** Segments with something wrong in them. */
const BAD_SEGMENTS = 150;

const START_SECONDS = 1_772_366_400;
const START = "2026-03-01T12:00:00Z";

/** Without anything to do a server takes a fourth of that. */
const MAX_RESIDENT_BYTES = 300 * 1_024 * 1_024;

/** Answers that a client may get of what is in the folder. */
const STATUSES = [200, 400, 404];

/** Queries that mean harm. */
const BAD_QUERIES = [
  "list?path=good&start=0001-01-01T00:00:00Z&end=2255-01-01T00:00:00Z",
  "list?path=good&end=2255-01-01T00:00:00Z&start=2254-01-01T00:00:00Z",
  `list?path=${"a/".repeat(5_000)}a`,
  "list?path=..%2f..%2fetc%2fpasswd",
  "list?path=good%00",
  `get?path=good&start=${START}&duration=99999999999999999999`,
  `get?path=good&start=${START}&duration=1e400`,
  `get?path=good&start=${START}&duration=NaN`,
  `get?path=good&start=1600-01-01T00:00:00Z&duration=876000h`,
  `get?path=good&start=${START}&duration=876000h&format=mp4&gaps=skip`,
  "hls/good/index.m3u8?start=0001-01-01T00:00:00Z",
  "hls/good/chunk.mp4?file=9007199254740991&chunk=0&offset=0",
  `hls/good/chunk.mp4?file=${START_SECONDS}000000&chunk=0&offset=9007199254740991`,
  `hls/good/chunk.mp4?file=${START_SECONDS}000000&chunk=9007199254740991&offset=0`,
  "hls/..%2f..%2fgood/index.m3u8",
  "hls//index.m3u8",
];

Deno.test("broken segments and hostile queries harm nobody who plays", async () => {
  const folder = await Deno.makeTempDir({ prefix: "weir_bad_" });
  const address = `127.0.0.1:${freeTcpPort()}`;
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const recordPath = `${folder}/%path/%s-%f`;
  const [file] = await writeRecording({
    ...{ recordPath, pathName: "good", startUs: START_SECONDS * 1e6 },
    tracks: PLAIN_TRACKS,
    samples: plainSamples(5),
    cutSeconds: [0],
    streamByte: 7,
  });
  const good = await Deno.readFile(file!);
  const mutator = new Mutator([good], 7);
  const random = seededRandom(7);
  for (let i = 0; i < BAD_SEGMENTS; i++) {
    const bad = i % 3 === 0
      ? good.slice(0, Math.floor(random() * good.length))
      : mutator.next();
    await Deno.mkdir(`${folder}/bad${i}`);
    await Deno.writeFile(`${folder}/bad${i}/${START_SECONDS}-000000.mp4`, bad);
  }
  const weir = opened.use(
    await startWeir({
      config: `
playback: yes
playbackAddress: ${address}
pathDefaults: {recordPath: "${recordPath}", recordDeleteAfter: 0s}
`,
    }),
  );
  await weir.waitForLog(/\[playback\] started with listener/);
  const call = async (query: string): Promise<string> => {
    const answer = await fetch(`http://${address}/${query}`);
    const text = await answer.text().catch(() => ""); // it may break off
    assert(STATUSES.includes(answer.status), `${query}: ${answer.status}`);
    return text;
  };
  for (let i = 0; i < BAD_SEGMENTS; i++) {
    await call(`list?path=bad${i}`);
    const query = `path=bad${i}&start=${START}&duration=1h`;
    await call(`get?${query}`);
    await call(`get?${query}&format=mp4`);
    const playlist = await call(`hls/bad${i}/index.m3u8`);
    for (const [chunk] of playlist.matchAll(/^chunk.*$/gm)) {
      await call(`hls/bad${i}/${chunk}`);
    }
  }
  for (const query of BAD_QUERIES) await call(query);
  const film = await call(`get?path=good&start=${START}&duration=1h`);
  assertEquals(film.match(/picture \d+/g)?.length, 50);
  assertEquals(weir.log.filter((line) => /Internal error/.test(line)), []);
  const takenBytes = await residentBytes(weir.pid);
  assert(takenBytes < MAX_RESIDENT_BYTES, `${takenBytes} bytes of memory`);
  assert(
    weir.log.some((line) => /WAR .*skipping segment .*bad0/.test(line)),
    "the log names what is broken",
  );
});
