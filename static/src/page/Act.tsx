/** An item of the Share menu. */

import type { JSX } from "preact";

interface ActProps {
  readonly title: string;
  readonly says: string;
  readonly off?: boolean;
  readonly onAct: () => void;
}

export function Act({ title, says, off = false, onAct }: ActProps): JSX.Element {
  return (
    <button type="button" class="act" disabled={off} onClick={onAct}>
      <b>
        <bdi>{title}</bdi>
      </b>{" "}
      <span>{says}</span>
    </button>
  );
}
