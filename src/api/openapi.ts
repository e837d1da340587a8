import { z } from "zod";
import { BUILD_INFO } from "#base/build_info.ts";
import type { Operation } from "./operation.ts";
import { ERROR, SCHEMAS } from "./schemas.ts";

/** Version of the specification that the document follows. */
const OPENAPI_VERSION = "3.0.3";

const SCHEMA_PATH = "#/components/schemas/";

/** What is said of status codes. */
const ERROR_TEXTS: Readonly<Record<number, string>> = {
  400: "The request makes no sense, or its values cannot be used.",
  401: "Nobody was let in.",
  404: "There is no such thing.",
  500: "It did not work, or the server ends.",
  503: "Too many already do.",
};

type Json = Record<string, unknown>;

/**
 * The document of the API, made of its operations.
 *
 * Spec: OpenAPI 3.0.
 */
export function openApiDocument(operations: readonly Operation[]): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method]: describeOperation(operation) };
  }
  return {
    openapi: OPENAPI_VERSION,
    info: {
      title: "weir",
      version: BUILD_INFO.version,
      description: "Control API.",
      license: { name: "MIT", url: "https://opensource.org/licenses/MIT" },
    },
    servers: [{ url: "http://localhost:9997" }],
    security: [{ basic: [] }, { bearer: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        basic: { type: "http", scheme: "basic" },
        bearer: { type: "http", scheme: "bearer" },
      },
      schemas: namedSchemas(),
    },
  };
}

function describeOperation(operation: Operation): Json {
  const { id, tag, summary, body, answer, errors } = operation;
  const codes = [...new Set([...errors, 401, 500])].sort((a, b) => a - b);
  return {
    operationId: id,
    tags: [tag],
    summary,
    parameters: [...pathParameters(operation), ...queryParameters(operation)],
    ...body
      ? { requestBody: { required: true, content: jsonContent(body) } }
      : {},
    responses: {
      200: {
        description: "It worked.",
        content: typeof answer === "string"
          ? { [answer]: { schema: { type: "string" } } }
          : jsonContent(answer),
      },
      ...Object.fromEntries(
        codes.map((code) => [code, {
          description: ERROR_TEXTS[code] ?? "It did not work.",
          content: jsonContent(ERROR),
        }]),
      ),
    },
  };
}

function pathParameters({ path }: Operation): Json[] {
  const [, name] = /\{(\w+)\}/.exec(path) ?? [];
  if (name === undefined) return [];
  const schema = name === "id"
    ? { type: "string", format: "uuid" }
    : { type: "string" };
  return [{ name, in: "path", required: true, schema }];
}

function queryParameters({ query }: Operation): Json[] {
  if (!query) return [];
  return Object.entries(query.shape).map(([name, schema]) => {
    const { description, ...rest } = plainSchema(schema as z.ZodType);
    const isOptional = schema instanceof z.ZodOptional;
    return {
      name,
      in: "query",
      required: !isOptional,
      ...description === undefined ? {} : { description },
      schema: rest,
    };
  });
}

function jsonContent(schema: z.ZodType): Json {
  const { id } = SCHEMAS.get(schema)!;
  return { "application/json": { schema: { $ref: SCHEMA_PATH + id } } };
}

function plainSchema(schema: z.ZodType): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
  });
  return json;
}

function namedSchemas(): Json {
  const { schemas } = z.toJSONSchema(SCHEMAS, {
    target: "openapi-3.0",
    io: "input",
    uri: (id) => SCHEMA_PATH + id,
  });
  return Object.fromEntries(
    Object.entries(schemas).map((
      [id, { $id: _uri, $schema: _dialect, ...json }],
    ) => [
      id,
      json,
    ]),
  );
}
