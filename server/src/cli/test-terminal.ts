import { type Operation, type Route, routes } from "@millrace/contract";
import { createClient } from "@millrace/sdk";
import { applyFunctions, chooseRows, scorePredictions } from "../data/index.ts";
import { createCli } from "./create.ts";
import type { CliDeps, Terminal } from "./types.ts";

/** What a test's server answers: by operation, from the request's parts; throw a `Refusal` for an error. */
export type Answers = {
  [O in Operation]?: (request: { parameters: Record<string, string>; query: Record<string, string>; body: unknown }) => unknown;
};

export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  details: Record<string, unknown> = {};

  constructor(code: string, status: number, headers: Record<string, string> = {}) {
    super(`It was refused: ${code}.`);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
  readonly requests: readonly { operation: Operation; parameters: Record<string, string>; query: Record<string, string>; body: unknown }[];
}

/**
 * Runs one command line against answers that are checked with the contract's own schemas, both ways: a test cannot pass on
 * a request the server would refuse, or on an answer it would never give.
 */
export async function runCli(
  args: readonly string[],
  answers: Answers = {},
  options: { terminal?: Partial<Terminal>; deps?: Partial<CliDeps> } = {},
): Promise<Ran> {
  const requests: { operation: Operation; parameters: Record<string, string>; query: Record<string, string>; body: unknown }[] = [];
  let out = "";
  let error = "";
  const terminal: Terminal = {
    out: (text) => {
      out += `${text}\n`;
    },
    error: (text) => {
      error += text;
    },
    columns: 120,
    isTerminal: false,
    isErrorTerminal: false,
    colours: false,
    readInput: () => Promise.resolve(""),
    ...options.terminal,
  };

  async function answer(url: string | URL | Request, init?: RequestInit): Promise<Response> {
    const address = new URL(String(url));
    const { operation, route, parameters } = findRoute(init?.method ?? "GET", address.pathname);
    const query = Object.fromEntries(address.searchParams);
    const body: unknown =
      route.body === "stream"
        ? await new Response(init?.body).text()
        : init?.body === undefined
          ? undefined
          : JSON.parse(String(init.body));
    route.parameters?.parse(parameters);
    route.query?.parse(query);
    if (route.body !== undefined && route.body !== "stream") route.body.parse(body);
    requests.push({ operation, parameters, query, body });
    const give = answers[operation];
    if (give === undefined) throw new TypeError(`The test has no answer for ${operation}.`);
    try {
      const answer = give({ parameters, query, body });
      if (route.response === "stream") return new Response(String(answer));
      return Response.json(route.response.parse(answer), { status: route.status ?? 200 });
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      const problem = {
        type: "about:blank",
        title: refusal.code,
        status: refusal.status,
        detail: refusal.message,
        code: refusal.code,
        fix: "Do something else.",
        requestId: "request-1",
        details: refusal.details,
      };
      return Response.json(problem, { status: refusal.status, headers: refusal.headers });
    }
  }

  const unused = (): Promise<never> => Promise.reject(new Error("This test does not start anything."));
  const cli = createCli({
    startApp: unused,
    runDemo: unused,
    migrate: unused,
    restore: unused,
    scorePredictions,
    chooseRows,
    applyFunctions,
    version: "0.0.0-test",
    connect: ({ url, key }) => createClient({ url, fetch: answer, ...(key === undefined ? {} : { key }) }),
    terminal,
    ...options.deps,
  });
  const code = await cli.run(args);
  return { code, out, error, requests };
}

function findRoute(method: string, path: string): { operation: Operation; route: Route; parameters: Record<string, string> } {
  for (const [operation, route] of Object.entries(routes as Record<string, Route>)) {
    if (route.method !== method) continue;
    const pattern = new RegExp(`^${route.path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
    const match = pattern.exec(path);
    if (match === null) continue;
    const parameters = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));
    return { operation: operation as Operation, route, parameters };
  }
  throw new TypeError(`No route takes ${method} ${path}.`);
}
