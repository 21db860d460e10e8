/** Chips of the wire, from the steps and from the app's registered functions. */

import type { PlannedStage, Stage, Step } from "../../api/types";
import { threadOf, time } from "../../trace/format";
import { isSecond, plannedHooks, type Facts } from "./facts";
import { heldBetween, holdOf, noteOf } from "./held";
import type { Chip } from "./types";

/** A journey while it is built. */
export interface Draft {
  readonly facts: Facts;
  /** The steps that have a chip or a ribbon, by id. */
  readonly taken: Set<number>;
}

/** The specification of a chip; without a step, it is planned by the registries. */
interface ChipSpec {
  readonly key: string;
  readonly stage: Stage;
  readonly kind: string;
  readonly name: string;
  /** Its name until it begins. */
  readonly promise?: string;
  /** Whether it would have run by now. */
  readonly past?: boolean;
  /** The steps whose time is not its own. */
  readonly minus?: readonly (Step | null)[];
  readonly half?: boolean;
  /** The step at whose end the wire passes; else, where its own begins. */
  readonly after?: Step | null;
  readonly planned?: boolean;
  readonly hue?: number;
  readonly package?: string | null | undefined;
  readonly callable?: string | null;
  readonly note?: string;
}

const TEARDOWN: ReadonlySet<Stage> = new Set<Stage>(["teardown_request", "teardown_appcontext"]);

export function makeChip({ facts, taken }: Draft, step: Step | null, spec: ChipSpec): Chip {
  const { begun, state } = facts.moment;
  const { half = false, after = null } = spec;
  const reached = begun(step);
  if (step !== null && !half) taken.add(step.id);
  const elsewhere = step !== null && reached && threadOf(step)?.other === true;
  const hold = reached ? holdOf(facts, step, spec) : null;
  const own = reached ? ownTime(facts, step, spec.minus ?? [], hold?.inside ?? 0) : null;
  const aside = spec.note ?? (elsewhere ? "on another thread" : "");
  return {
    key: spec.key,
    stage: spec.stage,
    kind: spec.kind,
    step,
    dot: null,
    again: null,
    half,
    folded: [],
    pills: [],
    beads: [],
    inner: [],
    name: reached || step === null ? spec.name : (spec.promise ?? spec.name),
    state: reached ? state(step) : step === null && spec.past === true ? "skipped" : "pending",
    hidden: !reached && spec.planned === false,
    when: (after === null ? step?.begin : after.end) ?? Infinity,
    order: after === null ? (step?.id ?? Infinity) : facts.steps.endOf(after),
    own,
    hold,
    callable: step?.callable ?? spec.callable ?? null,
    package: (step === null ? spec.package : step.package) ?? null,
    hue: spec.hue ?? 0,
    note: hold === null || step === null ? aside : noteOf(facts, step, hold),
    noteTone: hold === null ? "thr" : "held",
  };
}

/**
 * The time of a step without that of others. The request may have been held after one of these: that is not
 * its time either.
 *
 * @param held how long the request was held at the step itself, which is drawn as such.
 */
function ownTime(facts: Facts, step: Step, minus: readonly (Step | null)[], held: number): number {
  const { moment } = facts;
  const others = minus.filter((other) => moment.begun(other));
  const without = (of: (step: Step) => number): number =>
    others.reduce((left, other) => left - of(other), of(step));
  const elsewhere = without(({ begin, end }) => heldBetween(facts, begin, end)) - held;
  return Math.max(0, without(moment.lasted) - Math.max(0, elsewhere));
}

/** A chip whose function runs again, on the second way up. */
export function makeSecond({ facts, taken }: Draft, chip: Chip, again: Step): Chip {
  taken.add(again.id);
  return { ...chip, again: facts.moment.begun(again) ? again : null };
}

/** Hooks: what the registries promise, lit by the steps. In the order of the calls. */
export function hookChips(
  draft: Draft,
  stage: PlannedStage,
  kind: string,
  scope: string,
  past: boolean,
): Chip[] {
  const { facts, taken } = draft;
  const isOf = (each: { readonly scope: string | null }): boolean => (each.scope ?? "app") === scope;
  const mine = facts.steps.of(stage).filter(isOf);
  const next = (callable: string | null): Step | null =>
    mine.find((each) => each.callable === callable && !taken.has(each.id)) ?? null;
  const inBody = TEARDOWN.has(stage) ? callablesInBody(facts, stage) : new Set<string | null>();
  const common = { stage, kind, hue: facts.scopes.indexOf(scope) };
  const chips = plannedHooks(facts, stage)
    .filter(isOf)
    .flatMap((hook, index) => {
      const step = next(hook.callable);
      if (step === null && inBody.has(hook.callable)) return [];
      const isAsync = hook.is_async === true && !facts.moment.begun(step);
      const spec = {
        ...common,
        key: `${stage}:${scope}:${index}`,
        name: hook.name,
        callable: hook.callable,
        package: hook.package,
        past,
      };
      const chip = makeChip(draft, step, isAsync ? { ...spec, note: "async" } : spec);
      const again = step === null || stage !== "after_request" ? null : next(hook.callable);
      return [again === null || !isSecond(facts, again) ? chip : makeSecond(draft, chip, again)];
    });
  for (const step of mine)
    if (!taken.has(step.id)) {
      const key = `${stage}:step:${step.id}`;
      chips.push(makeChip(draft, step, { ...common, key, name: step.name, planned: false }));
    }
  return chips.every((chip) => chip.step !== null) ? chips.sort((a, b) => a.when - b.when) : chips;
}

/** The functions that ran in the body, whose contexts were kept until then. */
function callablesInBody({ steps }: Facts, stage: Stage): ReadonlySet<string | null> {
  const inBody = steps.all.filter((step) => step.stage === stage && steps.home(step)?.stage === "body");
  return new Set(inBody.map((step) => step.callable));
}

/** The text of a chip for screen readers. */
export function label(chip: Chip): string {
  const spent = chip.own === null ? "" : `, ${time(chip.own)}`;
  const note = chip.note === "" ? "" : `, ${chip.note}`;
  return `${chip.kind} ${chip.name}: ${chip.state.replace("_", " ")}${spent}${note}`;
}
