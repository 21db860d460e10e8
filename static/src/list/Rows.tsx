/** The visible rows, positioned in a list with the height of all rows. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { actions } from "../state/actions";
import { olderThan } from "../state/log";
import { state } from "../state/store";
import { rows, tops } from "./current";
import { Gap, Request, Restart, Static } from "./Row";
import { PACE, rowAt, useScroll } from "./scroll";

/** The number of rows drawn above and below the visible ones. */
const BEYOND = 8;

export function Rows(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { from, height, onScroll } = useScroll(box, rows.value, tops.value);
  const { selected } = state.value;
  const all = rows.value;
  const first = Math.max(0, rowAt(tops.value, from) - BEYOND);
  const last = Math.min(all.length, rowAt(tops.value, from + PACE + height) + BEYOND);
  useLayoutEffect(() => {
    if (last >= all.length - BEYOND && olderThan(state.value) !== null) actions.older();
  });
  return (
    <div class="rows" ref={box} onScroll={onScroll}>
      <ol style={{ height: `${tops.value.at(-1) ?? 0}px` }}>
        {all.slice(first, last).map((row, index) => (
          <li
            key={row.key}
            class={row.kind}
            style={{
              transform: `translateY(${tops.value[first + index] ?? 0}px)`,
              height: `${(tops.value[first + index + 1] ?? 0) - (tops.value[first + index] ?? 0)}px`,
            }}
            aria-setsize={all.length}
            aria-posinset={first + index + 1}
          >
            {row.kind === "request" ? (
              <Request row={row} current={row.key === selected} />
            ) : row.kind === "static" ? (
              <Static row={row} />
            ) : row.kind === "gap" ? (
              <Gap row={row} />
            ) : row.kind === "restart" ? (
              <Restart row={row} />
            ) : (
              <p class="beside">Going on beside it</p>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}
