/** The turn: dispatch, the error handlers, and the response that is made. */

import type { Step } from "../../api/types";
import { text as detailText } from "../../trace/steps";
import { ellipsize } from "../../trace/text";
import { makeChip, makeSecond, type Draft } from "./chips";
import { isRedirect } from "./facts";
import type { Chip } from "./types";

export interface Turn {
  readonly dispatch: Chip;
  readonly response: Chip;
  readonly handlers: readonly Chip[];
}

const LONGEST_FOR = 28;

export function turnOf(draft: Draft): Turn {
  return {
    dispatch: dispatchChip(draft),
    response: responseChip(draft),
    handlers: draft.facts.known.handlers.map((step) => handlerChip(draft, step)),
  };
}

function dispatchChip(draft: Draft): Chip {
  const { known, trace, moment, passed } = draft.facts;
  const { dispatch, view } = known;
  const raised = dispatch?.outcome === "raised" && view === null;
  const endpoint = trace.endpoint ?? "endpoint";
  const chip = makeChip(draft, dispatch, {
    key: "dispatch",
    stage: "dispatch",
    kind: "dispatch",
    name:
      dispatch !== null && isRedirect(dispatch)
        ? "redirects"
        : raised
          ? `raises ${dispatch.error?.type ?? "an exception"}`
          : endpoint,
    promise: endpoint,
    past: passed.answer,
    minus: [view],
  });
  return view !== null && moment.begun(view) ? { ...chip, state: "done" } : chip;
}

function responseChip(draft: Draft): Chip {
  const { known, passed } = draft.facts;
  const [first = null, second] = known.responses;
  const chip = makeChip(draft, first, {
    key: "make_response",
    stage: "make_response",
    kind: "make_response",
    name: first === null ? "return value" : conversion(first),
    promise: "return value",
    past: passed.after,
  });
  return second === undefined ? chip : makeSecond(draft, chip, second);
}

/** The name of its decorator, with what it is for. */
export function handlerKind(step: Step): string {
  return `errorhandler(${ellipsize(detailText(step.detail["for"]), LONGEST_FOR)})`;
}

function handlerChip(draft: Draft, step: Step): Chip {
  return makeChip(draft, step, {
    key: `handler:${step.id}`,
    stage: "error_handler",
    kind: handlerKind(step),
    name: step.name,
    planned: false,
    hue: Math.max(0, draft.facts.scopes.indexOf(step.scope ?? "app")),
  });
}

/** The conversion of a return value to a response. */
function conversion(step: Step): string {
  const from = detailText(step.detail["from"]);
  const to = detailText(step.detail["to"]);
  if (from === "") return "Response";
  return from.startsWith("Response") || from.startsWith("(") || to === "" ? from : `${from} → ${to}`;
}
