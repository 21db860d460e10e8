/** The rows of the list: requests under what caused them, static files folded, gaps between. */

import { parse } from "../trace/filter";
import { isStatic } from "../state/request";
import type { Gap, Imported, State } from "../state/state";
import type { TraceSummary } from "../api/types";

export interface RequestRow {
  readonly kind: "request";
  readonly key: string;
  readonly trace: TraceSummary;
  /** How many requests it stands under. */
  readonly depth: number;
  /** How many stand under it, shown or not. */
  readonly under: number;
  readonly open: boolean;
  /** Whether it is of a process before this one. */
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

export type Row = RequestRow | StaticRow | GapRow;

/** What a row takes of the list's height, px; as in list.css. */
export const HEIGHT: Readonly<Record<Row["kind"], number>> = { request: 58, static: 34, gap: 48 };

/** What the rows are made of. */
type Rows = Pick<
  State,
  "traces" | "imported" | "filter" | "earlier" | "gaps" | "grouped" | "folds" | "selected"
>;

/** The rows for a state, of whose requests these are visible. */
export function rowsOf(state: Rows, visible: readonly TraceSummary[]): readonly Row[] {
  const rows: Row[] = [];
  const gaps = [...state.gaps];
  const { matches } = parse(state.filter);
  const imported = state.imported.filter(({ trace }) => matches(trace));
  const put = (traces: readonly TraceSummary[], earlier: boolean): void => {
    const { roots, under } = state.grouped
      ? families(traces)
      : { roots: traces, under: new Map<string, readonly TraceSummary[]>() };
    const size = (id: string): number =>
      (under.get(id) ?? []).reduce((sum, trace) => sum + 1 + size(trace.id), 0);
    const add = (trace: TraceSummary, depth: number): void => {
      const open = !state.folds.has(trace.id);
      const children = under.get(trace.id) ?? [];
      rows.push({
        kind: "request",
        key: trace.id,
        trace,
        depth,
        under: children.length === 0 ? 0 : size(trace.id),
        open,
        earlier,
        file: null,
      });
      if (open) addAll(children, depth + 1);
    };
    const addAll = (
      all: readonly TraceSummary[],
      depth: number,
      before: (trace: TraceSummary) => void = () => undefined,
    ): void => {
      for (let at = 0; at < all.length;) {
        let end = at;
        while (end < all.length && isStatic(all[end] as TraceSummary) && !under.has(all[end]?.id ?? ""))
          end += 1;
        const run = all.slice(at, Math.max(end, at + 1));
        const [first] = run as [TraceSummary];
        before(first);
        if (run.length === 1) add(first, depth);
        else addStatic(run, depth);
        at += run.length;
      }
    };
    const addStatic = (run: readonly TraceSummary[], depth: number): void => {
      // By the oldest of them: others may still come.
      const key = `static ${run.reduce((oldest, { id }) => (id < oldest ? id : oldest), run[0]?.id ?? "")}`;
      const open = state.folds.has(key) || run.some((trace) => trace.id === state.selected);
      rows.push({ kind: "static", key, traces: run, depth, open });
      if (open)
        for (const trace of run)
          rows.push({
            kind: "request",
            key: trace.id,
            trace,
            depth: depth + 1,
            under: 0,
            open: false,
            earlier,
            file: null,
          });
    };
    addAll(roots, 0, (trace) => {
      while (gaps.length > 0 && !gaps[0]?.restarted && trace.id <= (gaps[0]?.after ?? "")) addGap();
      while (imported.length > 0 && trace.id <= (imported[0]?.after ?? ""))
        addImported(imported.shift() as Imported);
    });
  };
  const addGap = (): void => {
    const gap = gaps.shift();
    if (gap !== undefined) rows.push({ kind: "gap", key: `gap ${gap.after ?? ""} ${gap.ms}`, gap });
  };
  const addImported = ({ trace, file }: Imported): void => {
    rows.push({
      kind: "request",
      key: trace.id,
      trace,
      depth: 0,
      under: 0,
      open: false,
      earlier: false,
      file,
    });
  };

  put(visible, false);
  while (gaps.some((gap) => gap.restarted)) addGap();
  put(state.earlier.filter(matches), true);
  while (gaps.length > 0) addGap();
  imported.forEach(addImported);
  return rows;
}

/** Which requests stand alone, newest first, and which under which, oldest first. */
function families(traces: readonly TraceSummary[]): {
  roots: readonly TraceSummary[];
  under: ReadonlyMap<string, readonly TraceSummary[]>;
} {
  const roots: TraceSummary[] = [];
  const under = new Map<string, TraceSummary[]>();
  const here = new Set(
    traces.some((trace) => (trace.parent ?? trace.cause) !== null) ? traces.map((trace) => trace.id) : [],
  );
  for (const trace of traces) {
    const above = trace.parent ?? trace.cause;
    if (above === null || !here.has(above)) roots.push(trace);
    else if (under.get(above)?.push(trace) === undefined) under.set(above, [trace]);
  }
  for (const all of under.values()) all.reverse();
  return { roots, under };
}

/** The request some rows further down the list, or up. */
export function neighbourOf(rows: readonly Row[], selected: string | null, by: number): TraceSummary | null {
  const requests = rows.filter((row) => row.kind === "request");
  const at = requests.findIndex((row) => row.key === selected);
  return requests[Math.max(0, Math.min(requests.length - 1, at + by))]?.trace ?? null;
}
