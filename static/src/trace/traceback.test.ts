import { expect, it } from "vitest";

import { tracebackText } from "./traceback";

const frame = (line: number, name: string, code?: string): object => ({
  file: "app.py",
  line,
  function: name,
  first: line,
  lines: code === undefined ? [] : [code],
});

it("prints a chain as Python does", () => {
  const cause = { type: "ValueError", message: "a", frames: [frame(4, "f", "    raise ValueError('a')")] };
  const recorded = {
    type: "KeyError",
    message: "'k'",
    frames: [frame(5, "index")],
    notes: ["A note"],
    others: [{ as: "cause", ...cause }],
  };
  expect(tracebackText(recorded as never)).toBe(`Traceback (most recent call last):
  File "app.py", line 4, in f
    raise ValueError('a')
ValueError: a

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "app.py", line 5, in index
KeyError: 'k'
A note`);
});

it("prints a group as Python does", () => {
  const recorded = {
    type: "ExceptionGroup",
    message: "many (2 sub-exceptions)",
    frames: [frame(11, "<module>"), frame(8, "g")],
    others: [
      { as: "member", type: "ValueError", message: "one\ntwo" },
      { as: "member", type: "TypeError", message: "t" },
    ],
  };
  expect(tracebackText(recorded as never)).toBe(`  + Exception Group Traceback (most recent call last):
  |   File "app.py", line 11, in <module>
  |   File "app.py", line 8, in g
  | ExceptionGroup: many (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: one
    | two
    +---------------- 2 ----------------
    | TypeError: t
    +------------------------------------`);
});

it("says how many frames were cut, and needs none", () => {
  const frames = Array.from({ length: 12 }, (_, index) => frame(index, "f"));
  const text = tracebackText({ type: "RecursionError", message: "", frames, cut_frames: 900 } as never);
  expect(text.split("\n")[11]).toBe("  … 900 more frames");
  expect(text.endsWith("\nRecursionError")).toBe(true);
  expect(tracebackText({ type: "E", message: "m" })).toBe("E: m");
});
