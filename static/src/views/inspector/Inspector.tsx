/** The inspector of the selected step: what it did, and its code. */

import type { JSX } from "preact";

import detailsStyles from "../../styles/details.css?inline";
import outcomeStyles from "../../styles/outcome.css?inline";
import { adopt } from "../../components/adopt";
import { actions } from "../../state/actions";
import { shownHeight, standsRight } from "../../state/inspector";
import { tree } from "../../state/place";
import { current, isFromFile } from "../../state/request";
import { now, state } from "../../state/store";
import { parts } from "../../trace/captions";
import { codeOf } from "../../trace/code";
import { manualPage } from "../../trace/manual";
import { summaryOf } from "../../trace/statements";
import { INSPECTOR } from "./id";
import { Code } from "./Code";
import { Facts, Measures } from "./Facts";
import { Side } from "./Side";

adopt(detailsStyles, outcomeStyles);

export default function Inspector(): JSX.Element | null {
  const trace = current(state.value);
  const step = state.value.step === null ? undefined : trace?.steps[state.value.step];
  if (trace === null || step === undefined) return null;
  void (step.end === null ? now.value : null);
  const page = manualPage(step);
  const right = standsRight();
  // A recording has the app's code; the Flask that is installed may be another one.
  const isRecorded = isFromFile(state.value, trace.id);
  const codes = codeOf(step, trace.steps).filter(
    ({ whose }) => whose !== "caller" || !isRecorded || step.prepared?.["caller"] !== undefined,
  );
  return (
    <aside
      id={INSPECTOR}
      class={`details${right ? " right" : ""}${codes.length === 0 ? " no-code" : ""}`}
      aria-label="Step"
      data-view="step"
      data-of={step.id}
      style={right ? undefined : { height: `${shownHeight()}px` }}
    >
      <section class="what" tabIndex={0} aria-label="What it did">
        <div>
          <span class="k">{step.stage}</span>{" "}
          {step.outcome === "raised" || step.outcome === "short_circuit" ? (
            <span class={`outcome ${step.outcome}`}>{step.outcome.replace("_", "-")}</span>
          ) : null}
          <h2>{step.stage === "sql" ? summaryOf(step) : step.name}</h2>
          <p class="said">
            {parts(step).map(({ text, isName }) => (isName ? <b>{text}</b> : text))}{" "}
            {page === null ? null : (
              <a class="manual" href={page} target="_blank" rel="noreferrer">
                Flask’s manual
              </a>
            )}
          </p>
          <Measures trace={trace} step={step} />
        </div>
        <Facts trace={trace} step={step} />
      </section>
      <Code key={step.id} trace={trace} codes={codes} />
      <p class="controls">
        <Side />
        <button type="button" class="quiet" onClick={close}>
          <kbd aria-hidden="true">Esc</kbd> close
        </button>
      </p>
    </aside>
  );
}

/** Close it, and return the focus to where it was opened from. */
function close(): void {
  actions.step(null);
  (
    tree.querySelector<SVGElement>("svg.diagram") ?? tree.querySelector<HTMLElement>("#view [tabindex='0']")
  )?.focus();
}
