import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** The reference page runs inline script and eval-free bundles of its own; it may still load nothing from elsewhere. */
const docsPolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const docsPrefix = "/api/docs";

/** /api/openapi.json and the reference page at /api/docs, for anyone with a key or a session. */
export function registerDocs(app: FastifyInstance, openapi: () => unknown, requirePrincipal: (request: FastifyRequest) => void): void {
  const onRequest = async (request: FastifyRequest) => requirePrincipal(request);
  app.get("/api/openapi.json", { onRequest }, async (_request, reply) =>
    reply.type("application/json").header("cache-control", "no-store").send(JSON.stringify(openapi())),
  );

  // The page's bundle is 4 MB of JavaScript in memory: it is loaded when somebody asks for it first.
  let page: Promise<FastifyInstance> | undefined;
  const serve = async (request: FastifyRequest, reply: FastifyReply) => {
    page ??= createPage();
    const answer = await (await page).inject({ method: "GET", url: request.url, headers: { host: request.headers.host ?? "localhost" } });
    const { "content-type": type, location } = answer.headers;
    reply.code(answer.statusCode).header("content-security-policy", docsPolicy).header("x-content-type-options", "nosniff");
    if (typeof location === "string") reply.header("location", location);
    return reply.type(String(type ?? "text/plain")).send(answer.rawPayload);
  };
  app.get(docsPrefix, { onRequest }, serve);
  app.get(`${docsPrefix}/*`, { onRequest }, serve);
}

async function createPage(): Promise<FastifyInstance> {
  const [{ fastify }, { default: reference }] = await Promise.all([import("fastify"), import("@scalar/fastify-api-reference")]);
  const app = fastify();
  await app.register(reference, {
    routePrefix: docsPrefix,
    configuration: {
      url: "/api/openapi.json",
      pageTitle: "Millrace API",
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
    },
  });
  await app.ready();
  return app;
}
