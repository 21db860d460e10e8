/** Build the journey from a trace and the app map. */

import type { AppMap, Trace, TraceSummary } from "../../api/types";
import { clockOf } from "../../trace/clock";
import { websocketOf } from "../../trace/format";
import { holdAt } from "../../trace/holds";
import { clientStatus, sender } from "../../trace/status";
import { attach, dresser } from "./attach";
import { bandsOf, bytesOf, isStreamed } from "./bands";
import type { Draft } from "./chips";
import { factsOf, isRedirect, type Facts } from "./facts";
import { outcomeNotes, unaskedOf, waitingOf } from "./faults";
import { bodyRibbon, handlerRibbon, viewRibbon } from "./ribbons";
import { stopsOf } from "./stops";
import { handlerKind, turnOf } from "./turn";
import type { Band, Chip, Journey, Ribbon } from "./types";

/** A request without a change for this long hangs, ns. */
const LONG = 1e9;

/**
 * Return a request's journey.
 *
 * @param elapsed ns since its start, for what still runs.
 * @param at the moment of a replay: later steps are shown as pending.
 * @param inner the requests that were made inside it.
 */
export function journey(
  trace: Trace,
  map: AppMap | null,
  elapsed: number,
  at = Infinity,
  inner: readonly TraceSummary[] = [],
): Journey {
  const facts = factsOf(trace, map, elapsed, at, inner);
  const draft: Draft = { facts, taken: new Set() };
  const bands = bandsOf(draft);
  const turn = turnOf(draft);
  const { view, body, handlers } = ribbonsOf(draft);
  const ribbons = body === null ? [view] : [view, body];

  const chips = [
    ...bands.flatMap((band) => [...band.left, ...band.right]),
    turn.dispatch,
    ...turn.handlers,
    turn.response,
  ];
  const stops = stopsOf(chips, ribbons, facts.moment);
  const attached = attach(draft, chips, stops);
  const inside = dresser(draft, attached, [...ribbons, ...handlers]);
  const said = outcomeNotes(facts);
  const dress = (chip: Chip): Chip => said(inside(chip));
  const after = <R extends Ribbon>(ribbon: R): R => ({
    ...ribbon,
    after: attached.beads.get(ribbon.key) ?? [],
  });
  const dressed: readonly Band[] = bands.map((band) => ({
    ...band,
    left: band.left.map(dress),
    right: band.right.map(dress),
  }));
  const end = ending(facts, dressed);
  return {
    trace,
    bands: dressed,
    dispatch: dress(turn.dispatch),
    handlers: turn.handlers.map((chip) => ({
      chip: dress(chip),
      ribbon: handlers.find(({ key }) => key === chip.key) ?? null,
    })),
    unasked: unaskedOf(facts),
    response: { ...dress(turn.response), ...responseNote(facts, view, end) },
    view: after(view),
    body: body === null ? null : after(body),
    stops,
    ...end,
    ...headline(facts, elapsed, at),
    at,
    elapsed,
  };
}

function ribbonsOf(draft: Draft): {
  readonly view: Ribbon;
  readonly body: Ribbon | null;
  readonly handlers: readonly Ribbon[];
} {
  const { facts, taken } = draft;
  const streamed = isStreamed(facts) ? facts.known.body : null;
  for (const step of [facts.known.view, streamed]) if (step !== null) taken.add(step.id);
  const view = viewRibbon(facts);
  const body = streamed === null ? null : bodyRibbon(facts, streamed);
  const handlers = facts.known.handlers.flatMap(
    (step) => handlerRibbon(facts, step, handlerKind(step)) ?? [],
  );
  for (const ribbon of [view, ...(body === null ? [] : [body]), ...handlers])
    for (const step of [...ribbon.segments, ...ribbon.beads]) taken.add(step.id);
  return { view, body, handlers };
}

type Ending = Pick<Journey, "short" | "waiting" | "redirects" | "propagated" | "unhandled" | "answeredByApp">;

/** How the request turned, and what handled an exception. */
function ending(facts: Facts, bands: readonly Band[]): Ending {
  const { trace, moment, known } = facts;
  const { failedMatch, dispatch, responses, handlers } = known;
  const propagated = propagatedBy(facts);
  const fault = trace.error?.step ?? -1;
  const answered = moment.begun(responses.find((step) => step.id > fault));
  const handled = handlers.some((step) => step.id > fault);
  const isShort = (chip: Chip): boolean => chip.state === "short_circuit";
  return {
    short: bands.flatMap((band) => band.left).find(isShort) ?? null,
    waiting: failedMatch !== null && moment.begun(dispatch) ? waitingOf(failedMatch) : null,
    redirects: failedMatch !== null && isRedirect(failedMatch),
    propagated,
    unhandled: trace.error !== null && propagated === null && answered && !handled ? trace.error.type : null,
    answeredByApp: known.answeredByApp,
  };
}

/** Of what a response is made, if an exception was raised and no handler was there. */
function responseNote(facts: Facts, view: Ribbon, { answeredByApp, unhandled }: Ending): Partial<Chip> {
  const { trace, known, moment } = facts;
  const [first, second] = known.responses;
  const fault = (note: string): Partial<Chip> => ({ note, noteTone: "err" });
  if (known.handlers.length > 0) return {};
  if (moment.begun(second)) return fault(`${unhandled ?? "raised"}: Flask answers 500, the hooks run again`);
  if (!view.failed || !moment.begun(first)) return {};
  if (answeredByApp) return fault("the app’s own code answers it");
  return fault(
    trace.error === null ? "no handler: the exception is the response" : "not handled: Flask answers 500",
  );
}

/** The exception that left the app. */
function propagatedBy({ trace, moment, known: { wsgi } }: Facts): string | null {
  const left = trace.error !== null && wsgi?.outcome === "raised" && moment.ended(wsgi);
  return left ? `${trace.error.type}: ${trace.error.message}` : null;
}

type Headline = Pick<
  Journey,
  "moving" | "held" | "hung" | "websocket" | "status" | "total" | "sent" | "bytes"
>;

/** The headline: the status and the times. */
function headline(facts: Facts, elapsed: number, at: number): Headline {
  const { trace, over, moving } = facts;
  const clock = clockOf(trace, elapsed);
  const lastChange = trace.steps.reduce((last, step) => Math.max(last, step.begin, step.end ?? 0), 0);
  const quiet = elapsed - lastChange;
  const shown = Math.min(elapsed, at);
  const held = moving ? holdAt(trace, at) : null;
  return {
    moving,
    held,
    hung: held === null && trace.state === "running" && at === Infinity && quiet > LONG ? quiet : null,
    websocket: websocketOf(trace.steps[0], elapsed),
    status: statusOf(facts),
    total: Math.max(0, over ? clock.total : clock.at(shown)),
    sent: Math.max(0, over ? clock.sent : shown - clock.at(shown)),
    bytes: bytesOf(facts),
  };
}

function statusOf(facts: Facts): string {
  const { trace, moment, known } = facts;
  if (moment.begun(known.start) && trace.server_error_by == null) return known.start.name;
  if (propagatedBy(facts) === null) return `${trace.status ?? ""}`;
  const answer = clientStatus(trace);
  return answer === null ? "no response" : `${answer} by ${sender(trace)}`;
}
