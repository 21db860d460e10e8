import { describe, expect, test } from "vitest";

import { step } from "../testing/traces";
import type { Step } from "../api/types";
import { caption, parts } from "./captions";

const names = (made: Step): readonly string[] =>
  parts(made)
    .filter(({ isName }) => isName)
    .map(({ text }) => text);
const told = (explain: string, more: Partial<Step>): Step => step(0, { ...more, explain });

test("a step is told of in the server's sentence", () => {
  expect(caption(told("The view show returns.", { stage: "view", name: "show" }))).toBe(
    "The view show returns.",
  );
});

test("a step of a file without sentences is named, and why that is all", () => {
  const said = caption(step(0, { stage: "view", name: "show" }));
  expect(said).toMatch(/^view show .*without descriptions/u);
});

describe("names are marked", () => {
  const of = (explain: string, more: Partial<Step>): readonly string[] => names(told(explain, more));

  test("those of the step, and no other words", () => {
    expect(
      of("before_request load returns None, so Flask skips the other before_request functions.", {
        stage: "before_request",
        name: "load",
      }),
    ).toEqual(["before_request", "load", "None"]);
    expect(
      of("The view ship raises OutOfStock, so all goes on.", {
        stage: "view",
        name: "ship",
        error: { type: "OutOfStock", message: "" },
      }),
    ).toEqual(["ship", "OutOfStock"]);
    expect(
      of("The error handler sorry, registered for 404, handles it.", {
        stage: "error_handler",
        name: "sorry",
        detail: { for: "404" },
      }),
    ).toEqual(["sorry", "404"]);
    expect(of("The server iterates the body.", { stage: "body", name: "body" })).toEqual([]);
  });

  test("as whole words alone, whatever is in them", () => {
    expect(of("The view show shows admin.show and (show).", { stage: "view", name: "show" })).toEqual([
      "show",
      "show",
    ]);
    expect(
      of("The URL matches the rule /a/<re(x+):y>, so it goes on.", {
        stage: "url_match",
        name: "/a/<re(x+):y>",
      }),
    ).toEqual(["/a/<re(x+):y>"]);
    expect(
      of("SELECT $1 FROM a WHERE b = '\\' AND c LIKE '[a-z]^|{}'", {
        stage: "sql",
        name: "SELECT $1 FROM a WHERE b = '\\' AND c LIKE '[a-z]^|{}'",
      }),
    ).toHaveLength(1);
  });

  test("but not of any length", () => {
    const name = "x".repeat(100_000);
    expect(of(`The view ${name} returns None.`, { stage: "view", name })).toEqual(["None"]);
  });

  test("and nothing of the sentence is lost", () => {
    const made = told("after_request seal returns the response.", { stage: "after_request", name: "seal" });
    expect(
      parts(made)
        .map(({ text }) => text)
        .join(""),
    ).toBe(made.explain);
  });
});
