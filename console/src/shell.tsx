import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo, useRef } from "react";
import { client, isSignedOut, queryClient, useOperation } from "./api.ts";
import { useKeys } from "./parts/keys.ts";
import { SignedOutPage } from "./pages/sign-in.tsx";
import { type Theme, setTheme, useTheme } from "./theme.ts";

const pages = [
  { to: "/", title: "Overview", key: "o" },
  { to: "/functions", title: "Functions", key: "f" },
  { to: "/inferences", title: "Inferences", key: "i" },
  { to: "/alerts", title: "Alerts", key: "a" },
] as const;

/** The frame of every page: navigation, who is signed in, theme, keys. */
export function Shell(): ReactNode {
  const navigate = useNavigate();
  const theme = useTheme();
  const help = useRef<HTMLDialogElement>(null);
  const me = useOperation("governance.me", {}, 60_000);
  const alerts = useOperation("monitoring.alerts", { query: { status: "open" } });
  const bindings = useMemo(
    () => ({
      ...Object.fromEntries(pages.map((page) => [`g ${page.key}`, () => void navigate({ to: page.to })])),
      "?": () => help.current?.showModal(),
      t: () => setTheme(document.documentElement.dataset["theme"] === "dark" ? "light" : "dark"),
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
          <img src="/icon.svg" alt="" />
          Millrace
        </Link>
        <nav aria-label="Pages">
          {pages.map((page) => (
            <Link key={page.to} to={page.to} activeOptions={{ exact: page.to === "/", includeSearch: false }}>
              <span>
                {page.title} {page.to === "/alerts" && open > 0 && <span className="tag bad">{open}</span>}
              </span>
              <span>
                <kbd>g</kbd> <kbd>{page.key}</kbd>
              </span>
            </Link>
          ))}
        </nav>
        <div className="foot">
          <label>
            <span className="quiet">Theme </span>
            <select aria-label="Theme" value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
              <option value="system">System</option>
              <option value="light">Light</option>
              <option value="dark">Dark</option>
            </select>
          </label>
          <span className="quiet">{me.data?.name ?? ""}</span>
          <span className="row">
            <a href="/api/docs">API</a>
            <button type="button" onClick={() => help.current?.showModal()}>
              Keys <kbd>?</kbd>
            </button>
            <button type="button" onClick={() => void signOut()}>
              Sign out
            </button>
          </span>
        </div>
      </aside>
      <main className="main" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <dialog ref={help} aria-label="Keys">
        <h1>Keys</h1>
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
        <form method="dialog">
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
