import { filePathOf } from "#base/file_url.ts";
import { validatePathName } from "#paths/path_name.ts";

/** Sources that are no URL. */
const SOURCE_WORDS: ReadonlySet<string> = new Set(["rpiCamera", "test"]);

/** Schemes of sources that are opened as a URL. */
const URL_SCHEMES: ReadonlySet<string> = new Set([
  "rtsp",
  "rtsps",
  "rtsp+http",
  "rtsps+http",
  "rtsp+ws",
  "rtsps+ws",
  "rtmp",
  "rtmps",
  "http",
  "https",
  "srt",
  "moqt",
  "whep",
  "wheps",
]);

/** Schemes of sources that are an address and a port. */
const PORT_SCHEMES: ReadonlySet<string> = new Set([
  "udp",
  "udp+mpegts",
  "udp+rtp",
]);

/** Schemes of sources that are a socket file. */
const SOCKET_SCHEMES: ReadonlySet<string> = new Set([
  "unix+mpegts",
  "unix+rtp",
]);

/** Schemes that a stream can be forwarded to. */
const FORWARD_SCHEMES: ReadonlySet<string> = new Set([
  "rtmp",
  "rtmps",
  "rtsp",
  "rtsps",
  "srt",
  "whip",
  "whips",
]);

// deno-lint-ignore no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/** Longest URL that is looked at. */
const MAX_URL_CHARS = 4_096;

/** `rtsp` of `rtsp://…`, empty if the text is no URL. */
export function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+]*):\/\//.exec(url)?.[1] ?? "";
}

/** Whether a path with this source pulls its stream itself. */
export function isStaticSource(source: string): boolean {
  return source !== "publisher" && source !== "redirect";
}

/** Why a source is refused; `undefined` if it is not. Spec: MediaMTX's configuration file. */
export function checkSource(source: string): string | undefined {
  if (!isStaticSource(source) || SOURCE_WORDS.has(source)) return undefined;
  const scheme = schemeOf(source);
  if (scheme === "file") return checkFile(source);
  if (SOCKET_SCHEMES.has(scheme)) return undefined;
  const hasPort = PORT_SCHEMES.has(scheme);
  if (!hasPort && !URL_SCHEMES.has(scheme)) {
    return `invalid source: '${withoutUser(source)}'`;
  }
  const reason = checkUrl(
    source.replace(/:\$G\d+/g, ":1935").replace(/\$G\d+/g, "abc"),
    source,
  );
  if (reason !== undefined || !hasPort) return reason;
  return /:\d+$/.test(authorityOf(source).host.replace(/:\$G\d+$/, ":1935"))
    ? undefined
    : `'${withoutUser(source)}' is missing the port`;
}

function checkFile(source: string): string | undefined {
  return source.length <= MAX_URL_CHARS && filePathOf(source) !== undefined
    ? undefined
    : `'${
      source.slice(0, MAX_URL_CHARS)
    }' is not a valid URL of a file: it must be like file:///folder/clip.mp4, without '..'; '?', '#' and '%' are %3F, %23 and %25`;
}

/** Why the target of a redirect is refused: neither `/name` nor an RTSP URL. */
export function checkRedirect(target: string): string | undefined {
  if (target.startsWith("/")) {
    const name = target.slice(1);
    const reason = validatePathName(name);
    return reason && `invalid path name '${name}': ${reason}`;
  }
  const scheme = schemeOf(target);
  const isRtsp = scheme === "rtsp" || scheme === "rtsps";
  return isRtsp && checkUrl(target, target) === undefined
    ? undefined
    : `'${withoutUser(target)}' is not a valid RTSP URL`;
}

/** Why a stream cannot be forwarded there. */
export function checkForward(dest: string): string | undefined {
  if (dest === "") return "destination is empty";
  const url = dest.replaceAll("$MTX_PATH", "path");
  const scheme = schemeOf(url.toLowerCase());
  if (scheme === "") return `'${withoutUser(dest)}' is not a valid URL`;
  if (!FORWARD_SCHEMES.has(scheme)) {
    return `unsupported scheme '${scheme}', supported ones are rtmp, rtmps, rtsp, rtsps, srt, whip and whips`;
  }
  return checkUrl(url, dest);
}

function checkUrl(url: string, shown: string): string | undefined {
  const { user, host, rest } = authorityOf(url);
  const isUrl = url.length <= MAX_URL_CHARS && isHost(host) &&
    !/%(?![0-9A-Fa-f]{2})/.test(user + rest.replace(/\?.*/s, "")) &&
    !/\s/.test(user) && !CONTROL_CHARACTERS.test(user + rest);
  if (!isUrl) return `'${withoutUser(shown)}' is not a valid URL`;
  const [, name = "", password = ""] = /^([^:]*):?(.*)$/s.exec(user) ?? [];
  return (name === "") === (password === "")
    ? undefined
    : "username and password must be both provided";
}

function isHost(host: string): boolean {
  const match =
    /^(?:\[[0-9A-Fa-f:.%\w]+\]|[^\s:[\]<>"%\\^`{|}]*)(?::(\d{0,5}))?$/
      .exec(host);
  return host !== "" && match !== null && Number(match[1] ?? 0) <= 65_535;
}

function authorityOf(
  url: string,
): { user: string; host: string; rest: string } {
  const authority = /^[^:]*:\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
  const userEnd = authority.lastIndexOf("@");
  return {
    user: userEnd < 0 ? "" : authority.slice(0, userEnd),
    host: authority.slice(userEnd + 1),
    rest: url.slice(url.indexOf("://") + 3 + authority.length),
  };
}

/** A URL for an error text, without the password in it. */
function withoutUser(url: string): string {
  return url.slice(0, MAX_URL_CHARS).replace(/\/\/[^/?#]*@/, "//<redacted>@");
}
