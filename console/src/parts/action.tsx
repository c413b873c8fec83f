import type { Permission } from "@millrace/contract";
import { type ReactNode, useId, useState } from "react";
import { useOperation } from "../api.ts";

/** Whether who is signed in may do this; undefined until it is known. The server has the last word anyway. */
export function useMay(permission: Permission): boolean | undefined {
  const me = useOperation("governance.me", {}, 60_000);
  return me.data?.permissions.includes(permission);
}

interface ActionProps {
  readonly permission: Permission;
  /** Why it makes no sense now, for a person; absent when it does. */
  readonly obstacle?: string | undefined;
  readonly className?: string;
  /** For lists, where "Switch off" stands in every row. */
  readonly label?: string;
  readonly onPress: () => void;
  readonly children: ReactNode;
}

/** A button for what needs a permission. Without it the button stays, can be reached by the keyboard, and says why it does nothing. */
export function Action({ permission, obstacle, className = "", label, onPress, children }: ActionProps): ReactNode {
  const may = useMay(permission);
  // Not known yet is no refusal, and must not be read out as one.
  const reason = may === false ? `You are not allowed to: it needs the permission ${permission}.` : obstacle;
  const does = may === true && obstacle === undefined;
  const [told, setTold] = useState(false);
  const id = useId();
  return (
    <>
      <button
        type="button"
        className={className}
        aria-label={label}
        aria-disabled={!does}
        aria-describedby={reason === undefined ? undefined : id}
        title={reason}
        onClick={() => (does ? onPress() : setTold(true))}
      >
        {children}
      </button>
      {reason !== undefined && (
        <small id={id} role="status" className={told ? "reason" : "hidden"}>
          {reason}
        </small>
      )}
    </>
  );
}
