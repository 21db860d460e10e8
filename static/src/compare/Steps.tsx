/** The steps that differ: only in one request, ended differently, or slower and faster. */

import type { JSX } from "preact";

import { actions } from "../state/actions";
import { state } from "../state/store";
import { differenceOf, NOISE } from "./layout/difference";
import { nameOf } from "./model/chips";
import type { Compared, ComparedChip, SideName } from "./model/types";
import { Row, Section } from "./parts";

/** A step that differs. */
interface Differing {
  readonly index: number | null;
  readonly key: string;
  readonly only: SideName | undefined;
  readonly what: string;
  readonly says: string;
}

export function Steps({ model }: { readonly model: Compared }): JSX.Element | null {
  const { comparedStep } = state.value;
  const steps = [...chipsOf(model).flatMap((chip) => ofChip(chip, model.single)), ...ofView(model)];
  if (steps.length === 0) return null;
  const count = (of: SideName | undefined): number => steps.filter(({ only }) => only === of).length;
  const counts = [
    [count("a"), "gone"],
    [count("b"), "new"],
    [count(undefined), count(undefined) === 1 ? "differs" : "differ"],
  ].flatMap(([number, word]) => (number === 0 ? [] : [`${number} ${word}`]));
  return (
    <Section title="Steps" says={counts.join(", ")}>
      <ul class="df">
        {steps.map(({ key, index, only, what, says }) => (
          <Row
            key={key}
            only={only}
            what={what}
            says={says}
            picked={index !== null && index === comparedStep}
            onPick={
              index === null
                ? undefined
                : () => {
                    actions.comparedStep(index);
                  }
            }
          />
        ))}
      </ul>
    </Section>
  );
}

/** In the order in which the wires pass them. */
function chipsOf({ bands, turn }: Compared): readonly ComparedChip[] {
  const right = [...bands.flatMap((band) => band.right), ...turn.right];
  return [...bands.flatMap(({ left }) => left), ...turn.left, ...right.reverse()];
}

function ofChip(chip: ComparedChip, single: boolean): readonly Differing[] {
  const { key, index, in: where, kind, outcomes, times } = chip;
  const { text, sure } = differenceOf(times, single);
  const renamed = where === "both" && chip.a?.name !== chip.b?.name;
  if (where === "both" && outcomes === null && !sure && !renamed) return [];
  const ended = outcomes === null ? "" : `: ${outcomes.join(" → ")}`;
  const only = where === "both" ? undefined : where;
  return [
    { key, index, only, what: `${kind} ${nameOf(chip.a, chip.b)}${ended}`, says: text === NOISE ? "" : text },
  ];
}

function ofView({ view, single }: Compared): readonly Differing[] {
  const { a, b, index, name, times } = view;
  if (a === null && b === null) return [];
  const { text, sure } = differenceOf(times, single);
  const only = a === null ? "b" : b === null ? "a" : undefined;
  const raised = a !== null && b !== null && a.failed !== b.failed;
  const ended = raised
    ? `: ${b.failed ? "now raises" : "no longer raises"} ${(b.fault ?? a.fault)?.type ?? ""}`
    : "";
  if (only === undefined && !sure && !raised) return [];
  return [{ key: "view", index, only, what: `view ${name}${ended}`, says: text === NOISE ? "" : text }];
}
