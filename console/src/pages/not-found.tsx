import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

export function NotFoundPage(): ReactNode {
  return (
    <div className="centered">
      <div className="card">
        <h1>There is no such page</h1>
        <p>
          Go to the <Link to="/">overview</Link>.
        </p>
      </div>
    </div>
  );
}
