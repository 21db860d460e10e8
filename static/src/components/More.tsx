/** What stands below a list of which only the first are drawn. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

interface MoreProps {
  /** How many are not drawn. */
  readonly count: number;
  readonly what: string;
  readonly onMore: () => void;
}

export function More({ count, what, onMore }: MoreProps): JSX.Element | null {
  if (count <= 0) return null;
  return (
    <p class="more">
      <button type="button" onClick={onMore}>
        Show more
      </button>{" "}
      {count} {what}
    </p>
  );
}

/** How many are drawn, and what draws so many more. */
export function useShown(atOnce: number): readonly [shown: number, more: () => void] {
  const [shown, setShown] = useState(atOnce);
  return [
    shown,
    () => {
      setShown(shown + atOnce);
    },
  ];
}
