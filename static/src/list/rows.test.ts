import { describe, expect, it } from "vitest";

import { visibleTraces } from "../state/request";
import { withImported } from "../state/recordings";
import { select, toggleFold } from "../state/selection";
import { neighbourOf, rowsOf, type Row } from "./rows";
import { EMPTY, type State } from "../state/state";
import { recordingOf, summary, typical } from "../testing/traces";
import type { TraceSummary } from "../api/types";

const of = (traces: readonly TraceSummary[], more: Partial<State> = {}): State => ({
  ...EMPTY,
  traces,
  ...more,
});
const neighbour = (state: State, by: number): TraceSummary | null =>
  neighbourOf(rowsOf(state, visibleTraces(state)), state.selected, by);
const seen = (state: State): readonly string[] => rowsOf(state, visibleTraces(state)).map(written);
const written = (row: Row): string => {
  if (row.kind === "gap") return `gap ${row.gap.requests}`;
  const dots = "·".repeat(row.depth);
  return row.kind === "static"
    ? `${dots}${row.traces.length} static`
    : `${dots}${row.trace.id}${row.under > 0 ? ` (${row.under})` : ""}`;
};

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
    const gap = { after: "a", ms: 1, requests: 2, restarted: false };
    expect(seen(of([summary("b"), summary("a")], { gaps: [gap] }))).toEqual(["b", "gap 2", "a"]);
    expect(seen(of([summary("b")], { gaps: [{ ...gap, after: null }] }))).toEqual(["b", "gap 2"]);
  });
  it("have earlier runs of the app at the end, whatever their clocks said", () => {
    const gap = { after: "z", ms: 1, requests: 1, restarted: true };
    expect(seen(of([summary("b")], { earlier: [summary("z"), summary("y")], gaps: [gap] }))).toEqual([
      "b",
      "gap 1",
      "z",
      "y",
    ]);
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
