import { describe, expect, it } from "vitest";

import { cut, MAP, STORIES, tell } from "../../testing/fixtures";
import { journey } from "./journey";
import type { Journey } from "./types";

const of = (name: keyof typeof STORIES): Journey => {
  const trace = tell(STORIES[name]);
  return journey(trace, MAP, trace.duration ?? 0);
};
const chip = (j: Journey, name: string) =>
  j.bands.flatMap((band) => [...band.left, ...band.right]).find((each) => each.name === name);

describe("journey", () => {
  it("stands the bands outside in", () => {
    expect(of("typical").bands.map((band) => band.label)).toEqual([
      "WSGI server",
      "Middleware",
      "App context",
      "Request context",
      "Session and routing",
      "App hooks",
      "Blueprint admin",
      "Blueprint admin.orders",
    ]);
  });

  it("goes down the left, turns at the view, and climbs the right", () => {
    const order = of("typical").stops.map((stop) => stop.key);
    const turn = order.indexOf("view");
    expect(order.slice(0, 3)).toEqual(["receive", "call:0", "app_push"]);
    expect(order.slice(turn - 1, turn + 2)).toEqual(["dispatch", "view", "make_response"]);
    expect(order.at(-1)).toBe("send");
  });

  it.each(Object.keys(STORIES) as (keyof typeof STORIES)[])(
    "goes the same way by a clock that stands still: %s",
    (name) => {
      const trace = tell(STORIES[name]);
      const still = {
        ...trace,
        duration: 0,
        steps: trace.steps.map((step) => ({ ...step, begin: 0, end: step.end === null ? null : 0 })),
      };
      const way = (j: Journey): string[] => j.stops.map((stop) => `${stop.key} ${stop.again}`);
      expect(way(journey(still, MAP, 0))).toEqual(way(of(name)));
    },
  );

  it("gives no step the time for which the request was held after another one", () => {
    const trace = tell(STORIES.typical);
    const view = trace.steps.find(({ stage }) => stage === "view");
    const [end = 0, held] = [view?.end ?? undefined, 9e9];
    const later = (ns: number): number => (ns >= end ? ns + held : ns);
    const steps = trace.steps.map((step) => ({
      ...step,
      begin: step.id > (view?.id ?? 0) ? later(step.begin) : step.begin,
      end: step === view ? end : later(step.end ?? 0),
    }));
    const hold = { step: view?.id ?? 0, did: null, begin: end, end: end + held };
    const own = (holds: readonly (typeof hold)[]): number =>
      journey({ ...trace, steps, holds }, MAP, 20e9).dispatch.own ?? 0;
    expect(own([])).toBeGreaterThan(held);
    expect(own([hold])).toBeLessThan(held / 10);
  });

  it("takes what a pop and the function that it calls were held together", () => {
    const trace = tell(STORIES.typical);
    const [pop, teardown] = ["RequestContext", "release_lock"].map((name) =>
      trace.steps.findLast((step) => step.name === name),
    );
    const lasts = [3e9, 2e9] as const;
    const later = (ns: number): number =>
      ns + (ns > (pop?.begin ?? 0) ? lasts[0] : 0) + (ns > (teardown?.begin ?? 0) ? lasts[1] : 0);
    const steps = trace.steps.map((step) => ({
      ...step,
      begin: later(step.begin),
      end: later(step.end ?? 0),
    }));
    const holds = [pop, teardown].map((step, index) => {
      const begin = later(step?.begin ?? 0);
      return { step: step?.id ?? 0, did: null, begin, end: begin + (lasts[index] ?? 0) };
    });
    const shown = chip(journey({ ...trace, steps, holds }, MAP, 20e9), "release_lock");
    expect(shown?.hold?.inside).toBe(5e9);
    expect(shown?.note).toBe("of which 5.0 s held");
    expect((shown?.own ?? 0) - 5e9).toBeLessThan(1e8);
  });

  it("draws one band where the contexts are one", () => {
    const j = journey(tell(STORIES.typical), { ...MAP, separate_contexts: false }, 0);
    expect(j.bands.map((band) => band.sub)).toContain("current_app, g, request, session");
    expect(j.bands.map((band) => band.label)).not.toContain("Request context");
  });

  it("knows a request without a rule", () => {
    const j = of("notfound");
    expect(j.waiting).toBe("NotFound");
    expect(chip(j, "no rule")?.state).toBe("raised");
    expect(j.view.note).toBe("no view: no rule matched this URL");
    expect(j.bands.some((band) => band.hue > 0)).toBe(false);
    expect(j.handlers.map((each) => each.chip.kind)).toEqual(["errorhandler(404)"]);
  });

  it("stops the view at its exception and goes on in the handler", () => {
    const j = of("exception");
    expect(j.view.fault?.type).toBe("OutOfStock");
    expect(j.view.failed).toBe(true);
    const [handler] = j.handlers;
    expect(handler?.chip.name).toBe("out_of_stock");
    expect(handler?.chip.pills).toEqual([]);
    expect(handler?.ribbon?.segments.map((step) => step.stage)).toEqual(["template"]);
    expect(handler?.ribbon?.beads.map((step) => step.stage)).toEqual(["signal", "signal"]);
  });

  it("says what a short-circuit skipped", () => {
    const j = of("shortcircuit");
    expect(j.short?.name).toBe("require_admin");
    expect(chip(j, "load_warehouse")?.state).toBe("skipped");
    expect(j.dispatch.state).toBe("skipped");
    expect(j.view.state).toBe("skipped");
    expect(chip(j, "add_etag")?.state).toBe("done");
  });

  it("gives a streamed body a ribbon of its own", () => {
    const j = of("stream");
    expect(j.body?.chunks).toHaveLength(5);
    expect(j.body?.segments).toHaveLength(5);
    expect(j.body?.note).toContain("pushed again");
  });

  it("does not say that Flask answers 500 to what the body raised", () => {
    const trace = tell(STORIES.stream);
    const step = trace.steps.findIndex((each) => each.stage === "body");
    const j = journey(
      { ...trace, error: { type: "ValueError", message: "in the middle", step } },
      MAP,
      trace.duration ?? 0,
    );
    expect(j.unhandled).toBeNull();
  });

  it("says of another thread what was recorded, not what the registries promise", () => {
    const trace = tell(STORIES.typical);
    const map = { ...MAP, hooks: MAP.hooks.map((hook) => ({ ...hook, is_async: true })) };
    const ran = (other: boolean): Journey => {
      const steps = trace.steps.map((step) =>
        step.stage === "view" || step.name === "load_user"
          ? { ...step, detail: { ...step.detail, thread: { name: "asyncio_0", ident: 7, other } } }
          : step,
      );
      return journey({ ...trace, steps }, map, trace.duration ?? 0);
    };
    expect(chip(ran(true), "load_user")?.note).toBe("on another thread");
    expect(ran(true).view).toMatchObject({ thread: true, note: "async: it runs on another thread" });
    expect(chip(ran(false), "load_user")?.note).toBe("");
    expect(ran(false).view).toMatchObject({ thread: false, note: "" });
    expect(chip(journey(cut(trace, "view"), map, 0, 0), "load_user")?.note).toBe("async");
  });

  it("says that an active app context is reused", () => {
    const trace = tell(STORIES.typical);
    const inner = {
      ...trace,
      steps: trace.steps.map((step) =>
        step.stage === "app_context_push" ? { ...step, stage: "signal" as const } : step,
      ),
    };
    expect(chip(journey(inner, MAP, 0), "AppContext")).toMatchObject({ kind: "reuse", state: "skipped" });
    expect(chip(of("typical"), "AppContext")).toMatchObject({ kind: "push", state: "done" });
  });

  it("marks what a propagating exception skipped", () => {
    const j = of("propagates");
    expect(j.propagated).toContain("OutOfStock");
    expect(chip(j, "log_access")?.state).toBe("skipped");
    expect(j.response.state).toBe("skipped");
  });

  it("skips nothing of which it is still to be told", () => {
    const whole = tell(STORIES.typical);
    for (const steps of [[], cut(whole, "view").steps]) {
      const j = journey({ ...whole, steps }, MAP, whole.duration ?? 0);
      expect(chip(j, "add_etag")?.state).toBe("pending");
      expect(j).toMatchObject({ moving: false, status: "200", total: whole.duration });
    }
  });

  it("promises the steps of a running request from the registries", () => {
    const trace = cut(tell(STORIES.typical), "view");
    const begin = trace.steps.at(-1)?.begin ?? 0;
    const j = journey(trace, MAP, begin + 5e6);
    expect(j.view.state).toBe("running");
    expect(j.view.duration).toBe(5e6);
    expect(chip(j, "load_user")?.state).toBe("done");
    expect(chip(j, "add_etag")?.state).toBe("pending");
    expect(j.response.state).toBe("pending");
  });
});
