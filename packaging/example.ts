/** Writes config.example.yml from the schema of the configuration. */
import { exampleConfig } from "#config/example.ts";

await Deno.writeTextFile("config.example.yml", exampleConfig());
