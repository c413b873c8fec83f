import { type ReactNode, useEffect, useRef, useState } from "react";
import { ErrorBanner } from "./state.tsx";

interface ReasonDialogProps {
  readonly title: string;
  /** What will happen, before it does. */
  readonly children: ReactNode;
  readonly confirm: string;
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks for a reason before something grave. Mounted is open; Escape closes it; a refusal is shown inside. */
export function ReasonDialog({ title, children, confirm, onConfirm, onClose }: ReasonDialogProps): ReactNode {
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

  return (
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
          <button type="submit" className="primary danger" disabled={busy}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
