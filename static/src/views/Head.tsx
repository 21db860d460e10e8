/** The head of a request: what it is, how it ended, and one line that says what matters. */

import type { JSX } from "preact";

import "../styles/head.css";
import { ByHand, HeldFacts, HeldStatus, Marks, OfWhichHeld } from "../holds/HeldHead";
import { heldTrace } from "../holds/store";
import { Keys } from "../components/Keys";
import { Mine } from "../components/Mine";
import { actions } from "../state/actions";
import { appTime, elapsed, find } from "../state/request";
import { isCutOff } from "../state/runs";
import { hasApps, now, senderOf, state } from "../state/store";
import { DIAGRAM, type ViewName } from "../state/viewNames";
import { time, websocketOf } from "../trace/format";
import { flagsWithout, holdsOf } from "../trace/holds";
import { clientStatus } from "../trace/status";
import { FLAGS, type Flag, type Highlight, type Trace, type TraceSummary } from "../api/types";

/** Where each kind of flag is seen, and where all others are. */
const SEEN: Readonly<Partial<Record<keyof typeof FLAGS, ViewName>>> = {
  repeats: "sql",
  same: "sql",
  failed: "sql",
  slow_sql: "sql",
  calls: "spans",
  logged: "logs",
  slow: "timeline",
};
const SHOWN: Readonly<Record<Highlight["kind"], ViewName | null>> = {
  answer: "exception",
  app: "timeline",
  sql: "sql",
  slowest: null,
  unexplained: "timeline",
  sent: "response",
};

export function Head({ trace }: { readonly trace: Trace }): JSX.Element {
  const { view } = state.value;
  const holds = heldTrace() !== null;
  const query = trace.query === "" ? "" : `?${trace.query}`;
  return (
    <header class="head">
      <div class="first">
        <h1 title={`${trace.method} ${trace.path}${query}`}>
          {trace.method} <bdi>{trace.path}</bdi>
          <bdi class="query">{query}</bdi>
        </h1>
        <OfApp trace={trace} />
        {view === DIAGRAM ? holds ? <Marks /> : <Keys /> : null}
        {view === DIAGRAM || view === "timeline" ? <Mine trace={trace} /> : null}
        {holds ? <HeldStatus trace={trace} /> : <Status trace={trace} />}
      </div>
      {holds ? <HeldFacts trace={trace} /> : <Facts trace={trace} />}
    </header>
  );
}

/** The app, where there are several. */
function OfApp({ trace: { process } }: { readonly trace: Trace }): JSX.Element | null {
  if (!hasApps.value || !process.app) return null;
  return (
    <bdi class="of-app" title={`App ${process.app}, process ${process.pid} on ${process.host}`}>
      {process.app}
    </bdi>
  );
}

/** The status that the client got, as it was sent. */
function Status({ trace }: { readonly trace: Trace }): JSX.Element {
  if (websocketOf(trace.steps[0], 0) !== null) return <strong class="status s1">101 websocket</strong>;
  const code = clientStatus(trace);
  if (code === null)
    return <strong class="status">{trace.state === "running" ? "runs" : "no status"}</strong>;
  const sent = trace.steps.findLast(({ stage }) => stage === "start_response")?.name ?? "";
  const text = sent.startsWith(`${code}`) ? sent : code === 500 ? "500 Internal Server Error" : `${code}`;
  return (
    <strong class={`status s${Math.floor(code / 100)}`} title={text}>
      {code}
      <span class="reason">{text.slice(`${code}`.length)}</span>
    </strong>
  );
}

function Facts({ trace }: { readonly trace: Trace }): JSX.Element | null {
  const summary = find(state.value, trace.id);
  const flags = flagsWithout(summary?.flags ?? [], "held", "by_hand");
  const cut = isCutOff(summary);
  const facts = trace.highlights ?? [];
  const running = trace.state === "running";
  const error = trace.error;
  const took = running ? elapsed(state.value, trace.id, now.value) : 0;
  const websocket = websocketOf(trace.steps[0], took);
  const sender = senderOf(trace.id);
  const isPlain = flags.length + facts.length + holdsOf(trace).length === 0;
  if (isPlain && !running && !cut && sender === null) return null;
  return (
    <ul class="facts" aria-label="What matters">
      <ByHand trace={trace} />
      {flags.map((flag) => (
        <li key={flag[1]} class="flagged">
          <Pill flag={flag} unhandled={flag[0] === "error" && error !== null} />
        </li>
      ))}
      {websocket === null ? null : <li>{websocket}</li>}
      {running && websocket === null ? (
        <li>
          <b>{time(took)}</b> so far
        </li>
      ) : null}
      {cut ? (
        <li>
          <b>cut off</b> after {time(appTime(state.value, trace.id, 0))}: the process ended
        </li>
      ) : null}
      {sender === null ? null : (
        <li>
          <SentBy {...sender} />
        </li>
      )}
      {facts.map((fact) => (
        <li key={fact.kind}>
          <Fact fact={fact} />
          {fact.kind === "app" ? <OfWhichHeld trace={trace} /> : null}
        </li>
      ))}
      {error === null ? null : (
        <li>
          <button type="button" class="fact" onClick={() => show("exception", null)}>
            <u>traceback</u>
          </button>
        </li>
      )}
    </ul>
  );
}

/** A link to the request that sent this one, and to its step. */
function SentBy({
  trace,
  step,
}: {
  readonly trace: TraceSummary;
  readonly step: number | null;
}): JSX.Element {
  return (
    <button
      type="button"
      class="fact"
      data-opens={trace.id}
      onClick={() => {
        actions.select(trace.id);
        if (step !== null) actions.step(step);
      }}
    >
      sent by{" "}
      <u>
        {trace.method} <bdi>{trace.path.slice(0, 100)}</bdi>
      </u>
      {hasApps.value && trace.process.app ? ` of ${trace.process.app}` : ""}
    </button>
  );
}

interface PillProps {
  readonly flag: Flag;
  readonly unhandled: boolean;
}

function Pill({ flag: [kind, label, reason], unhandled }: PillProps): JSX.Element {
  return (
    <button
      type="button"
      class={`flag ${kind}`}
      title={reason}
      onClick={() => show(kind === "error" ? "exception" : viewOf(label), null)}
    >
      {label}
      {unhandled ? ", not handled" : ""}
    </button>
  );
}

function Fact({ fact: { kind, text, mark, step } }: { readonly fact: Highlight }): JSX.Element {
  const at = text.indexOf(mark);
  const Mark = kind === "slowest" || kind === "unexplained" ? "u" : "b";
  return (
    <button type="button" class="fact" onClick={() => show(SHOWN[kind], SHOWN[kind] === "sql" ? null : step)}>
      {text.slice(0, at)}
      <Mark>{mark}</Mark>
      {text.slice(at + mark.length)}
    </button>
  );
}

/** The view of a flag, by the words of its label. */
function viewOf(label: string): ViewName {
  const names = Object.keys(FLAGS) as (keyof typeof FLAGS)[];
  const name = names.find((each) => {
    const [before = "", after = ""] = FLAGS[each][1].split("{}");
    return label.startsWith(before) && label.endsWith(after);
  });
  return (name === undefined ? undefined : SEEN[name]) ?? DIAGRAM;
}

/** Show a view, and a step in it; the view stays as it is if there is none. */
function show(view: ViewName | null, step: number | null): void {
  if (view !== null) actions.view(view);
  if (step !== null) actions.step(step);
}
