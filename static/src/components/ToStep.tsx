import type { ComponentChildren, JSX } from "preact";

import { actions } from "../state/actions";
import type { Step } from "../api/types";

interface ToStepProps {
  readonly step: Step;
  /** Its name, unless something else is shown of it. */
  readonly children?: ComponentChildren;
}

/** A link that selects a step. */
export function ToStep({ step, children = step.name }: ToStepProps): JSX.Element {
  return (
    <button
      type="button"
      class="link to-step"
      title={step.stage}
      onClick={() => {
        actions.step(step.id);
      }}
    >
      <bdi>{children}</bdi>
    </button>
  );
}
