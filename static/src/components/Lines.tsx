/** Lines of code as pairs of Pygments' short class and a text. */

import type { JSX } from "preact";

import sourceStyles from "../styles/source.css?inline";
import { adopt } from "./adopt";
import type { SourceLines } from "../api/types";

adopt(sourceStyles);

interface LinesProps {
  readonly lines: SourceLines["lines"];
  /** The number of the first line; without it, lines have no numbers. */
  readonly first?: number;
  /** The line to mark. */
  readonly marked?: number | null;
}

export function Lines({ lines, first, marked = null }: LinesProps): JSX.Element {
  return (
    <>
      {lines.map((line, index) => {
        const number = first === undefined ? undefined : first + index;
        const classes = number === undefined ? undefined : number === marked ? "line called" : "line";
        return (
          <span key={index} class={classes} data-line={number}>
            {line.map(([kind, text], part) => (
              <span key={part} class={kind === "" ? undefined : `py-${kind.slice(0, 1)} py-${kind}`}>
                {text}
              </span>
            ))}
            {"\n"}
          </span>
        );
      })}
    </>
  );
}
