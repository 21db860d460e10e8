/** One sentence for a step: what happened, and why the next thing followed. Pure: all it says is in the trace. */

import { threadOf, time } from "../format";
import type { Json, Stage, Step, Trace } from "../types";

type Say = (step: Step, trace: Trace) => string;

/** What a step was, by itself. */
const SAYS: Readonly<Record<Stage, Say>> = {
  wsgi: () => "The server calls the app with the environ of the request",
  middleware: (step) => `The middleware ${step.name} stands around the app and calls it`,
  request_context: () => "Flask makes the request object and the URL adapter from the environ",
  app_context_push: (step, trace) => `${again(step, trace)}The app context is pushed: current_app and g${separate(trace) ? "" : ", request and session"} are there`,
  request_context_push: (step, trace) => `${again(step, trace)}The request context is pushed: request and session are there`,
  session_open: () => "The session interface opens the session from the request's cookie",
  url_match: (step, trace) => (step.error === null ? `The path matches the rule ${step.name}` : `${noMatch(step, trace)}. Flask keeps ${step.error.type} until it dispatches`),
  signal: (step) => `The signal ${step.name} is sent; ${listeners(step)}`,
  url_value_preprocessor: (step) => `${step.name}${by(step)} gets the endpoint and the values of the URL`,
  before_request: (step) => `before_request ${step.name}${by(step)} ran`,
  dispatch: (step, trace) => (trace.method === "OPTIONS" && !trace.steps.some((each) => each.stage === "view") && step.outcome === "ok" ? "Flask answers OPTIONS by itself, with the methods that the rule takes" : "Flask dispatches the request to the view of its endpoint"),
  view: (step, trace) => `The view ${step.name}${by(step)} ${step.end === null ? "is running" : "ran"}${trace.method === "HEAD" && step.name !== "HEAD" ? ", as for GET" : ""}`,
  template: (step) => `Jinja renders ${step.name}`,
  context_processor: (step) => `context_processor ${step.name}${by(step)} adds values to the template's context`,
  url_defaults: (step) => `url_defaults ${step.name}${by(step)} fills in values of a URL that is built`,
  error_handler: (step) => `errorhandler(${text(step.detail["for"])}) ${step.name}${by(step)} takes the exception`,
  make_response: (step, trace) => (isSecond(step, trace) ? "Flask makes a response anew, of the error" : `Flask makes a response of what was returned: ${text(step.detail["from"])}`),
  after_this_request: (step) => `after_this_request ${step.name} ran, for this request alone`,
  after_request: (step, trace) => `after_request ${step.name}${by(step)} ran${isSecondWay(step, trace) ? " a second time, for the response of the error" : ""}`,
  session_save: () => "The session interface saves the session to a cookie, if it has changed",
  start_response: (step) => `The status and headers go to the server: ${step.name}`,
  teardown_request: (step) => `teardown_request ${step.name}${by(step)} cleans up`,
  teardown_appcontext: (step) => `teardown_appcontext ${step.name} cleans up`,
  request_context_pop: () => "The request context is popped: request and session are gone",
  app_context_pop: (_step, trace) => `The app context is popped: current_app and g${separate(trace) ? "" : ", request and session"} are gone`,
  body: (step, trace) => bodySaid(step, trace),
  body_close: () => "The server closes the body: the request is over",
  sql: (step) => `A statement goes to the database: ${step.name}`,
  span: (step) => `A span of OpenTelemetry's: ${step.name}`,
  log: (step) => `${text(step.detail["logger"])} logs: ${text(step.detail["message"])}`,
  flash: (step) => `A message is flashed for the next page: ${text(step.detail["message"])}`,
  warning: (step) => `Python warns (${step.name}): ${text(step.detail["message"])}`,
};

/** Why the next thing followed, where the step ended well. */
const SO: Partial<Record<Stage, Say>> = {
  url_match: (_step, trace) => (trace.blueprints.length === 0 ? "its endpoint's view will be called" : `the hooks of ${list(trace.blueprints.map((name) => `blueprint ${name}`))} will run as well`),
  before_request: (step, trace) => (next(step, trace, "before_request") ? "it returned None, so Flask goes on to the next hook" : "it returned None, so Flask goes on to dispatch"),
  view: () => "what it returned goes to make_response",
  error_handler: () => "what it returned is made the response",
  make_response: (step, trace) => (isSecond(step, trace) ? "the after-hooks run again on it" : "the after-hooks get it next"),
  after_this_request: () => "the response it returned goes on to the next hook",
  after_request: (step, trace) => (next(step, trace, "after_request") ? "the response it returned goes on to the next hook" : "the response it returned goes on to the session"),
  start_response: (_step, trace) => (streamed(trace) ? "the body is made while it is sent" : "the contexts are torn down before the body is sent"),
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
      if (isSecondWay(step, trace)) return `It raised ${type} again, so Flask logs it and sends the response as it is.`;
      return left ? `It raised ${type}; nobody handles what an after-hook raises, so it goes on to the server.` : `It raised ${type}; its own error handler is not asked. Flask answers 500, and the after-hooks run again.`;
    case "make_response":
      return left ? `It raised ${type}, which goes on to the server.` : `It raised ${type}, so Flask answers 500 in its place.`;
    case "signal":
      return `A receiver raised ${type}.`;
    case "body":
      return `It raised ${type}, after the status had been sent.`;
    case "wsgi":
    case "middleware":
      return `${type} left it; the server has to answer.`;
    default:
  }
  if (trace.steps.some((each) => each.stage === "url_match" && each.error?.type === "RequestRedirect") && step.stage === "dispatch") return "It raises the redirect that the match asked for; no error handler is asked.";
  if (handler !== undefined && (response === undefined || handler.id < response.id)) return `It raised ${type}, so Flask calls ${handler.name}, registered for ${text(handler.detail["for"])}.`;
  if (response !== undefined) return trace.error === null ? `It raised ${type}; no handler is registered for it, and it is itself the response.` : `It raised ${type}, which nobody handles, so Flask answers 500.`;
  return left ? `It raised ${type}, which nobody handles: it goes on to the server, past the after-hooks and the session.` : `It raised ${type}.`;
}

/** Say what happened in a step, and why the next thing followed. */
export function caption(step: Step, trace: Trace): string {
  const said = `${SAYS[step.stage](step, trace)}${threadOf(step)?.other === true ? " (async, on another thread)" : ""}`;
  if (step.end === null) return `${said}…`;
  if (step.stage === "url_match" && step.error !== null) return `${said}, so hooks run first.`;
  if (step.outcome === "raised") return `${said}. ${raised(step, trace)}`;
  if (step.outcome === "short_circuit") return `${said} and returned ${article(text(step.detail["returned"]))}, so Flask skips the other before_request functions and the view.`;
  if (step.stage === "dispatch" || step.stage === "template") return `${said}.${took(step)}`;
  const so = SO[step.stage]?.(step, trace);
  return `${said}${so === undefined ? "" : `; ${so}`}.${took(step)}`;
}

const TIMED: ReadonlySet<Stage> = new Set<Stage>(["view", "dispatch", "template", "sql", "span", "before_request", "after_request", "error_handler", "session_save"]);

function took(step: Step): string {
  const spent = (step.end ?? step.begin) - step.begin;
  return TIMED.has(step.stage) && spent > 0 ? ` It took ${time(spent)}.` : "";
}

/** What a teardown is told, what a match was: small facts of the trace. */
function by(step: Step): string {
  if (step.scope === null) return "";
  return step.scope === "app" ? " of the app" : ` of blueprint ${step.scope}`;
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
  return count === 1 ? "one function listens" : `${count.toString()} functions listen`;
}

function bodySaid(step: Step, trace: Trace): string {
  const chunks = step.detail["chunks"];
  const count = typeof chunks === "number" ? ` ${chunks.toString()} ${chunks === 1 ? "chunk" : "chunks"}` : "";
  if (step.detail["complete"] === false && trace.method !== "HEAD") return `The client went away after${count === "" ? " a part" : count}: the server stops, and closes the body`;
  if (trace.method === "HEAD") return "The server sends no body: the request was HEAD";
  return `The server iterates the body and sends${count === "" ? " it" : count}`;
}

function separate(trace: Trace): boolean {
  return trace.steps.some((step) => step.stage === "request_context_push");
}

function streamed(trace: Trace): boolean {
  return trace.steps.some((step) => step.stage === "body" && step.detail["streamed"] === true);
}

function again(step: Step, trace: Trace): string {
  return trace.steps.some((each) => each.stage === step.stage && each.id < step.id) ? "Once more: " : "";
}

function isSecond(step: Step, trace: Trace): boolean {
  return trace.steps.some((each) => each.stage === "make_response" && each.id < step.id && each.parent === step.parent);
}

function isSecondWay(step: Step, trace: Trace): boolean {
  const second = trace.steps.find((each) => each.stage === "make_response" && isSecond(each, trace));
  return second !== undefined && step.id > second.id;
}

function next(step: Step, trace: Trace, stage: Stage): boolean {
  return trace.steps.some((each) => each.stage === stage && each.id > step.id && isSecondWay(each, trace) === isSecondWay(step, trace));
}

function inside(step: Step, outer: Step, trace: Trace): boolean {
  for (let at: Step | undefined = step; at !== undefined; at = at.parent === null || at.parent >= at.id ? undefined : trace.steps[at.parent]) if (at.id === outer.id) return true;
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
