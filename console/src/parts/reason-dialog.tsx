import { type ReactNode, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { ErrorBanner } from "./state.tsx";

interface ReasonDialogProps {
  readonly title: string;
  /** What will happen, before it does. */
  readonly children: ReactNode;
  readonly confirm: string;
  /** Red, for what hurts; the default. */
  readonly grave?: boolean;
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks for a reason before something grave. Mounted is open; Escape closes it; a refusal is shown inside. */
export function ReasonDialog({ title, children, confirm, grave = true, onConfirm, onClose }: ReasonDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);

  useEffect(() => {
    const element = dialog.current!;
    if (!element.open) element.showModal();
  }, []);

  async function submit(): Promise<void> {
    setBusy(true);
    try {
      await onConfirm(reason.trim());
      // What was confirmed may have taken this dialog away already: then no close event comes.
      onClose();
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)));
      setBusy(false);
    }
  }

  // At the end of the page: in a row of a table it would look like the row.
  return createPortal(
    <dialog ref={dialog} aria-labelledby="reason-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1 id="reason-title">{title}</h1>
        <div className="quiet">{children}</div>
        <label className="field">
          Reason
          <input
            required
            pattern=".*\S.*"
            title="Say why, in a few words"
            maxLength={500}
            autoFocus
            autoComplete="off"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        {error !== null && <ErrorBanner error={error} />}
        <div className="row end">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className={grave ? "primary danger" : "primary"} disabled={busy}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>,
    document.body,
  );
}
