/** What of a scrolled diagram is out of sight, and where to scroll for a step. */

import { time } from "../trace/format";

/** The height of a bar that lies over the rows and says what is out of sight, px. */
const BAR = 21;
/** Half the height of a band's label, and what lies above it, px. */
const LABEL = 14;
/** A row is whole in sight with so much on either side, px. */
const ROW = 24;

export interface Hidden {
  readonly above: string | null;
  readonly below: string | null;
}

export const ALL_IN_SIGHT: Hidden = { above: null, below: null };

/** Say what is out of sight above and below. */
export function hiddenIn(figure: HTMLElement, viewTook: number | null): Hidden {
  if (figure.scrollHeight <= figure.clientHeight + 1) return ALL_IN_SIGHT;
  const { top, bottom } = figure.getBoundingClientRect();
  const box = figure.querySelector("svg.diagram .vbox:not(.body)")?.getBoundingClientRect();
  const rows = new Set(
    [...figure.querySelectorAll("svg.diagram .node")]
      .map((node) => node.getBoundingClientRect())
      .map((rect) => Math.round(rect.top + rect.height / 2))
      .filter((y) => box === undefined || y < box.top || y > box.bottom),
  );
  const above = [...rows].filter((y) => y < top).length;
  const below = [...rows].filter((y) => y > bottom).length;
  const view = `the view${viewTook === null ? "" : `, ${time(viewTook)}`}`;
  return {
    above: above > 0 ? counted(above, "above") : null,
    below: box !== undefined && box.bottom > bottom + ROW ? view : below > 0 ? counted(below, "below") : null,
  };
}

function counted(count: number, where: string): string {
  return `${count} ${count === 1 ? "row" : "rows"} ${where}`;
}

/** Scroll so that the current step is in the middle, and what is seen begins at a band's border. */
export function centre(figure: HTMLElement): void {
  // Of a held request, the picked step, or the one at which it is held.
  const node = (
    figure.querySelector("svg.diagram .node.cur") ?? figure.querySelector("svg.diagram .node.held")
  )?.getBoundingClientRect();
  if (node === undefined || figure.scrollHeight <= figure.clientHeight + 1) return;
  const origin = figure.getBoundingClientRect().top - figure.scrollTop;
  const y = node.top + node.height / 2 - origin;
  const tops = [...figure.querySelectorAll("svg.diagram .band")].map(
    (band) => band.getBoundingClientRect().top - origin - LABEL - BAR,
  );
  // A body that is made while it is sent is above all bands.
  figure.scrollTop = topFor(y, [0, ...tops], figure.clientHeight, figure.scrollHeight);
}

/** The band's border nearest to a window in whose middle a row is, if the row is in sight with it. */
export function topFor(y: number, borders: readonly number[], height: number, all: number): number {
  const wanted = Math.min(y - height / 2, all - height);
  const whole = borders.filter(
    (top) => top <= all - height && y - top >= ROW + BAR && top + height - y >= ROW + BAR,
  );
  return whole.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0] ?? wanted;
}
