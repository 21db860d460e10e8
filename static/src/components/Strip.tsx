import type { JSX } from "preact";

import "../styles/strip.css";
import type { DrawnPart } from "../api/types";

/** From one stroke of a hatch to the next. */
const APART = 5;

interface HoldProps {
  readonly x: number;
  readonly w: number;
  readonly height: number;
}

/** Hatched: a time at no scale. */
function Hold({ x, w, height }: HoldProps): JSX.Element {
  const count = Math.max(1, Math.floor(w / APART));
  const strokes = Array.from(
    { length: count },
    (_, index) => `M${(x + (w * index) / count).toFixed(1)} ${height}l${Math.min(height, w)} ${-height}`,
  );
  return (
    <g class="tr-hold">
      <rect x={x} y="0" width={Math.max(0.8, w)} height={height} />
      <path d={strokes.join("")} />
    </g>
  );
}

interface StripProps {
  readonly parts: readonly DrawnPart[];
  readonly duration: number;
  readonly width: number;
  readonly height: number;
}

/** The mini timeline of a row. */
export function Strip({ parts, duration, width, height }: StripProps): JSX.Element {
  const scale = width / Math.max(1, duration);
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${width} ${height}`}
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect x="0" y="0" width={width} height={height} rx="2" class="trbg" />
      {parts.map(([kind, begin, end], index) =>
        kind === "hold" ? (
          <Hold key={index} x={begin * scale} w={(end - begin) * scale} height={height} />
        ) : (
          <rect
            key={index}
            x={begin * scale}
            y="0"
            width={Math.max(0.8, (end - begin) * scale)}
            height={height}
            class={`tr ${kind}`}
          />
        ),
      )}
    </svg>
  );
}
