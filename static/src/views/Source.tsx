import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { actions } from "../store";
import type { SourceLines } from "../types";

/** The code of the selected step's function, as the server coloured it. */
export function Source({ trace, step }: { readonly trace: string; readonly step: number }): JSX.Element | null {
  const [found, setFound] = useState<SourceLines | null>(null);
  useEffect(() => {
    let wanted = true;
    setFound(null);
    void actions.source(trace, step).then((lines) => {
      if (wanted) setFound(lines);
    });
    return () => {
      wanted = false;
    };
  }, [trace, step]);
  if (found === null) return null;
  return (
    <pre class="source" aria-label={`Source, from line ${found.line.toString()}`} tabIndex={0}>
      {found.lines.map((line, index) => (
        <span key={index} class="line" data-line={found.line + index}>
          {line.map(([kind, text], part) => <span key={part} class={kind === "" ? undefined : `py-${kind.slice(0, 1)} py-${kind}`}>{text}</span>)}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
