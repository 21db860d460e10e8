/** How a held request goes on: a bar that never scrolls, and the forms of what if. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Held, HoldAction, Trace } from "../api/types";
import { tree } from "../state/place";
import { elapsed } from "../state/request";
import { now, state } from "../state/store";
import { brief, holdAt } from "../trace/holds";
import { Answer, Raise } from "./Forms";
import { Pause } from "./Pause";
import { goOn, letAllGo } from "./store";
import { untilText } from "./words";

export interface Details {
  readonly held: Held;
  readonly left: number;
}

interface ControlsProps {
  readonly trace: Trace;
  /** Null until they have come. */
  readonly details: Details | null;
}

type Form = "answer" | "raise" | null;

export function Controls({ trace, details }: ControlsProps): JSX.Element {
  const [form, setForm] = useState<Form>(null);
  const hold = holdAt(trace);
  const key = `${trace.id} ${hold?.begin}`;
  // A form is of the step at which it was opened.
  useEffect(() => {
    setForm(null);
  }, [key]);
  const lasts = elapsed(state.value, trace.id, now.value) - (hold?.begin ?? 0);
  const close = (): void => {
    setForm(null);
    tree.querySelector<HTMLElement>(".held-bar button")?.focus();
  };
  return (
    <>
      <div class="held-bar" role="toolbar" aria-label="Held request">
        <Pause />
        <b class="lasts">{brief(Math.max(0, lasts))}</b>
        <Going trace={trace} can={details?.held.can ?? ["go"]} />
        <WhatIf trace={trace} held={details?.held ?? null} form={form} onForm={setForm} />
        {details === null ? null : <span class="left">{untilText(details.left)}</span>}
      </div>
      {form === "answer" && details !== null ? (
        <Answer held={details.held} onDone={close} />
      ) : form === "raise" && details !== null ? (
        <Raise held={details.held} onDone={close} />
      ) : null}
    </>
  );
}

interface GoingProps {
  readonly trace: Trace;
  readonly can: readonly HoldAction[];
}

function Going({ trace, can }: GoingProps): JSX.Element {
  const go = (action: HoldAction) => (): void => {
    void goOn(trace.id, action);
  };
  return (
    <>
      <button type="button" class="primary" title="Go on to the next breakpoint (r)" onClick={go("go")}>
        Go on <kbd aria-hidden="true">r</kbd>
      </button>
      <button type="button" title="Go on to the next step (n)" onClick={go("step")}>
        Next step <kbd aria-hidden="true">n</kbd>
      </button>
      <button
        type="button"
        title={can.includes("end") ? "Run this step, and hold after it (e)" : "This step has run"}
        disabled={!can.includes("end")}
        onClick={go("end")}
      >
        <span class="wide">To the end of this step</span>
        <span class="short">End of step</span> <kbd aria-hidden="true">e</kbd>
      </button>
      <button
        type="button"
        title="Let all held requests go on, past all breakpoints (Shift and R)"
        onClick={letAllGo}
      >
        Let all go <kbd aria-hidden="true">⇧ R</kbd>
      </button>
    </>
  );
}

interface WhatIfProps {
  readonly trace: Trace;
  readonly held: Held | null;
  readonly form: Form;
  readonly onForm: (form: Form) => void;
}

/** Only at a function of the user's that has not run; elsewhere, the reason. */
function WhatIf({ trace, held, form, onForm }: WhatIfProps): JSX.Element | null {
  if (held === null) return null;
  const can = (action: HoldAction): boolean => held.can.includes(action);
  const toggle = (wanted: Form) => (): void => {
    onForm(form === wanted ? null : wanted);
  };
  const why = held.why ?? "The trace will say so.";
  const note = (
    <span class="note" title={why}>
      {why}
    </span>
  );
  if (!can("skip") && !can("raise")) return note;
  return (
    <>
      <i class="apart" />
      <span class="what-if">What if</span>
      {can("answer") ? (
        <button type="button" aria-expanded={form === "answer"} onClick={toggle("answer")}>
          Answer here…
        </button>
      ) : null}
      {can("skip") ? (
        <button
          type="button"
          title={`${held.name} is not called; Flask goes on as if it had returned None`}
          onClick={() => {
            void goOn(trace.id, "skip");
          }}
        >
          Skip
        </button>
      ) : null}
      {can("raise") ? (
        <button type="button" aria-expanded={form === "raise"} onClick={toggle("raise")}>
          Raise…
        </button>
      ) : null}
      {note}
    </>
  );
}
