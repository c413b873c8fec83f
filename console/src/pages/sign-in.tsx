import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { client, queryClient } from "../api.ts";
import { ErrorBanner } from "../parts/state.tsx";

/** Opened by the one-time link: spends the token behind `#` (which never reaches a log) and goes on to the overview. */
export function SignInPage(): ReactNode {
  const navigate = useNavigate();
  const [error, setError] = useState<Error | null>(null);
  const spent = useRef(false);

  useEffect(() => {
    if (spent.current) return;
    spent.current = true;
    const token = window.location.hash.slice(1);
    window.history.replaceState(null, "", "/sign-in");
    client
      .call("governance.signIn", { body: { token } })
      .then(() => queryClient.clear())
      .then(() => navigate({ to: "/" }))
      .catch((caught: unknown) => setError(caught instanceof Error ? caught : new Error(String(caught))));
  }, [navigate]);

  return (
    <div className="centered">
      <div className="card">
        <Brand />
        {error === null ? (
          <p role="status">Signing in…</p>
        ) : (
          <>
            <ErrorBanner error={error} />
            <HowToSignIn />
            <p>
              Signed in already? Go to the <Link to="/">overview</Link>.
            </p>
          </>
        )}
      </div>
    </div>
  );
}

export function SignedOutPage(): ReactNode {
  return (
    <div className="centered">
      <div className="card">
        <Brand />
        <p>You are not signed in.</p>
        <HowToSignIn />
      </div>
    </div>
  );
}

function HowToSignIn(): ReactNode {
  return (
    <>
      <p>On the machine where the server runs, print a sign-in link and open it here. It works once.</p>
      <pre>millrace governance link</pre>
    </>
  );
}

function Brand(): ReactNode {
  return (
    <h1 className="brand">
      <img src="/icon.svg" alt="" width={26} height={26} />
      Millrace
    </h1>
  );
}
