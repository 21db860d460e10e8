import { describe, expect, test } from "vitest";

import { STORIES, tell } from "../testing/fixtures";
import { step, summary } from "../testing/traces";
import { STAGES, type Outcome, type Stage, type Step, type Trace } from "../api/types";
import { caption } from "./captions";

const trace = (steps: readonly Step[], more: Partial<Trace> = {}): Trace => ({
  ...summary("a"),
  steps,
  ...more,
});
const alone = (made: Step, more: Partial<Trace> = {}): string => caption(made, trace([made], more));

type Row = readonly [
  stage: Stage,
  name: string,
  outcome?: Outcome,
  error?: string | undefined,
  detail?: Step["detail"],
];

/** Steps one after the other, and what is said of each. */
function told(rows: readonly Row[], more: Partial<Trace> = {}): string[] {
  const steps = rows.map(([stage, name, outcome = "ok", error, detail = {}], id) =>
    step(id, {
      stage,
      name,
      outcome,
      detail,
      scope: "app",
      error: error === undefined ? null : { type: error, message: "" },
      begin: id,
      end: id,
    }),
  );
  const whole = trace(steps, more);
  return steps.map((each) => caption(each, whole));
}

test("each stage has a sentence of its own", () => {
  const said = STAGES.map((stage) => alone(step(0, { stage, name: "x", begin: 0, end: 0 })));
  expect(new Set(said).size).toBe(STAGES.length);
  for (const each of said) expect(each).toMatch(/\S/u);
});

describe("why the next thing followed", () => {
  test("of hooks that return nothing", () => {
    const [first, last] = told([
      ["before_request", "one"],
      ["before_request", "two"],
      ["dispatch", "view"],
    ]);
    expect(first).toBe(
      "before_request one of the app ran; it returned None, so Flask goes on to the next hook.",
    );
    expect(last).toBe("before_request two of the app ran; it returned None, so Flask goes on to dispatch.");
  });

  test("of one that answers", () => {
    const [said] = told([
      ["before_request", "stop", "short_circuit", undefined, { returned: "Response 302" }],
      ["make_response", "make_response"],
    ]);
    expect(said).toBe(
      "before_request stop of the app ran and returned a Response 302, so Flask skips the other before_request functions and the view.",
    );
  });

  test("of an exception that a handler takes", () => {
    const [view, handler] = told([
      ["view", "ship", "raised", "OutOfStock"],
      ["error_handler", "out_of_stock", "ok", undefined, { for: "OutOfStock" }],
      ["make_response", "make_response"],
    ]);
    expect(view).toContain("It raised OutOfStock, so Flask calls out_of_stock, registered for OutOfStock.");
    expect(handler).toContain(
      "errorhandler(OutOfStock) out_of_stock of the app takes the exception; what it returned is made the response.",
    );
  });

  test("of one that nobody handles, answered or let out", () => {
    const error = { type: "RuntimeError", message: "", step: 0 };
    expect(
      told(
        [
          ["view", "crash", "raised", "RuntimeError"],
          ["make_response", "make_response"],
        ],
        { error },
      )[0],
    ).toContain("which nobody handles, so Flask answers 500.");
    expect(
      told(
        [
          ["wsgi", "wsgi", "raised", "RuntimeError"],
          ["view", "crash", "raised", "RuntimeError"],
        ],
        { error },
      )[1],
    ).toContain("it goes on to the server, past the after-hooks and the session.");
    expect(
      told([
        ["view", "gone", "raised", "NotFound"],
        ["make_response", "make_response"],
      ])[0],
    ).toContain("no handler is registered for it, and it is itself the response");
  });

  test("of a match that failed", () => {
    const failed = (type: string): string =>
      told(
        [
          ["url_match", "no rule", "raised", type],
          ["dispatch", "dispatch", "raised", type],
          ["make_response", "make_response"],
        ],
        { method: "POST" },
      ).join(" ");
    expect(failed("NotFound")).toContain(
      "No rule matches. Flask keeps NotFound until it dispatches, so hooks run first.",
    );
    expect(failed("MethodNotAllowed")).toContain("A rule matches, but not for POST.");
    expect(failed("RequestRedirect")).toContain(
      "It raises the redirect that the match asked for; no error handler is asked.",
    );
  });

  test("of an after-hook that raises, and the second way up", () => {
    const said = told([
      ["make_response", "make_response", "ok", undefined, { from: "str" }],
      ["after_request", "seal", "raised", "LookupError"],
      ["error_handler", "sorry", "ok", undefined, { for: "500" }],
      ["make_response", "make_response", "ok", undefined, { from: "(str, 500)" }],
      ["after_request", "seal", "raised", "LookupError"],
      ["start_response", "500"],
    ]);
    expect(said[1]).toContain(
      "its own error handler is not asked. Flask answers 500, and the after-hooks run again.",
    );
    expect(said[3]).toBe("Flask makes a response anew, of the error; the after-hooks run again on it.");
    expect(said[4]).toContain("a second time");
    expect(said[4]).toContain(
      "It raised LookupError again, so Flask logs it and sends the response as it is.",
    );
  });

  test("of a teardown that raises, as each Flask goes on", () => {
    const rows: readonly Row[] = [
      ["request_context_push", "RequestContext"],
      ["teardown_request", "lose", "raised", "LookupError"],
    ];
    expect(told(rows)[1]).toContain("so the functions after it in its phase are lost");
    expect(told(rows.slice(1))[0]).toContain("the others run all the same");
  });

  test("of OPTIONS, HEAD, a stream and a client that went away", () => {
    expect(told([["dispatch", "shop.index"]], { method: "OPTIONS" })[0]).toContain(
      "Flask answers OPTIONS by itself",
    );
    expect(
      told(
        [
          ["view", "index"],
          ["body", "body"],
        ],
        { method: "HEAD" },
      ).join(" "),
    ).toMatch(/as for GET.*The server sends no body: the request was HEAD/);
    expect(
      told([
        ["start_response", "200 OK"],
        ["body", "body", "ok", undefined, { streamed: true, chunks: 5 }],
      ]).join(" "),
    ).toMatch(/the body is made while it is sent.*sends 5 chunks/);
    expect(
      told([["body", "body", "ok", undefined, { streamed: true, chunks: 2, complete: false }]])[0],
    ).toContain("The client went away after 2 chunks");
  });

  test("of contexts, as they are on each Flask", () => {
    expect(alone(step(0, { stage: "app_context_push", name: "AppContext" }))).toContain(
      "current_app, g, request and session are there",
    );
    expect(
      told([
        ["request_context_push", "RequestContext"],
        ["app_context_push", "AppContext"],
        ["app_context_push", "AppContext"],
      ])[2],
    ).toMatch(/^Once more: .*current_app and g are there/);
  });
});

test("another thread is told of where it was recorded", () => {
  const ran = (other: boolean): string =>
    alone(
      step(0, {
        stage: "view",
        name: "wait",
        begin: 0,
        end: 0,
        detail: { thread: { name: "asyncio_0", ident: 7, other } },
      }),
    );
  expect(ran(true)).toBe(
    "The view wait ran (async, on another thread); what it returned goes to make_response.",
  );
  expect(ran(false)).toBe("The view wait ran; what it returned goes to make_response.");
});

test("every step of every story has a sentence that ends", () => {
  for (const story of Object.values(STORIES)) {
    const whole = tell(story);
    for (const each of whole.steps) expect(caption(each, whole)).toMatch(/\.$|SELECT|…$/);
  }
});

test("what still runs ends in an ellipsis", () => {
  expect(alone(step(0, { stage: "view", name: "slow", end: null, outcome: null }))).toBe(
    "The view slow is running…",
  );
});
