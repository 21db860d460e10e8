/** Builders of what the server sends, for tests. */

import type { AppMap, Batch, Hook, Plan, Recording, Stage, Step, Trace, TraceSummary } from "../api/types";

export function step(id: number, more: Partial<Step> = {}): Step {
  return {
    id,
    parent: null,
    stage: "view",
    name: "view",
    callable: null,
    source: null,
    scope: null,
    begin: id,
    end: 10,
    outcome: "ok",
    error: null,
    detail: {},
    ...more,
  };
}

export function summary(id: string, more: Partial<TraceSummary> = {}): TraceSummary {
  return {
    id,
    state: "done",
    method: "GET",
    path: `/${id}`,
    query: "",
    url_rule: null,
    endpoint: null,
    blueprints: [],
    status: 200,
    started_at: 0,
    duration: 1e6,
    app_time: null,
    process: { pid: 1, host: "h", thread: "t", started_at: 0 },
    error: null,
    parent: null,
    cause: null,
    background: null,
    dropped_steps: 0,
    step_count: 1,
    strip: [],
    now: null,
    elapsed: 1e6,
    sending: false,
    merged: false,
    counts: {},
    flags: [],
    changed: {},
    toolbar: null,
    ...more,
  };
}

export function recordingOf(...traces: Trace[]): Recording {
  const made = { at: 0, by: "flask-lifecycle", app: null, host: "h", python: null, flask: null };
  return { format: "flask-lifecycle", version: 1, made, app: null, sources: [], traces };
}

export function batch(traces: TraceSummary[], steps: Step[] = [], trace = "a"): Batch {
  return {
    seq: 1,
    epoch: "one",
    reset: false,
    traces,
    steps: steps.length === 0 ? [] : [{ trace, steps }],
    removed: [],
    skipped: 0,
    evicted: 0,
    too_large: 0,
    ignored: 0,
    missed: null,
    kept: traces.length,
    files: 0,
    oldest: "",
    oldest_file: "",
    history: { problem: null, kept: null },
    process: { pid: 1, started_at: 0, several: false },
    others: [],
    holds: {},
  };
}

const NO_PLAN: Plan = {
  url_value_preprocessor: [],
  before_request: [],
  context_processor: [],
  after_request: [],
  teardown_request: [],
  teardown_appcontext: [],
};

const hook = (stage: Stage, name: string, scope: string): Hook => ({
  stage,
  name,
  callable: `demo:${name}`,
  source: null,
  scope,
});

/** An app with a blueprint, two before-hooks and two after-hooks. */
export const MAP: AppMap = {
  name: "demo",
  import_name: "demo",
  debug: true,
  separate_contexts: true,
  versions: { flask: "3.1.3" },
  packages: {},
  environment: {},
  process: { pid: 1, host: "h" },
  middleware: [hook("middleware", "ProxyFix", "app")],
  blueprints: [],
  extensions: [],
  config: {},
  called: [],
  error_handlers: [],
  hooks: [
    hook("before_request", "load_user", "app"),
    hook("before_request", "require_admin", "admin"),
    hook("after_request", "no_store", "admin"),
    hook("after_request", "log_access", "app"),
    hook("teardown_request", "release_lock", "app"),
    hook("teardown_appcontext", "close_db", "app"),
  ],
  rules: [
    {
      rule: "/admin/<int:id>",
      endpoint: "admin.show",
      methods: ["GET"],
      subdomain: null,
      host: null,
      blueprints: ["admin"],
      view: hook("view", "show", "admin"),
      plan: {
        ...NO_PLAN,
        before_request: [0, 1],
        after_request: [2, 3],
        teardown_request: [4],
        teardown_appcontext: [5],
      },
    },
  ],
  unmatched: {
    ...NO_PLAN,
    before_request: [0],
    after_request: [3],
    teardown_request: [4],
    teardown_appcontext: [5],
  },
};

export type Row = readonly [stage: Stage, name: string, more?: Partial<Step>, children?: readonly Row[]];

/** Lay rows out as steps, one after the other, children inside their parents. */
export function steps(rows: readonly Row[]): Step[] {
  const made: Step[] = [];
  let clock = 0;
  const add = (row: Row, parent: number | null): void => {
    const [stage, name, more = {}, children = []] = row;
    const id = made.length;
    clock += 100_000;
    made.push(
      step(id, { stage, name, parent, begin: clock, callable: `demo:${name}`, scope: "app", ...more }),
    );
    for (const child of children) add(child, id);
    clock += 100_000;
    const own = made[id];
    if (own && more.end === undefined) made[id] = { ...own, end: clock };
  };
  for (const row of rows) add(row, null);
  return made;
}

export function trace(rows: readonly Row[], more: Partial<Trace> = {}): Trace {
  const {
    step_count: _a,
    strip: _b,
    now: _c,
    elapsed: _d,
    cause: _e,
    counts: _f,
    changed: _g,
    sending: _h,
    merged: _i,
    ...header
  } = summary("a");
  void [_a, _b, _c, _d, _e, _f, _g, _h, _i];
  const made = steps(rows);
  return {
    ...header,
    url_rule: "/admin/<int:id>",
    endpoint: "admin.show",
    blueprints: ["admin"],
    duration: (made.at(-1)?.begin ?? 0) + 1e6,
    steps: made,
    ...more,
  };
}

const PUSH: Row = [
  "request_context_push",
  "RequestContext",
  {},
  [
    ["app_context_push", "AppContext"],
    ["session_open", "session"],
    ["url_match", "/admin/<int:id>"],
  ],
];
const POP: Row = [
  "request_context_pop",
  "RequestContext",
  {},
  [
    ["teardown_request", "release_lock"],
    ["app_context_pop", "AppContext", {}, [["teardown_appcontext", "close_db"]]],
  ],
];
const UP: readonly Row[] = [
  ["make_response", "make_response", { detail: { from: "str", to: "Response" } }],
  ["after_request", "no_store", { scope: "admin" }],
  ["after_request", "log_access"],
  ["session_save", "session"],
  ["start_response", "200 OK"],
  POP,
];
const BODY: Row = ["body", "body", { detail: { chunks: 1, bytes: 12, streamed: false, sent: [] } }];
const around = (inside: readonly Row[]): Row[] => [
  ["wsgi", "wsgi", {}, [["middleware", "ProxyFix", {}, inside]]],
  BODY,
];
const REQUEST: Row = ["request_context", "request_context"];
const BEFORE: readonly Row[] = [
  ["before_request", "load_user", {}, [["sql", "SELECT 1"]]],
  ["before_request", "require_admin", { scope: "admin" }],
];

export const typical = (): Trace =>
  trace(
    around([
      REQUEST,
      PUSH,
      ...BEFORE,
      [
        "dispatch",
        "admin.show",
        {},
        [
          [
            "view",
            "show",
            { detail: { args: { id: "42" } } },
            [
              ["sql", "SELECT a FROM b WHERE c"],
              ["template", "show.html"],
            ],
          ],
        ],
      ],
      ...UP,
    ]),
  );

export const shortCircuit = (): Trace =>
  trace(
    around([
      REQUEST,
      PUSH,
      ["before_request", "load_user", { outcome: "short_circuit", detail: { returned: "Response 302" } }],
      ...UP,
    ]),
  );

const ERROR = { type: "OutOfStock", message: "0 left" };
export const exception = (): Trace =>
  trace(
    around([
      REQUEST,
      PUSH,
      ...BEFORE,
      [
        "dispatch",
        "admin.show",
        { outcome: "raised", error: ERROR },
        [["view", "show", { outcome: "raised", error: ERROR }]],
      ],
      ["error_handler", "out_of_stock", { detail: { for: "OutOfStock" } }],
      ...UP,
    ]),
  );

const NOT_FOUND = { type: "NotFound", message: "404" };
export const notFound = (): Trace =>
  trace(
    around([
      REQUEST,
      [
        "request_context_push",
        "RequestContext",
        {},
        [["url_match", "no rule", { outcome: "raised", error: NOT_FOUND }]],
      ],
      ["before_request", "load_user"],
      ["dispatch", "dispatch_request", { outcome: "raised", error: NOT_FOUND }],
      ["error_handler", "page_not_found", { detail: { for: "404" } }],
      ["make_response", "make_response"],
      ["after_request", "log_access"],
      ["session_save", "session"],
      ["start_response", "404 Not Found"],
      POP,
    ]),
    { url_rule: null, endpoint: null, blueprints: [], status: 404 },
  );

export const streaming = (): Trace => {
  const rows = around([REQUEST, PUSH, ...BEFORE, ["dispatch", "admin.show", {}, [["view", "show"]]], ...UP]);
  rows[1] = [
    "body",
    "body",
    {
      detail: {
        chunks: 2,
        bytes: 20,
        streamed: true,
        sent: [
          [5_000_000, 10],
          [6_000_000, 10],
        ],
      },
    },
    [
      ["app_context_push", "AppContext"],
      ["request_context_push", "RequestContext"],
      ["sql", "SELECT x FROM y"],
    ],
  ];
  return trace(rows);
};

export const running = (): Trace =>
  trace(
    [
      [
        "wsgi",
        "wsgi",
        { end: null, outcome: null },
        [
          [
            "middleware",
            "ProxyFix",
            { end: null, outcome: null },
            [
              REQUEST,
              PUSH,
              ...BEFORE,
              [
                "dispatch",
                "admin.show",
                { end: null, outcome: null },
                [["view", "show", { end: null, outcome: null }]],
              ],
            ],
          ],
        ],
      ],
    ],
    { state: "running", duration: null, status: null },
  );

export const propagated = (): Trace =>
  trace(
    [
      [
        "wsgi",
        "wsgi",
        { outcome: "raised", error: ERROR },
        [
          REQUEST,
          PUSH,
          ...BEFORE,
          [
            "dispatch",
            "admin.show",
            { outcome: "raised", error: ERROR },
            [["view", "show", { outcome: "raised", error: ERROR }]],
          ],
          POP,
        ],
      ],
    ],
    { status: null, error: { ...ERROR, step: 9 } },
  );
