import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { Strip } from "../diagram/Strip";
import { time } from "../format";
import { parse } from "../filter";
import { HEIGHT, rowsOf, type GapRow, type RequestRow, type Row, type StaticRow } from "../rows";
import { appTime, listed, olderThan } from "../state";
import { clientStatus } from "../status";
import { actions, now, state } from "../store";
import type { TraceSummary } from "../types";
import { lazy } from "./lazy";

const Nothing = lazy("What to do", () => import("./Nothing"));
/** Rows that are drawn above and below what is seen. */
const BEYOND = 8;
/** The window moves on by so many px at once. */
const PACE = 58 * 3;

export function List(): JSX.Element {
  const { epoch, filter } = state.value;
  const rows = rowsOf(state.value);
  const hidden = filter.trim() !== "" && rows.every((row) => row.kind === "gap");
  return (
    <aside class="list" aria-label="Requests">
      <Head />
      {rows.length > 0 && !hidden ? (
        <Rows rows={rows} />
      ) : epoch === null ? (
        <p class="nothing" />
      ) : (
        <Nothing />
      )}
      <Foot />
    </aside>
  );
}

function Head(): JSX.Element {
  const { filter, traces, imported, kept, grouped } = state.value;
  const own = Math.max(kept, traces.length);
  const all = own + imported.length;
  const found =
    listed(state.value).length + imported.filter(({ trace }) => parse(filter).matches(trace)).length;
  return (
    <header>
      <span role="status">
        {filter.trim() === ""
          ? `${own} ${own === 1 ? "request" : "requests"}${imported.length === 0 ? "" : `, ${imported.length} imported`}`
          : `${found} of ${all}`}
      </span>
      <button
        type="button"
        aria-pressed={grouped}
        title="Under the page, redirect or request that caused them"
        onClick={() => {
          actions.group(!grouped);
        }}
      >
        Group
      </button>
    </header>
  );
}

/** The rows that are seen, and some more, at their places in a list of the height of all. */
function Rows({ rows }: { readonly rows: readonly Row[] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [from, setFrom] = useState(0);
  const [height, setHeight] = useState(800);
  const tops = topsOf(rows);
  const { selected, follow } = state.value;
  const first = Math.max(0, rowAt(tops, from) - BEYOND);
  const last = Math.min(rows.length, rowAt(tops, from + PACE + height) + BEYOND);

  const top = tops[rows.findIndex((row) => row.key === selected)];
  // The one that was brought into view last, and whether the list was not scrolled away from it.
  const shown = useRef<string | null>(null);
  const seen = useRef(true);

  // What is looked at stays where it is when rows come in above it.
  const anchor = useRef<{ key: string; top: number } | null>(null);
  const scrolled = useRef(0);
  const move = (to: number): void => {
    if (box.current === null) return;
    box.current.scrollTop = to;
    // The event comes later, perhaps after the next rows.
    scrolled.current = box.current.scrollTop;
    hold();
  };
  const hold = (): void => {
    const at = box.current?.scrollTop ?? 0;
    const then = tops[rows.findIndex((row) => row.key === shown.current)];
    // Only a hand scrolls away from it.
    if (then !== undefined && at !== scrolled.current)
      seen.current = then + HEIGHT.request > at && then < at + height;
    scrolled.current = at;
    const row = rows[rowAt(tops, at)];
    anchor.current =
      at < HEIGHT.gap || row === undefined ? null : { key: row.key, top: (tops[rowAt(tops, at)] ?? 0) - at };
    setFrom(Math.floor(at / PACE) * PACE);
  };
  useLayoutEffect(() => {
    const held = anchor.current;
    if (held === null || box.current === null) return;
    const at = rows.findIndex((row) => row.key === held.key);
    const wanted = (tops[at] ?? 0) - held.top;
    if (at >= 0 && Math.abs(box.current.scrollTop - wanted) >= 1) move(wanted);
  }, [rows]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);

  // One that was picked by a key, or by the address, is brought into view; and while one follows, the newest,
  // unless the list was scrolled away. Once all is painted: moving it takes that.
  useEffect(() => {
    if (!follow) seen.current = true;
    if (top === undefined || !seen.current) return;
    shown.current = selected;
    const at = scrolled.current;
    // At first, what is drawn does not know how high it is.
    const bottom = top + HEIGHT.request - (box.current?.clientHeight ?? height);
    if (top < at) move(top);
    else if (bottom > at) move(bottom);
  }, [selected, top === undefined, follow, follow ? top : null]);

  useLayoutEffect(() => {
    if (last >= rows.length - BEYOND && olderThan(state.value) !== null) actions.older();
  });

  return (
    <div class="rows" ref={box} onScroll={hold}>
      <ol style={{ height: `${tops.at(-1) ?? 0}px` }}>
        {rows.slice(first, last).map((row, index) => (
          <li
            key={row.key}
            class={row.kind}
            style={{ transform: `translateY(${tops[first + index] ?? 0}px)` }}
            aria-setsize={rows.length}
            aria-posinset={first + index + 1}
          >
            {row.kind === "request" ? (
              <Kept row={row} current={row.key === selected} />
            ) : row.kind === "static" ? (
              <Statics row={row} />
            ) : (
              <Lost row={row} />
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Where each row begins, px, and where the last one ends. */
function topsOf(rows: readonly Row[]): readonly number[] {
  if (measured.of !== rows) {
    let top = 0;
    measured = { of: rows, tops: [0, ...rows.map((row) => (top += HEIGHT[row.kind]))] };
  }
  return measured.tops;
}

let measured: { readonly of: readonly Row[]; readonly tops: readonly number[] } = { of: [], tops: [0] };

/** The row at a height. */
function rowAt(tops: readonly number[], at: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

const indent = (depth: number): string => `d${Math.min(depth, 3)}`;

interface RequestProps {
  readonly row: RequestRow;
  readonly current: boolean;
}

/** While what it shows is the same, so is the element, and Preact does not look into it. */
function Kept({ row, current }: RequestProps): JSX.Element {
  return useMemo(
    () => <Request row={row} current={current} />,
    [row.trace, row.depth, row.under, row.open, row.earlier, row.file, current],
  );
}

function Request({ row, current }: RequestProps): JSX.Element {
  const { trace, depth, under, open, earlier, file } = row;
  const running = trace.state === "running" && !earlier;
  // Whatever was answered before.
  const failed = trace.error !== null && (trace.status ?? 0) < 500;
  const byServer = trace.status === null && clientStatus(trace) !== null;
  return (
    <>
      <button
        type="button"
        class={`row ${indent(depth)}${running ? " running" : ""}${earlier ? " earlier" : ""}${file === null ? "" : " imported"}${under > 0 ? " over" : ""}`}
        data-trace={trace.id}
        data-state={trace.state}
        aria-current={current ? "true" : undefined}
        title={earlier ? "Of an earlier run of the app" : file === null ? undefined : `Imported from ${file}`}
        onClick={() => {
          actions.select(trace.id);
        }}
      >
        <span class="m">{trace.method.slice(0, 20)}</span>
        <Path path={trace.path} />
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
        {running ? (
          <Now trace={trace} />
        ) : (
          <>
            {file === null ? null : <span class="from">imported</span>}
            {trace.status === 101 ? (
              <span class="w">websocket</span>
            ) : (
              <span class="w">
                <Strip
                  parts={trace.strip}
                  duration={appTime(state.value, trace.id, 0)}
                  width={180}
                  height={6}
                />
              </span>
            )}
            <span class="d">
              {earlier && trace.state === "running" ? "cut off" : time(appTime(state.value, trace.id, 0))}
            </span>
          </>
        )}
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

/** A path; where there is no room for all of it, its end is seen. */
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

function Statics({ row }: { readonly row: StaticRow }): JSX.Element {
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

function Lost({ row }: { readonly row: GapRow }): JSX.Element {
  const { ms, requests, restarted } = row.gap;
  const came = `${requests} ${requests === 1 ? "request" : "requests"} came in meanwhile`;
  return (
    <p class="away">
      {restarted ? "The app was started anew; the" : "The"} connection was lost for {time(ms * 1e6)}
      {requests > 0 ? `; ${came}` : ""}
    </p>
  );
}

/** Whose requests these are, and how many are not in the list. */
function Foot(): JSX.Element {
  const { evicted, tooLarge, skipped, ignored, map, process } = state.value;
  return (
    <footer>
      {map === null ? null : (
        <span class="about">
          {map.name} · Flask {map.versions["flask"]} · process {(process ?? map.process).pid}
        </span>
      )}
      {evicted > 0 ? (
        <span title="The server keeps so many: LIFECYCLE_MAX_TRACES">{evicted} requests evicted</span>
      ) : null}
      {tooLarge > 0 ? (
        <span title="All together they were larger than the server keeps: LIFECYCLE_MAX_BYTES">
          {tooLarge} of them for their size
        </span>
      ) : null}
      {skipped > 0 ? (
        <span title="They came and went faster than they could be shown">skipped {skipped} updates</span>
      ) : null}
      {ignored > 0 ? (
        <span title="They are not to be recorded: LIFECYCLE_IGNORE">{ignored} requests ignored</span>
      ) : null}
    </footer>
  );
}
