/** The bands of a journey, outside in, each with its chips on the way in and on the way out. */

import type { Hook, Step } from "../../api/types";
import { size } from "../../trace/format";
import { hookChips, makeChip, makeSecond, type Draft } from "./chips";
import { isRedirect, isSecond, type Facts } from "./facts";
import { debuggerBand, serverAnswer } from "./faults";
import { heldBetween, noteOf } from "./held";
import { sentBy } from "./ribbons";
import type { Band, Chip } from "./types";

export function bandsOf(draft: Draft): readonly Band[] {
  return [
    serverBand(draft),
    ...debuggerBand(draft),
    ...middlewareBands(draft),
    ...contextBands(draft),
    sessionBand(draft),
    ...hookBands(draft),
  ];
}

/** The bytes sent so far. */
export function bytesOf({ known: { body }, moment }: Facts): number | null {
  const bytes = body?.detail["bytes"];
  if (!moment.begun(body) || typeof bytes !== "number") return null;
  if (moment.ended(body) || body.end === null) return bytes;
  const sent = sentBy(body, moment);
  return sent.length === 0 ? null : sent.reduce((sum, { size: each }) => sum + each, 0);
}

export function isStreamed({ known: { body } }: Facts): boolean {
  return body?.detail["streamed"] === true;
}

function serverBand(draft: Draft): Band {
  const { facts } = draft;
  const { known, moment, over } = facts;
  const { wsgi, body } = known;
  const first = facts.steps.all.find((step) => step.parent === wsgi?.id) ?? null;
  const receive = makeChip(draft, wsgi, {
    key: "receive",
    stage: "wsgi",
    kind: "receive",
    name: "environ",
    past: over,
  });
  const inward = moment.begun(first);
  const own = wsgi === null ? null : inward ? Math.max(0, first.begin - wsgi.begin) : receive.own;
  const streamed = isStreamed(facts);
  const bytes = bytesOf(facts);
  const send = makeChip(draft, body, {
    key: "send",
    stage: "body",
    kind: streamed ? "iterate body" : "send body",
    name: bytes === null ? "bytes" : size(bytes),
    past: over,
    half: streamed,
    note: sendNote(facts),
  });
  return {
    key: "server",
    label: "WSGI server",
    sub: "",
    hue: 0,
    left: [{ ...receive, state: inward && receive.state !== "pending" ? "done" : receive.state, own }],
    right: [
      {
        ...send,
        own: streamed ? null : send.own,
        noteTone: isHead(facts) ? "plain" : "err",
        ...serverAnswer(draft),
      },
    ],
  };
}

const isHead = ({ trace }: Facts): boolean => trace.method === "HEAD";

function sendNote(facts: Facts): string {
  if (isHead(facts) && bytesOf(facts) === 0) return "HEAD: the body is dropped";
  const partial = facts.known.body?.detail["complete"] === false;
  return !isStreamed(facts) && partial && !isHead(facts) ? "the client went away" : "";
}

function middlewareBands(draft: Draft): readonly Band[] {
  const { steps, trace, map } = draft.facts;
  const ran = steps.of("middleware");
  const layers: readonly (Step | Hook)[] =
    ran.length > 0 ? ran : trace.state === "done" ? [] : (map?.middleware ?? []);
  return layers.map((layer, index) => middlewareBand(draft, index, layer.name, "id" in layer ? layer : null));
}

/** How long a middleware took once the contexts were popped, without what it was held after that. */
function backTime(facts: Facts, popped: number, end: number): number {
  return Math.max(0, end - popped - heldBetween(facts, popped, end));
}

function backKind({ steps, trace, known }: Facts, { kind, state }: Chip): string {
  if (state === "raised") return "passes";
  const { start, responses, handlers } = known;
  const popped = known.pop ?? known.appPop;
  const { error } = trace;
  // Flask starts a response before it pops the contexts. Of several, it is not known which one answers.
  const isRescue = error !== null && start !== null && popped !== null && start.id > popped.id;
  const isFlasks = [...responses, ...handlers].some(({ id }) => id > (error?.step ?? 0));
  return isRescue && !isFlasks && steps.of("middleware").length === 1 ? "answers" : kind;
}

function middlewareBand(draft: Draft, index: number, name: string, step: Step | null): Band {
  const { steps, moment, known, over } = draft.facts;
  const request = steps.first("request_context");
  const outermostPop = known.pop ?? known.appPop;
  const timed = step !== null && step.detail["untimed"] !== true && request !== null;
  const common = { stage: "middleware", name, past: over } as const;
  const call = makeChip(draft, step, { ...common, key: `call:${index}`, kind: "call" });
  const back = makeChip(draft, step, {
    ...common,
    key: `return:${index}`,
    kind: "return",
    half: true,
    after: step,
  });
  const returned = step !== null && moment.ended(step);
  const inward = moment.begun(request) && call.state !== "pending" && call.state !== "skipped";
  const timedBack = timed && returned && outermostPop?.end != null;
  return {
    key: `middleware:${index}`,
    label: "Middleware",
    sub: "",
    hue: 0,
    left: [
      {
        ...call,
        own: timed && moment.begun(request) ? Math.max(0, request.begin - step.begin) : null,
        state: inward ? "done" : call.state,
      },
    ],
    right: [
      {
        ...back,
        kind: returned ? backKind(draft.facts, back) : back.kind,
        state: returned ? back.state : "pending",
        own: timedBack ? backTime(draft.facts, outermostPop.end, step.end ?? 0) : null,
      },
    ],
  };
}

function contextBands(draft: Draft): readonly Band[] {
  const { known, scopes, passed, map, over } = draft.facts;
  const { start, push } = known;
  const started = makeChip(draft, start, {
    key: "start_response",
    stage: "start_response",
    kind: "start_response",
    name: start?.name ?? "status, headers",
    promise: "status, headers",
    past: over,
  });
  const requestTeardowns = [...scopes]
    .reverse()
    .flatMap((scope) => hookChips(draft, "teardown_request", "teardown", scope, passed.teardown));
  const appTeardowns = hookChips(draft, "teardown_appcontext", "teardown", "app", passed.teardown);
  const separate = map?.separate_contexts ?? push !== null;
  return separate
    ? separateBands(draft, requestTeardowns, appTeardowns, started)
    : [oneContextBand(draft, [...requestTeardowns, ...appTeardowns], started)];
}

/** The app and request contexts of Flask before 3.2. */
function separateBands(
  draft: Draft,
  requestTeardowns: readonly Chip[],
  appTeardowns: readonly Chip[],
  started: Chip,
): readonly Band[] {
  const { known, moment, steps, over } = draft.facts;
  const { appPush, push } = known;
  const appChip = makeChip(draft, appPush, {
    key: "app_push",
    stage: "app_context_push",
    kind: appPush === null && push !== null ? "reuse" : "push",
    name: "AppContext",
    past: moment.begun(push) || over,
  });
  const appPop = popChips(draft, "app_context_pop", appTeardowns);
  const requestPop = popChips(draft, "request_context_pop", requestTeardowns);
  const requestChip = makeChip(draft, push, {
    key: "request_push",
    stage: "request_context_push",
    kind: "push",
    name: "RequestContext",
    past: over,
    after: appPush,
    minus: push === null ? [] : steps.childrenOf(push),
  });
  return [
    { key: "app", label: "App context", sub: "current_app, g", hue: 0, left: [appChip], right: appPop },
    {
      key: "request",
      label: "Request context",
      sub: "request, session",
      hue: 0,
      left: [requestChip],
      right: [...requestPop, started],
    },
  ];
}

/** The one context of Flask 3.2 and later. */
function oneContextBand(draft: Draft, teardowns: readonly Chip[], started: Chip): Band {
  const { known, steps, over } = draft.facts;
  const { appPush } = known;
  const push = makeChip(draft, appPush, {
    key: "app_push",
    stage: "app_context_push",
    kind: "push",
    name: "AppContext",
    past: over,
    minus: appPush === null ? [] : steps.childrenOf(appPush),
  });
  return {
    key: "app",
    label: "App context",
    sub: "current_app, g, request, session",
    hue: 0,
    left: [push],
    right: [...popChips(draft, "app_context_pop", teardowns), started],
  };
}

/**
 * A pop and the functions that it calls; if there is only one, one chip shows both, and its dot is the
 * pop.
 */
function popChips(
  draft: Draft,
  stage: "request_context_pop" | "app_context_pop",
  functions: readonly Chip[],
): readonly Chip[] {
  const { known, steps, over } = draft.facts;
  const isApp = stage === "app_context_pop";
  const step = isApp ? known.appPop : known.pop;
  const chip = makeChip(draft, step, {
    key: stage,
    stage,
    kind: "pop",
    name: isApp ? "AppContext" : "RequestContext",
    past: over,
    after: step,
    minus: step === null ? [] : steps.childrenOf(step),
  });
  const [only, second] = functions;
  if (only === undefined || second !== undefined) return [chip, ...[...functions].reverse()];
  const own = chip.own === null ? only.own : chip.own + (only.own ?? 0);
  return [{ ...only, kind: "teardown, pop", dot: step, own, ...heldIn(draft.facts, chip, only) }];
}

/** What is said of where a pop and its function were held, of both together. */
function heldIn(facts: Facts, pop: Chip, only: Chip): Pick<Chip, "hold" | "note" | "noteTone"> {
  const { hold, note, noteTone } =
    pop.hold !== null && (pop.hold.now !== null || only.hold === null) ? pop : only;
  if (pop.hold === null || only.hold === null || only.step === null) return { hold, note, noteTone };
  const [ns, inside] = [pop.hold.ns + only.hold.ns, pop.hold.inside + only.hold.inside];
  const both = { ...only.hold, now: pop.hold.now ?? only.hold.now, ns, inside };
  return { hold: both, note: both.now === null ? noteOf(facts, only.step, both) : note, noteTone };
}

function sessionBand(draft: Draft): Band {
  const { steps, known, moment, passed } = draft.facts;
  const { match } = known;
  const open = makeChip(draft, steps.first("session_open"), {
    key: "session_open",
    stage: "session_open",
    kind: "open",
    name: "session",
    past: moment.begun(match) || passed.before,
  });
  const matched = makeChip(draft, match, {
    key: "url_match",
    stage: "url_match",
    kind: "match URL",
    name: matchName(draft.facts),
    promise: "path",
    past: passed.before,
  });
  const save = makeChip(draft, steps.of("session_save").at(-1) ?? null, {
    key: "session_save",
    stage: "session_save",
    kind: "save",
    name: "session",
    past: passed.after,
  });
  return {
    key: "session",
    label: "Session and routing",
    sub: "",
    hue: 0,
    left: [open, matched],
    right: [save],
  };
}

function matchName({ trace, known: { match, failedMatch } }: Facts): string {
  if (match === null) return "path";
  if (failedMatch === null) return match.name;
  if (isRedirect(failedMatch)) return "redirect to its rule";
  return failedMatch.error?.type === "MethodNotAllowed" ? `no ${trace.method} here` : "no rule";
}

/** The hooks of the app, and of each blueprint from the outermost in. */
function hookBands(draft: Draft): readonly Band[] {
  const { scopes, passed } = draft.facts;
  return scopes.flatMap((scope, index) => {
    const left = (["url_value_preprocessor", "before_request"] as const).flatMap((stage) =>
      hookChips(draft, stage, stage, scope, passed.before),
    );
    const right = [
      ...(index === scopes.length - 1 ? afterThisRequest(draft) : []),
      ...hookChips(draft, "after_request", "after_request", scope, passed.after),
    ].reverse();
    if (left.length + right.length === 0 && index === 0) return [];
    const name = scope === "app" ? "App hooks" : `Blueprint ${scope}`;
    return [{ key: `hooks:${scope}`, label: name, sub: "", hue: index, left, right }];
  });
}

/** The functions of after_this_request, which the innermost band has. */
function afterThisRequest(draft: Draft): readonly Chip[] {
  const { facts } = draft;
  const calls: Chip[] = [];
  for (const step of facts.steps.of("after_this_request")) {
    const first = calls.findIndex(
      (chip) =>
        isSecond(facts, step) &&
        chip.again === null &&
        chip.step?.callable === step.callable &&
        chip.stage === step.stage,
    );
    const chip = calls[first];
    if (chip !== undefined) calls[first] = makeSecond(draft, chip, step);
    else
      calls.push(
        makeChip(draft, step, {
          key: `this:${step.id}`,
          stage: "after_this_request",
          kind: "after_this_request",
          name: step.name,
          planned: false,
        }),
      );
  }
  return calls;
}
