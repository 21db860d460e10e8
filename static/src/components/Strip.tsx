import type { JSX } from "preact";

import "../styles/strip.css";
import type { StripPart } from "../api/types";

interface StripProps {
  readonly parts: readonly StripPart[];
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
      {parts.map(([kind, begin, end], index) => (
        <rect
          key={index}
          x={begin * scale}
          y="0"
          width={Math.max(0.8, (end - begin) * scale)}
          height={height}
          class={`tr ${kind}`}
        />
      ))}
    </svg>
  );
}
