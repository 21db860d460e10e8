import { describe, expect, it } from "vitest";

import type { Trace } from "../api/types";
import { anyTrace, cut, STORIES, tell } from "../testing/fixtures";
import { step, trace as traceOf } from "../testing/traces";
import { cueAt, cueOf, cuesOf } from "./cues";

const ALL: Trace[] = [
  ...Object.values(STORIES).map((story) => tell(story)),
  ...Object.values(STORIES).map((story) => cut(tell(story), "view")),
  ...Array.from({ length: 200 }, (_, seed) => anyTrace(seed + 1)),
];
const told = (trace: Trace): string[] =>
  cuesOf(trace).map(({ step, side }) => (step === null ? "end" : `${side} ${step.stage} ${step.name}`));

describe("cues", () => {
  it("go through a request as the wire does", () => {
    expect(told(tell(STORIES.typical)).map((each) => each.replace(/SELECT \* FROM (\w+).*/, "$1"))).toEqual([
      "in wsgi shop",
      "in middleware ProxyFix",
      "out request_context Request",
      "out app_context_push AppContext",
      "in request_context_push RequestContext",
      "out session_open SecureCookieSession",
      "out url_match /admin/orders/<int:id>",
      "out before_request assign_request_id",
      "out sql user",
      "out before_request load_user",
      "out sql SELECT role FROM membership WHERE user_id = ?",
      "out before_request require_admin",
      "out before_request load_warehouse",
      "in dispatch admin.orders.show",
      "in view show",
      "out sql orders",
      "out sql order_line",
      "out sql product",
      "out template orders/show.html",
      "out view show",
      "out make_response make_response",
      "out after_request add_etag",
      "out after_request no_store",
      "out after_request log_access",
      "out after_request security_headers",
      "out session_save SecureCookieSession",
      "out start_response 200 OK",
      "out teardown_request release_lock",
      "out request_context_pop RequestContext",
      "out teardown_appcontext close_db",
      "out app_context_pop AppContext",
      "out middleware ProxyFix",
      "out wsgi shop",
      "out body body",
      "out body_close close",
      "end",
    ]);
  });

  it("never go back in time, and give each step its own", () => {
    for (const each of ALL) {
      const cues = cuesOf(each);
      for (const [index, cue] of cues.entries())
        expect(cue.at).toBeGreaterThanOrEqual(cues[index - 1]?.at ?? 0);
      const keys = cues.map(({ step, side }) => `${step?.id} ${side}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it("show a step that is over with its end", () => {
    for (const { step, side, at } of ALL.flatMap((each) => cuesOf(each)))
      if (step !== null && side === "out" && step.stage !== "request_context_pop")
        expect(at).toBeGreaterThanOrEqual(step.end ?? Infinity);
  });

  it("are found by time and by step", () => {
    const whole = tell(STORIES.typical);
    const cues = cuesOf(whole);
    for (const [index, cue] of cues.entries()) {
      expect(cues[cueAt(cues, cue.at)]?.at).toBe(cue.at);
      expect(cueAt(cues, cue.at)).toBeGreaterThanOrEqual(index);
      const found = cueOf(whole, cue.step?.id ?? 0);
      if (cue.step !== null) expect(cues[found ?? -1]?.step).toBe(cue.step);
    }
    expect(cueAt(cues, -1)).toBe(0);
    // A signal that nobody receives is drawn, and has no sentence to wait for.
    const signal = whole.steps.find(({ stage }) => stage === "signal")?.id ?? -1;
    expect(cues[cueOf(whole, signal) ?? -1]?.step?.stage).toBe("app_context_push");
  });

  it("go in and out of a view with statements, and show a hook with some once it is over", () => {
    const made = traceOf([
      ["before_request", "load_user", {}, [["sql", "SELECT 1"]]],
      ["view", "show", {}, [["sql", "SELECT 2"]]],
      ["view", "plain"],
    ]);
    expect(told(made)).toEqual([
      "out sql SELECT 1",
      "out before_request load_user",
      "in view show",
      "out sql SELECT 2",
      "out view show",
      "out view plain",
      "end",
    ]);
  });

  it("are quick to make of ten thousand steps", () => {
    const steps = Array.from({ length: 10_000 }, (_, id) =>
      step(id, { stage: "sql", parent: id === 0 ? null : 0, begin: id * 10, end: id * 10 + 5 }),
    );
    const begun = performance.now();
    expect(cuesOf({ steps, state: "done", duration: 1e6 }).length).toBeGreaterThan(10_000);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
