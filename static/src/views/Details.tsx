import type { ComponentChildren, JSX } from "preact";

import detailsStyles from "../styles/details.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { change, cpuOf, memoryOf, size, threadOf, time } from "../trace/format";
import { parts } from "../trace/captions";
import { current, importedOf } from "../state/request";
import { actions } from "../state/actions";
import { now, state } from "../state/store";
import type { ViewName } from "../state/viewNames";
import type { Json, Source as Place, Step, Trace } from "../api/types";
import { inOneLine } from "../trace/details";
import { isCalledByFlask, manualPage } from "../trace/manual";
import { Editor, Open, Source } from "../components/Source";

adopt(detailsStyles, outcomeStyles);

// These have views of their own.
const ELSEWHERE: Readonly<Record<string, readonly [view: ViewName, title: string]>> = {
  request: ["request", "Request"],
  response: ["response", "Response"],
  changes: ["changes", "Changes"],
  exception: ["exception", "Exceptions"],
  rendering: ["templates", "Templates"],
};

/** The inspector of the selected step. */
export default function Details(): JSX.Element | null {
  const trace = current(state.value);
  const step = state.value.step === null ? undefined : trace?.steps[state.value.step];
  if (trace === null || step === undefined) return null;
  void (step.end === null ? now.value : null);
  const page = manualPage(step);
  return (
    <aside class="details" aria-label="Step" data-view="step">
      <header>
        <span class="k">{step.stage}</span>
        <h2>{step.name}</h2>
        <button type="button" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      <p class="said">
        {parts(step).map(({ text, isName }) => (isName ? <code>{text}</code> : text))}{" "}
        {page === null ? null : (
          <a class="manual" href={page} target="_blank" rel="noreferrer">
            Flask's manual
          </a>
        )}
      </p>
      <Measures step={step} />
      <dl>
        <Code trace={trace} step={step} />
        <Origin step={step} />
        {inside(step, trace.steps)}
        {Object.entries(step.detail)
          .filter(([name, value]) => value !== null && value !== false && !isFact(name, step))
          .map(([name, value]) => (
            <Detail key={name} name={name} value={value} />
          ))}
      </dl>
    </aside>
  );
}

/** Whether a detail is among the facts above. */
function isFact(name: string, step: Step): boolean {
  return name === "cpu" || name === "memory" || (name === "thread" && threadOf(step) !== null);
}

function Measures({ step }: { readonly step: Step }): JSX.Element {
  const [cpu, memory] = [cpuOf(step), memoryOf(step)];
  return (
    <dl class="brief">
      <Fact name="outcome">
        <span class={`outcome ${step.outcome ?? "running"}`}>
          {(step.outcome ?? "running").replace("_", " ")}
        </span>
      </Fact>
      <Fact name="time">{step.end === null ? "runs" : time(step.end - step.begin)}</Fact>
      <Fact name="begins at">{time(step.begin)}</Fact>
      {step.end === null ? null : <Fact name="ends at">{time(step.end)}</Fact>}
      {cpu === null ? null : <Fact name="CPU">{time(cpu)}</Fact>}
      {memory === null ? null : <Fact name="memory">{change(memory.net)}</Fact>}
      {memory === null ? null : <Fact name="peak">{size(memory.peak)}</Fact>}
    </dl>
  );
}

interface CodeProps {
  readonly trace: Trace;
  readonly step: Step;
}

/** The function that ran, and Flask's that called it. */
function Code({ trace, step }: CodeProps): JSX.Element {
  // Of another app, or of this one as it was then.
  const isImported = importedOf(state.value, trace.id) !== undefined;
  const path = `api/traces/${encodeURIComponent(trace.id)}/steps/${step.id}`;
  return (
    <>
      {step.callable === null ? null : (
        <Fact name="callable">
          <code>{step.callable}</code>
        </Fact>
      )}
      {step.source === null ? null : (
        <Fact name="source">
          <Open source={step.source} /> <Editor />
          {isImported ? null : <Source path={`${path}/source`} />}
        </Fact>
      )}
      {isImported || !isCalledByFlask(step) ? null : (
        <Fact name="called by Flask">
          <Source path={`${path}/caller`} />
        </Fact>
      )}
    </>
  );
}

/** Its enclosing step, the scope that registered it, and its exception. */
function Origin({ step }: { readonly step: Step }): JSX.Element {
  const thread = threadOf(step);
  return (
    <>
      {thread === null ? null : (
        <Fact name="thread">
          {thread.name}
          {thread.other ? ", another than the request’s" : ", the request’s own"}
        </Fact>
      )}
      {step.scope === null ? null : (
        <Fact name="registered by">{step.scope === "app" ? "the app" : `blueprint ${step.scope}`}</Fact>
      )}
      {step.error === null ? null : (
        <Fact name="error">
          <span class="outcome raised">{inOneLine(step.error)}</span>
        </Fact>
      )}
    </>
  );
}

interface DetailProps {
  readonly name: string;
  readonly value: Json;
}

function Detail({ name, value }: DetailProps): JSX.Element {
  const elsewhere = ELSEWHERE[name];
  if (elsewhere === undefined)
    return (
      <Fact name={name}>
        <Value value={value} />
      </Fact>
    );
  const [view, title] = elsewhere;
  return (
    <Fact name={name}>
      <button
        type="button"
        class="link"
        onClick={() => {
          actions.view(view);
        }}
      >
        {title}
      </button>
    </Fact>
  );
}

function inside(step: Step, steps: readonly Step[]): JSX.Element | null {
  const parent = step.parent === null ? undefined : steps[step.parent];
  if (parent === undefined) return null;
  return (
    <Fact name="inside">
      <button
        type="button"
        class="link"
        onClick={() => {
          actions.step(parent.id);
        }}
      >
        {parent.stage} {parent.name}
      </button>
    </Fact>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Value({ value }: { readonly value: Json }): JSX.Element {
  if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string"))
    return (
      <ul>
        {value.map((each) => (
          <li key={each}>
            <code>{each}</code>
          </li>
        ))}
      </ul>
    );
  if (typeof value === "string") return <pre>{value}</pre>;
  if (isPlace(value)) return <Open source={value} />;
  return <pre>{JSON.stringify(value, null, 1)}</pre>;
}

function isPlace(value: Json): value is Json & Place {
  return (
    typeof value === "object" &&
    value !== null &&
    "file" in value &&
    typeof value.file === "string" &&
    "line" in value &&
    typeof value.line === "number"
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
