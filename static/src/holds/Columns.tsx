/** What there is while a request is held: g and session, request and response, call stack and what comes. */

import type { ComponentChildren, JSX } from "preact";

import type { Held, Seen, Step, Trace } from "../api/types";
import { Open } from "../components/Source";
import { state } from "../state/store";
import { isFunction, markOf } from "../trace/breakpoints";
import { plural } from "../trace/format";
import { call } from "../trace/steps";
import { noArguments, notYet, requestRows, responseRows, rowsOf, sessionSays, type SeenRow } from "./seen";
import { breakpoints } from "./store";

interface ColumnsProps {
  readonly trace: Trace;
  readonly held: Held;
}

export function Columns({ trace, held }: ColumnsProps): JSX.Element {
  const { seen } = held;
  return (
    <div class="held-columns">
      <section tabIndex={0} aria-label="g and session">
        <Names where="g" part={seen.g} trace={trace} held={held} />
        <Names where="session" part={seen.session} trace={trace} held={held} />
      </section>
      <section tabIndex={0} aria-label="Request and response">
        <Asked held={held} />
      </section>
      <section tabIndex={0} aria-label="Call stack, and what comes next">
        <Stack stack={seen.stack ?? []} />
        <Coming next={seen.next} trace={trace} />
      </section>
    </div>
  );
}

interface NamesProps extends ColumnsProps {
  readonly where: "g" | "session";
  readonly part: Seen["g"];
}

function Names({ where, part, trace, held }: NamesProps): JSX.Element {
  const rows = rowsOf(part);
  const missing = notYet(where, part, trace, trace.steps[held.step], earlierSteps(trace));
  const absent = where === "g" ? "not pushed here" : "not open here";
  const says = part === null ? absent : where === "g" ? plural(rows.length, "name") : sessionSays(trace);
  return (
    <Part title={where} says={says}>
      <Rows rows={[...rows, ...missing]} />
    </Part>
  );
}

/** The steps of an earlier request of the same kind, as far as they are here. */
function earlierSteps(trace: Trace): readonly Step[] {
  const { traces, steps } = state.value;
  const found = traces.find(
    ({ id, endpoint, method, state: of }) =>
      id !== trace.id &&
      of === "done" &&
      endpoint === trace.endpoint &&
      method === trace.method &&
      steps.has(id),
  );
  return found === undefined ? [] : (steps.get(found.id) ?? []);
}

function Asked({ held }: Pick<ColumnsProps, "held">): JSX.Element {
  const { seen, stage, name, when } = held;
  const args = rowsOf(seen.arguments);
  const response = responseRows(seen.response);
  return (
    <>
      {seen.error === null ? null : (
        <Part title="raised" says="">
          <p class="raised">
            {seen.error.type}: {seen.error.message}
          </p>
        </Part>
      )}
      <Part title="request" says="">
        <Rows rows={requestRows(seen.request)} />
      </Part>
      {args.length > 0 || isFunction(held) ? (
        <Part title={`arguments of ${name}`} says="">
          {args.length > 0 ? <Rows rows={args} /> : <p>{noArguments(stage, when === "after")}</p>}
        </Part>
      ) : null}
      <Part title="response so far" says="">
        {response.length > 0 ? <Rows rows={response} /> : <p>none yet: {toStart(seen)}</p>}
      </Part>
    </>
  );
}

/** How far it is to the response's start. */
function toStart({ next }: Seen): string {
  const hooks = next.filter(({ stage }) => !stage.startsWith("teardown"));
  return hooks.length === 0
    ? "start_response is still to come"
    : `${plural(hooks.length, "function")} ${hooks.length === 1 ? "comes" : "come"} before start_response`;
}

function Stack({ stack }: { readonly stack: NonNullable<Seen["stack"]> }): JSX.Element {
  return (
    <Part title="call stack" says="newest first">
      <ol class="stack">
        {stack.map(({ function: name, own, ...place }, index) => (
          <li key={index} class={own ? "own" : undefined}>
            <b>{name}</b> <Open source={place} />
          </li>
        ))}
      </ol>
    </Part>
  );
}

const SHOWN = 12;

function Coming({ next: coming, trace }: Pick<Seen, "next"> & Pick<ColumnsProps, "trace">): JSX.Element {
  const { on, breakpoints: all } = breakpoints.value;
  return (
    <Part title="what comes next" says="">
      <ol class="stack coming">
        {coming.slice(0, SHOWN).map((hook, index) => (
          <li key={index}>
            <b>{hook.stage === "view" ? viewCall(hook.name, trace) : hook.name}</b>{" "}
            <span>
              {placeOf(hook.stage, hook.scope)}
              {on && markOf(all, hook).state === "on" ? ", breakpoint" : ""}
            </span>
          </li>
        ))}
      </ol>
      {coming.length === 0 ? <p>no more functions of the app</p> : null}
      {coming.length > SHOWN ? <p>{coming.length - SHOWN} more</p> : null}
    </Part>
  );
}

/** With the arguments that the URL's match has found. */
function viewCall(name: string, { steps }: Trace): string {
  return call(name, steps.find(({ stage }) => stage === "url_match")?.detail["view_args"]);
}

function placeOf(stage: string, scope: string | null): string {
  if (stage === "view") return "the view";
  const owner = scope === null || scope === "app" ? "" : ` of blueprint ${scope}`;
  return `${stage}${owner}`;
}

interface PartProps {
  readonly title: string;
  readonly says: string;
  readonly children: ComponentChildren;
}

function Part({ title, says, children }: PartProps): JSX.Element {
  return (
    <div class="seen-part">
      <h2>
        {title} {says === "" ? null : <small>{says}</small>}
      </h2>
      {children}
    </div>
  );
}

function Rows({ rows }: { readonly rows: readonly SeenRow[] }): JSX.Element {
  return (
    <dl class="pairs-of">
      {rows.map(({ name, value, says }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value} {says === "" ? null : <i>{says}</i>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
