import { type ReactNode, useEffect } from "react";

interface HeadProps {
  readonly title: string;
  /** Beside the title, for example a state. */
  readonly beside?: ReactNode;
  /** One line below it. */
  readonly lead: ReactNode;
  /** What can be done here, at the right. */
  readonly children?: ReactNode;
}

/** The top of a page; its title is the browser tab's, too. */
export function Head({ title, beside, lead, children }: HeadProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Millrace`;
  }, [title]);
  return (
    <header className="head">
      <div>
        <h1>
          {title} {beside}
        </h1>
        <p>{lead}</p>
      </div>
      {children !== undefined && <div className="row">{children}</div>}
    </header>
  );
}
