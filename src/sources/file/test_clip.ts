import { loadAsset } from "#platform/asset.ts";
import type { ClipStore } from "./clip_units.ts";

/** Beside this file, and in the executable beside the bundle. Made by `packaging/test_clip.ts`. */
const FILE = new URL("./test_clip.mp4", import.meta.url);

const NAME = "the test clip";

/** The one clip that is built in. */
export const TEST_STORE: ClipStore = {
  name: NAME,
  list: () => Promise.resolve([NAME]),
  async open() {
    const bytes = await loadAsset(FILE);
    return {
      sizeBytes: bytes.length,
      readAt: (offsetBytes, lengthBytes) =>
        Promise.resolve(bytes.subarray(offsetBytes, offsetBytes + lengthBytes)),
      [Symbol.dispose]() {},
    };
  },
};
