/** Which two requests these are, and the verdict. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Trace, TraceSummary } from "../api/types";
import { actions } from "../state/actions";
import { appTime, importedOf, isFromFile } from "../state/request";
import { whyNotSent } from "../state/sending";
import type { Pairing } from "../state/state";
import { state } from "../state/store";
import { curl } from "../trace/curl";
import { comparable } from "../trace/recorded";
import { time } from "../trace/format";
import { byHand, interventions } from "../trace/holds";
import { clientStatus } from "../trace/status";
import { ellipsize } from "../trace/text";
import type { Loaded } from "./load";
import type { SideName } from "./model/types";
import { Mark } from "./parts";

const CHOICES = 40;

interface HeadProps {
  readonly loaded: Loaded;
  readonly pairing: Pairing;
}

export function Head({ loaded, pairing }: HeadProps): JSX.Element {
  const { comparison, single } = loaded.model;
  const { recorded } = state.value;
  return (
    <header class="cmp">
      <div class="pair">
        <Pick loaded={loaded} side="a" />
        {recorded === null ? (
          <button type="button" aria-label="Swap A and B" title="Swap A and B" onClick={actions.swap}>
            ⇄
          </button>
        ) : (
          <span aria-hidden="true">→</span>
        )}
        <Pick loaded={loaded} side="b" />
        {isFromFile(state.value, loaded.b.id) ? null : (
          <Again trace={loaded.b} runs={comparison.runs.b} pairing={pairing} />
        )}
        <button
          type="button"
          aria-label="Close the comparison"
          title="Close (Esc)"
          onClick={actions.endComparing}
        >
          ✕
        </button>
      </div>
      <div class="verdict" role="status">
        <h1>{comparison.verdict}</h1>
        <ByHand loaded={loaded} />
        <p>
          {comparison.basis}
          {single ? "" : " ≈ marks what is within it."}
        </p>
      </div>
    </header>
  );
}

/** What was done to either by hand: it is not what the app's code does. */
function ByHand({ loaded }: { readonly loaded: Loaded }): JSX.Element {
  return (
    <>
      {(["a", "b"] as const).flatMap((of) =>
        interventions(loaded[of]).map((hold) => (
          <span key={`${of} ${hold.begin}`} class="by-hand" title="This is not what the app’s code does">
            {of.toUpperCase()}: {loaded[of].steps[hold.step]?.name ?? "a step"} {byHand(hold)}
          </span>
        )),
      )}
    </>
  );
}

interface PickProps {
  readonly loaded: Loaded;
  readonly side: SideName;
}

/** One of both; another one may be picked in its place. */
function Pick({ loaded, side }: PickProps): JSX.Element {
  const trace = loaded[side];
  const { comparison } = loaded.model;
  const took = side === "a" ? comparison.a_ns : comparison.b_ns;
  const status = comparison.status[side];
  return (
    <label class="pick">
      <Mark of={side} />
      <b>{side.toUpperCase()}</b>
      <span class="request">
        <span class="m">{trace.method}</span> <bdi>{comparison.url[side]}</bdi>
      </span>
      <span class={`s${Math.floor((status ?? 0) / 100)}`}>{status ?? "–"}</span>
      {took === null ? null : <span class="took">{time(took)}</span>}
      <small title={whenOf(loaded, side)}>{whenOf(loaded, side)}</small>
      <small aria-hidden="true">▾</small>
      <select
        aria-label={`Request ${side.toUpperCase()}`}
        value={trace.id}
        onChange={(event) => {
          actions.comparedSide(side, event.currentTarget.value);
        }}
      >
        <Choices trace={trace} side={side} other={loaded[side === "a" ? "b" : "a"]} />
      </select>
    </label>
  );
}

interface ChoicesProps {
  readonly trace: Trace;
  readonly side: SideName;
  /** The request on the other side. */
  readonly other: Trace;
}

function Choices({ trace, side, other }: ChoicesProps): JSX.Element {
  const { traces, earlier, imported, recorded } = state.value;
  const prepared = recorded === null ? null : comparable(recorded, side === "a" ? "b" : "a", other.id);
  const all = [...imported.map((each) => each.trace), ...traces, ...earlier].filter(
    (each) => each.state === "done" && each.id !== trace.id && prepared?.has(each.id) !== false,
  );
  const alike = all.filter(({ method, path, query }) => isLike(trace, { method, path, query }));
  const others = all.filter((each) => !alike.includes(each));
  return (
    <>
      <option value={trace.id}>{choiceOf(trace, trace.app_time ?? trace.duration ?? 0)}</option>
      {(
        [
          ["Like this one", alike],
          ["Others", others],
        ] as const
      ).map(([label, group]) =>
        group.length === 0 ? null : (
          <optgroup key={label} label={label}>
            {group.slice(0, CHOICES).map((each) => (
              <option key={each.id} value={each.id}>
                {choiceOf(each, appTime(state.value, each.id, 0))}
              </option>
            ))}
          </optgroup>
        ),
      )}
    </>
  );
}

function isLike(one: Trace, other: Pick<TraceSummary, "method" | "path" | "query">): boolean {
  return one.method === other.method && one.path === other.path && one.query === other.query;
}

function choiceOf(trace: Omit<Trace, "steps">, took: number): string {
  const { method, path, query } = trace;
  const url = ellipsize(`${path}${query === "" ? "" : `?${query}`}`, 60);
  return `${clockOf(trace)}  ${method} ${url}  ${clientStatus(trace as Trace) ?? "–"}  ${time(took)}`;
}

function clockOf({ started_at }: Pick<Trace, "started_at">): string {
  return new Date(started_at * 1000).toLocaleTimeString("en-GB");
}

/** When it was, and of two runs of the app, in which one. */
function whenOf({ a, b }: Loaded, side: SideName): string {
  const [trace, other] = side === "a" ? [a, b] : [b, a];
  const clock = clockOf(trace);
  const file = importedOf(state.value, trace.id)?.file;
  if (file !== undefined) return `${clock}, in ${file}`;
  if (isSameRun(a, b) || isFromFile(state.value, other.id) !== isFromFile(state.value, trace.id))
    return clock;
  return `${clock}, ${trace.started_at < other.started_at ? "before" : "after"} the restart`;
}

function isSameRun({ process: one }: Trace, { process: other }: Trace): boolean {
  return one.host === other.host && one.pid === other.pid && one.started_at === other.started_at;
}

interface AgainProps {
  readonly trace: Trace;
  readonly runs: readonly string[];
  readonly pairing: Pairing;
}

/** Sends B again, as one more run of it; where that may change something, there is the command. */
function Again({ trace, runs, pairing }: AgainProps): JSX.Element {
  const [sending, setSending] = useState(false);
  const [copied, setCopied] = useState(false);
  const why = whyNotSent(trace);
  if (why !== null)
    return (
      <button
        type="button"
        title={why}
        onClick={() => {
          navigator.clipboard.writeText(curl(trace, location.origin)).then(
            () => {
              setCopied(true);
            },
            () => {
              actions.notice(`The browser does not allow copying here: ${curl(trace, location.origin)}`);
            },
          );
        }}
      >
        {copied ? "Command copied" : "Copy as cURL"}
      </button>
    );
  return (
    <button
      type="button"
      title="Send B again from this page, with the browser’s own cookies"
      disabled={sending}
      onClick={() => {
        setSending(true);
        actions
          .sendOneMore(pairing, runs)
          .catch((error: unknown) => {
            actions.notice(error instanceof Error ? error.message : String(error));
          })
          .finally(() => {
            setSending(false);
          });
      }}
    >
      {sending ? "Sending…" : "Send again"}
    </button>
  );
}
