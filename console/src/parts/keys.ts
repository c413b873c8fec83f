import { useEffect } from "react";

const waitMs = 900;

/** Keys for the whole page: `{ "g o": goToOverview, "?": showHelp }`. Silent while someone types. */
export function useKeys(bindings: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    let first = "";
    let timer: number | undefined;
    function onKeyDown(event: KeyboardEvent): void {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, dialog[open]") !== null) return;
      // Enter on a link or a button is that link's or button's.
      if (event.key === "Enter" && target.closest("a, button, summary") !== null) return;
      const sequence = first === "" ? event.key : `${first} ${event.key}`;
      const run = bindings[sequence] ?? bindings[event.key];
      window.clearTimeout(timer);
      first = "";
      if (run !== undefined) {
        event.preventDefault();
        run();
      } else if (Object.keys(bindings).some((binding) => binding.startsWith(`${event.key} `))) {
        first = event.key;
        timer = window.setTimeout(() => (first = ""), waitMs);
      }
    }
    window.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
      window.clearTimeout(timer);
    };
  }, [bindings]);
}
