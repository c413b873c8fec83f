import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Head } from "../parts/head.tsx";
import { Shell } from "../shell.tsx";

export function NotFoundPage(): ReactNode {
  return (
    <Shell>
      <Head title="There is no such page" lead="The address may be mistyped, or from another version." />
      <p>
        Go to the <Link to="/">overview</Link>, or look among the <Link to="/inferences">inferences</Link>.
      </p>
    </Shell>
  );
}
