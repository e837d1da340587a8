import { dirname, join } from "node:path";
import { ffmpeg9, IS_FFMPEG9_MADE_FOR_HERE } from "./ffmpeg9.ts";
import { versitygw } from "./versitygw.ts";

/** Foreign programs that interop tests and benches run against. */
export const PROGRAMS = {
  ffmpeg: () => findExecutable("ffmpeg") !== undefined,
  ffmpeg9: () => ffmpeg9() !== undefined,
  ffprobe: () => findExecutable("ffprobe") !== undefined,
  gstreamer: () =>
    findExecutable("gst-launch-1.0") !== undefined &&
    GSTREAMER_ELEMENTS.every(hasGstreamerElement),
  gstreamerServer: () => hasPythonModule("GstRtspServer"),
  vlc: () => findExecutable("cvlc") !== undefined,
  chromium: () => findExecutable("chromium") !== undefined,
  nginxRtmp: () => nginxRtmp() !== undefined,
  logrotate: () => findExecutable("logrotate") !== undefined,
  rsyslog: () => findExecutable("rsyslogd") !== undefined,
  prometheus: () =>
    ["prometheus", "promtool"].every((name) =>
      findExecutable(name) !== undefined
    ),
  versitygw: () => versitygw(findExecutable("go")) !== undefined,
  pythonRequests: () => canRunPython("import requests"),
  networkTools: () =>
    NETWORK_TOOLS.every((name) => findExecutable(name) !== undefined),
} as const satisfies Record<string, () => boolean>;

/** Name of a foreign program, see {@linkcode PROGRAMS}. */
export type ProgramName = keyof typeof PROGRAMS;

/** Debian packages that together contain every program. */
export const DEBIAN_PACKAGES: readonly string[] = [
  "ffmpeg",
  // What ffmpeg 9 is fetched with.
  "python3-pip",
  "gstreamer1.0-tools",
  "gstreamer1.0-plugins-base",
  "gstreamer1.0-plugins-good",
  "gstreamer1.0-plugins-bad",
  "gstreamer1.0-plugins-ugly",
  "gstreamer1.0-libav",
  "gstreamer1.0-rtsp",
  "python3-gi",
  "python3-requests",
  "gir1.2-gst-rtsp-server-1.0",
  "nginx-light",
  "libnginx-mod-rtmp",
  "prometheus",
  "logrotate",
  "rsyslog",
  "vlc-bin",
  "vlc-plugin-base",
  "chromium",
  "iproute2",
  "util-linux",
];

/** One element of each GStreamer package that tests use. */
const GSTREAMER_ELEMENTS = [
  "videotestsrc",
  "rtspsrc",
  "rtmp2src",
  "rtspclientsink",
  "avdec_h264",
];

/** What makes networks of their own. */
const NETWORK_TOOLS = ["unshare", "nsenter", "ip"];

/** Debian's own Python, which has the modules of Debian's packages. */
export const PYTHON = "/usr/bin/python3";

/** `nobody` and `nogroup` of Debian, for programs that refuse to run as root. */
const UNPRIVILEGED_ID = 65_534;

const found = new Map<ProgramName, boolean>();

/** Which programs this machine has. */
export const programs = {
  /** Whether `name` can be run here; looked up once. */
  has(name: ProgramName): boolean {
    let isThere = found.get(name);
    if (isThere === undefined) {
      isThere = PROGRAMS[name]();
      found.set(name, isThere);
    }
    return isThere;
  },

  /** The programs that cannot be run here. */
  missing(): ProgramName[] {
    const names = Object.keys(PROGRAMS) as ProgramName[];
    return names.filter((name) => !programs.has(name));
  },

  /** Forgets what was looked up, after an installation. */
  forget(): void {
    found.clear();
  },
};

/** A test that needs foreign programs. */
export interface InteropTest {
  readonly name: string;
  readonly needs: readonly ProgramName[];
  readonly fn: (t: Deno.TestContext) => void | Promise<void>;
}

/**
 * Registers a test against foreign programs.
 *
 * Where one of them is missing the test is ignored, by name; with `CI=true`
 * in the environment it fails instead, unless the program is not made for this
 * kind of machine.
 */
export function interopTest(test: InteropTest): void {
  const missing = test.needs.filter((name) => !programs.has(name));
  if (missing.length === 0) {
    Deno.test({ name: test.name, fn: test.fn });
    return;
  }
  const isMadeForHere =
    (IS_FFMPEG9_MADE_FOR_HERE || !missing.includes("ffmpeg9")) &&
    (findExecutable("go") !== undefined || !missing.includes("versitygw"));
  const reason = `needs ${missing.join(", ")}`;
  Deno.test({
    name: `${test.name} (${reason})`,
    ignore: Deno.env.get("CI") !== "true" || !isMadeForHere,
    fn: () => {
      throw new Error(`Cannot run an interop test: ${reason}`);
    },
  });
}

/** Full path of `name` on `PATH` or among the system's own programs. */
export function findExecutable(name: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return [...folders, "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, name))
    .find(isFile);
}

/** Where nginx and its RTMP module are; `undefined` if either is missing. */
export function nginxRtmp():
  | { readonly executable: string; readonly module: string }
  | undefined {
  const executable = findExecutable("nginx");
  if (executable === undefined) return undefined;
  const module = ["/usr/lib", "/usr/lib64", join(dirname(executable), "..")]
    .map((folder) => join(folder, "nginx/modules/ngx_rtmp_module.so"))
    .find(isFile);
  return module === undefined ? undefined : { executable, module };
}

/** Process options of a program that refuses root: another user where we are root. */
export function unprivilegedUser(): { uid?: number; gid?: number } {
  return Deno.uid() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {};
}

function hasGstreamerElement(name: string): boolean {
  const inspect = findExecutable("gst-inspect-1.0");
  if (inspect === undefined) return false;
  return new Deno.Command(inspect, { args: ["--exists", name] })
    .outputSync().success;
}

/** Whether Python can use a library of GObject. */
function hasPythonModule(name: string): boolean {
  return canRunPython(`import gi; gi.require_version("${name}", "1.0")`);
}

function canRunPython(code: string): boolean {
  if (!isFile(PYTHON)) return false;
  return new Deno.Command(PYTHON, { args: ["-c", code], stderr: "null" })
    .outputSync().success;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied
    ) return false;
    throw error;
  }
}
