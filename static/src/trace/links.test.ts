import { expect, it } from "vitest";

import { summary } from "../testing/traces";
import type { TraceSummary } from "../api/types";
import { sendersOf } from "./links";

const TRACEPARENT = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
const sends = (
  step: number,
  trace: string | null,
  traceparent: string | null = null,
): Partial<TraceSummary> => ({
  sent: [{ step, trace, traceparent }],
});
const by = (trace: string, step: number | null = null): Partial<TraceSummary> => ({
  caller: { trace, step },
});
const links = (...traces: TraceSummary[]): Record<string, unknown> => Object.fromEntries(sendersOf(traces));

it("a request was sent by the step whose response named it, whatever it says itself", () => {
  const link = { b: { trace: "a", step: 3 } };
  expect(links(summary("b"), summary("a", sends(3, "b")))).toEqual(link);
  expect(links(summary("b", by("x")), summary("a", sends(3, "b")))).toEqual(link);
});

it("a request that still runs was sent by the step that it names, if that waits for a response", () => {
  const b = summary("b", by("a", 3));
  expect(links(b, summary("a", sends(3, null)))).toEqual({ b: { trace: "a", step: 3 } });
  expect(links(summary("b", by("a")), summary("a", sends(3, null)))).toEqual({
    b: { trace: "a", step: null },
  });
});

it("a request was sent by the step that sent the same traceparent", () => {
  const b = summary("b", { traceparent: TRACEPARENT });
  expect(links(b, summary("a", sends(3, null, TRACEPARENT)))).toEqual({ b: { trace: "a", step: 3 } });
});

it("a claim that the sender contradicts counts for nothing", () => {
  const other = TRACEPARENT.replace("4", "5");
  expect(links(summary("b", by("a", 3)), summary("a", sends(4, null)))).toEqual({});
  expect(links(summary("b", by("a", 3)), summary("a", sends(3, "c")))).toEqual({
    c: { trace: "a", step: 3 },
  });
  expect(links(summary("b", by("a", 3)), summary("a"))).toEqual({});
  expect(links(summary("b", by("x", 3)), summary("a", sends(3, null)))).toEqual({});
  expect(links(summary("b", { traceparent: TRACEPARENT }), summary("a", sends(3, null, other)))).toEqual({});
  const inner = summary("b", { ...by("a", 3), parent: "p" });
  expect(links(inner, summary("a", sends(3, null)))).toEqual({});
});
