import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CLIP_RECIPES,
  type ClipRecipe,
  type KlvClipRecipe,
} from "./clip_recipes.ts";
import { runProcess } from "./processes.ts";

const CACHE_FOLDER = fileURLToPath(
  new URL("../../.cache/clips", import.meta.url),
);

const ENCODE_TIMEOUT_MS = 120_000;

/** Name of a clip, see {@linkcode clip}. */
export type ClipName = keyof typeof CLIP_RECIPES;

const made = new Map<ClipName, Promise<string>>();

/**
 * Path of a test clip: 6 s, 640x360 at 25 pictures per second and 48 kHz
 * stereo unless its name says otherwise.
 *
 * It is made by ffmpeg once and kept in a cache, under a hash of how it is made.
 */
export function clip(name: ClipName): Promise<string> {
  let path = made.get(name);
  if (path === undefined) {
    path = makeClip(name, CLIP_RECIPES[name]);
    made.set(name, path);
  }
  return path;
}

async function makeClip(name: string, recipe: ClipRecipe): Promise<string> {
  const hash = await hashOf(JSON.stringify(recipe));
  const path = join(CACHE_FOLDER, `${name}-${hash}.${recipe.extension}`);
  if (await exists(path)) return path;
  await Deno.mkdir(CACHE_FOLDER, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: CACHE_FOLDER });
  try {
    const whole = join(folder, "whole");
    const parts = "parts" in recipe ? recipe.parts : [];
    for (const [i, args] of parts.entries()) {
      const part = join(folder, `part${i}`);
      await encode([...args, part]);
      await Deno.writeFile(whole, await Deno.readFile(part), { append: true });
    }
    if ("klvUnits" in recipe) await Deno.writeFile(whole, klvBytes(recipe));
    await Deno.rename(whole, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return path;
}

async function encode(args: readonly string[]): Promise<void> {
  const result = await runProcess(
    "ffmpeg",
    ["-nostdin", "-hide_banner", "-loglevel", "warning", "-y", ...args],
    { timeoutMs: ENCODE_TIMEOUT_MS },
  );
  if (result.code !== 0) {
    throw new Error(`Cannot make a clip: ffmpeg says:\n${result.stderr}`);
  }
}

/** KLV units of one length that differ in every byte of their values. Spec: SMPTE 336M. */
function klvBytes({ klvUnits, klvUnitBytes }: KlvClipRecipe): Uint8Array {
  const key = Uint8Array.fromHex("060e2b34020b01010e01030101000000");
  const bytes = new Uint8Array(klvUnits * klvUnitBytes);
  const headerBytes = key.length + 3;
  const valueBytes = klvUnitBytes - headerBytes;
  for (let i = 0; i < klvUnits; i++) {
    const unit = bytes.subarray(i * klvUnitBytes, (i + 1) * klvUnitBytes);
    unit.set(key);
    unit.set([0x82, valueBytes >> 8, valueBytes & 0xff], key.length);
    for (let at = headerBytes; at < unit.length; at++) unit[at] = i + at * 7;
  }
  return bytes;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex().slice(0, 16);
}
