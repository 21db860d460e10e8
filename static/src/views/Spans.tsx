import type { JSX } from "preact";

import messageStyles from "../styles/message.css?inline";
import collectedStyles from "../styles/collected.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { ToStep } from "../components/ToStep";
import { time } from "../trace/format";
import { current } from "../state/request";
import { state } from "../state/store";
import type { Step, Trace } from "../api/types";
import { inOneLine, isOf, ranIn, took } from "../trace/details";
import { spanName } from "../trace/steps";

adopt(messageStyles, collectedStyles, outcomeStyles);

const SHOWN = 1000;
/** What a call was for, by the names of OpenTelemetry's semantic conventions, the newest first. */
const ABOUT = [
  "url.full",
  "http.url",
  "db.query.text",
  "db.statement",
  "rpc.method",
  "messaging.destination.name",
];

/** Spans: calls to other servers and caches, and the app's own work by OpenTelemetry. */
export default function Spans(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const spans = trace.steps.filter((step) => step.stage === "span");
  const longest = spans.reduce((most, step) => Math.max(most, took(step)), 1);
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="Spans">
      {spans.length === 0 ? (
        <p class="none">
          This request sent no HTTP requests, and made no OpenTelemetry spans. Requests sent with urllib,
          Requests, urllib3, HTTPX and aiohttp are shown here and, if the app uses the OpenTelemetry SDK, all
          its spans.
        </p>
      ) : (
        <table class="sql-table">
          <thead>
            <tr>
              <th scope="col">span</th>
              <th scope="col">in</th>
              <th scope="col" class="num">
                status
              </th>
              <th scope="col" class="num">
                took
              </th>
            </tr>
          </thead>
          <tbody>
            {spans.slice(0, SHOWN).map((step) => (
              <Row key={step.id} step={step} trace={trace} longest={longest} />
            ))}
          </tbody>
        </table>
      )}
      {spans.length > SHOWN ? <p class="more">{spans.length - SHOWN} more</p> : null}
    </div>
  );
}

function Row({
  step,
  trace,
  longest,
}: {
  readonly step: Step;
  readonly trace: Trace;
  readonly longest: number;
}): JSX.Element {
  const where = ranIn(step, trace.steps);
  const attributes = isOf(step.detail["attributes"]) ? step.detail["attributes"] : {};
  const about = ABOUT.map((name) => attributes[name]).find((value) => typeof value === "string");
  const status = attributes["http.response.status_code"] ?? attributes["http.status_code"];
  return (
    <tr data-step={step.id} class="span">
      <td class="what">
        <ToStep step={step}>
          <code>
            {spanName(step)}
            {about === undefined ? "" : ` ${String(about)}`}
          </code>
        </ToStep>
        {step.error === null ? null : <span class="outcome raised">{inOneLine(step.error)}</span>}
      </td>
      <td>{where === null ? null : <ToStep step={where} />}</td>
      <td class="num">{typeof status === "number" ? status : "–"}</td>
      <td class="num took">
        <i class="bar" style={{ width: `${((took(step) / longest) * 100).toFixed(1)}%` }} />
        {step.end === null ? "runs" : time(took(step))}
      </td>
    </tr>
  );
}
