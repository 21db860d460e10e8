import { describe, expect, it } from "vitest";

import { cuesOf } from "../../trace/cues";
import type { Step, Trace } from "../../api/types";
import { anyTrace, cut, MAP, STORIES, tell } from "../../testing/fixtures";
import { changeTexts } from "./changes";
import { draw } from "./draw";
import type { Drawing, Space } from "./sheet";
import { journey } from "../model/journey";
import { summarize } from "../../trace/summary";
import { ellipsize } from "../../trace/text";
import type { Shape } from "./shapes";

const SPACE = { width: 1160, height: 760, selected: null, measure: (text: string) => text.length * 7.5 };
const drawn = (trace: Trace, map: typeof MAP | null = MAP, elapsed = 1e9): Drawing =>
  draw(journey(trace, map, elapsed), SPACE);
const nodes = (drawing: Drawing) =>
  drawing.shapes.filter((shape): shape is Extract<Shape, { el: "node" }> => shape.el === "node");

describe("a replay", () => {
  it.each(Object.keys(STORIES) as (keyof typeof STORIES)[])("of %s moves nothing", (story) => {
    const whole = tell(STORIES[story]);
    const sizes = cuesOf(whole).map(({ at }) => {
      const drawing = draw(journey(whole, MAP, at, at), SPACE);
      return `${drawing.width} × ${drawing.height}`;
    });
    expect(new Set(sizes).size).toBe(1);
  });
});

describe("draw", () => {
  it.each(Object.keys(STORIES) as (keyof typeof STORIES)[])(
    "draws %s inside its frame, with numbers only",
    (name) => {
      const drawing = drawn(tell(STORIES[name]));
      expect(JSON.stringify(drawing)).not.toMatch(/NaN|null,"w"|Infinity/);
      for (const node of nodes(drawing))
        for (const shape of node.shapes)
          if (shape.el === "rect") {
            expect(shape.x).toBeGreaterThanOrEqual(0);
            expect(shape.x + shape.w).toBeLessThanOrEqual(drawing.width);
            expect(shape.y + shape.h).toBeLessThanOrEqual(drawing.height);
          }
    },
  );

  it("is as wide as its frame, and gives its rows the height that is there", () => {
    const size = (width: number, height: number): readonly [number, number, number] => {
      const drawing = draw(journey(tell(STORIES.typical), MAP, 1e9), { ...SPACE, width, height });
      const ys = nodes(drawing)
        .filter(({ stage }) => stage === "session_open" || stage === "url_match")
        .map(({ shapes }) => shapes.find((shape) => shape.el === "circle")?.cy ?? 0);
      return [drawing.width, drawing.height, (ys[1] ?? 0) - (ys[0] ?? 0)];
    };
    const [least, tight, most] = [26.5, 24.6, 42];
    expect(size(1300, 760)[0]).toBe(1300);
    expect(size(800, 400)[0]).toBe(800);
    expect(size(5000, 760)[0]).toBe(1640);
    expect(size(1300, 400)[2]).toBeCloseTo(least);
    expect(size(1300, 400)[1]).toBeGreaterThan(400);
    for (let height = 400; height < 1200; height += 7) {
      const [, drawn, pitch] = size(1300, height);
      expect(pitch).toBeGreaterThanOrEqual(tight - 0.01);
      expect(pitch).toBeLessThanOrEqual(most);
      // It fills the height, or scrolls at a size that can be read, or has all the room it wants.
      if (drawn > height + 0.1) expect(pitch).toBeCloseTo(least);
      else if (pitch < most - 0.1) expect(drawn).toBeCloseTo(height);
    }
  });

  it("is the same drawing at any scale", () => {
    const story = journey(tell(STORIES.exception), MAP, 1e9);
    const plain = draw(story, { ...SPACE, width: 1200, height: 800 });
    const large = draw(story, { ...SPACE, width: 1800, height: 1200, scale: 1.5 });
    expect([large.width, large.height]).toEqual([plain.width * 1.5, plain.height * 1.5]);
    const lengths = (drawing: Drawing): number[] =>
      JSON.stringify(drawing.shapes.filter(({ el }) => el === "path"))
        .match(/-?\d+(\.\d+)?/g)
        ?.map(Number) ?? [];
    const [small, grown] = [lengths(plain), lengths(large)];
    expect(grown.length).toBe(small.length);
    for (const [index, length] of small.entries()) {
      expect(Math.abs((grown[index] ?? 0) - length * 1.5)).toBeLessThan(0.2);
    }
  });

  it("says what becomes of an exception that has no handler", () => {
    const taken = tell(STORIES.exception);
    const trace = {
      ...taken,
      steps: taken.steps
        .filter(
          (step) =>
            step.stage !== "error_handler" && taken.steps[step.parent ?? -1]?.stage !== "error_handler",
        )
        .map((step, id, all) => ({
          ...step,
          id,
          parent: step.parent === null ? null : all.findIndex((each) => each.id === step.parent),
        })),
    };
    const said = (error: Trace["error"]): string => JSON.stringify(drawn({ ...trace, error }).shapes);
    expect(said(null)).toContain("no handler: the exception is the response");
    expect(said({ type: "OutOfStock", message: "", step: null })).toContain("not handled: Flask answers 500");
  });

  it("gives each key once, so that replacing a diagram reuses its nodes", () => {
    for (const story of Object.values(STORIES)) {
      const keys = nodes(drawn(tell(story))).map((node) => node.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it("keeps everything in its place while the request runs", () => {
    const trace = cut(tell(STORIES.typical), "view");
    const early = nodes(drawn(trace, MAP, 1e8));
    const late = nodes(drawn(trace, MAP, 9e9));
    expect(early.map((node) => node.key)).toEqual(late.map((node) => node.key));
    expect(early.filter((node) => node.state === "running").map((node) => node.stage)).toContain("view");
    expect(early.filter((node) => node.current).map((node) => node.stage)).not.toContain("wsgi");
  });

  it("merges what is denser than pixels", () => {
    const trace = tell(STORIES.typical);
    const view = trace.steps.find((step) => step.stage === "view");
    const first = trace.steps.length;
    const many = Array.from({ length: 5000 }, (_, index): Step => ({
      id: first + index,
      parent: view?.id ?? null,
      stage: "sql",
      name: "SELECT 1",
      callable: null,
      source: null,
      scope: null,
      begin: (view?.begin ?? 0) + index * 4000,
      end: (view?.begin ?? 0) + index * 4000 + 3000,
      outcome: "ok",
      error: null,
      detail: {},
    }));
    expect(nodes(drawn({ ...trace, steps: [...trace.steps, ...many] })).length).toBeLessThan(500);
  });

  it("draws spans where they ran, one inside another along it", () => {
    const trace = tell(STORIES.typical);
    const outer = trace.steps.length;
    const spanIn = (parent: Step | undefined, id: number): Step => ({
      id,
      parent: parent?.id ?? null,
      stage: "span",
      name: "GET",
      callable: null,
      source: null,
      scope: null,
      begin: parent?.begin ?? 0,
      end: parent?.end ?? 0,
      outcome: "ok",
      error: null,
      detail: {},
    });
    const called = spanIn(
      trace.steps.find((step) => step.stage === "view"),
      outer,
    );
    const spans = [
      called,
      spanIn(called, outer + 1),
      spanIn(
        trace.steps.find((step) => step.stage === "before_request"),
        outer + 2,
      ),
    ];
    const drawing = drawn({ ...trace, steps: [...trace.steps, ...spans] });
    expect(
      nodes(drawing)
        .filter(({ stage }) => stage === "span")
        .map(({ step }) => step)
        .sort(),
    ).toEqual(spans.map(({ id }) => id));
  });

  it("has room below the name of a template for those inside it", () => {
    const trace = tell(STORIES.typical);
    const outer = trace.steps.find((step) => step.stage === "template") as Step;
    const shapes = nodes(
      drawn({ ...trace, steps: [...trace.steps, { ...outer, id: trace.steps.length, parent: outer.id }] }),
    )
      .filter(({ stage }) => stage === "template")
      .flatMap((node) => node.shapes);
    const name = shapes.find((shape) => shape.el === "text");
    const inside = shapes.find((shape) => shape.el === "rect" && shape.cls.includes("included"));
    const below = 3; // what hangs below the line of a text of 12px
    expect(inside?.el === "rect" && inside.y - (name?.el === "text" ? name.y : 0)).toBeGreaterThan(below);
  });

  it("gives a long name the room that is left, and no other's", () => {
    const long = "a_name_of_thirty_six_letters_or_more";
    const trace = tell(STORIES.typical);
    const boxes = (...names: readonly string[]) => {
      const named = <T extends { readonly name: string }>(each: T): T =>
        names.includes(each.name) ? { ...each, name: long, callable: `shop:${each.name}` } : each;
      const shapes = drawn(
        { ...trace, steps: trace.steps.map(named) },
        { ...MAP, hooks: MAP.hooks.map(named) },
      ).shapes;
      expect(JSON.stringify(shapes).includes(`"text":"${long}"`)).toBe(names.length === 1);
      if (!names.includes("load_user")) expect(shapes.filter((shape) => shape.el === "fold")).toEqual([]);
      return shapes.flatMap((shape) =>
        shape.el === "node"
          ? shape.shapes.filter((each) => each.el === "rect" && /^(chip|pill)/.test(each.cls))
          : [],
      ) as Extract<Shape, { el: "rect" }>[];
    };
    for (const all of [
      boxes("load_warehouse"),
      boxes("add_etag"),
      boxes("load_warehouse", "add_etag"),
      boxes("load_user", "log_access"),
    ])
      for (const one of all)
        for (const other of all)
          if (one !== other && Math.abs(one.y + one.h / 2 - other.y - other.h / 2) < 1)
            expect(one.x + one.w <= other.x || other.x + other.w <= one.x).toBe(true);
  });

  it("shortens what is said of a request inside before it cuts a name", () => {
    const name = "a_name_that_is_rather_long";
    const named = <T extends { readonly name: string }>(each: T): T =>
      each.name === "load_warehouse" || each.name === "add_etag" ? { ...each, name } : each;
    const trace = tell(STORIES.typical);
    const steps = trace.steps.map(named);
    const { begin = 0 } = steps.find((step) => step.name === name) ?? {};
    const inner = {
      ...summarize(trace),
      id: "i",
      parent: trace.id,
      started_at: trace.started_at + begin / 1e9,
    };
    const map = { ...MAP, hooks: MAP.hooks.map(named) };
    const shapes = JSON.stringify(
      draw(journey({ ...trace, steps }, map, 1e9, Infinity, [inner]), SPACE).shapes,
    );
    expect(shapes.split(`"text":"${name}"`)).toHaveLength(3);
    expect(shapes).toContain('"text":"200 ↗"');
  });

  it("says beside a hook what it returned", () => {
    const hooks = (name: string) =>
      MAP.hooks.map((hook) => (hook.name === "load_warehouse" ? { ...hook, name } : hook));
    for (const skipped of ["short", "a_name_that_is_rather_long"])
      expect(
        JSON.stringify(drawn(tell(STORIES.shortcircuit), { ...MAP, hooks: hooks(skipped) }).shapes),
      ).toContain('"returned 302: view skipped"');
  });

  it("draws an error handler in which something ran as it does a view", () => {
    for (const [story, name] of [
      ["notfound", "page_not_found"],
      ["exception", "out_of_stock"],
    ] as const) {
      const drawing = drawn(tell(STORIES[story]));
      const handler = nodes(drawing).find(({ stage }) => stage === "error_handler");
      const box = handler?.shapes.find((shape) => shape.el === "rect");
      const template = nodes(drawing).find(({ stage }) => stage === "template")?.shapes[0];
      expect(JSON.stringify(handler?.shapes)).toContain(`"${name}","cls":"vt"`);
      expect(box?.el === "rect" && template?.el === "rect").toBe(true);
      if (box?.el !== "rect" || template?.el !== "rect") continue;
      expect(template.x).toBeGreaterThan(box.x);
      expect(template.x + template.w).toBeLessThan(box.x + box.w);
      expect(template.y + template.h).toBeLessThan(box.y + box.h);
    }
  });

  it("says no time of a step that has just begun", () => {
    const trace = tell(STORIES.typical);
    const begin = trace.steps.find((step) => step.name === "require_admin")?.begin ?? 0;
    const bars = (at: number): number =>
      draw(journey(trace, MAP, at, at), SPACE).shapes.filter(
        (shape) => shape.el === "rect" && shape.cls.startsWith("bar"),
      ).length;
    expect(bars(begin + 1) - bars(begin)).toBe(1);
  });

  it("ends a body that raised where it raised, and shows that the request failed", () => {
    const trace = tell(STORIES.stream);
    const error = { type: "ValueError", message: "in the middle" };
    const shapes = drawn({
      ...trace,
      error: { ...error, step: 0 },
      steps: trace.steps.map((step) =>
        step.stage === "body" ? { ...step, outcome: "raised" as const, error } : step,
      ),
    }).shapes;
    const cross = shapes.find((shape) => shape.el === "circle" && shape.cls === "dot err" && shape.r === 11);
    const close = shapes.find((shape) => shape.el === "node" && shape.stage === "body_close");
    const bead = close?.el === "node" ? close.shapes[0] : undefined;
    expect(
      cross?.el === "circle" && bead?.el === "circle" && [bead.cx - cross.cx, bead.cy - cross.cy],
    ).toEqual([24, 0]);
    expect(JSON.stringify(shapes)).toContain('"text":"200 OK","cls":"big s5"');
  });

  it("says of what an app is left by: which exception, and where it goes", () => {
    const trace = tell(STORIES.propagates);
    const steps = trace.steps.map((step) =>
      step.stage === "view" ? { ...step, outcome: "ok" as const, error: null } : step,
    );
    expect(JSON.stringify(drawn({ ...trace, steps }).shapes)).toContain('"answers","cls":"k"');
    const sent = JSON.stringify(drawn({ ...trace, steps, status: 200 }).shapes);
    expect(sent).toContain("OutOfStock");
    expect(sent).toContain("after the status was sent");
  });

  it("says of a long stream how many chunks it does not place", () => {
    const trace = tell(STORIES.stream);
    const texts = (sent: number): string =>
      JSON.stringify(
        drawn({
          ...trace,
          steps: trace.steps.map((step) =>
            step.stage !== "body"
              ? step
              : {
                  ...step,
                  detail: {
                    ...step.detail,
                    chunks: 3000,
                    sent: Array.from({ length: sent }, (_, index) => [step.begin + index, 20]),
                  },
                },
          ),
        }).shapes,
      );
    expect(texts(200)).toContain("2,800 more");
    expect(texts(3000)).not.toContain(" more");
  });

  it("stands where a statement runs, and says nothing of its end", () => {
    const trace = tell(STORIES.typical);
    const statement = trace.steps.find(
      (step) => step.stage === "sql" && trace.steps[step.parent ?? 0]?.stage === "before_request",
    ) as Step;
    const found = draw(journey(trace, MAP, statement.begin, statement.begin), {
      ...SPACE,
      selected: statement.id,
    }).shapes;
    const text = JSON.stringify(found.find((shape) => shape.el === "node" && shape.step === statement.id));
    expect(text).toContain("SQL 0 µs");
    expect(
      JSON.stringify(found.find((shape) => shape.el === "node" && shape.step === statement.parent)),
    ).toContain("ring");
  });

  it.each([
    [
      [0.1, 0.9],
      ["BEGIN", "COMMIT"],
    ],
    [[0.4, 0.55], ["COMMIT"]],
    [[0.5, 0.501], []],
  ] as const)("brackets a transaction over the part %j of a view, with the names %j", (part, names) => {
    const trace = tell(STORIES.typical);
    const view = trace.steps.find(({ stage }) => stage === "view") as Step;
    const lasted = (view.end ?? 0) - view.begin;
    const [begin, end] = part.map((share) => Math.round(view.begin + share * lasted)) as [number, number];
    const sent = trace.steps.filter(({ stage, parent }) => stage === "sql" && parent === view.id);
    const steps = trace.steps.map((step) => {
      const index = sent.indexOf(step);
      if (index < 0) return step;
      const kind = index === 0 ? "begin" : index === sent.length - 1 ? "commit" : "statement";
      const at = kind === "commit" ? end : begin + index;
      return { ...step, begin: at, end: at + 1, detail: { kind } };
    });
    const drawing = drawn({ ...trace, steps });
    const bracket = nodes(drawing).find(({ label }) => label.startsWith("transaction: BEGIN to COMMIT"));
    const said = (bracket?.shapes ?? []).flatMap((shape) =>
      shape.el === "text" ? shape.parts.map(({ text }) => text) : [],
    );
    expect(said).toEqual(names);
    expect(bracket?.shapes.some((shape) => shape.el === "path" && shape.cls === "tx sql")).toBe(true);
  });

  it("never throws, whatever the trace and the map", () => {
    for (let seed = 1; seed <= 300; seed++)
      expect(() => drawn(anyTrace(seed), seed % 2 === 0 ? MAP : null)).not.toThrow();
    expect(() => drawn({ ...tell(STORIES.typical), steps: [] }, null)).not.toThrow();
  });

  it("shortens long names in the middle", () => {
    expect(ellipsize("a".repeat(30) + "b".repeat(30))).toMatch(/^a+…b+$/);
    expect(ellipsize("show")).toBe("show");
  });
});

describe("with little width", () => {
  const trace = tell(STORIES.typical);
  const texts = (space: Partial<Space>, from: Trace = trace): string =>
    JSON.stringify(draw(journey(from, MAP, 1e9), { ...SPACE, width: 390, ...space }).shapes);

  it("folds the outermost layers into one, which opens", () => {
    expect(texts({})).toContain('"4 outer layers ▸"');
    expect(texts({})).not.toContain('"ProxyFix"');
    expect(texts({ opened: new Set(["layers"]) })).toContain('"ProxyFix"');
    expect(texts({ opened: new Set(["layers"]) })).toContain('"WSGI server ▾"');
    expect(texts({ width: 1160 })).not.toContain("outer layers");
  });

  it("opens them for a step in them, and where an exception passed them", () => {
    const push = trace.steps.find(({ stage }) => stage === "app_context_push");
    expect(texts({ selected: push?.id ?? null })).toContain('"AppContext"');
    expect(texts({ selected: push?.id ?? null, side: "in" })).not.toContain('"AppContext"');
    expect(texts({}, tell(STORIES.propagates))).toContain('"500, by the server"');
  });

  it("leaves out the kinds that the name of the band says", () => {
    expect(texts({ width: 1160 })).toContain('"before_request"');
    expect(texts({})).not.toMatch(/"(before|after)_request","cls":"k/);
  });
});

describe("what packages add", () => {
  const trace = tell(STORIES.typical);
  const steps = trace.steps.map((step): Step =>
    step.name === "load_user" ? { ...step, package: "flask_login" } : step,
  );
  const shapes = (space: Partial<Space>, of: readonly Step[] = steps) =>
    draw(journey({ ...trace, steps: of }, MAP, 1e9), { ...SPACE, ...space }).shapes;
  const folds = (space: Partial<Space>, of: readonly Step[] = steps) =>
    shapes(space, of).filter((shape) => shape.el === "fold");
  const login = steps.find(({ name }) => name === "load_user")?.id ?? -1;

  it("is named on its chip", () => {
    expect(JSON.stringify(shapes({}))).toContain(
      '"load_user","cls":"f","dx":7},{"text":"\u00a0· flask_login"',
    );
  });

  it("is folded where only the app's own code matters, unless something became of it", () => {
    expect(folds({})).toEqual([]);
    expect(folds({ mine: true }).map((fold) => fold.el === "fold" && fold.steps)).toEqual([[login]]);
    expect(JSON.stringify(folds({ mine: true }))).toMatch(/\+1 hook, 1\.20 ms/);
    const opened = folds({ mine: true, selected: login });
    expect(opened.map((fold) => fold.el === "fold" && fold.open)).toEqual([true]);
    for (const outcome of ["raised", "short_circuit"] as const) {
      const special = steps.map((step) => (step.id === login ? { ...step, outcome } : step));
      expect(folds({ mine: true }, special)).toEqual([]);
    }
  });
});

describe("changeTexts", () => {
  it("names what a function changed, and counts the rest", () => {
    const none = { added: {}, changed: {}, removed: [] };
    expect(changeTexts({ g: { ...none, added: { user: "ann" } } })[0]).toBe("± g.user");
    expect(
      changeTexts({
        session: { ...none, removed: ["cart"] },
        response: { status: ["200 OK", "201 CREATED"], cookies: { set: { theme: "dark" }, deleted: [] } },
      }),
    ).toEqual([
      "± session.cart, status, cookie theme",
      "± session.cart, status +1",
      "± session.cart +2",
      "± 3",
    ]);
    const headers = { ...none, added: { ETag: "x", Vary: "y" } };
    expect(changeTexts({ response: { headers } })).toEqual([
      "± ETag, Vary",
      "± ETag +1",
      "± 2 headers",
      "± 2",
    ]);
    expect(
      Math.max(
        ...changeTexts({ g: { ...none, added: { ["x".repeat(1000)]: 1 } } }).map((each) => each.length),
      ),
    ).toBeLessThan(30);
    for (const odd of [undefined, null, 1, "x", [], {}, { g: 1 }, { response: [] }])
      expect(changeTexts(odd)).toEqual([]);
  });
});

describe("what there is little room for", () => {
  const wide = { ...SPACE, measure: (text: string) => text.length * 14 };
  const textsOf = (drawing: Drawing): string[] => {
    const found: string[] = [];
    const walk = (shape: Shape): void => {
      if (shape.el === "text") found.push(...shape.parts.map(({ text }) => text));
      else if ("shapes" in shape) shape.shapes.forEach(walk);
    };
    drawing.shapes.forEach(walk);
    return found;
  };

  it("is not the path: the key and the reason of the status give way", () => {
    const trace = { ...tell(STORIES.typical), path: "/tour/crash", query: "production", status: 500 };
    const start = trace.steps.findIndex(({ stage }) => stage === "start_response");
    const steps = trace.steps.map((step, index) =>
      index === start ? { ...step, name: "500 INTERNAL SERVER ERROR" } : step,
    );
    const said = textsOf(draw(journey({ ...trace, steps }, MAP, 1e9), wide));
    expect(said).toContain("GET /tour/crash?production");
    expect(said).toContain("500");
    expect(said).not.toContain("signal");
  });

  it("is not an exception's message: it has as many lines as it needs", () => {
    const error = {
      type: "RuntimeError",
      message: "Nobody handles this one: it has to go out to the server",
    };
    const trace = tell(STORIES.exception);
    const steps = trace.steps.map((step) => (step.stage === "view" ? { ...step, error } : step));
    const said = textsOf(draw(journey({ ...trace, steps }, MAP, 1e9), SPACE));
    expect(said).toContain("RuntimeError:");
    const begin = said.indexOf("RuntimeError:");
    expect(said.slice(begin, begin + 3).join(" ")).toContain("Nobody handles this one");
    expect(
      said
        .slice(begin, begin + 4)
        .join(" ")
        .replace(/\s+/g, " "),
    ).toContain(error.message);
  });

  it("is no reason for bars of SQL to leave their axis", () => {
    const whole = tell(STORIES.typical);
    const view = whole.steps.find(({ stage }) => stage === "view") as Step;
    const length = (view.end ?? 0) - view.begin;
    const kinds = ["begin", "statement", "commit"] as const;
    // Towards its end, many, each at a moment of its own.
    const steps = Array.from({ length: 120 }, (_, index): Step => {
      const begin = view.begin + length * (0.7 + (0.3 * index) / 120);
      const kind = kinds[index % 3] as string;
      return {
        ...view,
        id: whole.steps.length + index,
        parent: view.id,
        stage: "sql",
        name: kind.toUpperCase(),
        begin,
        end: begin + length / 4000,
        detail: { kind, connection: 1 },
      };
    });
    const drawing = draw(journey({ ...whole, steps: [...whole.steps, ...steps] }, MAP, 1e9), SPACE);
    const [box] = nodes(drawing).find(({ key }) => key === "view")?.shapes ?? [];
    const bars = nodes(drawing)
      .filter(({ stage }) => stage === "sql")
      .flatMap(({ shapes }) => shapes)
      .filter((shape): shape is Extract<Shape, { el: "rect" }> => shape.el === "rect");
    expect(bars.length).toBeGreaterThan(5);
    expect(box?.el).toBe("rect");
    if (box?.el === "rect")
      for (const bar of bars) expect(bar.x + bar.w).toBeLessThanOrEqual(box.x + box.w - 40);
  });
});
