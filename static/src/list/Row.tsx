/** One row of the list. */

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { TraceSummary } from "../api/types";
import { Strip } from "../components/Strip";
import { actions } from "../state/actions";
import { appTime } from "../state/request";
import { now, state } from "../state/store";
import { time } from "../trace/format";
import { clientStatus } from "../trace/status";
import type { GapRow, RequestRow, StaticRow } from "./rows";

const indent = (depth: number): string => `d${Math.min(depth, 3)}`;

interface RequestProps {
  readonly row: RequestRow;
  readonly current: boolean;
}

/** While what it shows is the same, so is the element, and Preact does not look into it. */
export function Request({ row, current }: RequestProps): JSX.Element {
  return useMemo(
    () => <Content row={row} current={current} />,
    [row.trace, row.depth, row.under, row.open, row.earlier, row.file, current],
  );
}

function Content({ row, current }: RequestProps): JSX.Element {
  const { trace, depth, under, open, earlier, file } = row;
  const running = trace.state === "running" && !earlier;
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
        title={
          earlier ? "From an earlier run of the app" : file === null ? undefined : `Imported from ${file}`
        }
        onClick={() => {
          actions.select(trace.id);
        }}
      >
        <span class="m">{trace.method.slice(0, 20)}</span>
        <Path path={trace.path} />
        <Status trace={trace} running={running} />
        {running ? <Now trace={trace} /> : <Time row={row} />}
      </button>
      {under > 0 ? (
        <button
          type="button"
          class={`fold ${indent(depth)}`}
          aria-expanded={open}
          aria-label={`${under} requests caused by ${trace.path.slice(0, 100)}`}
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

interface StatusProps {
  readonly trace: TraceSummary;
  readonly running: boolean;
}

function Status({ trace, running }: StatusProps): JSX.Element {
  // Whatever was answered before.
  const failed = trace.error !== null && (trace.status ?? 0) < 500;
  const byServer = trace.status === null && clientStatus(trace) !== null;
  return (
    <span
      class={`s s${failed ? 5 : Math.floor((trace.status ?? 0) / 100)}`}
      title={byServer ? "By the server: the app did not answer" : undefined}
    >
      {byServer ? (
        <span class="server">
          {clientStatus(trace)}
          <span class="unseen"> by the server</span>
        </span>
      ) : (
        (trace.status ?? (failed ? "" : running ? "…" : "–"))
      )}
      {failed ? " ✕" : ""}
    </span>
  );
}

/** Its strip and its duration. */
function Time({ row: { trace, earlier, file } }: { readonly row: RequestRow }): JSX.Element {
  const took = appTime(state.value, trace.id, 0);
  return (
    <>
      {file === null ? null : <span class="from">imported</span>}
      {trace.status === 101 ? (
        <span class="w">websocket</span>
      ) : (
        <span class="w">
          <Strip parts={trace.strip} duration={took} width={180} height={6} />
        </span>
      )}
      <span class="d">{earlier && trace.state === "running" ? "cut off" : time(took)}</span>
    </>
  );
}

/** A path; if it does not fit, its end is visible. */
function Path({ path }: { readonly path: string }): JSX.Element {
  const shown = path.slice(0, 300);
  // A slash at the end belongs to the last word.
  const at = shown.lastIndexOf("/", shown.length - 2);
  const tail = at > 0 && shown.length - at <= 14 ? shown.slice(at) : "";
  return (
    <bdi class="p" title={path.slice(0, 2000)}>
      <span>{shown.slice(0, shown.length - tail.length)}</span>
      {tail}
    </bdi>
  );
}

/** Where a running request is, and how long it has run. */
function Now({ trace }: { readonly trace: TraceSummary }): JSX.Element {
  const lasted = appTime(state.value, trace.id, now.value);
  return (
    <>
      <span class="w">
        <span class="where">
          {trace.now === null ? (
            "begins"
          ) : (
            <>
              <i>{trace.now.stage}</i> {trace.now.name.slice(0, 100)}
            </>
          )}
        </span>
        <Strip parts={trace.strip} duration={lasted} width={180} height={3} />
      </span>
      <span class="d">{time(lasted)}</span>
    </>
  );
}

export function Static({ row }: { readonly row: StaticRow }): JSX.Element {
  const failed = row.traces.filter((trace) => (clientStatus(trace) ?? 0) >= 400).length;
  return (
    <button
      type="button"
      class={`statics ${indent(row.depth)}`}
      aria-expanded={row.open}
      onClick={() => {
        actions.fold(row.key);
      }}
    >
      <span>
        {row.open ? "▾" : "▸"} {row.traces.length} static files
      </span>
      {failed > 0 ? <b class="s4">{failed} failed</b> : null}
    </button>
  );
}

export function Gap({ row }: { readonly row: GapRow }): JSX.Element {
  const { ms, requests, restarted } = row.gap;
  const came = `${requests} ${requests === 1 ? "request" : "requests"} came in meanwhile`;
  return (
    <p class="away">
      {restarted ? "The app restarted; the" : "The"} connection was lost for {time(ms * 1e6)}
      {requests > 0 ? `; ${came}` : ""}
    </p>
  );
}
