import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

/** The console loads nothing from elsewhere and runs no inline script. */
const consolePolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The built console. Paths that are no file and not under /api or /health get its first page, so that deep links work. */
export async function registerConsole(app: FastifyInstance, publicFolder: string): Promise<void> {
  app.addHook("onSend", async (_request, reply) => {
    if (reply.getHeader("content-security-policy") === undefined && String(reply.getHeader("content-type") ?? "").startsWith("text/html"))
      setPageHeaders(reply);
  });
  if (existsSync(publicFolder)) {
    await app.register(fastifyStatic, {
      root: publicFolder,
      wildcard: false,
      serve: false,
      setHeaders: (reply, path) => {
        reply.header("x-content-type-options", "nosniff");
        // Vite names assets by their content.
        reply.header("cache-control", path.includes(join(publicFolder, "assets")) ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  app.get("/*", async (request, reply) => {
    const path = request.url.split("?", 1)[0]!;
    if (/^\/(api|health)(\/|$)/.test(path)) return reply.callNotFound();
    const file = path.slice(1);
    if (file !== "" && /\.\w+$/.test(file) && !file.includes("..") && existsSync(join(publicFolder, file)))
      return reply.sendFile(file, publicFolder);
    // A page that waits for a script must not be handed a page instead.
    if (path.startsWith("/assets/")) return reply.callNotFound();
    if (existsSync(join(publicFolder, "index.html"))) {
      setPageHeaders(reply);
      return reply.sendFile("index.html", publicFolder);
    }
    setPageHeaders(reply);
    return reply
      .code(path === "/" ? 200 : 404)
      .type("text/html; charset=utf-8")
      .send(notBuiltPage);
  });
}

function setPageHeaders(reply: FastifyReply): void {
  reply.headers({
    "content-security-policy": consolePolicy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  });
}

const notBuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Millrace</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark } code { background: #8882; padding: 0.1em 0.3em }</style>
<h1>Millrace is running</h1>
<p>Its console has not been built yet. Run <code>npm run build</code> in the project's folder, then load this page again.</p>
<p>The API answers already: <a href="/health/ready">/health/ready</a>, <a href="/api/docs">/api/docs</a> (with a key or a session).</p>
</html>
`;
