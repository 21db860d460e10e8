import type { JSX } from "preact";

import messageStyles from "../styles/message.css?inline";
import collectedStyles from "../styles/collected.css?inline";
import { adopt } from "../components/adopt";
import { current } from "../state/request";
import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Json, Step } from "../api/types";
import { changesOf, signOf, type Change } from "../trace/changes";
import { Added } from "../components/Message";
import { written } from "../trace/text";

adopt(messageStyles, collectedStyles);

const WORDS = {
  added: { g: "set", session: "set", header: "added", cookie: "set", status: "set" },
  changed: { g: "changed", session: "changed", header: "changed", cookie: "set", status: "changed" },
  removed: { g: "removed", session: "removed", header: "removed", cookie: "deleted", status: "removed" },
} as const;
const WHERE = {
  g: "g",
  session: "session",
  header: "response",
  cookie: "response",
  status: "response",
} as const;

/** The changes of each step to g, the session and the response. */
export default function Changes(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const rows = trace.steps
    .map((step) => ({ step, changes: changesOf(step) }))
    .filter((each) => each.changes.length > 0);
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="Changes">
      {rows.length === 0 ? <p class="none">No hook or view changed g, the session or the response.</p> : null}
      <ol class="changes">
        {rows.map(({ step, changes }) => (
          <li key={step.id} data-step={step.id} class={step.id === state.value.step ? "picked" : undefined}>
            <Who step={step} />
            <ul>
              {changes.map((change, index) => (
                <Line key={index} change={change} />
              ))}
            </ul>
          </li>
        ))}
      </ol>
      <Added trace={trace} />
    </div>
  );
}

export function Who({ step }: { readonly step: Step }): JSX.Element {
  return (
    <button
      type="button"
      class="link who"
      onClick={() => {
        actions.step(step.id);
      }}
    >
      <span class="k">{step.stage}</span>{" "}
      <code>
        <bdi>{step.name}</bdi>
      </code>
      {step.scope === null || step.scope === "app" ? null : <span class="k"> of {step.scope}</span>}
    </button>
  );
}

function Line({ change: { where, kind, name, value } }: { readonly change: Change }): JSX.Element {
  const place = WHERE[where];
  return (
    <li class={`change ${kind}`}>
      <span class="sign" aria-hidden="true">
        {signOf(kind)}
      </span>
      <span class="unseen">{WORDS[kind][where]}</span>
      <span class={`where ${place}`}>
        {where === "cookie" || where === "header" || where === "status" ? where : place}
      </span>
      <code class="name">
        <bdi>{where === "g" ? `g.${name}` : where === "session" ? `session["${name}"]` : name}</bdi>
        {where === "header" && value !== undefined ? <span class="k">:</span> : null}
      </code>
      {value === undefined ? null : (
        <>
          {where === "header" ? null : <span class="k">{where === "status" ? "→" : "="}</span>}{" "}
          <code class="value">
            <bdi>{textOf(value, where)}</bdi>
          </code>
        </>
      )}
    </li>
  );
}

function textOf(value: Json, where: Change["where"]): string {
  return typeof value === "string" && ((where !== "g" && where !== "session") || /^(<.*>|•+)$/su.test(value))
    ? value
    : written(value);
}
