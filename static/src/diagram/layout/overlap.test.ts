/** Nothing lies on anything else, and nothing leaves its box: for any lifecycle, at any size. */

import { describe, expect, it } from "vitest";

import type { Hold, Step, Trace, TraceSummary } from "../../api/types";
import { anyTrace, MAP, STORIES, tell } from "../../testing/fixtures";
import {
  circlesOf,
  flat,
  linesOf,
  measure,
  overlaps,
  rectsOf,
  textsOf,
  type Box,
} from "../../testing/overlaps";
import { rewind } from "../../trace/replay";
import { summarize } from "../../trace/summary";
import { journey } from "../model/journey";
import { draw } from "./draw";
import type { Drawing, Space } from "./sheet";

const WIDTHS = [340, 390, 560, 759, 760, 900, 1000, 1116, 1640];
const HEIGHTS = [300, 660, 900];

/** What is said beside chips and lies on a wire, or beyond it. */
function onWires(drawing: Drawing): string[] {
  const wires = [...flat(drawing.shapes)].flatMap((shape) =>
    shape.el === "circle" && /^dot (in|out)/.test(shape.cls) ? [shape.cx] : [],
  );
  const [first, last] = [Math.min(...wires), Math.max(...wires)];
  if (wires.length === 0 || first === last) return [];
  const beside = [...flat(drawing.shapes)].filter(
    (shape) => shape.el === "text" && /^(changed|lane\b)/.test(shape.parts[0].cls),
  );
  return [
    ...onPipes(drawing, [first, last]),
    ...textsOf({ ...drawing, shapes: beside })
      .filter(({ left, right }) => left < first + 5 || right > last - 5)
      .map(({ said }) => `on a wire: ${said}`),
  ];
}

/** Breakpoints that lie on the pipe of a wire. */
function onPipes(drawing: Drawing, wires: readonly number[]): string[] {
  return circlesOf(drawing, /^bp-dot/)
    .filter(({ left, right }) => wires.some((x) => left < x + 5.5 && right > x - 5.5))
    .map(({ left }) => `breakpoint on a wire: ${left}`);
}

/** Points on the wire of the journey, 2 px apart; curves by their chords. */
function onJourney(drawing: Drawing): Box[] {
  const points: Box[] = [];
  for (const shape of flat(drawing.shapes)) {
    if (shape.el !== "path" || !/^w (short|err|out|in)$/.test(shape.cls)) continue;
    let [x, y] = [0, 0];
    const to = (nextX: number, nextY: number): void => {
      const steps = Math.max(1, Math.hypot(nextX - x, nextY - y) / 2);
      for (let at = 0; at <= steps; at++) {
        const [px, py] = [x + ((nextX - x) * at) / steps, y + ((nextY - y) * at) / steps];
        points.push({ said: shape.cls, left: px, right: px + 1, top: py, bottom: py + 1 });
      }
      [x, y] = [nextX, nextY];
    };
    for (const [, command = "", given = ""] of shape.d.matchAll(/([MVHLCq])([^A-Za-z]*)/g)) {
      const numbers = [...given.matchAll(/-?[\d.]+/g)].map(Number);
      const [last = 0, end = 0] = [numbers.at(-2), numbers.at(-1)];
      if (command === "M") [x, y] = [last, end];
      else if (command === "V") to(x, end);
      else if (command === "H") to(end, y);
      else if (command === "q") to(x + last, y + end);
      else if (command === "C") {
        const [x0, y0] = [x, y];
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = numbers;
        for (let t = 0.05; t <= 1; t += 0.05) {
          const u = 1 - t;
          to(
            u ** 3 * x0 + 3 * u * u * t * x1 + 3 * u * t * t * x2 + t ** 3 * last,
            u ** 3 * y0 + 3 * u * u * t * y1 + 3 * u * t * t * y2 + t ** 3 * end,
          );
        }
      } else to(last, end);
    }
  }
  return points;
}

function faultsOf(drawing: Drawing): string[] {
  const texts = textsOf(drawing);
  const chips = rectsOf(drawing, /^(chip|pill|bubble)\b/);
  const labels = rectsOf(drawing, /^lg$/);
  const breakpoints = circlesOf(drawing, /^bp-dot/);
  const wired = circlesOf(drawing, /^(dot|pause|ring|bead)/);
  const hatches = rectsOf(drawing, /^hold$/);
  return [
    ...overlaps(breakpoints, breakpoints),
    ...[wired, chips, texts, hatches].flatMap((others) => overlaps(breakpoints, others)),
    ...[texts, chips].flatMap((others) => overlaps(hatches, others)),
    ...overlaps(texts, texts),
    ...overlaps(texts, rectsOf(drawing, /\bincluded$/)),
    ...overlaps(chips, chips),
    ...overlaps(chips, linesOf(drawing, /^sig\b/)),
    ...overlaps(labels, chips, 1.5),
    ...onWires(drawing),
    ...new Set(overlaps(onJourney(drawing), rectsOf(drawing, /^(chip|bubble)\b/))),
    ...texts
      .filter(({ left, right }) => left < 0 || right > drawing.width)
      .map(({ said }) => `outside: ${said}`),
  ];
}

/** As one with long names, or with more in each of its functions. */
const long = (trace: Trace): Trace => ({
  ...trace,
  steps: trace.steps.map((step): Step => ({
    ...step,
    name: `${step.name}_with_a_name_that_goes_on_${step.id}`,
  })),
});
const busy = (trace: Trace): Trace => ({
  ...trace,
  server_error_by: trace.error === null ? null : "debugger",
  steps: trace.steps.map((step): Step => ({
    ...step,
    package: step.stage === "before_request" ? "flask_something" : null,
    detail: {
      ...step.detail,
      ...(/_request$|teardown/.test(step.stage)
        ? { changes: { g: { added: { user: 1, request_id: 2, warehouse: 3 }, changed: {}, removed: [] } } }
        : {}),
    },
  })),
});
const raising = (trace: Trace, stage: string): Trace => ({
  ...trace,
  steps: trace.steps.map((step): Step =>
    step.stage === stage
      ? {
          ...step,
          outcome: "raised",
          error: { type: "RuntimeError", message: "Nobody handles this one. ".repeat(9) },
        }
      : step,
  ),
});

/** What a function on the way out raised is handled, and its answer becomes the response. */
const handled = (trace: Trace): Trace => {
  const [first = 0, second, third] = trace.steps
    .filter(({ stage }) => stage === "after_request")
    .map(({ id }) => id);
  const error = { type: "LookupError", message: "The seal is not there." };
  return {
    ...trace,
    steps: trace.steps.map((step): Step => {
      if (step.id === first) return { ...step, outcome: "raised", error };
      if (step.id === second) return { ...step, stage: "error_handler" };
      return step.id === third ? { ...step, stage: "make_response" } : step;
    }),
  };
};

/** With a transaction in its view, and many statements and templates in its hooks. */
const crowded = (trace: Trace): Trace => {
  const hosts = trace.steps.filter(({ stage }) =>
    /^(before|after)_request$|^view$|^error_handler$/.test(stage),
  );
  const inside = hosts.flatMap((host) =>
    Array.from({ length: 12 }, (_, index): Omit<Step, "id"> => {
      const length = Math.max(0, (host.end ?? host.begin) - host.begin) / 14;
      const isSql = index % 3 !== 2;
      const kind = index === 0 ? "begin" : index === 10 ? "commit" : "statement";
      return {
        ...host,
        parent: host.id,
        stage: isSql ? "sql" : "template",
        name: isSql ? (kind === "statement" ? "SELECT * FROM orders" : kind.toUpperCase()) : "shop/page.html",
        begin: host.begin + length * (index + 1),
        end: host.begin + length * (index + 1.8),
        outcome: "ok",
        error: null,
        detail: isSql ? { kind, connection: 1 } : {},
      };
    }),
  );
  return {
    ...trace,
    steps: [...trace.steps, ...inside.map((step, index) => ({ ...step, id: trace.steps.length + index }))],
  };
};

/** With its steps in order of beginning, as the recorder has them. */
function inOrder(trace: Trace): Trace {
  const sorted = [...trace.steps].sort((a, b) => a.begin - b.begin || a.id - b.id);
  const ids = new Map(sorted.map(({ id }, index) => [id, index]));
  const steps = sorted.map((step, id) => ({
    ...step,
    id,
    parent: step.parent === null ? null : (ids.get(step.parent) ?? null),
  }));
  return { ...trace, steps };
}

/** The request as it is while it is held at a step. */
function heldAt(trace: Trace, step: Step, at: number): Trace {
  const rewound = rewind(trace, at);
  const steps = rewound.steps.filter(({ id }) => id <= step.id);
  return { ...rewound, state: "running", duration: null, steps };
}

/** All folds are open. */
class All extends Set<string> {
  override has(): boolean {
    return true;
  }
}
const inner = (trace: Trace): readonly TraceSummary[] =>
  trace.steps
    .filter(({ stage }) => stage === "before_request" || stage === "view")
    .map(({ begin }, index) => ({
      ...summarize(tell(STORIES.typical)),
      id: `inner-${index}`,
      parent: trace.id,
      started_at: trace.started_at + (begin + 3000) / 1e9,
    }));

const told = Object.entries(STORIES).map(([name, story]) => [name, tell(story)] as const);
const CASES: readonly (readonly [string, Trace])[] = [
  ...told,
  ...told.map(([name, trace]) => [`${name}, long`, long(trace)] as const),
  ...told.map(([name, trace]) => [`${name}, busy`, busy(trace)] as const),
  ...told.map(([name, trace]) => [`${name}, crowded`, crowded(busy(trace))] as const),
  ["handled on the way out", handled(tell(STORIES.typical))],
  ["handled on the way out, long", handled(long(tell(STORIES.typical)))],
  ...["before_request", "after_request", "teardown_request", "view", "error_handler"].flatMap((stage) =>
    told.map(([name, trace]) => [`${name}, ${stage} raises`, raising(busy(trace), stage)] as const),
  ),
];

describe("nothing lies on anything else", () => {
  it.each(CASES)("of %s", (_name, trace) => {
    const found: string[] = [];
    for (const width of WIDTHS)
      for (const height of HEIGHTS)
        for (const head of height === 660 ? [true, false] : [false]) {
          const space: Space = { width, height, selected: null, measure, head };
          const drawing = draw(journey(trace, MAP, trace.duration ?? 0), space);
          found.push(...faultsOf(drawing).map((each) => `${width}×${height}: ${each}`));
        }
    expect(found).toEqual([]);
  });

  it("at any moment of any request", () => {
    for (const [, trace] of told)
      for (let part = 0; part <= 20; part++) {
        const at = ((trace.duration ?? 0) * part) / 20;
        for (const width of [390, 820, 1136]) {
          const space: Space = { width, height: 697, selected: null, measure };
          const moment = journey(trace, MAP, at, at);
          const whole = journey(trace, MAP, trace.duration ?? 0);
          expect(faultsOf(draw(moment, space))).toEqual([]);
          // As in a replay: at the places of the whole.
          expect(faultsOf(draw(moment, space, whole))).toEqual([]);
        }
      }
  });

  it("of a request that waits somewhere", () => {
    const found: string[] = [];
    let said = 0;
    for (const [, trace] of told)
      for (const step of trace.steps) {
        const waiting = { ...heldAt(trace, step, step.begin), holds: [] };
        for (const width of [390, 820, 1136]) {
          const space: Space = { width, height: 697, selected: null, measure };
          const drawing = draw(journey(waiting, MAP, step.begin + 63.2e9), space);
          said += textsOf(drawing).filter((text) => text.said.includes("waiting for")).length;
          found.push(...faultsOf(drawing).map((each) => `${step.stage} ${step.name}, ${width}: ${each}`));
        }
      }
    expect(found).toEqual([]);
    expect(said).toBeGreaterThan(100);
  });

  it("with all folds open, and requests inside", () => {
    for (const [, trace] of told)
      for (const width of [390, 820, 1136, 1640])
        for (const opened of [new Set<string>(), new All()])
          for (const of of [trace, crowded(trace)]) {
            const story = journey(of, MAP, of.duration ?? 0, Infinity, inner(of));
            for (const height of [300, 697, 1300]) {
              const drawing = draw(story, { width, height, selected: null, measure, opened });
              expect(faultsOf(drawing).map((each) => `${width}×${height}: ${each}`)).toEqual([]);
            }
          }
  });

  it("with a breakpoint at each step, held before each or after it", () => {
    const everywhere = [
      { stage: null, name: null, when: "after", filter: null, once: false, on: true },
    ] as const;
    const busiest = told.map(([, trace]) => inOrder(crowded(busy(trace))));
    const cases = [
      ...told.flatMap(([, trace]) => trace.steps.map((step) => [trace, step] as const)),
      // Of many like steps, some.
      ...busiest.flatMap((trace) =>
        trace.steps.filter(({ id }) => id % 5 === 0).map((step) => [trace, step] as const),
      ),
    ];
    for (const [trace, step] of cases)
      for (const begin of [step.begin, step.end ?? step.begin]) {
        const elapsed = begin + 3.2e9;
        const hold: Hold = { step: step.id, begin, end: null, did: null };
        const held = { ...heldAt(trace, step, begin), holds: [hold] };
        for (const width of [390, 1136]) {
          const space: Space = { width, height: 697, selected: null, measure, breakpoints: everywhere };
          const drawing = draw(journey(held, MAP, elapsed), space);
          const where = `${step.stage} ${step.name}, ${width}`;
          const pauses = circlesOf(drawing, /^pause/);
          expect(pauses, where).toHaveLength(1);
          if (step.stage === "view")
            expect(overlaps(pauses, [...linesOf(drawing, /^sig/), ...circlesOf(drawing, /^bead/)])).toEqual(
              [],
            );
          expect(faultsOf(drawing), where).toEqual([]);
        }
      }
  });

  it("in any trace at all, chips and labels", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const drawing = draw(journey(anyTrace(seed), MAP, 1e6), {
        width: 1136,
        height: 697,
        selected: null,
        measure,
      });
      const chips = rectsOf(drawing, /^chip\b/);
      expect(overlaps(chips, chips)).toEqual([]);
    }
  });
});
