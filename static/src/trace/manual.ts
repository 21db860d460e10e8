/** Links to Flask's documentation of a step. */

import type { Stage, Step } from "../api/types";

const MANUAL = "https://flask.palletsprojects.com/en/stable/";

const PAGES: Partial<Record<Stage, string>> = {
  wsgi: "api/#flask.Flask.wsgi_app",
  middleware: "quickstart/#hooking-in-wsgi-middleware",
  request_context: "api/#flask.Flask.request_context",
  app_context_push: "appcontext/",
  request_context_push: "reqcontext/",
  session_open: "api/#flask.sessions.SessionInterface.open_session",
  url_match: "api/#url-route-registrations",
  signal: "signals/",
  url_value_preprocessor: "api/#flask.Flask.url_value_preprocessor",
  before_request: "api/#flask.Flask.before_request",
  dispatch: "api/#flask.Flask.dispatch_request",
  view: "quickstart/#routing",
  template: "templating/",
  context_processor: "api/#flask.Flask.context_processor",
  url_defaults: "api/#flask.Flask.url_defaults",
  error_handler: "errorhandling/",
  make_response: "api/#flask.Flask.make_response",
  after_this_request: "api/#flask.after_this_request",
  after_request: "api/#flask.Flask.after_request",
  session_save: "api/#flask.sessions.SessionInterface.save_session",
  start_response: "lifecycle/#how-a-request-is-handled",
  teardown_request: "api/#flask.Flask.teardown_request",
  teardown_appcontext: "api/#flask.Flask.teardown_appcontext",
  request_context_pop: "reqcontext/",
  app_context_pop: "appcontext/",
  body: "patterns/streaming/",
  body_close: "lifecycle/#how-a-request-is-handled",
  log: "logging/",
  flash: "patterns/flashing/",
};

/** The page, or null for steps that are not Flask's. */
export function manualPage(step: Step): string | null {
  const page = step.stage === "signal" ? `api/#flask.${step.name}` : PAGES[step.stage];
  return page === undefined ? null : MANUAL + page;
}

const ELSEWHERE: ReadonlySet<Stage> = new Set(["middleware", "body", "body_close", "log"]);

/** Whether Flask's own code calls it. */
export function isCalledByFlask(step: Step): boolean {
  return manualPage(step) !== null && !ELSEWHERE.has(step.stage);
}
