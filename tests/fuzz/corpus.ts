import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { sha256 } from "#base/crypto.ts";

/** Every input that a parser once did not answer as it must: a folder a target. */
const CORPUS = new URL("../corpus/", import.meta.url);

const HASH_CHARS = 16;

/** Keeps a finding for the tests; answers where. */
export async function keepFinding(
  target: string,
  input: Uint8Array,
): Promise<string> {
  const folder = new URL(`${target}/`, CORPUS);
  await mkdir(folder, { recursive: true });
  const name = sha256(input).toHex().slice(0, HASH_CHARS);
  const file = new URL(`${name}.bin`, folder);
  await writeFile(file, input);
  return fileURLToPath(file);
}

/** Names of targets that something was found for. */
export async function corpusTargets(): Promise<string[]> {
  if (!existsSync(CORPUS)) return [];
  return (await readdir(CORPUS)).sort();
}

/** What was found for a target, with its file name. */
export async function findingsOf(
  target: string,
): Promise<{ readonly name: string; readonly input: Uint8Array }[]> {
  const folder = new URL(`${target}/`, CORPUS);
  const names = (await readdir(folder)).sort();
  return await Promise.all(names.map(async (name) => ({
    name,
    input: Uint8Array.from(await readFile(new URL(name, folder))),
  })));
}
