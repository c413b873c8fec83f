import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo, useRef } from "react";
import { client, isSignedOut, isUnreachable, queryClient, useOperation } from "./api.ts";
import { instant } from "./format.ts";
import { useKeys } from "./parts/keys.ts";
import { SignedOutPage } from "./pages/sign-in.tsx";
import { type Theme, setTheme, switchTheme, useTheme } from "./theme.ts";

const pages = [
  { to: "/", title: "Overview", key: "o" },
  { to: "/functions", title: "Functions", key: "f" },
  { to: "/models", title: "Models", key: "m" },
  { to: "/inferences", title: "Inferences", key: "i" },
  { to: "/alerts", title: "Alerts", key: "a" },
] as const;

/** The frame of every page: navigation, who is signed in, theme, keys, and whether the server still answers. */
export function Shell({ children }: { children?: ReactNode }): ReactNode {
  const navigate = useNavigate();
  const theme = useTheme();
  const help = useRef<HTMLDialogElement>(null);
  const me = useOperation("governance.me", {}, 60_000);
  const alerts = useOperation("monitoring.alerts", { query: { status: "open" } });
  const bindings = useMemo(
    () => ({
      ...Object.fromEntries(pages.map((page) => [`g ${page.key}`, () => void navigate({ to: page.to })])),
      "?": () => help.current?.showModal(),
      t: switchTheme,
      "/": () => document.querySelector<HTMLElement>(".filters input, .filters select")?.focus(),
    }),
    [navigate],
  );
  useKeys(bindings);

  if (isSignedOut(me.error)) return <SignedOutPage />;
  const open = alerts.data?.items.length ?? 0;

  async function signOut(): Promise<void> {
    await client.call("governance.signOut", {});
    queryClient.clear();
    window.location.assign("/");
  }

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <aside className="side">
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width={26} height={26} />
          Millrace
        </Link>
        <nav aria-label="Pages">
          {pages.map((page) => (
            <Link key={page.to} to={page.to} activeOptions={{ exact: page.to === "/", includeSearch: false }}>
              <span>
                {page.title}
                {page.to === "/alerts" && open > 0 && (
                  <span className="count" aria-label={`, ${open} open`}>
                    {open}
                  </span>
                )}
              </span>
              <span className="hint" aria-hidden="true">
                <kbd>g</kbd> <kbd>{page.key}</kbd>
              </span>
            </Link>
          ))}
        </nav>
        <div className="foot">
          <select aria-label="Theme" value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
            <option value="system">System theme</option>
            <option value="light">Light theme</option>
            <option value="dark">Dark theme</option>
          </select>
          <button type="button" className="plain" onClick={() => help.current?.showModal()}>
            Keyboard
            <span className="hint">
              <kbd>?</kbd>
            </span>
          </button>
          <a href="/api/docs">API reference</a>
          <button type="button" className="plain" onClick={() => void signOut()} title={`Signed in as ${me.data?.name ?? "…"}`}>
            Sign out
          </button>
        </div>
      </aside>
      <main className="main" id="main" tabIndex={-1}>
        {children ?? <Outlet />}
      </main>
      {isUnreachable(alerts.error) && (
        <div className="lost" role="alert">
          <b>The server does not answer.</b>{" "}
          {alerts.dataUpdatedAt === 0
            ? ""
            : `This is what it said at ${instant(new Date(alerts.dataUpdatedAt).toISOString()).slice(11)} UTC. `}
          Asking again every 5 s.
        </div>
      )}
      <dialog ref={help} aria-labelledby="keys-title">
        <h1 id="keys-title">Keyboard</h1>
        <dl className="facts">
          {pages.map((page) => (
            <HelpLine key={page.to} keys={["g", page.key]} text={page.title} />
          ))}
          <HelpLine keys={["j", "k"]} text="Next and previous row of a list" />
          <HelpLine keys={["Enter"]} text="Open the chosen row" />
          <HelpLine keys={["/"]} text="To the filters" />
          <HelpLine keys={["t"]} text="Light or dark" />
          <HelpLine keys={["Esc"]} text="Close" />
        </dl>
        <form method="dialog" className="row end">
          <button className="primary">Close</button>
        </form>
      </dialog>
    </div>
  );
}

function HelpLine({ keys, text }: { keys: readonly string[]; text: string }): ReactNode {
  return (
    <>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </>
  );
}
