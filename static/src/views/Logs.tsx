import type { JSX } from "preact";

import messageStyles from "../styles/message.css?inline";
import collectedStyles from "../styles/collected.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { time } from "../trace/format";
import { current } from "../state/request";
import { state } from "../state/store";
import type { Step, Trace } from "../api/types";
import { inOneLine, isOf, ranIn } from "../trace/details";
import { Open } from "../components/Source";
import { ToStep } from "../components/ToStep";

adopt(messageStyles, collectedStyles, outcomeStyles);

const SHOWN = 1000;
const STAGES = ["log", "warning", "flash"];
const BAD = new Set(["ERROR", "CRITICAL"]);

/** Logs, warnings and flashed messages, in chronological order. */
export default function Logs(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const entries = trace.steps.filter((step) => STAGES.includes(step.stage));
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="Logs">
      {entries.length === 0 ? (
        <p class="none">This request has no log records, warnings or flashed messages.</p>
      ) : null}
      <ol class="said-list">
        {entries.slice(0, SHOWN).map((step) => (
          <Said key={step.id} step={step} trace={trace} />
        ))}
      </ol>
      {entries.length > SHOWN ? <p class="more">{entries.length - SHOWN} more</p> : null}
    </div>
  );
}

function Said({ step, trace }: { readonly step: Step; readonly trace: Trace }): JSX.Element {
  const { level, category, message, error } = step.detail;
  const kind = step.stage === "log" ? String(level) : step.stage;
  const tone = BAD.has(kind) ? "bad" : kind === "WARNING" || kind === "warning" ? "warn" : "";
  const where = ranIn(step, trace.steps);
  return (
    <li data-step={step.id} data-level={kind.toLowerCase()}>
      <p class="by">
        <span class={`level ${tone}`}>{kind}</span>
        <code>
          <bdi>{step.stage === "flash" ? String(category) : step.name}</bdi>
        </code>
        <span class="k">at {time(step.begin)}</span>
        {where === null ? null : <ToStep step={where}>in {where.name}</ToStep>}
        {step.source === null ? null : <Open source={step.source} />}
      </p>
      <pre class="text">
        <bdi>{typeof message === "string" ? message : JSON.stringify(message)}</bdi>
      </pre>
      {isOf(error) ? (
        <p class="outcome raised">
          <bdi>{inOneLine({ type: error["type"] ?? "", message: error["message"] ?? "" })}</bdi>
        </p>
      ) : null}
    </li>
  );
}
