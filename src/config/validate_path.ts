import { errorText } from "#base/errors.ts";
import type { Secret } from "#base/secret.ts";
import { compilePathPattern, isPatternEntry } from "#paths/path_matcher.ts";
import { validatePathName } from "#paths/path_name.ts";
import type { KeyPath } from "./errors.ts";
import type { Findings } from "./read_fields.ts";
import type { Config, PathConfig } from "./root_schema.ts";
import { validateCamera, validateCameraPairs } from "./validate_camera.ts";
import {
  checkForward,
  checkRedirect,
  checkSource,
  isStaticSource,
  schemeOf,
} from "./validate_source.ts";

const MS_PER_DAY = 86_400_000;
const MIN_PASSPHRASE_BYTES = 10;
const MAX_PASSPHRASE_BYTES = 79;

/** Three spellings of the entry that takes every name. */
const CATCH_ALL_SPELLINGS = ["all_others", "all", "~^.*$"];

/** Says that a key of the path cannot be used. */
type Refuse = (key: keyof PathConfig | string, reason: string) => void;

/** Checks names and entries of `paths`, in the order of their names. Spec: MediaMTX's configuration file. */
export function validatePaths(config: Config, findings: Findings): void {
  const aliases = CATCH_ALL_SPELLINGS.filter((key) => config.paths.has(key));
  if (aliases.length > 1) {
    findings.refuse(
      ["paths", aliases[1]!],
      "all_others, all and '~^.*$' are aliases",
    );
  }
  for (const [name, path] of config.paths) {
    const nameReason = checkEntryName(name);
    if (nameReason !== undefined) {
      findings.refuse(["paths", name], nameReason);
      continue;
    }
    const refuse: Refuse = (key, reason) =>
      findings.refuse(keyPathOf(config, name, key), reason);
    validatePath(path, config.playback, refuse);
    if (schemeOf(path.source) === "unix+rtp") {
      findings.warn(
        keyPathOf(config, name, "source"),
        "source 'unix+rtp' is deprecated",
      );
    }
  }
  validateCameraPairs(
    config.paths,
    (name, key, reason) =>
      findings.refuse(keyPathOf(config, name, key), reason),
  );
}

/** Where a value of a path comes from: its entry, or `pathDefaults`. */
function keyPathOf(config: Config, name: string, key: string): KeyPath {
  const isInherited = !Object.hasOwn(config.given.paths.get(name) ?? {}, key) &&
    Object.hasOwn(config.given.pathDefaults, key);
  return isInherited ? ["pathDefaults", key] : ["paths", name, key];
}

function checkEntryName(name: string): string | undefined {
  if (!isPatternEntry(name)) {
    const reason = validatePathName(name);
    return reason && `invalid path name '${name}': ${reason}`;
  }
  if (!name.startsWith("~")) return undefined;
  try {
    compilePathPattern(name.slice(1));
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

function validatePath(
  path: PathConfig,
  isPlaybackOn: boolean,
  refuse: Refuse,
): void {
  validateSource(path, refuse);
  validatePassphrases(path, refuse);
  if (path.alwaysAvailable) validateAlwaysAvailable(path, refuse);
  path.forward.forEach(({ dest }, i) => {
    const reason = checkForward(dest);
    if (reason !== undefined) {
      refuse("forward", `invalid 'forward': entry ${i}: ${reason}`);
    }
  });
  validateRecording(path, isPlaybackOn, refuse);
  validateHooks(path, refuse);
  if (path.source === "rpiCamera") validateCamera(path, refuse);
}

function validateSource(path: PathConfig, refuse: Refuse): void {
  const { source, sourceOnDemand, sourceRedirect, fallback } = path;
  const sourceReason = checkSource(source);
  if (sourceReason !== undefined) refuse("source", sourceReason);
  if (schemeOf(source).endsWith("+rtp") && path.rtpSDP === "") {
    refuse("rtpSDP", "`rtpSDP` was not provided");
  }
  if (source === "publisher" && sourceOnDemand) {
    refuse(
      "sourceOnDemand",
      "'sourceOnDemand' is useless when source is 'publisher'",
    );
  }
  if (isStaticSource(source) && isPatternEntry(path.name) && !sourceOnDemand) {
    refuse(
      "sourceOnDemand",
      "a path with a regular expression (or path 'all_others') and a static source must have 'sourceOnDemand' set to true",
    );
  }
  if (source !== "redirect" && sourceRedirect !== "") {
    refuse(
      "sourceRedirect",
      "'sourceRedirect' is useless when source is not 'redirect'",
    );
  }
  if (source === "redirect") {
    const reason = sourceRedirect === ""
      ? "source redirect must be filled"
      : checkRedirect(sourceRedirect);
    if (reason !== undefined) refuse("sourceRedirect", reason);
  }
  if (fallback !== "") {
    const reason = checkRedirect(fallback);
    if (reason !== undefined) refuse("fallback", reason);
  }
}

function validatePassphrases(path: PathConfig, refuse: Refuse): void {
  if (hasBadLength(path.srtReadPassphrase)) {
    refuse(
      "srtReadPassphrase",
      "invalid 'readRTPassphrase': must be between 10 and 79 characters",
    );
  }
  if (path.srtPublishPassphrase.reveal() === "") return;
  if (path.source !== "publisher") {
    refuse(
      "srtPublishPassphrase",
      "'srtPublishPassphase' can only be used when source is 'publisher'",
    );
  }
  if (hasBadLength(path.srtPublishPassphrase)) {
    refuse(
      "srtPublishPassphrase",
      "invalid 'srtPublishPassphrase': must be between 10 and 79 characters",
    );
  }
}

function hasBadLength(passphrase: Secret): boolean {
  const sizeBytes = new TextEncoder().encode(passphrase.reveal()).length;
  return sizeBytes > 0 &&
    (sizeBytes < MIN_PASSPHRASE_BYTES || sizeBytes > MAX_PASSPHRASE_BYTES);
}

function validateAlwaysAvailable(path: PathConfig, refuse: Refuse): void {
  if (isPatternEntry(path.name)) {
    refuse(
      "alwaysAvailable",
      "'alwaysAvailable' cannot be used in a path with a regular expression (or path 'all_others')",
    );
  }
  if (path.sourceOnDemand) {
    refuse(
      "sourceOnDemand",
      "'sourceOnDemand' is not compatible with 'alwaysAvailable'",
    );
  }
  if (path.runOnDemand !== "" || path.runOnUnDemand !== "") {
    refuse(
      "alwaysAvailable",
      "'runOnDemand' and 'runOnUnDemand' cannot be used with 'alwaysAvailable'",
    );
  }
  if (path.useAbsoluteTimestamp) {
    refuse(
      "useAbsoluteTimestamp",
      "'useAbsoluteTimestamp' cannot be used with 'alwaysAvailable'",
    );
  }
  const hasFile = path.alwaysAvailableFile !== "";
  const hasTracks = path.alwaysAvailableTracks.length > 0;
  if (hasFile && hasTracks) {
    refuse(
      "alwaysAvailableFile",
      "'alwaysAvailableFile' and 'alwaysAvailableTracks' cannot be used together",
    );
  }
  if (!hasFile && !hasTracks) {
    refuse(
      "alwaysAvailableTracks",
      "'alwaysAvailableTracks' must contain at least one track",
    );
  }
}

function validateRecording(
  path: PathConfig,
  isPlaybackOn: boolean,
  refuse: Refuse,
): void {
  const { recordPath, recordSegmentDurationMs, recordDeleteAfterMs } = path;
  const has = (part: string) => recordPath.includes(part);
  if (!has("%path")) refuse("recordPath", "'recordPath' must contain %path");
  const parts = ["%Y", "%m", "%d", "%H", "%M", "%S"];
  if (!has("%s") && !parts.every(has)) {
    refuse(
      "recordPath",
      "'recordPath' must contain either %s or %Y %m %d %H %M %S",
    );
  }
  if (isPlaybackOn && !has("%f")) {
    refuse("recordPath", "'recordPath' must contain %f");
  }
  if (recordSegmentDurationMs > MS_PER_DAY) {
    refuse("recordSegmentDuration", "maximum segment duration is 1 day");
  }
  if (
    recordDeleteAfterMs !== 0 && recordDeleteAfterMs < recordSegmentDurationMs
  ) {
    refuse(
      "recordDeleteAfter",
      "'recordDeleteAfter' cannot be lower than 'recordSegmentDuration'",
    );
  }
}

function validateHooks(path: PathConfig, refuse: Refuse): void {
  if (path.runOnInit !== "" && isPatternEntry(path.name)) {
    refuse(
      "runOnInit",
      "a path with a regular expression (or path 'all_others') does not support option 'runOnInit'; use another path",
    );
  }
  const demandKey = path.runOnDemand !== "" ? "runOnDemand" : "runOnUnDemand";
  if (path[demandKey] !== "" && path.source !== "publisher") {
    refuse(
      demandKey,
      "'runOnDemand' and 'runOnUnDemand' can be used only when source is 'publisher'",
    );
  }
}
