import { MillraceError } from "@millrace/sdk";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isUnreachable } from "../api.ts";
import { inline } from "./markdown.tsx";

/** Shows what a query came to: its data, that it loads, or what went wrong and what to do. A lost connection is told once, by the shell. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T, Error>; children: (data: T) => ReactNode }): ReactNode {
  if (query.data !== undefined) {
    return (
      <>
        {query.error !== null && !isUnreachable(query.error) && <ErrorBanner error={query.error} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error !== null) return <ErrorBanner error={query.error} />;
  return (
    <p className="quiet" role="status">
      Loading…
    </p>
  );
}

export function ErrorBanner({ error }: { error: Error }): ReactNode {
  return (
    <div className="banner bad" role="alert">
      <b>{error.message}</b> <span>{inline(error instanceof MillraceError ? error.fix : "Try again.")}</span>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <b>{title}</b>
      {children}
    </div>
  );
}

export function Tag({ tone, children }: { tone?: "good" | "warn" | "bad" | "water" | undefined; children: ReactNode }): ReactNode {
  return <span className={tone === undefined ? "tag" : `tag ${tone}`}>{children}</span>;
}
