/** One sentence for a step: what Flask does there, and why the next thing follows. */

import { time } from "../format";
import type { Json, Stage, Step } from "../types";

const SAYS: Partial<Record<Stage, (step: Step) => string>> = {
  wsgi: () => "The server calls the app with the environ of the request.",
  middleware: (step) => `${step.name} stands around the app and calls it.`,
  request_context: () => "Flask makes the request object and the URL adapter from the environ.",
  app_context_push: () => "The app context is pushed: current_app and g are there from now on.",
  request_context_push: () => "The request context is pushed: request and session are there from now on.",
  session_open: () => "The session interface opens the session from the request's cookie.",
  url_match: (step) => (step.error === null ? `The path matches the rule ${step.name}.` : "No rule matches. Flask keeps the exception until it dispatches, so hooks run first."),
  signal: (step) => `The signal ${step.name} is sent: ${listeners(step)}.`,
  url_value_preprocessor: (step) => `${step.name} sees the values of the URL before anything else does${by(step)}.`,
  before_request: (step) => `${step.name} runs before the view${by(step)}.`,
  dispatch: () => "Flask dispatches the request to the view of its endpoint.",
  view: (step) => `The view ${step.name} makes the answer.`,
  template: (step) => `Jinja renders ${step.name}.`,
  context_processor: (step) => `${step.name} adds values to the template's context${by(step)}.`,
  error_handler: (step) => `The handler ${step.name} for ${text(step.detail["for"])} takes the exception.`,
  make_response: (step) => `Flask makes a response of what was returned: ${text(step.detail["from"])}.`,
  after_this_request: (step) => `${step.name} was registered by this request alone, and may change the response.`,
  after_request: (step) => `${step.name} may change the response${by(step)}.`,
  session_save: () => "The session interface saves the session to a cookie, if it changed.",
  start_response: (step) => `The status and headers go to the server: ${step.name}.`,
  teardown_request: (step) => `${step.name} cleans up, whatever happened${by(step)}.`,
  teardown_appcontext: (step) => `${step.name} cleans up with the app context, whatever happened.`,
  request_context_pop: () => "The request context is popped: request and session are gone.",
  app_context_pop: () => "The app context is popped: current_app and g are gone.",
  body: () => "The server iterates the body and sends it.",
  body_close: () => "The server closes the body: the request is over.",
  sql: (step) => `A statement goes to the database: ${step.name}`,
  log: (step) => `${text(step.detail["logger"])} logs: ${text(step.detail["message"])}`,
  flash: (step) => `A message is flashed for the next page: ${text(step.detail["message"])}`,
  warning: (step) => `Python warns (${step.name}): ${text(step.detail["message"])}`,
  url_defaults: (step) => `${step.name} fills in values for a URL that is built${by(step)}.`,
};

export function caption(step: Step): string {
  const said = SAYS[step.stage]?.(step) ?? step.name;
  if (step.end === null) return said;
  const took = step.end > step.begin ? ` It took ${time(step.end - step.begin)}.` : "";
  if (step.outcome === "raised" && step.stage !== "url_match") return `${said} It raised ${step.error?.type ?? "an exception"}: what is left of its way is skipped.`;
  if (step.outcome === "short_circuit") return `${said} It returned ${text(step.detail["returned"])}, so Flask skips the other before-hooks and the view.`;
  return said + took;
}

function by(step: Step): string {
  if (step.scope === null) return "";
  return step.scope === "app" ? ", registered by the app" : `, registered by the blueprint ${step.scope}`;
}

function listeners(step: Step): string {
  const receivers = step.detail["receivers"];
  return Array.isArray(receivers) && receivers.length > 0 ? `${receivers.length.toString()} listen` : "nobody listens";
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}
