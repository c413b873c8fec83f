import { type Operation, type Route, problemSchema, routes } from "@millrace/contract";
import { z } from "zod";

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document, made from the one table of routes. */
export function createOpenapi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [operation, route] of Object.entries(routes) as [Operation, Route][]) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(operation, route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Millrace",
      version,
      description: "Runs AI features in production and makes them better while they run.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ key: [] }, { session: [] }],
    tags: [...new Set(Object.keys(routes).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: toSchema(problemSchema, "output") },
      responses: {
        Problem: {
          description: "What was wrong, where, and what to do (RFC 9457)",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
      securitySchemes: { key: { type: "http", scheme: "bearer" }, session: { type: "apiKey", in: "cookie", name: "millrace_session" } },
    },
  };
}

function describeOperation(operation: Operation, route: Route): Json {
  const parameters = [
    ...describeParameters(route.parameters, "path"),
    ...describeParameters(route.query, "query"),
    ...(route.hot ? hotHeaders : []),
  ];
  return {
    operationId: operation,
    tags: [tagOf(operation)],
    summary: route.summary,
    ...(route.permission === "public" ? { security: [] } : { "x-permission": route.permission }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: describeBody(route.body) } }),
    responses: {
      [String(route.status ?? 200)]: {
        description: "Done",
        content: describeResponse(route.response),
      },
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

const hotHeaders: Json[] = [
  {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    schema: { type: "string", minLength: 1, maxLength: 200 },
    description: "The same key and input bring back the same answer for 24 hours.",
  },
  {
    name: "traceparent",
    in: "header",
    required: false,
    schema: { type: "string" },
    description: "W3C trace context; its trace id is kept in the evidence.",
  },
];

function describeParameters(schema: z.ZodObject | undefined, place: "path" | "query"): Json[] {
  if (schema === undefined) return [];
  const described = toSchema(schema, place === "path" ? "output" : "input") as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(described.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (described.required ?? []).includes(name),
    schema: property,
  }));
}

function describeBody(body: z.ZodType | "stream"): Json {
  if (body === "stream") return { "application/x-ndjson": { schema: { type: "string", description: "One JSON object a line" } } };
  return { "application/json": { schema: toSchema(body, "input") } };
}

function describeResponse(response: z.ZodType | "stream"): Json {
  if (response === "stream") return { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
  return { "application/json": { schema: toSchema(response, "output") } };
}

function toSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Json;
  return rest;
}

function tagOf(operation: string): string {
  return operation.slice(0, operation.indexOf("."));
}
