/** Build the picture of two requests from their journeys and what Python says of their steps. */

import type { Comparison } from "../../api/types";
import type { Band, Chip, Journey, Ribbon } from "../../diagram/model/types";
import { isStatement } from "../../trace/transactions";
import { inOf, pairChips, Steps } from "./chips";
import { merge } from "./merge";
import type { Compared, ComparedBand, ComparedChip, ComparedView, Journeys, SideName, Way } from "./types";

export function compared(comparison: Comparison, journeys: Journeys): Compared {
  const steps = new Steps(comparison);
  const { runs } = comparison;
  const bands = bandsOf(steps, journeys);
  const turn = turnOf(steps, journeys);
  const chips = [turn, ...bands].flatMap(({ left, right }) => [...left, ...right]);
  return {
    comparison,
    bands,
    turn,
    view: viewOf(steps, journeys),
    ways: { a: wayOf("a", journeys.a, chips), b: wayOf("b", journeys.b, chips) },
    single: Math.min(runs.a.length, runs.b.length) === 1,
  };
}

/** The chips of a column of both, in the order of time, from top to bottom. */
function columnsOf(steps: Steps, a: Band | null, b: Band | null): Pick<ComparedBand, "left" | "right"> {
  return {
    left: pairChips(steps, a, b, "left"),
    right: [...pairChips(steps, a, b, "right")].reverse(),
  };
}

function bandsOf(steps: Steps, { a, b }: Journeys): readonly ComparedBand[] {
  const named = (side: SideName, journey: Journey): readonly { id: string; band: Band }[] =>
    journey.bands.map((band) => ({ id: idOf(steps, side, band), band: withBody(band, journey.body) }));
  return merge(named("a", a), named("b", b), ({ id }) => id).flatMap(([one, other]) => {
    const pair = [one?.band ?? null, other?.band ?? null] as const;
    const { key, label, sub, hue } = (pair[0] ?? pair[1]) as Band;
    const columns = columnsOf(steps, ...pair);
    if (columns.left.length + columns.right.length === 0) return [];
    return [{ key: `${one === null ? "b" : "a"}:${key}`, label, sub, hue, in: inOf(...pair), ...columns }];
  });
}

/** Middlewares have numbers for keys, which one more of them moves. */
function idOf(steps: Steps, side: SideName, { key, left }: Band): string {
  const [call] = left;
  return call !== undefined && key.startsWith("middleware:") ? `call:${steps.named(side, call).id}` : key;
}

/** What ran while the body was sent belongs to the chip of the body, which has no box of its own here. */
function withBody(band: Band, body: Ribbon | null): Band {
  if (band.key !== "server" || body === null) return band;
  return {
    ...band,
    right: band.right.map((chip) =>
      chip.key === "send" ? { ...chip, half: false, pills: body.segments } : chip,
    ),
  };
}

function turnOf(steps: Steps, { a, b }: Journeys): Pick<ComparedBand, "left" | "right"> {
  return columnsOf(steps, turnBand(a), turnBand(b));
}

/** Dispatch, and above the view what answers: the response, below it the error handlers. */
function turnBand({ dispatch, response, handlers }: Journey): Band {
  const chips = handlers.map(({ chip, ribbon }) =>
    ribbon === null ? chip : { ...chip, pills: [...chip.pills, ...ribbon.segments] },
  );
  return { key: "turn", label: "", sub: "", hue: 0, left: [dispatch], right: [response, ...chips.reverse()] };
}

function viewOf(steps: Steps, { a, b }: Journeys): ComparedView {
  const [one, other] = [a.view, b.view].map((ribbon) => (ribbon.step === null ? null : ribbon));
  const at = [steps.at("a", one?.step ?? null), steps.at("b", other?.step ?? null)] as const;
  const of = (index: number | null) => steps.get(index);
  const names = [...new Set([one, other].flatMap((ribbon) => ribbon?.name ?? []))];
  const inBoth = at[0] !== null && at[0] === at[1];
  return {
    index: at[0] ?? at[1],
    name: names.length === 0 ? "no view" : names.join(" → "),
    a: one ?? null,
    b: other ?? null,
    why: { a: a.view.note, b: b.view.note },
    times: {
      a: of(at[0])?.a_ns ?? null,
      b: of(at[1])?.b_ns ?? null,
      beyond: inBoth && of(at[0])?.beyond === true,
    },
    statements: [statementsIn(one), statementsIn(other)],
  };
}

function statementsIn(ribbon: Ribbon | null | undefined): number {
  return ribbon?.segments.filter(isStatement).length ?? 0;
}

function wayOf(side: SideName, journey: Journey, chips: readonly ComparedChip[]): Way {
  const keys = new Map(
    chips.flatMap((each) => {
      const chip: Chip | null = each[side];
      return chip === null ? [] : [[chip.key, each.key] as const];
    }),
  );
  const isOut = rightOf(journey);
  return {
    right: journey.stops.flatMap(({ key, again, failed, answers }) => {
      const of = keys.get(again ? `${key}:again` : key);
      return of === undefined || !isOut.has(key) ? [] : [{ key: of, failed, answers }];
    }),
    view: journey.view.step === null ? "none" : journey.view.failed ? "failed" : "done",
    turn: turnsBy(journey),
  };
}

function rightOf({ bands, response, handlers }: Journey): ReadonlySet<string> {
  const chips = [...bands.flatMap(({ right }) => right), response, ...handlers.map(({ chip }) => chip)];
  return new Set(chips.map(({ key }) => key));
}

/** How a request turns that has no view. */
function turnsBy({ short, redirects, bands, dispatch }: Journey): Way["turn"] {
  if (short !== null || redirects) return "short";
  const left = [...bands.flatMap((band) => band.left), dispatch];
  return left.some(({ state }) => state === "raised") ? "err" : "out";
}
