import type { RawObject } from "#base/schema.ts";
import { buildConfig, type BuiltConfig } from "#config/build.ts";
import { applyEnvironment } from "#config/environment.ts";
import { ConfigError } from "#config/errors.ts";
import { parseYamlConfig } from "#config/yaml.ts";

/** Builds from the text of a file named `weir.yml` and an environment. */
export async function buildFromText(
  text: string,
  environment: Record<string, string> = {},
): Promise<BuiltConfig> {
  const { raw, origins } = await parseYamlConfig(text, "weir.yml");
  const problems = applyEnvironment(raw, environment, origins);
  return buildConfig(raw, origins, problems);
}

/** Reasons why `raw` is refused, with the keys they are about; none if it is not. */
export function refusals(raw: RawObject): string[] {
  try {
    buildConfig(structuredClone(raw));
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll("Cannot use config key ", "").split("\n");
  }
}
