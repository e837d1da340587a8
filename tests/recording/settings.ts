import { buildConfig } from "#config/build.ts";
import type { RecordingConfig } from "#recording/config.ts";

/** Keys of recordings with their defaults, and changes. */
export function recordingSettings(
  changes: Partial<RecordingConfig> = {},
): RecordingConfig {
  return { ...buildConfig({}).config.pathDefaults, ...changes };
}
