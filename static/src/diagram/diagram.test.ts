// @vitest-environment happy-dom

import { h, render } from "preact";
import { describe, expect, it } from "vitest";

import {
  exception,
  MAP,
  notFound,
  propagated,
  running,
  shortCircuit,
  step,
  streaming,
  trace,
  typical,
  type Row,
} from "../testing/traces";
import { STAGES, type Step, type Trace } from "../api/types";
import { Diagram } from "./Diagram";
import { draw } from "./layout/draw";
import type { Drawing } from "./layout/sheet";
import { journey } from "./model/journey";
import { ellipsize } from "../trace/text";
import type { Shape } from "./layout/shapes";

const measure = (text: string): number => text.length * 7;
const drawn = (of: Trace, elapsed = 1e9): Drawing =>
  draw(journey(of, MAP, elapsed), { width: 1160, height: 760, selected: null, measure });

function nodes(shapes: readonly Shape[]): Extract<Shape, { el: "node" }>[] {
  return shapes.flatMap((shape) => (shape.el === "node" ? [shape, ...nodes(shape.shapes)] : []));
}

function states(of: Trace): Record<string, string> {
  return Object.fromEntries(
    nodes(drawn(of).shapes).map((node) => [
      `${node.stage} ${node.label.split(":")[0]?.split(" ").at(-1) ?? ""}`,
      node.state,
    ]),
  );
}

const texts = (of: Trace): string => JSON.stringify(drawn(of).shapes);

describe("journey", () => {
  it("goes down to the view and up again, in the order of time", () => {
    const found = journey(typical(), MAP, 0);
    const begun = found.stops.map(({ key }) => {
      const chip = [
        ...found.bands.flatMap((band) => [...band.left, ...band.right]),
        found.dispatch,
        found.response,
      ].find((each) => each.key === key);
      return chip?.stage ?? key;
    });
    expect(begun).toEqual([
      "wsgi",
      "middleware",
      "app_context_push",
      "request_context_push",
      "session_open",
      "url_match",
      "before_request",
      "before_request",
      "dispatch",
      "view",
      "make_response",
      "after_request",
      "after_request",
      "session_save",
      "start_response",
      "teardown_request",
      "teardown_appcontext",
      "middleware",
      "body",
    ]);
  });

  it("draws one band for the contexts of Flask 3.2", () => {
    const bands = journey(typical(), { ...MAP, separate_contexts: false }, 0).bands.map((band) => band.label);
    expect(bands).toEqual([
      "WSGI server",
      "Middleware",
      "App context",
      "Session and routing",
      "App hooks",
      "Blueprint admin",
    ]);
  });

  it("has no blueprint's band where nothing matched", () => {
    expect(journey(notFound(), MAP, 0).bands.some((band) => band.label.startsWith("Blueprint"))).toBe(false);
  });
});

describe("states", () => {
  it("skips what a short-circuit passes over, not the way up", () => {
    const found = states(shortCircuit());
    expect(found["before_request load_user"]).toBe("short_circuit");
    expect(found["before_request require_admin"]).toBe("skipped");
    expect(found["after_request no_store"]).toBe("done");
    expect(texts(shortCircuit())).toContain("returned 302: view skipped");
  });

  it("marks where an exception was raised, and who answered", () => {
    const found = nodes(drawn(exception()).shapes);
    expect(found.find((node) => node.stage === "view")?.state).toBe("raised");
    expect(found.find((node) => node.stage === "error_handler")?.state).toBe("done");
    expect(texts(exception())).toContain("not reached");
  });

  it("tells a view that was not seen from one that was not reached", () => {
    const [up, down]: [Row, Row[]] = [
      ["before_request", "load_user"],
      [
        ["make_response", "make_response"],
        ["start_response", "200 OK"],
      ],
    ];
    expect(texts(trace([["wsgi", "wsgi", {}, [up, ...down]]]))).toContain("show was not reached");
    expect(texts(trace([["wsgi", "wsgi", {}, [up, ["dispatch", "admin.show"], ...down]]]))).toContain(
      "show was not seen",
    );
  });

  it("tells a response that Flask takes over from a second way up", () => {
    const raised = { outcome: "raised" as const, error: { type: "KeyError", message: "1" } };
    const rest: Row[] = [
      ["make_response", "make_response"],
      ["after_request", "no_store"],
      ["session_save", "session"],
      ["start_response", "410 Gone"],
    ];
    const said = texts(
      trace(
        [
          [
            "wsgi",
            "wsgi",
            {},
            [
              ["dispatch", "admin.show", raised, [["view", "show", raised]]],
              ["make_response", "make_response"],
              ...rest,
            ],
          ],
        ],
        { status: 410 },
      ),
    );
    expect(said).toContain("the app’s own code answers it");
    expect(said).not.toContain("run again");
  });

  it("draws what a middleware answers by itself as a shortcut, and an exception as one", () => {
    const wired = (rows: Row[]): string =>
      JSON.stringify(drawn(trace(rows)).shapes.filter(({ el }) => el === "path"));
    const answered = wired([
      ["wsgi", "wsgi", {}, [["middleware", "ProxyFix", {}, [["start_response", "503 Service Unavailable"]]]]],
    ]);
    expect(answered).toContain("short");
    expect(answered).not.toContain("err");
  });

  it("says that NotFound waits", () => {
    expect(texts(notFound())).toContain("NotFound waits until dispatch");
  });

  it("shows what is still to come as pending", () => {
    const found = states(running());
    expect(nodes(drawn(running()).shapes).find((node) => node.stage === "view")?.state).toBe("running");
    expect(found["after_request no_store"]).toBe("pending");
  });

  it("skips the after-hooks when an exception goes out", () => {
    expect(states(propagated())["after_request no_store"]).toBe("skipped");
    expect(texts(propagated())).toContain("500, by the server");
  });

  it("gives a streamed body a strip of its own", () => {
    expect(texts(streaming())).toContain("contexts pushed again, torn down again");
    expect(texts(typical())).not.toContain("generator");
  });
});

describe("what repeats without end", () => {
  const often = (whole: Trace, which: (step: Step) => boolean, more: Partial<Step> = {}): Trace => {
    const last = whole.steps.findLast(which);
    return {
      ...whole,
      dropped_steps: 5,
      steps: whole.steps.map((each) =>
        each === last ? { ...each, ...more, detail: { repeated: { times: 100_000, first: 330 } } } : each,
      ),
    };
  };

  it("is said of the contexts that a stream pushes, which are not the request's own", () => {
    const found = texts(often(streaming(), ({ stage }) => stage === "app_context_push"));
    expect(found).toContain("App context ×100,000, first and last shown");
    expect(found).not.toContain("pushed again");
  });

  it("is said of what else a view has Flask call", () => {
    const view = typical().steps.find(({ stage }) => stage === "view")?.id;
    const found = texts(
      often(typical(), ({ parent }) => parent === view, { stage: "url_defaults", name: "add_language" }),
    );
    expect(found).toContain("url_defaults add_language ×100,000, first and last shown");
  });
});

describe("the size", () => {
  it.each([
    [1160, 760, 1],
    [900, 700, 1],
    [370, 300, 1],
    [1920, 1080, 1.3],
  ])("in %i by %i px has one px for one unit, at any scale", (width, height, scale) => {
    const box = document.createElement("div");
    render(
      h(Diagram, {
        trace: typical(),
        map: MAP,
        elapsed: 0,
        selected: null,
        width,
        height,
        scale,
        onSelect: () => undefined,
      }),
      box,
    );
    const svg = box.querySelector("svg");
    const size = ["width", "height"].map((name) => svg?.getAttribute(name));
    expect(svg?.getAttribute("viewBox")).toBe(`0 0 ${size.join(" ")}`);
    expect(svg?.style.getPropertyValue("--s")).toBe(scale.toString());
    expect(Number(size[0])).toBeCloseTo(Math.min(width, 1640 * scale));
  });
});

describe("draw", () => {
  it("names every recorded hook once", () => {
    for (const of of [
      typical(),
      shortCircuit(),
      exception(),
      notFound(),
      streaming(),
      running(),
      propagated(),
    ]) {
      const drawnSteps = nodes(drawn(of).shapes).flatMap((node) =>
        node.stage === "before_request" || node.stage === "after_request" ? [node.step] : [],
      );
      const recorded = of.steps
        .filter((each) => each.stage === "before_request" || each.stage === "after_request")
        .map((each) => each.id);
      expect(drawnSteps.filter((id) => id !== null).sort()).toEqual(recorded.sort());
    }
  });

  it("never throws, whatever the trace", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 400; round++) {
      const steps = Array.from({ length: random(40) }, (_, id) => {
        const stage = STAGES[random(STAGES.length)] ?? "view";
        const parent = id === 0 || random(4) === 0 ? null : random(id);
        return step(id, {
          stage,
          parent,
          begin: random(1000),
          end: random(5) === 0 ? null : random(2000),
          outcome: random(3) === 0 ? "raised" : "ok",
          error: random(3) === 0 ? { type: "E", message: "m" } : null,
        });
      });
      const state = random(2) === 0 ? "running" : "done";
      const found = drawn({ ...trace([]), steps, state, duration: state === "done" ? random(3000) : null });
      expect(JSON.stringify(found)).not.toMatch(/NaN|Infinity/);
    }
  });

  it("merges ten thousand statements into what can be seen", () => {
    const many = typical();
    const view = many.steps.find((each) => each.stage === "view");
    const sql = Array.from({ length: 10_000 }, (_, index) =>
      step(many.steps.length + index, {
        stage: "sql",
        parent: view?.id ?? null,
        begin: (view?.begin ?? 0) + index * 20,
        end: (view?.begin ?? 0) + index * 20 + 10,
      }),
    );
    expect(drawn({ ...many, steps: [...many.steps, ...sql] }).shapes.length).toBeLessThan(1000);
  });

  it("shortens long names in the middle", () => {
    expect(ellipsize("a".repeat(30) + "b".repeat(30), 11)).toBe("aaaaa…bbbbb");
  });
});
