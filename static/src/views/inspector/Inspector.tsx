/** The inspector of the selected step: what it did, and its code. */

import type { JSX } from "preact";

import detailsStyles from "../../styles/details.css?inline";
import outcomeStyles from "../../styles/outcome.css?inline";
import { adopt } from "../../components/adopt";
import { actions } from "../../state/actions";
import { shownHeight, standsRight } from "../../state/inspector";
import { current } from "../../state/request";
import { now, state } from "../../state/store";
import { parts } from "../../trace/captions";
import { manualPage } from "../../trace/manual";
import { INSPECTOR } from "./id";
import { Code } from "./Code";
import { Facts, Measures } from "./Facts";

adopt(detailsStyles, outcomeStyles);

export default function Inspector(): JSX.Element | null {
  const trace = current(state.value);
  const step = state.value.step === null ? undefined : trace?.steps[state.value.step];
  if (trace === null || step === undefined) return null;
  void (step.end === null ? now.value : null);
  const page = manualPage(step);
  const right = standsRight();
  return (
    <aside
      id={INSPECTOR}
      class={right ? "details right" : "details"}
      aria-label="Step"
      data-view="step"
      style={right ? undefined : { height: `${shownHeight()}px` }}
    >
      <section class="what" tabIndex={0} aria-label="What it did">
        <span class="k">{step.stage}</span>{" "}
        {step.outcome === "raised" || step.outcome === "short_circuit" ? (
          <span class={`outcome ${step.outcome}`}>{step.outcome.replace("_", "-")}</span>
        ) : null}
        <h2>{step.name}</h2>
        <p class="said">
          {parts(step).map(({ text, isName }) => (isName ? <b>{text}</b> : text))}{" "}
          {page === null ? null : (
            <a class="manual" href={page} target="_blank" rel="noreferrer">
              Flask’s manual
            </a>
          )}
        </p>
        <Measures trace={trace} step={step} />
        <Facts trace={trace} step={step} />
      </section>
      <Code trace={trace} step={step} onClose={close} />
    </aside>
  );
}

/** Close it, and return the focus to where it was opened from. */
function close(): void {
  actions.step(null);
  (
    document.querySelector<SVGElement>("svg.diagram") ??
    document.querySelector<HTMLElement>("#view [tabindex='0']")
  )?.focus();
}
