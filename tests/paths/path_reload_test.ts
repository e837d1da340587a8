import type { PathChangeOf } from "#paths/path_manager.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { PathSettings } from "#paths/path.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { FakeSource } from "#test/fake_source.ts";
import {
  accessTo,
  PATH_SETTINGS,
  PULL_LIMITS,
  sessionOwner,
  testPorts,
} from "#test/test_ports.ts";
import { CollectingSink, publishPicture, VIDEO } from "#test/units.ts";

type Entries = Readonly<Record<string, Partial<PathSettings>>>;

/** One key stands for all that a running path takes. */
const changeOf: PathChangeOf = (before, after) => {
  const { gopCacheMaxDurationMs: _, ...old } = before;
  const { gopCacheMaxDurationMs: __, ...new_ } = after;
  if (JSON.stringify(old) !== JSON.stringify(new_)) return "path";
  return JSON.stringify(before) === JSON.stringify(after)
    ? undefined
    : "pathHot";
};

function openPaths(entries: Entries, source = new FakeSource()) {
  const test = testPorts({ paths: entries, sources: [source] });
  return {
    ...test,
    source,
    reload: (next: Entries) =>
      test.paths.apply({
        matcher: matcherOf(next),
        maxQueuedUnits: 512,
        sourcePorts: {
          sources: [source],
          limits: PULL_LIMITS,
          runDemand: () => () => {},
        },
        revision: 2,
      }, changeOf),
    cutBy: (next: Entries) => test.paths.pathsCutBy(matcherOf(next), changeOf),
    async publish(name: string) {
      const owner = sessionOwner(test.logger, `publisher of ${name}`);
      const grant = await test.paths.publish(accessTo(name), owner);
      return { grant, publication: grant.attach([VIDEO]) };
    },
    async read(name: string) {
      const owner = sessionOwner(test.logger, `reader of ${name}`);
      const grant = await test.paths.read(accessTo(name), owner);
      const sink = new CollectingSink();
      grant.subscribe(sink).resume();
      return { grant, sink };
    },
  };
}

function matcherOf(entries: Entries): PathMatcher<PathSettings> {
  return new PathMatcher(
    new Map(
      Object.entries(entries)
        .map(([key, changes]) => [key, { ...PATH_SETTINGS, ...changes }]),
    ),
  );
}

/** What a path with a reader and a publisher goes through. */
const CHANGES: readonly {
  readonly name: string;
  readonly before: Entries;
  readonly after: Entries;
  readonly isCut: boolean;
  readonly confName?: string;
}[] = [
  { name: "nothing", before: { cam: {} }, after: { cam: {} }, isCut: false },
  {
    name: "another path",
    before: { cam: {}, other: {} },
    after: { cam: {}, other: { maxReaders: 3 }, third: {} },
    isCut: false,
  },
  {
    name: "a key that it takes while it runs",
    before: { cam: {} },
    after: { cam: { gopCacheMaxDurationMs: 5 } },
    isCut: false,
  },
  {
    name: "a key that it does not",
    before: { cam: {} },
    after: { cam: { maxReaders: 7 } },
    isCut: true,
  },
  { name: "its entry", before: { cam: {} }, after: {}, isCut: true },
  {
    name: "the entry that it falls under, which says the same",
    before: { "~^c": {} },
    after: { "~^ca": {}, "~^c": {} },
    isCut: false,
    confName: "~^c",
  },
  {
    name: "an entry of its own, which says the same",
    before: { all_others: {} },
    after: { all_others: {}, cam: {} },
    isCut: false,
    confName: "cam",
  },
  {
    name: "an entry whose groups take something else",
    before: { "~^c(a)m$": {} },
    after: { "~^(c)am$": {} },
    isCut: true,
  },
];

for (const { name, before, after, isCut, confName } of CHANGES) {
  Deno.test(`PathManager.apply() changes ${name}: clients ${isCut ? "go" : "stay"}`, async () => {
    const test = openPaths(before);
    const { grant, publication } = await test.publish("cam");
    const reader = await test.read("cam");
    assertEquals(test.cutBy(after).includes("cam"), isCut);
    await test.reload(after);
    assertEquals(
      [grant.revoked.aborted, reader.grant.revoked.aborted],
      [isCut, isCut],
    );
    publishPicture(publication, 0, { isRandomAccess: true });
    assertEquals(reader.sink.batches.length, isCut ? 0 : 1);
    if (isCut) {
      assertEquals(
        grant.revoked.reason.message,
        "configuration has changed",
      );
    } else {
      const key = confName ?? "cam";
      assertEquals(test.paths.find("cam")?.confName, key);
    }
  });
}

Deno.test("PathManager.apply() closes a path's source before the path is opened anew", async () => {
  const test = openPaths({ cam: { source: "fake://origin/one" } });
  await settled();
  assertEquals(test.source.pulls.map(({ request }) => request.url), [
    "fake://origin/one",
  ]);
  await test.reload({ cam: { source: "fake://origin/two" } });
  await settled();
  assertEquals(test.source.running, 1);
  assertEquals(test.source.last.request.url, "fake://origin/two");
  await test.reload({});
  assertEquals(test.source.running, 0);
  assertEquals(
    test.events.map(({ type }) => type),
    ["pathOpened", "pathClosed", "pathOpened", "pathClosed"],
  );
});

Deno.test("PathManager.apply() lets those in who come afterwards, by the new entries", async () => {
  const test = openPaths({ cam: {} });
  await assertRejects(test.publish("late"), Error);
  await test.reload({ late: {} });
  const { grant } = await test.publish("late");
  assertEquals(grant.revision, 2);
  await assertRejects(test.publish("cam"), Error);
});

Deno.test("PathManager.revoke() takes back whom it is told to, and no other", async () => {
  const test = openPaths({ all_others: {} });
  const one = await test.publish("one");
  const two = await test.publish("two");
  const isOne = ({ pathName }: { pathName: string }) => pathName === "one";
  assertEquals(test.paths.revoke(isOne, "kicked"), 1);
  assert(one.grant.revoked.aborted && !two.grant.revoked.aborted);
  assertEquals(one.grant.revoked.reason.message, "kicked");
});
