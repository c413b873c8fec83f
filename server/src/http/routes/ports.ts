import { type Operation, routes } from "@millrace/contract";
import type { ControlOperation, Handlers, Ports } from "../types.ts";

/** Modules whose services already look like their routes: `ports.data.list` answers `data.list`. */
const portModules = [
  "overview",
  "evidence",
  "storage",
  "jobs",
  "data",
  "models",
  "feedback",
  "monitoring",
  "evaluation",
  "release",
] as const;
type PortModule = (typeof portModules)[number];
type PortHandlers = Pick<Handlers, Extract<ControlOperation, `${PortModule}.${string}`>>;
type LoosePort = Record<string, (request: unknown, context: unknown) => unknown>;

export function portHandlers(ports: Pick<Ports, PortModule>): PortHandlers {
  const handlers: Partial<Record<Operation, unknown>> = {};
  for (const operation of Object.keys(routes) as Operation[]) {
    const [module, verb] = operation.split(".") as [PortModule, string];
    if (!portModules.includes(module)) continue;
    const port = ports[module] as unknown as LoosePort;
    handlers[operation] = (request: unknown, context: unknown) => port[verb]!(request, context);
  }
  return handlers as PortHandlers;
}
