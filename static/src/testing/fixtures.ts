/** The journeys of the design's pictures, as traces of the contract, for tests and for looking at. */

import {
  STAGES,
  type AppMap,
  type Hook,
  type Json,
  type Outcome,
  type Plan,
  type PlannedStage,
  type Rule,
  type Stage,
  type Step,
  type Trace,
} from "../api/types";

type Options = Partial<Pick<Step, "scope" | "error">> & {
  readonly outcome?: Outcome;
  readonly detail?: { readonly [key: string]: Json };
};

/** Writes a trace as the recorder would: steps nest, and a clock in microseconds goes on. */
export class Recording {
  readonly steps: Step[] = [];
  private now = 0;
  private readonly open: number[] = [];

  /** Record a step of a duration in microseconds; the steps of `inside` follow within it. */
  step(stage: Stage, name: string, us: number, options: Options = {}, inside?: () => void): this {
    const id = this.steps.length;
    const begin = this.now;
    const base: Step = {
      id,
      parent: this.open.at(-1) ?? null,
      stage,
      name,
      callable: options.scope == null ? null : `shop:${name}`,
      source: null,
      scope: options.scope ?? null,
      begin,
      end: null,
      outcome: null,
      error: null,
      detail: {},
    };
    this.steps.push(base);
    this.now += us * 1000;
    this.open.push(id);
    inside?.();
    this.open.pop();
    this.steps[id] = {
      ...base,
      end: this.now,
      outcome: options.outcome ?? "ok",
      error: options.error ?? null,
      detail: options.detail ?? {},
    };
    this.now += 2000;
    return this;
  }

  signal(name: string): this {
    return this.step("signal", name, 0);
  }

  get time(): number {
    return this.now;
  }
}

const FUNCTIONS: readonly (readonly [PlannedStage, string, string])[] = [
  ["before_request", "app", "assign_request_id"],
  ["before_request", "app", "load_user"],
  ["before_request", "admin", "require_admin"],
  ["before_request", "admin.orders", "load_warehouse"],
  ["after_request", "admin.orders", "add_etag"],
  ["after_request", "admin", "no_store"],
  ["after_request", "app", "log_access"],
  ["after_request", "app", "security_headers"],
  ["teardown_request", "app", "release_lock"],
  ["teardown_appcontext", "app", "close_db"],
];

const hook = (stage: Stage, name: string, scope: string | null): Hook => ({
  stage,
  name,
  callable: `shop:${name}`,
  source: null,
  scope,
});
const HOOKS = FUNCTIONS.map(([stage, scope, name]) => hook(stage, name, scope));

function plan(scopes: readonly string[]): Plan {
  const of = (stage: PlannedStage): number[] =>
    FUNCTIONS.flatMap(([each, scope], index) => (each === stage && scopes.includes(scope) ? [index] : []));
  return {
    url_value_preprocessor: [],
    before_request: of("before_request"),
    context_processor: [],
    after_request: of("after_request"),
    teardown_request: of("teardown_request"),
    teardown_appcontext: of("teardown_appcontext"),
  };
}

const BLUEPRINTS = ["admin", "admin.orders"];
const rule = (path: string, view: string): Rule => ({
  rule: path,
  endpoint: `admin.orders.${view}`,
  methods: ["GET", "HEAD", "OPTIONS"],
  subdomain: null,
  host: null,
  blueprints: BLUEPRINTS,
  view: hook("view", view, "admin.orders"),
  plan: plan(["app", ...BLUEPRINTS]),
});

export const MAP: AppMap = {
  name: "shop",
  import_name: "shop",
  debug: true,
  separate_contexts: true,
  versions: {},
  packages: {},
  environment: {},
  process: { pid: 1, host: "localhost" },
  middleware: [hook("middleware", "ProxyFix", null)],
  blueprints: [],
  extensions: [],
  config: {},
  called: [],
  hooks: HOOKS,
  rules: [
    rule("/admin/orders/<int:id>", "show"),
    rule("/admin/orders/<int:id>/ship", "ship"),
    rule("/admin/orders/export.csv", "export_csv"),
  ],
  unmatched: plan(["app"]),
  error_handlers: [],
};

interface Story {
  readonly path: string;
  readonly rule: string | null;
  readonly view: string | null;
  readonly status: string;
  readonly bytes: number;
  readonly method?: string;
  /** From dispatch up to, not including, make_response. */
  readonly turn: (r: Recording) => void;
  readonly made?: { readonly from: string; readonly to: string };
  readonly short?: boolean;
  /** Whether a hook raised, so that a handler answers. */
  readonly refused?: boolean;
  readonly streamed?: boolean;
  readonly propagates?: boolean;
}

const sql = (r: Recording, text: string, us: number): Recording => r.step("sql", text, us);
const template = (r: Recording, name: string, us: number): void => {
  r.signal("before_render_template").step("template", name, us).signal("template_rendered");
};

export function tell(story: Story): Trace {
  const r = new Recording();
  const matched = story.rule !== null;
  const left: Options = story.propagates === true ? { outcome: "raised", error: OUT_OF_STOCK } : {};
  r.step("wsgi", "shop", 7, left, () => {
    r.step("middleware", "ProxyFix", 104, left, () => {
      wayIn(r, story);
      story.turn(r);
      if (story.propagates !== true) wayOut(r, story);
      teardown(r, story);
    });
  });
  if (story.propagates !== true) body(r, story);
  const error = story.propagates === true ? { ...OUT_OF_STOCK, step: null } : null;
  return {
    id: story.path,
    state: "done",
    method: story.method ?? "GET",
    path: story.path,
    query: "",
    url_rule: story.rule,
    endpoint: matched ? `admin.orders.${story.view ?? "show"}` : null,
    blueprints: matched ? BLUEPRINTS : [],
    status: error === null ? Number.parseInt(story.status) : null,
    started_at: 0,
    duration: r.time,
    app_time: null,
    process: { pid: 1, host: "localhost", thread: "main", started_at: 0 },
    error,
    parent: null,
    dropped_steps: 0,
    steps: r.steps,
  };
}

const NOT_FOUND = { type: "NotFound", message: "404 Not Found" };

function wayIn(r: Recording, { rule, short, refused }: Story): void {
  r.step("request_context", "Request", 5);
  r.step("request_context_push", "RequestContext", 20, {}, () => {
    r.step("app_context_push", "AppContext", 15, {}, () => r.signal("appcontext_pushed"));
    r.step("session_open", "SecureCookieSession", 112);
    r.step("url_match", rule ?? "no rule", 55, rule === null ? { outcome: "raised", error: NOT_FOUND } : {});
  });
  r.signal("request_started");
  r.step("before_request", "assign_request_id", 5, { scope: "app" });
  r.step("before_request", "load_user", 9, { scope: "app" }, () =>
    sql(r, "SELECT * FROM user WHERE id = ?", 1190),
  );
  if (rule === null) return;
  const answers: Options = { outcome: "short_circuit", detail: { returned: "Response 302" } };
  const raises: Options = { outcome: "raised", error: NOT_FOUND };
  const ends = short === true ? answers : refused === true ? raises : {};
  const options: Options = { scope: "admin", ...ends };
  r.step("before_request", "require_admin", 5, options, () =>
    sql(r, "SELECT role FROM membership WHERE user_id = ?", 980),
  );
  if (short !== true && refused !== true)
    r.step("before_request", "load_warehouse", 481, { scope: "admin.orders" });
}

function wayOut(r: Recording, story: Story): void {
  const detail = { ...(story.made ?? { from: "str", to: "Response" }) };
  r.step("make_response", "make_response", 100, { detail });
  hooks(r, story, "after_request", 60);
  r.step("session_save", "SecureCookieSession", 482);
  r.signal("request_finished");
  r.step("start_response", story.status, 10);
}

function teardown(r: Recording, story: Story): void {
  r.step("request_context_pop", "RequestContext", 20, {}, () => {
    hooks(r, story, "teardown_request", 2);
    r.signal("request_tearing_down");
    r.step("app_context_pop", "AppContext", 7, {}, () => {
      hooks(r, story, "teardown_appcontext", 407);
      r.signal("appcontext_tearing_down").signal("appcontext_popped");
    });
  });
}

function hooks(r: Recording, { rule }: Story, stage: PlannedStage, us: number): void {
  const scopes = rule === null ? ["app"] : ["app", ...BLUEPRINTS];
  for (const [each, scope, name] of FUNCTIONS)
    if (each === stage && scopes.includes(scope)) r.step(stage, name, us, { scope });
}

function body(r: Recording, story: Story): void {
  const sent: [number, number][] = [];
  const chunks = story.streamed === true ? 5 : 1;
  r.step(
    "body",
    "body",
    8,
    { detail: { chunks, bytes: story.bytes, streamed: story.streamed === true, sent } },
    () => {
      if (story.streamed === true)
        r.step("request_context_push", "RequestContext", 20, {}, () =>
          r.step("app_context_push", "AppContext", 15),
        );
      for (let chunk = 0; chunk < chunks; chunk++) {
        if (story.streamed === true) sql(r, `SELECT * FROM orders LIMIT 200 OFFSET ${chunk * 200}`, 14_000);
        sent.push([r.time, story.bytes / chunks]);
      }
      if (story.streamed === true)
        r.step("request_context_pop", "RequestContext", 20, {}, () =>
          r.step("app_context_pop", "AppContext", 15, {}, () =>
            r.step("teardown_appcontext", "close_db", 380, { scope: "app" }),
          ),
        );
    },
  );
  r.step("body_close", "close", 3);
}

const OUT_OF_STOCK = { type: "OutOfStock", message: "order 42" };

export const STORIES = {
  typical: {
    path: "/admin/orders/42",
    rule: "/admin/orders/<int:id>",
    view: "show",
    status: "200 OK",
    bytes: 50_916,
    turn: (r) =>
      r.step("dispatch", "admin.orders.show", 20, {}, () =>
        r.step("view", "show", 16, { scope: "admin.orders", detail: { args: { id: "42" } } }, () => {
          sql(r, "SELECT * FROM orders WHERE id = ?", 3200);
          sql(r, "SELECT * FROM order_line WHERE order_id = ?", 9310);
          sql(r, "SELECT * FROM product WHERE id IN (?, ?, ?)", 4540);
          template(r, "orders/show.html", 5010);
        }),
      ),
  },
  notfound: {
    path: "/admin/ordrs/42",
    rule: null,
    view: null,
    status: "404 NOT FOUND",
    bytes: 900,
    made: { from: "(str, 404)", to: "Response" },
    turn: (r) => {
      r.step("dispatch", "dispatch", 21, {
        outcome: "raised",
        error: { type: "NotFound", message: "404 Not Found" },
      });
      r.step("error_handler", "page_not_found", 80, { scope: "app", detail: { for: "404" } }, () => {
        template(r, "errors/404.html", 72);
      });
    },
  },
  exception: {
    path: "/admin/orders/42/ship",
    method: "POST",
    rule: "/admin/orders/<int:id>/ship",
    view: "ship",
    status: "409 CONFLICT",
    bytes: 1200,
    made: { from: "(Response, 409)", to: "Response" },
    turn: (r) => {
      r.step("dispatch", "admin.orders.ship", 20, { outcome: "raised", error: OUT_OF_STOCK }, () =>
        r.step(
          "view",
          "ship",
          16,
          { scope: "admin.orders", outcome: "raised", error: OUT_OF_STOCK, detail: { args: { id: "42" } } },
          () => {
            sql(r, "SELECT * FROM orders WHERE id = ?", 3000);
            sql(r, "SELECT * FROM stock WHERE product_id = ?", 5600);
          },
        ),
      );
      r.step(
        "error_handler",
        "out_of_stock",
        300,
        { scope: "admin.orders", detail: { for: "OutOfStock" } },
        () => {
          template(r, "orders/conflict.html", 410);
        },
      );
    },
  },
  refused: {
    path: "/admin/orders/42",
    rule: "/admin/orders/<int:id>",
    view: "show",
    status: "404 NOT FOUND",
    bytes: 900,
    refused: true,
    made: { from: "(str, 404)", to: "Response" },
    turn: (r) => {
      r.step("error_handler", "page_not_found", 80, { scope: "app", detail: { for: "404" } }, () => {
        template(r, "errors/404.html", 72);
      });
    },
  },
  shortcircuit: {
    path: "/admin/orders/42",
    rule: "/admin/orders/<int:id>",
    view: "show",
    status: "302 FOUND",
    bytes: 210,
    short: true,
    made: { from: "Response", to: "Response" },
    turn: () => undefined,
  },
  stream: {
    path: "/admin/orders/export.csv",
    rule: "/admin/orders/export.csv",
    view: "export_csv",
    status: "200 OK",
    bytes: 80_000,
    streamed: true,
    made: { from: "Response", to: "Response" },
    turn: (r) =>
      r.step("dispatch", "admin.orders.export_csv", 10, {}, () =>
        r.step("view", "export_csv", 120, { scope: "admin.orders" }),
      ),
  },
  propagates: {
    path: "/admin/orders/42/ship",
    rule: "/admin/orders/<int:id>/ship",
    view: "ship",
    status: "",
    bytes: 0,
    propagates: true,
    turn: (r) =>
      r.step("dispatch", "admin.orders.ship", 20, { outcome: "raised", error: OUT_OF_STOCK }, () =>
        r.step("view", "ship", 900, {
          scope: "admin.orders",
          outcome: "raised",
          error: OUT_OF_STOCK,
          detail: { args: { id: "42" } },
        }),
      ),
  },
} satisfies Record<string, Story>;

/** The trace as it was while a step was still open. */
export function cut(trace: Trace, stage: Stage): Trace {
  const at = trace.steps.findIndex((step) => step.stage === stage);
  const now = trace.steps[at];
  if (now === undefined) return trace;
  const steps = trace.steps
    .slice(0, at + 1)
    .map((step) =>
      (step.end ?? Infinity) > now.begin || step.id === now.id
        ? { ...step, end: null, outcome: null, error: null }
        : step,
    );
  return { ...trace, state: "running", status: null, duration: null, steps };
}

/** A small generator of the same numbers each time. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0;
    return state % sides;
  };
}

/** Any trace at all: steps of any stage, anywhere, at any time. */
export function anyTrace(seed: number): Trace {
  const roll = dice(seed);
  const base = tell(STORIES.typical);
  const steps = Array.from({ length: roll(60) }, (_, id): Step => ({
    id,
    parent: roll(4) === 0 ? null : roll(70),
    stage: STAGES[roll(STAGES.length)] ?? "wsgi",
    name: "n".repeat(roll(90)),
    callable: null,
    source: null,
    scope: ["app", "admin", "elsewhere", null][roll(4)] ?? null,
    begin: roll(1e6),
    end: roll(3) === 0 ? null : roll(1e6),
    outcome: (["ok", "raised", "short_circuit", null] as const)[roll(4)] ?? null,
    error: roll(3) === 0 ? { type: "Oops", message: "" } : null,
    detail:
      [{}, { sent: [[1], "x", [2, 3]], streamed: true, bytes: 9 }, { args: [1], from: 3, for: null }][
        roll(3)
      ] ?? {},
  }));
  return {
    ...base,
    steps,
    state: roll(2) === 0 ? "running" : "done",
    status: roll(2) === 0 ? null : 500,
    duration: roll(2) === 0 ? null : 0,
  };
}
