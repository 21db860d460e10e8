/** The code of a step: the function that ran, or the line of Flask's that called it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Editor, Open, Source } from "../../components/Source";
import { importedOf } from "../../state/request";
import { state } from "../../state/store";
import { runningLine } from "../../trace/around";
import { isCalledByFlask } from "../../trace/manual";
import type { Step, Trace } from "../../api/types";
import { Side } from "./Side";

interface CodeProps {
  readonly trace: Trace;
  readonly step: Step;
  readonly onClose: () => void;
}

export function Code({ trace, step, onClose }: CodeProps): JSX.Element {
  // Of another app, or of this one as it was then.
  const isImported = importedOf(state.value, trace.id) !== undefined;
  const hasCaller = !isImported && isCalledByFlask(step);
  const [wantsCaller, setWantsCaller] = useState(false);
  const showsCaller = hasCaller && (wantsCaller || step.source === null);
  const path = `api/traces/${encodeURIComponent(trace.id)}/steps/${step.id}`;
  return (
    <section class="code" aria-label="Source">
      <p class="bar-of-code">
        {step.source === null || showsCaller ? (
          <span class="k">{showsCaller ? "The line of Flask that called it" : ""}</span>
        ) : (
          <>
            <Open source={step.source} /> <Editor />
          </>
        )}
        {hasCaller && step.source !== null ? (
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
        <Side />
        <button type="button" class="quiet close" onClick={onClose}>
          <kbd aria-hidden="true">Esc</kbd> close
        </button>
      </p>
      {showsCaller ? (
        <Source path={`${path}/caller`} />
      ) : step.source === null || isImported ? (
        <p class="source-says">
          {isImported
            ? "The source is not in the file of this request."
            : "This step is not a function of the app's."}
        </p>
      ) : (
        <Source
          path={`${path}/source`}
          lineOf={(found) =>
            runningLine(step, trace.steps, { file: found.file, line: found.line, lines: found.lines.length })
          }
        />
      )}
    </section>
  );
}
