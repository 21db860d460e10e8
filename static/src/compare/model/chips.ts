/** The chips of both requests, paired by the steps that the comparison has aligned. */

import type { ComparedStep, Comparison, Step } from "../../api/types";
import type { Band, Chip } from "../../diagram/model/types";
import { AROUND } from "../../trace/steps";
import { isStatement } from "../../trace/transactions";
import { merge, type Pair } from "./merge";
import type { ComparedChip, In, SideName, Times } from "./types";

/** A chip of one side, with the name that it has on both. */
export interface Named {
  readonly id: string;
  readonly chip: Chip;
}

/** Where each step of either request is in the comparison. */
export class Steps {
  readonly #ofA = new Map<number, number>();
  readonly #ofB = new Map<number, number>();

  constructor(readonly comparison: Comparison) {
    for (const [index, { a, b }] of comparison.steps.entries()) {
      if (a !== null) this.#ofA.set(a, index);
      if (b !== null) this.#ofB.set(b, index);
    }
  }

  /** The index of a step of one side; null of what is none. */
  at(side: SideName, step: Step | null): number | null {
    return step === null ? null : ((side === "a" ? this.#ofA : this.#ofB).get(step.id) ?? null);
  }

  get(index: number | null): ComparedStep | undefined {
    return index === null ? undefined : this.comparison.steps[index];
  }

  named(side: SideName, chip: Chip): Named {
    const index = this.at(side, chip.step);
    return { id: index === null ? chip.key : `${index}${chip.half ? ":back" : ""}`, chip };
  }
}

/** The chips of a side that ran; a function that ran twice has two. */
export function ran(chips: readonly Chip[]): readonly Chip[] {
  return chips.flatMap((chip) => {
    if (chip.hidden || chip.state === "pending" || chip.state === "skipped") return [];
    const { again } = chip;
    return again === null
      ? [chip]
      : [
          { ...chip, again: null },
          { ...chip, key: `${chip.key}:again`, step: again, again: null, pills: [], when: again.begin },
        ];
  });
}

/** The pop and the function that it calls, of one chip that shows both. */
function apart(chip: Chip): readonly Chip[] {
  const { dot } = chip;
  if (dot === null) return [chip];
  const name = dot.stage === "app_context_pop" ? "AppContext" : "RequestContext";
  return [
    { ...chip, kind: "teardown", dot: null },
    { ...chip, key: dot.stage, stage: dot.stage, kind: "pop", name, step: dot, dot: null, pills: [] },
  ];
}

type Column = "left" | "right";

/** The chips of a column of both sides, in the order of time. */
export function pairChips(
  steps: Steps,
  a: Band | null,
  b: Band | null,
  column: Column,
): readonly ComparedChip[] {
  const [ofA, ofB] = [chipsOf(a, column), chipsOf(b, column)];
  const combined = (chips: readonly Chip[]): string =>
    chips.flatMap(({ dot, name }) => (dot === null ? [] : [name])).join();
  // What one side alone combines cannot be compared with the other side's.
  const isAlike = a === null || b === null || combined(ofA) === combined(ofB);
  const named = (chips: readonly Chip[], side: SideName): readonly Named[] =>
    (isAlike ? chips : chips.flatMap(apart)).map((chip) => steps.named(side, chip));
  return merge(named(ofA, "a"), named(ofB, "b"), ({ id }) => id).map((pair) => compareChips(steps, pair));
}

function chipsOf(band: Band | null, column: Column): readonly Chip[] {
  if (band === null) return [];
  return column === "left" ? ran(band.left) : [...ran([...band.right].reverse())];
}

function compareChips(steps: Steps, [a, b]: Pair<Named>): ComparedChip {
  const { id, chip } = (a ?? b) as Named;
  const one = a?.chip ?? null;
  const other = b?.chip ?? null;
  const index = steps.at(a === null ? "b" : "a", chip.step);
  const compared = steps.get(index);
  return {
    key: `${a === null ? "b" : "a"}:${id}`,
    index,
    a: one,
    b: other,
    in: inOf(one, other),
    stage: chip.stage,
    kind: (other ?? chip).kind,
    // What the response is made of differs wherever the answer does: the list beside has both.
    name: chip.stage === "make_response" ? (other ?? chip).name : nameOf(one, other),
    times: timesOf(steps, one, other, compared),
    // What is around others only passes on what was raised in them.
    outcomes: (chip.half || AROUND.has(chip.stage) ? null : compared?.outcomes) ?? null,
    statements: [countOf(one), countOf(other)],
    sql: [spentOf(one), spentOf(other)],
  };
}

export function inOf(a: unknown, b: unknown): In {
  return a === null ? "b" : b === null ? "a" : "both";
}

/** The name on both sides. */
export function nameOf(a: Chip | null, b: Chip | null): string {
  if (a === null || b === null) return (a ?? b)?.name ?? "";
  if (a.name === b.name) return a.name;
  // What a response is made of has an arrow of its own.
  const between = `${a.name}${b.name}`.includes("→") ? "became" : "→";
  return `${a.name} ${between} ${b.name}`;
}

/** The time of a chip: of a step around others, that of its way in or of its way out. */
function timesOf(steps: Steps, a: Chip | null, b: Chip | null, compared: ComparedStep | undefined): Times {
  const { half, dot } = (a ?? b) as Chip;
  if (compared === undefined) return { a: null, b: null, beyond: false };
  const way = half ? compared.outward : compared.inward;
  const own = { a: way.a_ns, b: way.b_ns, beyond: way.beyond };
  const pop = dot === null ? undefined : steps.get(steps.at(a === null ? "b" : "a", dot));
  if (pop === undefined) return own;
  const sum = (of: "a_ns" | "b_ns", first: number | null): number | null =>
    first === null ? null : first + (pop.inward[of] ?? 0) + (pop.outward[of] ?? 0);
  return {
    a: sum("a_ns", own.a),
    b: sum("b_ns", own.b),
    beyond: own.beyond || pop.inward.beyond || pop.outward.beyond,
  };
}

function statementsOf(chip: Chip | null): readonly Step[] {
  return chip === null || chip.half ? [] : chip.pills.filter(isStatement);
}

function countOf(chip: Chip | null): number {
  return statementsOf(chip).length;
}

function spentOf(chip: Chip | null): number {
  return statementsOf(chip).reduce((sum, { begin, end }) => sum + ((end ?? begin) - begin), 0);
}
