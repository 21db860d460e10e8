/** The rows of the list: requests under their initiators, static files folded, gaps and restarts between. */

import { isHeld } from "../trace/holds";
import { isFile } from "../trace/files";
import { isEarlier, restartsAfter, type Restart } from "../state/runs";
import type { Sender } from "../trace/links";
import type { Run } from "../trace/run";
import type { Gap, Imported, State } from "../state/state";
import type { TraceSummary } from "../api/types";

export interface RequestRow {
  readonly kind: "request";
  readonly key: string;
  readonly trace: TraceSummary;
  /** Its depth in the group. */
  readonly depth: number;
  /** The number of requests grouped under it, shown or not. */
  readonly under: number;
  readonly open: boolean;
  /** Whether it is of an earlier run of the app. */
  readonly earlier: boolean;
  /** The file that it was imported from. */
  readonly file: string | null;
}

export interface StaticRow {
  readonly kind: "static";
  readonly key: string;
  readonly traces: readonly TraceSummary[];
  readonly depth: number;
  readonly open: boolean;
}

export interface GapRow {
  readonly kind: "gap";
  readonly key: string;
  readonly gap: Gap;
}

/** A restart of the app, by the process that is above it. */
export interface RestartRow {
  readonly kind: "restart";
  readonly key: string;
  readonly run: Run;
}

/** Between the requests that are held and those that go on. */
interface BesideRow {
  readonly kind: "beside";
  readonly key: "beside";
}

export type Row = RequestRow | StaticRow | GapRow | RestartRow;
export type ListRow = Row | BesideRow;

/** The rows of held requests on top, whoever sent them. */
export function heldFirst(rows: readonly Row[]): readonly ListRow[] {
  const isOnTop = (row: Row): row is RequestRow =>
    row.kind === "request" && !row.earlier && isHeld(row.trace);
  const held = rows
    .filter(isOnTop)
    .map((row) => ({ ...row, depth: 0, under: 0 }))
    .sort((one, other) => (one.key < other.key ? 1 : -1));
  const rest = rows.filter((row) => !isOnTop(row));
  if (held.length === 0) return rows;
  return rest.length === 0 ? held : [...held, { kind: "beside", key: "beside" }, ...rest];
}

/** The input of the rows. */
export interface Input extends Pick<
  State,
  "process" | "imported" | "gaps" | "grouped" | "folds" | "selected"
> {
  /** The restarts among all requests, newest first. */
  readonly restarts: readonly Restart[];
  readonly senders: ReadonlyMap<string, Sender>;
}

/** The rows for a state, of whose requests these are visible, and all that were imported. */
export function rowsOf(state: Input, visible: readonly TraceSummary[]): readonly Row[] {
  const gaps = state.gaps.map(gapRow);
  const imported = [...state.imported];
  /** The gaps and imported requests that came after a request, which are above it. */
  const before = (trace: TraceSummary): readonly Row[] => [
    ...takeWhile(gaps, ({ gap }) => trace.id <= (gap.after ?? "")),
    ...takeWhile(imported, ({ after }) => trace.id <= (after ?? "")).map(importedRow),
  ];
  const rows = requestRows(state, visible, before);
  return [...rows, ...gaps, ...imported.map(importedRow)];
}

function gapRow(gap: Gap): GapRow {
  return { kind: "gap", key: `gap ${gap.after ?? ""} ${gap.ms}`, gap };
}

function importedRow({ trace, file }: Imported): RequestRow {
  return { ...PLAIN, key: trace.id, trace, file };
}

const PLAIN = { kind: "request", depth: 0, under: 0, open: false, earlier: false, file: null } as const;

/** Take the first ones out of a list. */
function takeWhile<T>(list: T[], test: (each: T) => boolean): readonly T[] {
  if (list.length === 0) return list;
  const end = list.findIndex((each) => !test(each));
  return list.splice(0, end < 0 ? list.length : end);
}

/** The rows of the requests that the server had. */
function requestRows(
  state: Input,
  traces: readonly TraceSummary[],
  before: (trace: TraceSummary) => readonly Row[],
): readonly Row[] {
  const { roots, under } = state.grouped
    ? families(traces, state.senders)
    : { roots: traces, under: NO_FAMILIES };
  const rows: Row[] = [];
  const size = (id: string): number =>
    (under.get(id) ?? []).reduce((sum, each) => sum + 1 + size(each.id), 0);
  const isFileAlone = (trace: TraceSummary): boolean => isFile(trace) && !under.has(trace.id);
  const add = (trace: TraceSummary, depth: number): void => {
    const open = !state.folds.has(trace.id);
    const earlier = isEarlier(state.restarts, state, trace);
    rows.push({ ...PLAIN, key: trace.id, trace, depth, under: size(trace.id), open, earlier });
    const children = under.get(trace.id);
    if (open && children !== undefined)
      for (const run of runsOf(filesTogether(children, isFileAlone), isFileAlone)) addRun(run, depth + 1);
  };
  const addRun = (run: readonly TraceSummary[], depth: number): void => {
    const [first] = run;
    if (first === undefined) return;
    if (isFileAlone(first)) rows.push(...staticRows(state, run, depth));
    else add(first, depth);
  };
  for (const { restart, requests } of stretches(state, roots))
    runsOf(requests, isFileAlone).forEach((run, index) => {
      rows.push(...run.slice(0, 1).flatMap(before), ...(index === 0 ? restart : []));
      addRun(run, 0);
    });
  return rows;
}

interface Stretch {
  /** The restart after it, which is above it. */
  readonly restart: readonly RestartRow[];
  readonly requests: TraceSummary[];
}

/** The requests between two restarts of the app. */
function stretches(state: Input, requests: readonly TraceSummary[]): readonly Stretch[] {
  const found: Stretch[] = [];
  let above = 0;
  for (const trace of requests) {
    const after = Math.max(above, restartsAfter(state.restarts, state, trace));
    // Of several with no request between them that is shown, the last.
    const run = after > above ? state.restarts[above]?.run : undefined;
    if (run !== undefined || found.length === 0) {
      const restart =
        run === undefined ? [] : [{ kind: "restart", key: `restart ${trace.id}`, run } as const];
      found.push({ restart, requests: [trace] });
    } else found.at(-1)?.requests.push(trace);
    above = after;
  }
  return found;
}

/** The files of one page beside each other, where the first of them came. */
function filesTogether(
  traces: readonly TraceSummary[],
  isFileAlone: (trace: TraceSummary) => boolean,
): readonly TraceSummary[] {
  const at = traces.findIndex(isFileAlone);
  const rest = traces.slice(at + 1);
  return at < 0
    ? traces
    : [
        ...traces.slice(0, at + 1),
        ...rest.filter(isFileAlone),
        ...rest.filter((trace) => !isFileAlone(trace)),
      ];
}

const NO_FAMILIES: ReadonlyMap<string, readonly TraceSummary[]> = new Map();

/** Fold consecutive static files, and a single one; any other request has its own row. */
function runsOf(
  traces: readonly TraceSummary[],
  isFileAlone: (trace: TraceSummary) => boolean,
): readonly (readonly TraceSummary[])[] {
  const runs: TraceSummary[][] = [];
  let open: TraceSummary[] | null = null;
  for (const trace of traces) {
    const isOne = isFileAlone(trace);
    if (isOne && open !== null) open.push(trace);
    else {
      const run = [trace];
      runs.push(run);
      open = isOne ? run : null;
    }
  }
  return runs;
}

function staticRows(state: Input, traces: readonly TraceSummary[], depth: number): readonly Row[] {
  // By the oldest of them: others may still come.
  const oldest = traces.reduce((least, { id }) => (id < least ? id : least), traces[0]?.id ?? "");
  const key = `static ${oldest}`;
  const open = state.folds.has(key) || traces.some((trace) => trace.id === state.selected);
  const own: StaticRow = { kind: "static", key, traces, depth, open };
  if (!open) return [own];
  return [
    own,
    ...traces.map((trace) => ({
      ...PLAIN,
      key: trace.id,
      trace,
      depth: depth + 1,
      earlier: isEarlier(state.restarts, state, trace),
    })),
  ];
}

/** The top-level requests, newest first, and the requests grouped under each, oldest first. */
function families(
  traces: readonly TraceSummary[],
  senders: ReadonlyMap<string, Sender>,
): {
  roots: readonly TraceSummary[];
  under: ReadonlyMap<string, readonly TraceSummary[]>;
} {
  const roots: TraceSummary[] = [];
  const under = new Map<string, TraceSummary[]>();
  const above = aboveEach(traces, senders);
  for (const trace of traces) {
    const over = above.get(trace.id);
    if (over === undefined) roots.push(trace);
    else if (under.get(over)?.push(trace) === undefined) under.set(over, [trace]);
  }
  for (const all of under.values()) all.reverse();
  return { roots, under };
}

/** The request that each stands under, if that is here. */
function aboveEach(
  traces: readonly TraceSummary[],
  senders: ReadonlyMap<string, Sender>,
): ReadonlyMap<string, string> {
  const of = (trace: TraceSummary): string | null =>
    trace.parent ?? trace.cause ?? senders.get(trace.id)?.trace ?? null;
  const above = new Map<string, string>();
  if (traces.every((trace) => of(trace) === null)) return above;
  const here = new Set(traces.map(({ id }) => id));
  const isUnder = (id: string, sought: string): boolean => {
    for (let at: string | undefined = id; at !== undefined; at = above.get(at))
      if (at === sought) return true;
    return false;
  };
  for (const trace of traces) {
    const over = of(trace);
    // What others say of their senders may form a circle.
    if (over !== null && here.has(over) && !isUnder(over, trace.id)) above.set(trace.id, over);
  }
  return above;
}

/** The request some rows further down the list, or up. */
export function neighbourOf(
  rows: readonly ListRow[],
  selected: string | null,
  by: number,
): TraceSummary | null {
  const requests = rows.filter((row) => row.kind === "request");
  const at = requests.findIndex((row) => row.key === selected);
  return requests[Math.max(0, Math.min(requests.length - 1, at + by))]?.trace ?? null;
}
