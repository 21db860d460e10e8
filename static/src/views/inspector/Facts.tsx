/** What a step did, as names and values. */

import type { ComponentChildren, JSX } from "preact";

import { Open } from "../../components/Source";
import { ToRequest } from "../../components/ToRequest";
import { ToStep } from "../../components/ToStep";
import { actions } from "../../state/actions";
import { elapsed } from "../../state/request";
import { becameOf, now, state } from "../../state/store";
import { brief, byHand, heldInStep, holdsOf } from "../../trace/holds";
import { nextStep, ownTime, sqlIn } from "../../trace/around";
import { caption } from "../../trace/captions";
import { changesOf, signOf, type Change } from "../../trace/changes";
import { inOneLine, took } from "../../trace/details";
import { grouped, change, cpuOf, lasting, memoryOf, size, threadOf, time } from "../../trace/format";
import { summaryOf } from "../../trace/statements";
import { unfinished } from "../../trace/steps";
import type { ViewName } from "../../state/viewNames";
import type { Json, Source as Place, Step, Trace } from "../../api/types";
import { unbroken, written } from "../../trace/text";

/** What has a view of its own. */
const ELSEWHERE: Readonly<Record<string, readonly [view: ViewName, title: string]>> = {
  request: ["request", "Request"],
  response: ["response", "Response"],
  exception: ["exception", "Exceptions"],
  rendering: ["templates", "Templates"],
};
/** Said elsewhere in the inspector. */
const SAID: ReadonlySet<string> = new Set([
  "trace",
  "traceparent",
  "cpu",
  "memory",
  "profile",
  "changes",
  "place",
  "summary",
  "dialect",
  "many",
]);
const STATEMENTS = 3;
/** A longer value has its items on lines of their own, in characters. */
const LONGEST_LINE = 60;

interface StepProps {
  readonly trace: Trace;
  readonly step: Step;
}

/** Times and the place in order. */
export function Measures({ trace, step }: StepProps): JSX.Element {
  const held = heldInStep(step, holdsOf(trace), elapsed(state.value, trace.id, now.value));
  const sql = step.stage === "sql" ? [] : sqlIn(step, trace.steps);
  return (
    <dl class="brief">
      <Fact name="time">{step.end === null ? unfinished(trace) : lasting(took(step))}</Fact>
      {held === 0 ? null : <Fact name="of which held">{brief(held)}</Fact>}
      {step.end === null || took(step) === 0 ? null : (
        <Fact name="own">{time(ownTime(step, trace.steps))}</Fact>
      )}
      {sql.length === 0 ? null : (
        <Fact name="SQL">{time(sql.reduce((sum, each) => sum + took(each), 0))}</Fact>
      )}
      <Fact name="step">
        {grouped(step.id + 1)} of {grouped(trace.steps.length)}
      </Fact>
    </dl>
  );
}

export function Facts({ trace, step }: StepProps): JSX.Element {
  const sql = step.stage === "sql" ? [] : sqlIn(step, trace.steps);
  return (
    <dl class="pairs-of">
      {step.error === null ? null : (
        <Fact name="error">
          <span class="outcome raised">{inOneLine(step.error)}</span>
        </Fact>
      )}
      {holdsOf(trace)
        .filter((hold) => hold.step === step.id && byHand(hold) !== "")
        .map((hold) => (
          <Fact key={hold.begin} name="at a breakpoint">
            <b>{byHand(hold)}</b>: this is not what the app’s code does
          </Fact>
        ))}
      {changesOf(step).map((each, index) => (
        <Changed key={index} change={each} />
      ))}
      <Origin step={step} />
      {sql.slice(0, STATEMENTS).map((each) => (
        <Fact key={each.id} name="sql">
          <ToStep step={each}>{summaryOf(each)}</ToStep>
          {typeof each.detail["rows"] === "number" ? (
            <span class="k"> · {rows(each.detail["rows"])}</span>
          ) : null}
        </Fact>
      ))}
      {sql.length > STATEMENTS ? <Elsewhere name="" to={["sql", `${sql.length - STATEMENTS} more`]} /> : null}
      <Became trace={trace} step={step} />
      <Inside step={step} steps={trace.steps} />
      <Next step={step} steps={trace.steps} />
      <Costs step={step} />
      {Object.entries(step.detail)
        .filter(([name, value]) => !isNothing(value) && !isSaid(name, step))
        .map(([name, value]) => (
          <Detail key={name} name={name} value={value} />
        ))}
      {step.callable === null ? null : <Fact name="callable">{step.callable}</Fact>}
    </dl>
  );
}

function rows(count: number): string {
  return `${grouped(count)} ${count === 1 ? "row" : "rows"}`;
}

function isNothing(value: Json): boolean {
  return value === null || value === false || (Array.isArray(value) && value.length === 0);
}

/** The recorded request that a request of the app's became. */
function Became({ trace, step }: StepProps): JSX.Element | null {
  const found = becameOf(trace.id, step);
  if (found === null) return null;
  return (
    <Fact name="request">
      <ToRequest trace={found} />
    </Fact>
  );
}

/** Whether a detail is among the facts above. */
function isSaid(name: string, step: Step): boolean {
  if (
    step.stage === "sql" &&
    (name === "kind" || (name === "statement" && caption(step).includes(step.name)))
  )
    return true;
  return SAID.has(name) || (name === "thread" && threadOf(step) !== null);
}

function Changed({ change: { where, kind, name, value } }: { readonly change: Change }): JSX.Element {
  const owner = where === "g" ? `g.${name}` : where === "session" ? `session["${name}"]` : name;
  return (
    <Fact name={owner}>
      <b>{signOf(kind)}</b>
      {"\u00a0"}
      {value === undefined ? "removed" : textOf(value)}
    </Fact>
  );
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : written(value);
}

/** What it cost beside its time, if that is collected. */
function Costs({ step }: { readonly step: Step }): JSX.Element {
  const [cpu, memory] = [cpuOf(step), memoryOf(step)];
  return (
    <>
      {cpu === null ? null : <Fact name="CPU">{time(cpu)}</Fact>}
      {memory === null ? null : (
        <Fact name="memory">
          {change(memory.net)}, peak {size(memory.peak)}
        </Fact>
      )}
    </>
  );
}

/** The package and the scope that registered it, and its thread. */
function Origin({ step }: { readonly step: Step }): JSX.Element {
  const thread = threadOf(step);
  const scope = step.scope === "app" ? "whole app" : step.scope === null ? null : `blueprint ${step.scope}`;
  const from = [step.package ?? null, scope].filter((each) => each !== null).join(" · ");
  return (
    <>
      {from === "" ? null : <Fact name="from">{from}</Fact>}
      {thread === null ? null : (
        <Fact name="thread">
          {thread.name}
          {thread.other ? ", not the request’s own" : ", the request’s own"}
        </Fact>
      )}
    </>
  );
}

interface AmongProps {
  readonly step: Step;
  readonly steps: readonly Step[];
}

function Inside({ step, steps }: AmongProps): JSX.Element | null {
  const parent = step.parent === null ? undefined : steps[step.parent];
  // Every function is inside these.
  if (parent === undefined || parent.stage === "wsgi" || parent.stage === "middleware") return null;
  return (
    <Fact name="inside">
      <ToStep step={parent} />
    </Fact>
  );
}

function Next({ step, steps }: AmongProps): JSX.Element | null {
  const next = nextStep(step, steps);
  if (next === null) return null;
  return (
    <Fact name="next">
      <ToStep step={next} />
      <span class="k"> · {unbroken(time(next.begin - (step.end ?? next.begin)))} later</span>
    </Fact>
  );
}

function Detail({ name, value }: { readonly name: string; readonly value: Json }): JSX.Element {
  const elsewhere = ELSEWHERE[name];
  if (elsewhere !== undefined) return <Elsewhere name={name} to={elsewhere} />;
  return (
    <Fact name={name}>
      <Value value={value} />
    </Fact>
  );
}

interface ElsewhereProps {
  readonly name: string;
  readonly to: readonly [view: ViewName, title: string];
}

function Elsewhere({ name, to: [view, title] }: ElsewhereProps): JSX.Element {
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
          <li key={each}>{each}</li>
        ))}
      </ul>
    );
  if (typeof value === "string") return <>{value}</>;
  if (isPlace(value)) return <Open source={value} />;
  const inLine = written(value);
  return <pre>{inLine.length <= LONGEST_LINE ? inLine : written(value, 1)}</pre>;
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
