import { PlaylistTargets } from "#protocols/hls/engine/playlist_targets.ts";
import {
  type HlsFile,
  PlaylistWindow,
} from "#protocols/hls/engine/playlist_window.ts";
import type { SegmentStore } from "#protocols/hls/engine/segment_store.ts";
import { assertEquals } from "#test/assert.ts";

const PREFIX = "0123456789ab";

/** Keeps what it is given when the test says so. */
class ManualStore implements SegmentStore {
  readonly files = new Map<string, Uint8Array>();
  readonly dropped: string[] = [];
  isFull = false;

  keep(name: string, bytes: Uint8Array, onKept: () => void): void {
    if (this.isFull) return;
    this.files.set(name, bytes);
    onKept();
  }

  read(name: string, then: (bytes: Uint8Array | undefined) => void): void {
    const bytes = this.files.get(name);
    then(bytes && new Uint8Array([...bytes, 255]));
  }

  drop(name: string): void {
    this.files.delete(name);
    this.dropped.push(name);
  }
}

function openWindow(store: SegmentStore, hasParts = false) {
  const window = new PlaylistWindow({
    ...{ id: "video1", extension: "mp4", prefix: PREFIX, version: 10 },
    ...{ segmentCount: 4, hasParts, firstMsn: 0, discontinuitySequence: 0 },
    targets: new PlaylistTargets(200, () => {}),
    store,
    onChanged: () => {},
  });
  /** Adds segments of two parts each, the number of the segment in each. */
  const add = (count: number, header: HlsFile = HEADER) => {
    for (let i = 0; i < count; i++) {
      const { nextMsn } = window;
      window.open({
        ...{ prefix: PREFIX, header, hasDiscontinuity: false },
        ...{ startSeconds: nextMsn, startWallMs: 1_000 * nextMsn },
      });
      const part = { durationSeconds: 0.2, isIndependent: true };
      window.addPart(new Uint8Array([nextMsn]), part);
      window.addPart(new Uint8Array([nextMsn]), part);
      window.close();
    }
  };
  /** Bytes of a segment; those of the store end in 255. */
  const segment = (msn: number) => fileOf(window, `seg${msn}`);
  return { window, add, segment };
}

const HEADER = headerOf(`${PREFIX}_video1_init.mp4`);

function headerOf(name: string): HlsFile {
  return { name, bytes: new Uint8Array([100]) };
}

function fileOf(window: PlaylistWindow, what: string): number[] | undefined {
  let found: Uint8Array | undefined;
  window.whenFile(`${PREFIX}_video1_${what}.mp4`, (bytes) => found = bytes);
  return found && [...found];
}

for (const hasParts of [false, true]) {
  Deno.test(`PlaylistWindow with a store has the newest segments in memory, parts: ${hasParts}`, () => {
    const store = new ManualStore();
    const { window, add, segment } = openWindow(store, hasParts);
    add(6);
    assertEquals([0, 1, 2].map(segment), [[0, 0, 255], [1, 1, 255], [
      2,
      2,
      255,
    ]]);
    assertEquals([3, 4, 5].map(segment), [[3, 3], [4, 4], [5, 5]]);
    assertEquals(
      window.segments().map(({ sizeBytes }) => sizeBytes),
      [2, 2, 2, 2],
    );
    // Those that are listed with their segment.
    const parts = [6, 7, 10, 11].map((n) => fileOf(window, `part${n}`));
    assertEquals(
      parts,
      hasParts ? [[3], [3], [5], [5]] : parts.map(() => undefined),
    );
  });
}

Deno.test("PlaylistWindow keeps in memory what the store does not take", () => {
  const store = new ManualStore();
  store.isFull = true;
  const { add, segment } = openWindow(store);
  add(6);
  assertEquals([0, 3, 5].map(segment), [[0, 0], [3, 3], [5, 5]]);
});

Deno.test("PlaylistWindow has its store drop what has left, and headers that nothing needs", () => {
  const store = new ManualStore();
  const { window, add } = openWindow(store);
  const next = headerOf(`${PREFIX}_video1_init2.mp4`);
  add(2);
  add(7, next);
  const name = (msn: number) => `${PREFIX}_video1_seg${msn}.mp4`;
  assertEquals(store.dropped, [name(0), name(1), HEADER.name, name(2)]);
  window.end();
  assertEquals(store.files.size, 0);
  window.end();
});

Deno.test("PlaylistWindow has no file that its store has lost", () => {
  const store = new ManualStore();
  const { add, segment } = openWindow(store);
  add(6);
  store.files.clear();
  assertEquals(segment(0), undefined);
});
