/** One sentence for a step: what happened, and why the next thing followed. Pure: all it says is in the trace. */

import { kindOf } from "./transactions";
import { threadOf, time, websocketOf } from "./format";
import type { Json, Stage, Step, Trace } from "../api/types";

type Say = (step: Step, trace: Trace) => string;

/** What a step was, by itself. */
const SAYS: Readonly<Record<Stage, Say>> = {
  wsgi: (_step, trace) =>
    `The server calls the app with the environ of the request${upgraded(trace, (said) => `; it is upgraded to a websocket · ${said}`)}`,
  middleware: (step) =>
    step.name === "unknown middleware"
      ? "What stands around the app here cannot be found: no other middleware holds it"
      : `The middleware ${step.name} stands around the app and calls it`,
  request_context: () => "Flask makes the request object and the URL adapter from the environ",
  app_context_push: (step, trace) =>
    isCounted(step, trace)
      ? "The app context is pushed once more: it stays until it is popped as often"
      : `${again(step, trace)}The app context is pushed: ${ofApp(trace)} are there`,
  request_context_push: (step, trace) =>
    `${again(step, trace)}The request context is pushed: request and session are there`,
  session_open: () => "The session interface opens the session of the request",
  url_match: (step, trace) =>
    step.error === null
      ? `The path matches the rule ${step.name}`
      : `${noMatch(step, trace)}. Flask keeps ${step.error.type} until it dispatches`,
  signal: (step) => `The signal ${step.name} is sent; ${listeners(step)}`,
  url_value_preprocessor: (step) => `${step.name}${by(step)} gets the endpoint and the values of the URL`,
  before_request: (step) => `before_request ${step.name}${by(step)} ran`,
  dispatch: (step, trace) => {
    if (
      trace.method === "OPTIONS" &&
      !trace.steps.some((each) => each.stage === "view") &&
      step.outcome === "ok"
    )
      return "Flask answers OPTIONS by itself, with the methods that the rule takes";
    return trace.steps.some((each) => each.stage === "url_match" && each.error !== null)
      ? "Flask dispatches to no view: the match has left an exception"
      : "Flask dispatches the request to the view of its endpoint";
  },
  view: (step, trace) =>
    `The view ${step.name}${by(step)} ${step.end === null ? "is running" : "ran"}${upgraded(trace, (said) => `, over a websocket (${said})`)}${trace.method === "HEAD" && !/\bhead$/i.test(step.name) ? ", as for GET" : ""}`,
  template: (step) => `Jinja renders ${step.name}`,
  context_processor: (step) =>
    `context_processor ${step.name}${by(step)} adds values to the template's context`,
  url_defaults: (step) => `url_defaults ${step.name}${by(step)} fills in values of a URL that is built`,
  error_handler: (step) =>
    `errorhandler(${text(step.detail["for"])}) ${step.name}${by(step)} takes the exception`,
  make_response: (step, trace) =>
    isSecond(step, trace)
      ? "Flask makes a response anew, of the error"
      : `Flask makes a response of what was returned: ${text(step.detail["from"])}`,
  after_this_request: (step) => `after_this_request ${step.name} ran, for this request alone`,
  after_request: (step, trace) =>
    `after_request ${step.name}${by(step)} ran${isSecondTime(step, trace) ? " a second time" : ""}${isSecondWay(step, trace) ? ", for the response of the error" : ""}`,
  session_save: () => "The session interface gets the session, to save what changed, and the response",
  start_response: (step, trace) =>
    `The status and headers go to the server: ${step.name}${upgraded(trace, () => ", too late for a connection that was a websocket's")}`,
  teardown_request: (step) => `teardown_request ${step.name}${by(step)} cleans up`,
  teardown_appcontext: (step) => `teardown_appcontext ${step.name} cleans up`,
  request_context_pop: (step, trace) =>
    `The request context is popped${stays(step, trace) ?? ": request and session are gone"}`,
  app_context_pop: (step, trace) =>
    `The app context is popped${stays(step, trace) ?? `: ${ofApp(trace)} are gone`}`,
  body: (step, trace) => bodySaid(step, trace),
  body_close: () => "The server closes the body: the request is over",
  sql: (step) => sqlSaid(step),
  span: (step) => `A span of OpenTelemetry's: ${step.name}`,
  log: (step) => `${text(step.detail["logger"])} logs: ${text(step.detail["message"])}`,
  flash: (step) => `A message is flashed for the next page: ${text(step.detail["message"])}`,
  warning: (step) => `Python warns (${step.name}): ${text(step.detail["message"])}`,
};

/** Why the next thing followed, where the step ended well. */
const SO: Partial<Record<Stage, Say>> = {
  url_match: (_step, trace) =>
    `its endpoint is ${text(trace.endpoint ?? "")}${trace.blueprints.length === 0 ? "" : `, so what ${list(trace.blueprints.map((name) => `blueprint ${name}`))} registered counts as well`}`,
  before_request: (step, trace) =>
    next(step, trace, "before_request")
      ? "it returned None, so Flask goes on to the next hook"
      : "it returned None, so Flask goes on to dispatch",
  view: () => "what it returned goes to make_response",
  error_handler: () => "what it returned is made the response",
  make_response: (step, trace) =>
    isSecond(step, trace) && trace.steps.some((each) => AFTER.has(each.stage) && each.id < step.id)
      ? "the after-hooks run again on it"
      : "the after-hooks get it next",
  after_this_request: () => "the response it returned goes on to the next hook",
  after_request: (step, trace) =>
    next(step, trace, "after_request")
      ? "the response it returned goes on to the next hook"
      : "the response it returned goes on to the session",
  start_response: (_step, trace) =>
    streamed(trace)
      ? "the body is made while it is sent"
      : "the contexts are torn down before the body is sent",
};

/** Why the next thing followed, where an exception left the step. */
function raised(step: Step, trace: Trace): string {
  const type = step.error?.type ?? "an exception";
  const later = trace.steps.filter((each) => each.id > step.id);
  const handler = later.find((each) => each.stage === "error_handler");
  const response = later.find((each) => each.stage === "make_response" && !inside(each, step, trace));
  const left = trace.steps[0]?.outcome === "raised";
  switch (step.stage) {
    case "teardown_request":
    case "teardown_appcontext":
      return `It raised ${type}${separate(trace) ? ", so the functions after it in its phase are lost" : ", and the others run all the same"}; the exception goes on to the server.`;
    case "request_context_pop":
    case "app_context_pop":
      return `${type} came out of it, and goes on to the server.`;
    case "after_request":
    case "after_this_request":
      if (isSecondWay(step, trace))
        return `It raised ${type}${isSecondTime(step, trace) ? " again" : ""}, so Flask logs it and sends the response as it is.`;
      return left
        ? `It raised ${type}; nobody handles what an after-hook raises, so it goes on to the server.`
        : `It raised ${type}; its own error handler is not asked. Flask answers 500, and the after-hooks run again.`;
    case "make_response":
      return left
        ? `It raised ${type}, which goes on to the server.`
        : `It raised ${type}, so Flask answers 500 in its place.`;
    case "signal":
      return `A receiver raised ${type}.`;
    case "body":
      return `It raised ${type}, after the status had been sent.`;
    case "wsgi":
    case "middleware":
      return `${type} left it; the server has to answer.`;
    default:
  }
  if (
    trace.steps.some((each) => each.stage === "url_match" && each.error?.type === "RequestRedirect") &&
    step.stage === "dispatch"
  )
    return "It raises the redirect that the match asked for; no error handler is asked.";
  if (handler !== undefined && (response === undefined || handler.id < response.id))
    return `It raised ${type}, so Flask calls ${handler.name}, registered for ${text(handler.detail["for"])}.`;
  if (response !== undefined)
    return trace.error === null
      ? `It raised ${type}; no handler is registered for it, and it is itself the response.`
      : `It raised ${type}, which nobody handles, so Flask answers 500.`;
  return left
    ? `It raised ${type}, which nobody handles: it goes on to the server, past the after-hooks and the session.`
    : `It raised ${type}.`;
}

export const OVERVIEW =
  "Down the left the layers open, the view turns the request around, and up the right every layer closes in reverse.";

/** Say what happened in a step, and why the next thing followed. */
export function caption(step: Step, trace: Trace): string {
  const said = `${SAYS[step.stage](step, trace)}${threadOf(step)?.other === true ? " (async, on another thread)" : ""}`;
  if (step.end === null) return `${said}…`;
  if (step.stage === "url_match" && step.error !== null) return `${said}, so hooks run first.`;
  if (step.outcome === "raised") return `${said}. ${raised(step, trace)}`;
  if (step.outcome === "short_circuit")
    return `${said} and returned ${article(text(step.detail["returned"]))}, so Flask skips the other before_request functions and the view.`;
  if (step.stage === "dispatch" || step.stage === "template") return `${said}.${took(step)}`;
  const so = SO[step.stage]?.(step, trace);
  const whole = `${said}${so === undefined ? "" : `; ${so}`}`;
  return `${/[.!?…]$/.test(whole) ? whole : `${whole}.`}${took(step)}`;
}

const TIMED: ReadonlySet<Stage> = new Set<Stage>([
  "view",
  "dispatch",
  "template",
  "sql",
  "span",
  "before_request",
  "after_request",
  "error_handler",
  "session_save",
]);

function took(step: Step): string {
  const spent = (step.end ?? step.begin) - step.begin;
  return TIMED.has(step.stage) && spent > 0 ? ` It took ${time(spent)}.` : "";
}

function upgraded(trace: Trace, say: (said: string) => string): string {
  const said = websocketOf(trace.steps[0], trace.duration ?? 0);
  return said === null ? "" : say(said);
}

/** What a teardown is told, what a match was: small facts of the trace. */
function by(step: Step): string {
  if (step.scope === null) return "";
  return step.scope === "app" ? " of the app" : ` of blueprint ${step.scope}`;
}

const IMPLIED: Readonly<Record<string, string>> = {
  autocommit: "as autocommit was set",
  close: "as the connection is closed with it open",
  commit: "at once, as there always is a transaction",
  connect: "as the connection is opened",
  error: "by the database itself, after the error",
  execute: "by the driver, before the statement that follows",
  executescript: "by the driver, before the script",
  isolation_level: "as the isolation level was set",
  reset: "as the connection goes back to the pool",
  rollback: "at once, as there always is a transaction",
};

function sqlSaid(step: Step): string {
  const kind = kindOf(step);
  const implied = step.detail["implied_by"];
  const why = typeof implied === "string" ? `, ${IMPLIED[implied] ?? implied}` : "";
  switch (kind) {
    case "begin":
      return `A transaction begins${why}`;
    case "commit":
      return `COMMIT: what the transaction changed is made to last${why}`;
    case "rollback":
      return `ROLLBACK: what the transaction changed is undone${why}`;
    case "savepoint":
      return "A savepoint is set inside the transaction";
    case "release":
      return "The savepoint is released: what changed since then is the transaction's";
    case "rollback_to":
      return "What changed since the savepoint is undone; the transaction goes on";
    case "prepare":
      return "The transaction is prepared: a second phase is to commit it";
    case "connect":
      return "A connection to the database is opened";
    default:
      return `A statement goes to the database: ${step.name}`;
  }
}

function noMatch(step: Step, trace: Trace): string {
  if (step.error?.type === "RequestRedirect") return "The rule ends in a slash and the path does not";
  if (step.error?.type === "MethodNotAllowed") return `A rule matches, but not for ${trace.method}`;
  return step.error?.type === "NotFound" ? "No rule matches" : "The match raised an exception";
}

function listeners(step: Step): string {
  const receivers = step.detail["receivers"];
  const count = Array.isArray(receivers) ? receivers.length : 0;
  if (count === 0) return "nobody listens";
  return count === 1 ? "one function listens" : `${count} functions listen`;
}

function bodySaid(step: Step, trace: Trace): string {
  const chunks = step.detail["chunks"];
  const count = typeof chunks === "number" ? ` ${chunks} ${chunks === 1 ? "chunk" : "chunks"}` : "";
  if (websocketOf(trace.steps[0], 0) !== null)
    return "Nothing of a body is sent: the connection was a websocket's";
  if (step.detail["complete"] === false && trace.method !== "HEAD")
    return `The client went away after${count === "" ? " a part" : count}: the server stops, and closes the body`;
  if (trace.method === "HEAD") return "The server sends no body: the request was HEAD";
  return `The server iterates the body and sends${count === "" ? " it" : count}`;
}

function separate(trace: Trace): boolean {
  return trace.steps.some((step) => step.stage === "request_context_push");
}

function streamed(trace: Trace): boolean {
  return trace.steps.some((step) => step.stage === "body" && step.detail["streamed"] === true);
}

/** What is there while the app context is. */
function ofApp(trace: Trace): string {
  return separate(trace) ? "current_app and g" : "current_app, g, request and session";
}

const PUSHES: Partial<Record<Stage, Stage>> = {
  request_context_pop: "request_context_push",
  app_context_pop: "app_context_push",
};

/** Why a context stays though it is popped: Flask 3.1.1 and before, and 3.2, count how often a stream has it pushed. */
function stays(step: Step, trace: Trace): string | null {
  const open = (stage: Stage | undefined): number =>
    trace.steps.filter((each) => each.stage === stage && each.id <= step.id).length;
  return isEmpty(step, trace) && open(PUSHES[step.stage]) > open(step.stage)
    ? ", but was pushed once more: it stays until that is popped too"
    : null;
}

/** Whether a context that is there already was pushed: nothing happens in that. */
function isCounted(step: Step, trace: Trace): boolean {
  return (
    !separate(trace) &&
    isEmpty(step, trace) &&
    again(step, trace) !== "" &&
    trace.steps.some((each) => each.stage === "signal")
  );
}

function isEmpty(step: Step, trace: Trace): boolean {
  return !trace.steps.some((each) => each.parent === step.id);
}

function again(step: Step, trace: Trace): string {
  return trace.steps.some((each) => each.stage === step.stage && each.id < step.id) ? "Once more: " : "";
}

function isSecond(step: Step, trace: Trace): boolean {
  return trace.steps.some(
    (each) => each.stage === "make_response" && each.id < step.id && each.parent === step.parent,
  );
}

function isSecondWay(step: Step, trace: Trace): boolean {
  const second = trace.steps.find((each) => each.stage === "make_response" && isSecond(each, trace));
  return second !== undefined && step.id > second.id;
}

const AFTER: ReadonlySet<Stage> = new Set<Stage>(["after_this_request", "after_request"]);

/** Whether it ran on the first way, too. */
function isSecondTime(step: Step, trace: Trace): boolean {
  return (
    isSecondWay(step, trace) &&
    trace.steps.some(
      (each) =>
        each.stage === step.stage &&
        each.callable === step.callable &&
        each.scope === step.scope &&
        !isSecondWay(each, trace),
    )
  );
}

function next(step: Step, trace: Trace, stage: Stage): boolean {
  return trace.steps.some(
    (each) =>
      each.stage === stage && each.id > step.id && isSecondWay(each, trace) === isSecondWay(step, trace),
  );
}

function inside(step: Step, outer: Step, trace: Trace): boolean {
  for (
    let at: Step | undefined = step;
    at !== undefined;
    at = at.parent === null || at.parent >= at.id ? undefined : trace.steps[at.parent]
  )
    if (at.id === outer.id) return true;
  return false;
}

function article(name: string): string {
  return name.startsWith("Response") ? `a ${name}` : name;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}
