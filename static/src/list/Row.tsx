/** One row of the list. */

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { Flag, TraceSummary } from "../api/types";
import { Strip } from "../components/Strip";
import { actions } from "../state/actions";
import { appTime } from "../state/request";
import { isCutOff } from "../state/runs";
import { hasApps, now, state } from "../state/store";
import { spokenName } from "../trace/breakpoints";
import { plural, time, timeOfDay } from "../trace/format";
import {
  brief,
  heldFor,
  holdAt,
  flagsWithout,
  isHeld,
  ofWhichHeld,
  stripWithHolds,
  whenOf,
} from "../trace/holds";
import { startOf } from "../trace/run";
import { clientStatus, sender } from "../trace/status";
import { processes } from "./current";
import { LONGEST_METHOD, pathOf, rowWidth } from "./geometry";
import type { Line } from "./lines";
import { processKey } from "./processes";
import { close } from "./sheet";
import type { GapRow, RequestRow, RestartRow, StaticRow } from "./rows";

/** So many flags have room. */
const FLAGS = 2;

const indent = (depth: number): string => `d${Math.min(depth, 3)}`;

interface RequestProps {
  readonly row: RequestRow;
  readonly current: boolean;
}

/** While what it shows is the same, so is the element, and Preact does not look into it. */
export function Request({ row, current }: RequestProps): JSX.Element {
  const lines = pathOf(row, rowWidth.value);
  const { process: of } = row.trace;
  const process = processes.value.get(processKey(of)) ?? (hasApps.value ? of.app : undefined);
  return useMemo(
    () => <Content row={row} current={current} lines={lines} process={process} />,
    [row.trace, row.depth, row.under, row.open, row.earlier, row.file, current, lines, process],
  );
}

interface ContentProps extends RequestProps {
  readonly lines: readonly Line[];
  /** The short name of its process, if there are several. */
  readonly process: string | undefined;
}

function Content({ row, current, lines, process }: ContentProps): JSX.Element {
  const { trace, depth, under, open, earlier, file } = row;
  const running = trace.state === "running";
  const states = [
    running ? " running" : "",
    earlier ? " earlier" : "",
    file === null ? "" : " imported",
    under > 0 ? " over" : "",
  ];
  return (
    <>
      <button
        type="button"
        class={`row ${indent(depth)}${states.join("")}`}
        data-trace={trace.id}
        data-state={trace.state}
        aria-current={current ? "true" : undefined}
        title={earlier ? ofRun(trace) : file === null ? undefined : `Imported from ${file}`}
        onClick={({ ctrlKey, metaKey }) => {
          if (ctrlKey || metaKey) actions.compareWith(trace.id);
          else actions.select(trace.id);
          close();
        }}
      >
        <Path trace={trace} lines={lines} />
        <Status trace={trace} running={running} />
        {isHeld(trace) && !earlier ? <At trace={trace} /> : null}
        <Flags flags={flagsWithout(trace.flags, "held")} />
        <span class="w">
          {running ? <Now trace={trace} /> : <Time row={row} />}
          {process === undefined ? null : (
            <span class="pb" title={aboutProcess(trace)}>
              {process}
            </span>
          )}
        </span>
      </button>
      {under > 0 ? (
        <button
          type="button"
          class={`fold ${indent(depth)}`}
          aria-expanded={open}
          aria-label={`${plural(under, "request")} caused by ${trace.path.slice(0, 100)}`}
          onClick={() => {
            actions.fold(row.key);
          }}
        >
          {open ? "▾" : "▸"} {under}
        </button>
      ) : null}
    </>
  );
}

function aboutProcess({ process: { pid, host, app } }: TraceSummary): string {
  return `Process ${pid} of ${app ?? "the app"} on ${host}`;
}

function ofRun({ process }: TraceSummary): string {
  return `From an earlier run of the app: process ${process.pid}, started ${timeOfDay(startOf(process))}`;
}

interface PathProps {
  readonly trace: TraceSummary;
  readonly lines: readonly Line[];
}

function Path({ trace: { method, path, query }, lines }: PathProps): JSX.Element {
  return (
    <span class="what" title={`${path}${query === "" ? "" : `?${query}`}`.slice(0, 2000)}>
      <span class={READS.has(method) ? "m" : "m writes"}>{method.slice(0, LONGEST_METHOD)}</span>{" "}
      <bdi class="p">
        {lines.map((pieces, index) => (
          <span key={index} class="l">
            {pieces.map(([text, isQuery]) => (isQuery ? <i key="query">{text}</i> : text))}
          </span>
        ))}
      </bdi>
    </span>
  );
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

function Flags({ flags }: { readonly flags: readonly Flag[] }): JSX.Element | null {
  if (flags.length === 0) return null;
  const [shown, rest] = [flags.slice(0, FLAGS), flags.slice(FLAGS)];
  return (
    <span class="fl">
      {shown.map(([kind, label, reason]) => (
        <span key={label} class={`flag ${kind}`} title={reason}>
          {label}
        </span>
      ))}
      {rest.length === 0 ? null : (
        <span class="more" title={rest.map(([, , reason]) => reason).join("\n")}>
          +{rest.length}
          <span class="unseen"> {rest.map(([, label]) => label).join(", ")}</span>
        </span>
      )}
    </span>
  );
}

interface StatusProps {
  readonly trace: TraceSummary;
  readonly running: boolean;
}

function Status({ trace, running }: StatusProps): JSX.Element {
  if (running && isHeld(trace)) return <span class="s flag held">held</span>;
  // Whatever was answered before.
  const failed = trace.error !== null && (trace.status ?? 0) < 500;
  const byServer = trace.status !== clientStatus(trace);
  return (
    <span
      class={`s s${failed ? 5 : Math.floor((trace.status ?? 0) / 100)}`}
      title={byServer ? `By ${sender(trace)}: an exception left the app` : undefined}
    >
      {byServer ? (
        <>
          {clientStatus(trace)}
          <span class="unseen"> by {sender(trace)}</span>
        </>
      ) : (
        (trace.status ?? (failed ? "" : running ? "runs" : "–"))
      )}
      {failed && !byServer ? " ✕" : ""}
    </span>
  );
}

/** Its strip and its duration. */
function Time({ row: { trace, file } }: { readonly row: RequestRow }): JSX.Element {
  const took = appTime(state.value, trace.id, 0);
  return (
    <>
      {file === null ? null : <span class="from">imported</span>}
      {trace.status === 101 ? (
        <span class="from">websocket</span>
      ) : (
        <Strip {...stripWithHolds(trace, trace.strip, took)} width={180} height={5} />
      )}
      <span class="d" title={ofWhichHeld(heldFor(trace, trace.duration ?? 0)) || undefined}>
        {isCutOff(trace) ? "cut off after " : ""}
        {time(took)}
      </span>
    </>
  );
}

/** Where a running request is, and how long it has run. */
function Now({ trace }: { readonly trace: TraceSummary }): JSX.Element {
  const lasted = appTime(state.value, trace.id, now.value);
  const hold = holdAt(trace);
  return (
    <>
      {hold !== null ? null : (
        <span class="where">
          {trace.now === null ? (
            "begins"
          ) : (
            <>
              <i>{trace.now.stage}</i> {trace.now.name.slice(0, 100)}
            </>
          )}
        </span>
      )}
      <Strip {...stripWithHolds(trace, trace.strip, lasted)} width={180} height={5} />
      <span class="d">{hold === null ? time(lasted) : brief(lasted - hold.begin)}</span>
    </>
  );
}

/** Where it is held, as far as its steps are here; else, in which step it is. */
function At({ trace: { id, now: inside, holds } }: { readonly trace: TraceSummary }): JSX.Element {
  const hold = holds?.at(-1);
  const step = hold === undefined ? undefined : state.value.steps.get(id)?.[hold.step];
  const [when, name] =
    hold === undefined || step === undefined
      ? ["at", inside == null ? "its beginning" : spokenName(inside)]
      : [whenOf(hold, step), spokenName(step)];
  return (
    <span class="fl at">
      {when} {name.slice(0, 100)}
    </span>
  );
}

export function Static({ row }: { readonly row: StaticRow }): JSX.Element {
  const { traces, open, depth } = row;
  const statuses = [...new Set(traces.map((trace) => clientStatus(trace) ?? "…"))].sort();
  // That there is no icon is no fault.
  const failed = traces.some((trace) => trace.endpoint !== null && (clientStatus(trace) ?? 0) >= 400);
  const took = traces.reduce((sum, trace) => sum + appTime(state.value, trace.id, 0), 0);
  return (
    <button
      type="button"
      class={`statics ${indent(depth)}`}
      aria-expanded={open}
      title={traces
        .slice(0, 20)
        .map(({ path }) => path.slice(0, 200))
        .join("\n")}
      onClick={() => {
        actions.fold(row.key);
      }}
    >
      <span aria-hidden="true">{open ? "▾" : "▸"}</span>
      <span>{plural(traces.length, "static file")}</span>
      <span class="took">
        <span class={failed ? "s4" : ""}>{statuses.slice(0, 3).join(", ")}</span> · {time(took)}
      </span>
    </button>
  );
}

export function Gap({ row }: { readonly row: GapRow }): JSX.Element {
  const { ms, requests } = row.gap;
  const came = `${plural(requests, "request")} came in meanwhile`;
  return (
    <p class="away">
      The connection was lost for {time(ms * 1e6)}
      {requests > 0 ? `; ${came}` : ""}
    </p>
  );
}

/** What is below it came before the restart. */
export function Restart({ row: { run } }: { readonly row: RestartRow }): JSX.Element {
  const { history, recorded } = state.value;
  const isStored = history !== null || recorded !== null;
  return (
    <p
      class="restarted"
      title={isStored ? undefined : "The server has no history (LIFECYCLE_HISTORY is None)"}
    >
      <span>
        {(hasApps.value && run.app) || "App"} restarted {timeOfDay(startOf(run))}
        {isStored ? ` · process ${run.pid}` : " · below: in this tab only"}
      </span>
    </p>
  );
}
