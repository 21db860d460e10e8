/** The code of a step: its function, the line that caused it, or the line of Flask's that called it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Editor, Open, Source } from "../../components/Source";
import { ToStep } from "../../components/ToStep";
import { isFromFile } from "../../state/request";
import { state } from "../../state/store";
import { runningLine } from "../../trace/around";
import type { Code as Shown } from "../../trace/code";
import type { Trace } from "../../api/types";

interface CodeProps {
  readonly trace: Trace;
  /** The best first; at least one. */
  readonly codes: readonly Shown[];
}

export function Code({ trace, codes }: CodeProps): JSX.Element | null {
  const [wantsCaller, setWantsCaller] = useState(false);
  const shown = (wantsCaller ? codes.at(-1) : undefined) ?? codes[0];
  if (shown === undefined) return null;
  const path = `api/traces/${encodeURIComponent(trace.id)}/steps/${shown.step.id}`;
  return (
    <section class="code" aria-label="Source">
      <p class="bar-of-code">
        <Whose code={shown} />
        {codes.length > 1 ? (
          <button
            type="button"
            class="quiet"
            aria-pressed={wantsCaller}
            onClick={() => {
              setWantsCaller(!wantsCaller);
            }}
          >
            called by Flask
          </button>
        ) : null}
      </p>
      {shown.whose === "caller" ? (
        <Source path={`${path}/caller`} opens />
      ) : (
        <Source
          path={`${path}/source`}
          {...(isFromFile(state.value, trace.id) ? { absent: "This code is not in the recording." } : {})}
          lineOf={({ file, line, lines }) =>
            shown.whose === "own"
              ? runningLine(shown.step, trace.steps, { file, line, lines: lines.length })
              : null
          }
        />
      )}
    </section>
  );
}

function Whose({ code }: { readonly code: Shown }): JSX.Element {
  if (code.whose === "caller") return <span class="k">The line of Flask that called it</span>;
  return (
    <>
      {code.whose === "own" ? null : (
        <span class="k">
          It ran in <ToStep step={code.step} />
        </span>
      )}
      <Open source={code.source} /> <Editor />
    </>
  );
}
