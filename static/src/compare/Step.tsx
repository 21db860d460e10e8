/** The step that is looked at: what it did in each request. */

import type { JSX } from "preact";

import type { Step as TraceStep, Trace } from "../api/types";
import { actions } from "../state/actions";
import { caption } from "../trace/captions";
import { time } from "../trace/format";
import { differenceOf } from "./layout/difference";
import type { Loaded } from "./load";
import type { SideName } from "./model/types";
import { Mark } from "./parts";

interface StepProps {
  readonly loaded: Loaded;
  readonly index: number;
}

export function Step({ loaded, index }: StepProps): JSX.Element | null {
  const { model, a, b } = loaded;
  const step = model.comparison.steps[index];
  if (step === undefined) return null;
  const one = step.a === null ? undefined : a.steps[step.a];
  const other = step.b === null ? undefined : b.steps[step.b];
  const shown = other ?? one;
  if (shown === undefined) return null;
  const { text } = differenceOf({ a: step.a_ns, b: step.b_ns, beyond: step.beyond }, model.single);
  return (
    <section class="step" aria-live="polite">
      <h2>
        <span class="what">
          {shown.stage} <bdi>{shown.name}</bdi>
        </span>{" "}
        <span>{step.a === null || step.b === null ? "" : text}</span>
      </h2>
      <Of side="a" trace={a} step={one} took={step.a_ns} />
      <Of side="b" trace={b} step={other} took={step.b_ns} />
    </section>
  );
}

interface OfProps {
  readonly side: SideName;
  readonly trace: Trace;
  readonly step: TraceStep | undefined;
  readonly took: number | null;
}

function Of({ side, trace, step, took }: OfProps): JSX.Element {
  const name = side.toUpperCase();
  return (
    <div class="of">
      <Mark of={side} small />
      {step === undefined ? (
        <p>It did not run in {name}.</p>
      ) : (
        <p>
          <b>{took === null ? "" : time(took)}</b> {caption(step)}{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              actions.endComparing();
              actions.select(trace.id);
              actions.step(step.id);
            }}
          >
            Open in {name}
          </button>
        </p>
      )}
    </div>
  );
}
