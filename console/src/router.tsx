import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { z } from "zod";
import { AlertPage } from "./pages/alert.tsx";
import { AlertsPage } from "./pages/alerts.tsx";
import { FunctionPage } from "./pages/function.tsx";
import { FunctionsPage } from "./pages/functions.tsx";
import { InferencePage } from "./pages/inference.tsx";
import { InferencesPage } from "./pages/inferences.tsx";
import { ModelsPage } from "./pages/models/models.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { Shell } from "./shell.tsx";

const root = createRootRoute({ notFoundComponent: NotFoundPage });
const signedIn = createRoute({ getParentRoute: () => root, id: "signed-in", component: SignedIn });

const overview = createRoute({ getParentRoute: () => signedIn, path: "/", component: OverviewPage });
const functions = createRoute({ getParentRoute: () => signedIn, path: "/functions", component: FunctionsPage });
const oneFunction = createRoute({
  getParentRoute: () => signedIn,
  path: "/functions/$name",
  component: FunctionPage,
  validateSearch: z.object({ buckets: z.coerce.number().int().min(5).max(200).optional().catch(undefined) }),
});
const inferences = createRoute({
  getParentRoute: () => signedIn,
  path: "/inferences",
  component: InferencesPage,
  validateSearch: z.object({
    function: z.string().optional().catch(undefined),
    variant: z.string().optional().catch(undefined),
    status: z.enum(["ok", "failed", "refused", "interrupted"]).optional().catch(undefined),
    label: z.string().optional().catch(undefined),
    misread: z.enum(["true", "false"]).optional().catch(undefined),
    fallback: z.enum(["true", "false"]).optional().catch(undefined),
    cursor: z.string().optional().catch(undefined),
  }),
});
const inference = createRoute({ getParentRoute: () => signedIn, path: "/inferences/$id", component: InferencePage });
const models = createRoute({
  getParentRoute: () => signedIn,
  path: "/models",
  component: ModelsPage,
  validateSearch: z.object({
    hours: z.coerce.number().int().min(1).max(168).optional().catch(undefined),
    target: z.string().max(220).optional().catch(undefined),
  }),
});
const alerts = createRoute({
  getParentRoute: () => signedIn,
  path: "/alerts",
  component: AlertsPage,
  validateSearch: z.object({ status: z.enum(["open", "acknowledged", "resolved"]).optional().catch(undefined) }),
});
const alert = createRoute({ getParentRoute: () => signedIn, path: "/alerts/$id", component: AlertPage });
const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", component: SignInPage });

function SignedIn(): ReactNode {
  return <Shell />;
}

export const router = createRouter({
  // Plain words: `?misread=true`, as a person would type it.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const set = Object.entries(search).filter(([, value]) => value !== undefined);
    return set.length === 0 ? "" : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`;
  },
  routeTree: root.addChildren([
    signedIn.addChildren([overview, functions, oneFunction, models, inferences, inference, alerts, alert]),
    signIn,
  ]),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
