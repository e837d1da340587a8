import Ajv from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";

type Json = Record<string, unknown>;

/** An operation as a document describes it. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Schemas of the answers by status code. */
  readonly answers: ReadonlyMap<number, Json>;
}

/** A document of OpenAPI 3.0 that answers can be checked against. */
export class ApiDescription {
  readonly operations: readonly DescribedOperation[];
  #components: Json;
  #ajv: Ajv.default;

  /** Input: the document, as YAML or JSON has it. */
  constructor(document: Json) {
    const paths = document["paths"] as Record<string, Record<string, Json>>;
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        id: operation["operationId"] as string,
        method: method.toUpperCase(),
        path,
        answers: answersOf(operation),
      }))
    );
    this.#components = toJsonSchema(document["components"]) as Json;
    this.#ajv = new Ajv.default({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    for (const format of ["int64", "uint64", "double"]) {
      this.#ajv.addFormat(format, true);
    }
  }

  /** What is wrong with an answer; empty if nothing. */
  faults(
    operation: DescribedOperation,
    status: number,
    answer: unknown,
  ): string[] {
    const schema = operation.answers.get(status);
    if (!schema) return [`status ${status} is not described`];
    const validate = this.#ajv.compile({
      ...toJsonSchema(schema) as Json,
      components: this.#components,
    });
    if (validate(answer)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) =>
      `${instancePath} ${message}`
    );
  }

  /** Properties of a schema that are no old names. */
  propertiesOf(schemaId: string): string[] {
    const schemas = this.#components["schemas"] as Record<string, Json>;
    const properties = schemas[schemaId]!["properties"] as Record<string, Json>;
    return Object.keys(properties)
      .filter((name) => properties[name]!["deprecated"] !== true);
  }
}

/** MediaMTX's own description of its API. */
const PEER_FILE = Deno.env.get("MEDIAMTX_OPENAPI");

/** Registers a test against the description of the API that this one takes the place of; skipped where that is not at hand. */
export function peerTest(
  name: string,
  run: (description: ApiDescription) => Promise<void>,
): void {
  Deno.test({
    name: PEER_FILE ? name : `${name} (needs MEDIAMTX_OPENAPI)`,
    ignore: !PEER_FILE,
    fn: async () =>
      run(new ApiDescription(parse(await Deno.readTextFile(PEER_FILE!)))),
  });
}

function answersOf(operation: Json): Map<number, Json> {
  const responses = operation["responses"] as Record<string, Json>;
  return new Map(
    Object.entries(responses).map(([status, response]) => {
      const content = response["content"] as Record<string, { schema: Json }>;
      return [Number(status), Object.values(content)[0]!.schema];
    }),
  );
}

/** `nullable` allows null whatever else is said beside it. Spec: OpenAPI 3.0.3, as it is meant. */
function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (typeof value !== "object" || value === null) return value;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, toJsonSchema(part)]),
  );
  if (nullable !== true) return rest;
  const { deprecated = false } = rest;
  return { deprecated, anyOf: [{ type: "null" }, rest] };
}
