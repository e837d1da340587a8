import {
  listOf,
  type RawObject,
  type RawValue,
  text,
  type UnitSuffix,
  type ValueType,
} from "#base/schema.ts";
import type { KeyPath, Origins } from "./errors.ts";
import { LEGACY_CREDENTIAL_KEYS } from "./legacy_credentials.ts";
import type { Findings } from "./read_fields.ts";
import { GLOBAL_FIELDS, PATH_FIELDS } from "./root_schema.ts";

type AnyType = ValueType<unknown, UnitSuffix>;

/** What became of an old key. */
interface OldKey {
  readonly replacement: string;
  /** Value of the new key; a value of a wrong type is handed on, and refused there. */
  readonly convert: (value: RawValue) => RawValue;
  /** Type of the old key, if it is not that of the new one. */
  readonly type?: AnyType;
}

const renamed = (replacement: string): OldKey => ({
  replacement,
  convert: (value) => value,
});

const inverted = (replacement: string): OldKey => ({
  replacement,
  convert: (value) => typeof value === "boolean" ? !value : value,
});

const inList = (replacement: string): OldKey => ({
  replacement,
  convert: (value) => [value],
  type: text(),
});

const OLD_GLOBAL_KEYS: ReadonlyMap<string, OldKey> = new Map([
  ["readBufferCount", renamed("writeQueueSize")],
  ["externalAuthenticationURL", renamed("authHTTPAddress")],
  ["apiAllowOrigin", inList("apiAllowOrigins")],
  ["metricsAllowOrigin", inList("metricsAllowOrigins")],
  ["pprofAllowOrigin", inList("pprofAllowOrigins")],
  ["playbackAllowOrigin", inList("playbackAllowOrigins")],
  ["hlsAllowOrigin", inList("hlsAllowOrigins")],
  ["webrtcAllowOrigin", inList("webrtcAllowOrigins")],
  ["rtspDisable", inverted("rtsp")],
  ["rtmpDisable", inverted("rtmp")],
  ["hlsDisable", inverted("hls")],
  ["webrtcDisable", inverted("webrtc")],
  ["protocols", renamed("rtspTransports")],
  ["encryption", renamed("rtspEncryption")],
  ["authMethods", renamed("rtspAuthMethods")],
  ["serverKey", renamed("rtspServerKey")],
  ["serverCert", renamed("rtspServerCert")],
  ["webrtcICEUDPMuxAddress", renamed("webrtcLocalUDPAddress")],
  ["webrtcICETCPMuxAddress", renamed("webrtcLocalTCPAddress")],
  ["webrtcICEHostNAT1To1IPs", renamed("webrtcAdditionalHosts")],
  ["moqHTTPS2Address", renamed("moqHTTP2Address")],
  ["moqHTTPS3Address", renamed("moqHTTP3Address")],
]);

const OLD_PATH_KEYS: ReadonlyMap<string, OldKey> = new Map([
  ["disablePublisherOverride", inverted("overridePublisher")],
  ["sourceProtocol", renamed("rtspTransport")],
  ["sourceAnyPortEnable", renamed("rtspAnyPort")],
  ["rpiCameraJPEGQuality", renamed("rpiCameraMJPEGQuality")],
  ["runOnReady", renamed("runOnAvailable")],
  ["runOnReadyRestart", renamed("runOnAvailableRestart")],
  ["runOnNotReady", renamed("runOnUnavailable")],
]);

/** Global keys that moved to `pathDefaults`. */
const KEYS_OF_PATH_DEFAULTS = [
  "record",
  "recordPath",
  "recordFormat",
  "recordPartDuration",
  "recordSegmentDuration",
  "recordDeleteAfter",
];

/** Old list of ICE servers: URLs, or `scheme:user:password:host:port`. */
const OLD_ICE_SERVERS = "webrtcICEServers";

/** Old path key without any effect. */
const OLD_PLAYBACK = "playback";

/** Types of global keys of the past, for their environment variables. */
export function oldGlobalTypes(): ReadonlyMap<string, AnyType> {
  const types = new Map<string, AnyType>([[OLD_ICE_SERVERS, listOf(text())]]);
  for (const [key, { replacement, type }] of OLD_GLOBAL_KEYS) {
    types.set(key, type ?? GLOBAL_FIELDS.get(replacement)!.type);
  }
  for (const key of KEYS_OF_PATH_DEFAULTS) {
    types.set(key, PATH_FIELDS.get(key)!.type);
  }
  return types;
}

/** Types of path keys of the past, for their environment variables. */
export function oldPathTypes(): ReadonlyMap<string, AnyType> {
  const types = new Map<string, AnyType>();
  for (const [key, { replacement }] of OLD_PATH_KEYS) {
    types.set(key, PATH_FIELDS.get(replacement)!.type);
  }
  for (const key of LEGACY_CREDENTIAL_KEYS) {
    types.set(key, key.endsWith("IPs") ? listOf(text()) : text());
  }
  return types;
}

/**
 * Puts the new keys in the place of old ones, with a warning for each; an old key wins over its new name.
 *
 * Credentials in paths stay: what becomes of them, all paths together say.
 */
export function replaceOldKeys(
  raw: RawObject,
  origins: Origins,
  findings: Findings,
): void {
  const replacer = new KeyReplacer(origins, findings);
  if (isGiven(raw["externalAuthenticationURL"])) {
    raw["authMethod"] = "http";
    origins.move(["externalAuthenticationURL"], ["authMethod"]);
  }
  replacer.replace(raw, [], OLD_GLOBAL_KEYS);
  replaceIceServers(raw, replacer);
  moveToPathDefaults(raw, replacer);
  const { pathDefaults, paths } = raw;
  if (isObject(pathDefaults)) {
    replacer.replacePathKeys(pathDefaults, ["pathDefaults"]);
  }
  if (isObject(paths)) {
    for (const [name, entry] of Object.entries(paths)) {
      if (isObject(entry)) replacer.replacePathKeys(entry, ["paths", name]);
    }
  }
}

class KeyReplacer {
  readonly origins: Origins;
  readonly findings: Findings;

  constructor(origins: Origins, findings: Findings) {
    this.origins = origins;
    this.findings = findings;
  }

  replace(
    raw: RawObject,
    keyPath: KeyPath,
    oldKeys: ReadonlyMap<string, OldKey>,
  ): void {
    for (const [key, { replacement, convert }] of oldKeys) {
      const value = take(raw, key);
      if (value === undefined) continue;
      raw[replacement] = convert(value);
      this.moved([...keyPath, key], [...keyPath, replacement]);
    }
  }

  replacePathKeys(raw: RawObject, keyPath: KeyPath): void {
    this.replace(raw, keyPath, OLD_PATH_KEYS);
    delete raw["name"]; // the key of the entry is its name
    if (take(raw, OLD_PLAYBACK) !== undefined) {
      this.findings.warn(
        [...keyPath, OLD_PLAYBACK],
        "parameter 'playback' is deprecated and has no effect",
      );
    }
  }

  moved(oldPath: KeyPath, newPath: KeyPath): void {
    this.origins.move(oldPath, newPath);
    const newKey = newPath[0] === "pathDefaults"
      ? newPath.join(".")
      : newPath.at(-1);
    this.findings.warn(
      oldPath,
      `parameter '${
        oldPath.at(-1)
      }' is deprecated and has been replaced with '${newKey}'`,
    );
  }
}

function replaceIceServers(raw: RawObject, replacer: KeyReplacer): void {
  const urls = take(raw, OLD_ICE_SERVERS);
  if (urls === undefined) return;
  const servers = raw["webrtcICEServers2"];
  const added = Array.isArray(urls) ? urls.map(iceServerOf) : urls;
  raw["webrtcICEServers2"] = Array.isArray(servers) && Array.isArray(added)
    ? [...servers, ...added]
    : added;
  replacer.moved([OLD_ICE_SERVERS], ["webrtcICEServers2"]);
}

function iceServerOf(url: RawValue): RawValue {
  if (typeof url !== "string") return { url };
  const parts = url.split(":");
  if (parts.length !== 5) return { url };
  const [scheme = "", username = "", password = "", host, port] = parts;
  return { url: `${scheme}:${host}:${port}`, username, password };
}

function moveToPathDefaults(raw: RawObject, replacer: KeyReplacer): void {
  for (const key of KEYS_OF_PATH_DEFAULTS) {
    const value = take(raw, key);
    if (value === undefined) continue;
    raw["pathDefaults"] ??= {};
    if (!isObject(raw["pathDefaults"])) continue; // refused as a whole
    raw["pathDefaults"][key] = value;
    replacer.moved([key], ["pathDefaults", key]);
  }
}

/** Takes a key out; a key without value counts as not given. */
function take(raw: RawObject, key: string): RawValue | undefined {
  if (!Object.hasOwn(raw, key)) return undefined;
  const value = raw[key];
  delete raw[key];
  return value ?? undefined;
}

function isGiven(value: RawValue | undefined): boolean {
  return value !== undefined && value !== null;
}

function isObject(value: RawValue | undefined): value is RawObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
