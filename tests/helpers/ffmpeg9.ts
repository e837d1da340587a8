import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package of the Python index that carries the program: a wheel for Linux on x86-64, 68 MB. */
const PACKAGE = "imageio-ffmpeg==0.8.1";
const WHEEL_SHA256 =
  "050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda";

const CACHE_FOLDER = fileURLToPath(
  new URL("../../.cache/ffmpeg9", import.meta.url),
);

const EXECUTABLE = join(
  CACHE_FOLDER,
  "imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9.0.2",
);

/** Whether the package has the program for this machine. */
export const IS_FFMPEG9_MADE_FOR_HERE: boolean = Deno.build.os === "linux" &&
  Deno.build.arch === "x86_64";

/** Downloads the wheel into the folder `$1` and takes it apart there; `$2` names it with its checksum. */
const FETCH = `
set -e
cd "$1"
echo "$2" > requirements.txt
python3 -m pip download --quiet --no-deps --only-binary :all: --require-hashes -r requirements.txt -d wheel
python3 -m zipfile -e wheel/*.whl .
rm -r wheel requirements.txt
chmod +x imageio_ffmpeg/binaries/ffmpeg-*
`;

/**
 * Path of ffmpeg 9, which knows enhanced RTMP; Debian 12 has 5.1, which does not.
 *
 * It is fetched through pip once and kept in a cache. `undefined` where that is not possible.
 */
export function ffmpeg9(): string | undefined {
  if (isFile(EXECUTABLE)) return EXECUTABLE;
  if (!IS_FFMPEG9_MADE_FOR_HERE) return undefined;
  Deno.mkdirSync(CACHE_FOLDER, { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: CACHE_FOLDER });
  try {
    const requirement = `${PACKAGE} --hash=sha256:${WHEEL_SHA256}`;
    const { success } = new Deno.Command("sh", {
      args: ["-c", FETCH, "fetch", folder, requirement],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).outputSync();
    if (!success) return undefined;
    Deno.renameSync(
      join(folder, "imageio_ffmpeg"),
      join(CACHE_FOLDER, "imageio_ffmpeg"),
    );
    return EXECUTABLE;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
