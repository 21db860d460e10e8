/** Breakpoints: which steps they are for, and how they are set: pure. */

import { FUNCTION_STAGES, type Breakpoint, type Stage, type When } from "../api/types";

/** A step, or a function that will be one. */
export interface Breakable {
  readonly stage: Stage;
  readonly name: string;
  readonly callable: string | null;
}

const FUNCTIONS: ReadonlySet<Stage> = new Set(FUNCTION_STAGES);
/** Stages whose steps have names of their own without being functions. */
const NAMED: ReadonlySet<Stage> = new Set<Stage>(["template", "signal", "middleware"]);

/** Whether a step is one of the app's functions. */
export function isFunction({ stage }: Pick<Breakable, "stage">): boolean {
  return FUNCTIONS.has(stage);
}

/**
 * What a person calls a step where its stage does not stand beside it: a function and a statement say
 * what they are by their names, a signal and a template with their stage, and Flask's own steps, whose
 * names are values such as "302 Found", by their stage alone.
 */
export function spokenName({ stage, name }: Pick<Breakable, "stage" | "name">): string {
  if (isFunction({ stage }) || stage === "sql") return name;
  return NAMED.has(stage) ? `${stage} ${name}` : stage;
}

/** Whether a breakpoint is for this step, whatever the request. */
export function isFor({ stage, name }: Breakpoint, step: Breakable): boolean {
  return (
    (stage === null || stage === step.stage) &&
    (name === null || name === step.name || name === step.callable || isLike(name, step))
  );
}

/** As Python's fnmatchcase: a name with a colon is of the whole path of a function. */
function isLike(glob: string, { name, callable }: Breakable): boolean {
  if (!/[*?[]/.test(glob)) return false;
  const pattern = glob
    .replace(/[\\^$.+(){}|]/g, String.raw`\$&`)
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".")
    .replace(/\[!/g, "[^");
  try {
    return new RegExp(`^(?:${pattern})$`, "su").test(glob.includes(":") ? (callable ?? "") : name);
  } catch {
    return false;
  }
}

/** The breakpoint for this step alone: by its function, if it is one. */
export function breakpointAt(step: Breakable, when: When = "before"): Breakpoint {
  const named = isFunction(step) || NAMED.has(step.stage) || step.callable !== null;
  return {
    stage: step.stage,
    name: step.callable ?? (named ? step.name : null),
    when,
    filter: null,
    once: false,
    on: true,
  };
}

/** The mark of a step: what its breakpoints are together. */
export interface Mark {
  readonly state: "on" | "off" | "none";
  readonly before: boolean;
  readonly after: boolean;
}

/** The mark at a step; on the way back of one that is drawn twice, of what is set after it. */
export function markOf(all: readonly Breakpoint[], step: Breakable, only: When | null = null): Mark {
  const mine = all.filter((each) => isFor(each, step) && (only === null || each.when === only));
  return {
    state: mine.length === 0 ? "none" : mine.some(({ on }) => on) ? "on" : "off",
    before: mine.some(({ when }) => when === "before"),
    after: mine.some(({ when }) => when === "after"),
  };
}

/**
 * Set a breakpoint at a step, or remove those that are for it; those that are switched off are switched on.
 *
 * @param only for one that is drawn twice: the way in, or the way back.
 */
export function toggled(
  all: readonly Breakpoint[],
  step: Breakable,
  when: When,
  only: When | null = null,
): readonly Breakpoint[] {
  const isMine = (each: Breakpoint): boolean => isFor(each, step) && (only === null || each.when === only);
  if (!all.some(isMine)) return [...all, breakpointAt(step, when)];
  if (all.some((each) => isMine(each) && each.on)) return all.filter((each) => !isMine(each));
  return all.map((each) => (isMine(each) ? { ...each, on: true } : each));
}

/** The function or the stage of a breakpoint: "load_user", "every after_request", "every step". */
export function subjectOf({ stage, name }: Breakpoint): string {
  if (name !== null) return name.split(":").at(-1) ?? name;
  return stage === null ? "every step" : SINGLE.has(stage) ? stage : `every ${stage}`;
}

/** Of these, a request has one step at most. */
const SINGLE: ReadonlySet<Stage> = new Set<Stage>([
  "wsgi",
  "request_context",
  "app_context_push",
  "request_context_push",
  "session_open",
  "url_match",
  "dispatch",
  "view",
  "make_response",
  "session_save",
  "start_response",
  "request_context_pop",
  "app_context_pop",
  "body",
  "body_close",
]);

/** A breakpoint in words. */
export function worded(breakpoint: Breakpoint): string {
  const { when, filter, once } = breakpoint;
  return `${when} ${subjectOf(breakpoint)}${filter === null ? "" : `, for ${filter}`}${once ? ", once" : ""}`;
}
