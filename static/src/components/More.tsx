/** The end of a list of which only the first items are drawn. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { grouped } from "../trace/format";

interface MoreProps {
  /** The number of items that are not drawn. */
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
      {grouped(count)} {what}
    </p>
  );
}

/** The number of drawn items, and a function that draws more. */
export function useShown(atOnce: number): readonly [shown: number, more: () => void] {
  const [shown, setShown] = useState(atOnce);
  return [
    shown,
    () => {
      setShown(shown + atOnce);
    },
  ];
}
