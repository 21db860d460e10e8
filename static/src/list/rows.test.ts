import { describe, expect, it } from "vitest";

import { sieve } from "../state/sieve";
import { withImported } from "../state/recordings";
import { listed, restartsOf } from "../state/runs";
import { parse } from "../trace/filter";
import { sendersOf } from "../trace/links";
import { select, toggleFold } from "../state/selection";
import { heldFirst, neighbourOf, rowsOf, type Row } from "./rows";
import { EMPTY, type State } from "../state/state";
import { recordingOf, summary, typical } from "../testing/traces";
import type { TraceSummary } from "../api/types";

const of = (traces: readonly TraceSummary[], more: Partial<State> = {}): State => ({
  ...EMPTY,
  traces,
  ...more,
});
const visible = (state: State): readonly TraceSummary[] => sieve()(listed(state), state.filter);
const neighbour = (state: State, by: number): TraceSummary | null =>
  neighbourOf(rowsIn(state), state.selected, by);
const rowsIn = (state: State, shown = visible(state)): readonly Row[] => {
  const all = listed(state);
  const imported = state.imported.filter(({ trace }) => parse(state.filter).matches(trace));
  return rowsOf({ ...state, imported, restarts: restartsOf(all, state), senders: sendersOf(all) }, shown);
};
const seen = (state: State): readonly string[] => rowsIn(state).map(written);
const written = (row: Row): string => {
  if (row.kind === "gap") return `gap ${row.gap.requests}`;
  if (row.kind === "restart") return `restart ${row.run.pid}`;
  const dots = "·".repeat(row.depth);
  return row.kind === "static"
    ? `${dots}${row.traces.length} static`
    : `${dots}${row.trace.id}${row.under > 0 ? ` (${row.under})` : ""}`;
};

const own = { pid: 3, started_at: 3, several: false };
/** A request of a process, which began at that time. */
const by = (pid: number, id: string, started_at = pid): TraceSummary =>
  summary(id, { started_at, process: { pid, host: "h", thread: "t", started_at: pid } });
const asset = (id: string, cause: string | null = null): TraceSummary =>
  summary(id, { endpoint: "static", cause });
const page = [
  summary("f", { parent: "e" }),
  summary("e", { cause: "a" }),
  asset("d", "a"),
  asset("c", "a"),
  summary("b", { cause: "0" }),
  summary("a"),
];

describe("rows", () => {
  it("stand under what caused them, oldest first, with static files folded", () => {
    expect(seen(of(page))).toEqual(["b", "a (4)", "·2 static", "·e (1)", "··f"]);
  });
  it("can be folded, static files unfolded, and all stand alone", () => {
    expect(seen(toggleFold(of(page), "a"))).toEqual(["b", "a (4)"]);
    expect(seen(toggleFold(of(page), "static c"))).toEqual([
      "b",
      "a (4)",
      "·2 static",
      "··c",
      "··d",
      "·e (1)",
      "··f",
    ]);
    expect(seen(of(page, { grouped: false }))).toEqual(["f", "e", "2 static", "b", "a"]);
  });
  it("fold even one static file or icon, and all of a page together", () => {
    const icon = summary("c", { path: "/favicon.ico", status: 404 });
    expect(seen(of([asset("d"), summary("b"), icon, summary("a")]))).toEqual([
      "1 static",
      "b",
      "1 static",
      "a",
    ]);
    const between = [asset("e", "a"), summary("d", { cause: "a" }), asset("c", "a"), summary("a")];
    expect(seen(of(between))).toEqual(["a (3)", "·2 static", "·d"]);
  });
  it("show the one static file that is picked", () => {
    expect(seen(select(of(page), "d"))).toContain("··d");
  });
  it("have a gap where the connection was lost", () => {
    const gap = { after: "a", ms: 1, requests: 2 };
    expect(seen(of([summary("b"), summary("a")], { gaps: [gap] }))).toEqual(["b", "gap 2", "a"]);
    expect(seen(of([summary("b")], { gaps: [{ ...gap, after: null }] }))).toEqual(["b", "gap 2"]);
  });
  it("have a line where the app was restarted", () => {
    const earlier = [by(2, "d"), asset("c"), by(1, "b", 1.5), by(1, "a")].map((trace) =>
      trace.id === "c" ? { ...trace, ...by(1, "c"), endpoint: "static" } : trace,
    );
    const state = of([by(3, "f"), by(3, "e")], { earlier, process: own });
    expect(seen(state)).toEqual(["f", "e", "restart 3", "d", "restart 2", "1 static", "b", "a"]);
    expect(rowsIn(state).map((row) => row.kind === "request" && row.earlier)).toEqual([
      ...[false, false, false, true, false, false, true, true],
    ]);
    // There are no rows between that the filter leaves out.
    expect(seen({ ...state, filter: "/a" })).toEqual(["restart 3", "a"]);
    expect(seen({ ...state, traces: [] })).toEqual(["restart 3", "d", "restart 2", "1 static", "b", "a"]);
    expect(seen(of([], { process: own }))).toEqual([]);
  });
  it("have static files of different runs apart", () => {
    const file = (pid: number, id: string): TraceSummary => ({ ...by(pid, id), endpoint: "static" });
    expect(seen(of([file(3, "d")], { earlier: [file(2, "c"), file(2, "b")], process: own }))).toEqual([
      "1 static",
      "restart 3",
      "2 static",
    ]);
  });
  it("have the processes of a server side by side, and one line for all that began together", () => {
    const process = { ...own, pid: 5, started_at: 5, several: true };
    const started = (pid: number, id: string, at: number, began: number): TraceSummary => ({
      ...by(pid, id, at),
      process: { pid, host: "h", thread: "t", started_at: began },
    });
    const state = of([started(5, "h", 9, 5), started(5, "f", 7, 5)], {
      earlier: [
        ...[started(4, "g", 8, 5), started(4, "e", 6, 5)],
        ...[started(2, "d", 4, 1), started(1, "c", 3, 1), started(2, "b", 2, 1)],
      ],
      process,
    });
    expect(seen(state)).toEqual(["h", "g", "f", "e", "restart 4", "d", "c", "b"]);
    expect(rowsIn(state).flatMap((row) => (row.kind === "request" && row.earlier ? row.key : []))).toEqual([
      "d",
      "c",
      "b",
    ]);
  });
  it("have no line where a worker is replaced, a second server starts, or one on another host", () => {
    const at = (pid: number, id: string, began: number, time: number, host = "h"): TraceSummary => ({
      ...by(pid, id, time),
      process: { pid, host, thread: "t", started_at: began },
    });
    const shared = { several: true, shared: true };
    // Worker 1 reaches --max-requests and 3 takes its place, while 2 goes on.
    const replaced = [at(2, "d", 1, 9), at(3, "c", 7, 8), at(2, "b", 1, 4), at(1, "a", 1, 3)];
    const rows = (traces: readonly TraceSummary[], more: Partial<State>): readonly string[] =>
      seen(of([], { earlier: traces, history: { problem: null, kept: null }, ...more }));
    expect(rows(replaced, { process: { pid: 3, started_at: 7, ...shared } })).toEqual(["d", "c", "b", "a"]);
    // A second `flask run` of which the page is, while the first one idles.
    const own = { pid: 5, started_at: 5, several: false, shared: true };
    const two = [at(5, "b", 5, 6), at(4, "a", 1, 2)];
    expect(rows(two, { process: own, others: [{ pid: 4, started_at: 1 }] })).toEqual(["b", "a"]);
    // Once the first one has ended, and nothing of it came since.
    expect(rows(two, { process: own })).toEqual(["b", "restart 5", "a"]);
    const far = [at(5, "b", 5, 6), at(5, "a", 1, 2, "far")];
    expect(rows(far, { process: own, others: [{ pid: 5, started_at: 1, host: "far" }] })).toEqual(["b", "a"]);
    // All are replaced by a reload.
    const reloaded = [at(8, "d", 7, 9), at(7, "c", 7, 8), at(2, "b", 1, 4), at(1, "a", 1, 3)];
    expect(rows(reloaded, { process: { pid: 8, started_at: 7, ...shared } })).toEqual([
      "d",
      "c",
      "restart 7",
      "b",
      "a",
    ]);
  });
  it("have a line where one of several apps was restarted, which the others are not", () => {
    const at = (app: string, pid: number, id: string, began: number, time: number): TraceSummary => ({
      ...by(pid, id, time),
      process: { pid, host: "h", thread: "t", started_at: began, app },
    });
    const traces = [
      at("shop", 3, "e", 7, 9),
      at("stock", 2, "d", 1, 8),
      at("stock", 2, "c", 1, 5),
      at("shop", 1, "b", 1, 4),
      at("stock", 2, "a", 1, 3),
    ];
    const process = { pid: 3, started_at: 7, several: false, shared: true, app: "shop", host: "h" };
    const state = of([], { earlier: traces, history: { problem: null, kept: null }, process });
    expect(seen(state)).toEqual(["e", "d", "c", "restart 3", "b", "a"]);
    expect(rowsIn(state).flatMap((row) => (row.kind === "request" && row.earlier ? row.key : []))).toEqual([
      "b",
    ]);
  });
  it("stand under the request of another service that sent them, and in no circle", () => {
    const sends = (trace: string): Partial<TraceSummary> => ({
      sent: [{ step: 1, trace, traceparent: null }],
    });
    expect(seen(of([summary("c", sends("x")), summary("b"), summary("a", sends("c"))]))).toEqual([
      ...["b", "a (1)", "·c"],
    ]);
    expect(seen(of([summary("b", sends("a")), summary("a", sends("b"))]))).toHaveLength(2);
    expect(seen(of([summary("a", sends("a"))]))).toEqual(["a"]);
    // A page's own request is the page's, and what that sent its.
    const page = [summary("c"), summary("b", { cause: "a", ...sends("c") }), summary("a")];
    expect(seen(of(page))).toEqual(["a (2)", "·b (1)", "··c"]);
  });
  it("have the held ones on top, and what goes on below them", () => {
    const holds = [{ step: 1, begin: 5, end: null, did: null }];
    const held = (id: string, more: Partial<TraceSummary> = {}): TraceSummary =>
      summary(id, { state: "running", holds, ...more });
    const keys = (traces: readonly TraceSummary[]): readonly string[] =>
      heldFirst(rowsIn(of(traces), traces)).map(({ key }) => key);
    expect(keys([summary("d"), held("c", { cause: "a" }), held("b"), summary("a")])).toEqual([
      ...["b", "c"].reverse(),
      ...["beside", "d", "a"],
    ]);
    expect(keys([held("a")])).toEqual(["a"]);
    expect(keys([summary("b"), summary("a")])).toEqual(["b", "a"]);
  });
  it("have what was imported where it came, as it is filtered", () => {
    const imported = (state: State): State =>
      withImported(state, recordingOf({ ...typical(), method: "POST" }), "kept.json");
    const two = imported(imported(of([summary("b"), summary("a")])));
    expect(seen(two)).toEqual(["imported-2", "imported-1", "b", "a"]);
    const later = { ...two, traces: [summary("c"), ...two.traces] };
    expect(seen(later)).toEqual(["c", "imported-2", "imported-1", "b", "a"]);
    expect(neighbour({ ...later, selected: "c" }, 1)?.id).toBe("imported-2");
    expect(seen({ ...later, filter: "method:POST" })).toEqual(["imported-2", "imported-1"]);
    expect(seen({ ...later, filter: "-is:imported" })).toEqual(["c", "b", "a"]);
    expect(seen({ ...later, traces: [summary("z")] })).toEqual(["z", "imported-2", "imported-1"]);
    expect(seen({ ...imported(of([])), traces: [summary("a")] })).toEqual(["a", "imported-1"]);
  });
  it("are walked as they stand, folded ones passed over", () => {
    const folded = toggleFold(select(of(page), "b"), "e");
    expect(neighbour(folded, 1)?.id).toBe("a");
    expect(neighbour({ ...folded, selected: "a" }, 1)?.id).toBe("e");
    expect(neighbour({ ...folded, selected: "e" }, 1)?.id).toBe("e");
  });
});
