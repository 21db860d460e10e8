import type { JSX } from "preact";

import "../styles/timeline.css";
import { stateOf } from "../diagram/model";
import { rewind, stepAt } from "../replay/replay";
import { time } from "../format";
import { current, elapsed } from "../state";
import { actions, now, state } from "../store";
import type { Step, Trace } from "../types";

const SHOWN = 1000;

/** The steps as a table, each with its place in time: the diagram's text twin. */
export default function Timeline(): JSX.Element | null {
  const whole = current(state.value);
  if (whole === null) return null;
  const { replay, step: picked } = state.value;
  const trace = replay === null ? whole : rewind(whole, replay.at);
  const about = replay === null ? picked : (stepAt(trace, replay.at)?.id ?? null);
  const last = elapsed(state.value, whole.id, whole.state === "running" ? now.value : 0);
  const depths = depth(trace);
  return (
    <div class="timeline" tabIndex={0} role="region" aria-label="Timeline">
      <table>
        <thead>
          <tr><th scope="col">step</th><th scope="col">scope</th><th scope="col" class="num">at</th><th scope="col" class="num">took</th><th scope="col" class="axis">{time(last)}</th></tr>
        </thead>
        <tbody>
          {trace.steps.slice(0, SHOWN).map((step) => (
            <tr
              key={step.id}
              data-step={step.id}
              data-stage={step.stage}
              data-state={stateOf(step)}
              aria-selected={step.id === about}
              onClick={() => { actions.step(step.id); }}
            >
              <td>
                <button type="button" class="link" style={{ marginLeft: `${((depths[step.id] ?? 0) * 14).toString()}px` }}>
                  <span class="k">{step.stage}</span> <code>{step.name}</code>
                </button>
              </td>
              <td>{step.scope}</td>
              <td class="num">{time(step.begin)}</td>
              <td class="num">{step.end === null ? "runs" : time(step.end - step.begin)}</td>
              <td class="axis"><Bar step={step} last={last} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      {trace.steps.length > SHOWN ? <p class="more">{trace.steps.length - SHOWN} more steps</p> : null}
    </div>
  );
}

function Bar({ step, last }: { readonly step: Step; readonly last: number }): JSX.Element {
  const part = (ns: number): string => `${Math.min(100, Math.max(0, (ns / Math.max(1, last)) * 100)).toFixed(2)}%`;
  return <i class={`bar-of ${stateOf(step)}`} style={{ left: part(step.begin), width: part((step.end ?? last) - step.begin) }} />;
}

function depth(trace: Trace): readonly number[] {
  const found: number[] = [];
  for (const step of trace.steps) found[step.id] = step.parent === null || step.parent >= step.id ? 0 : (found[step.parent] ?? 0) + 1;
  return found;
}
