import { describe, expect, it } from "vitest";

import type { Breakpoint } from "../api/types";
import { breakpointAt, isFor, markOf, subjectOf, toggled, worded, type Breakable } from "./breakpoints";

const NONE: Breakpoint = { stage: null, name: null, when: "before", filter: null, once: false, on: true };
const load: Breakable = { stage: "before_request", name: "load_user", callable: "shop:load_user" };
const save: Breakable = { stage: "session_save", name: "session", callable: null };

describe("a breakpoint", () => {
  it.each([
    [{}, true],
    [{ stage: "before_request" }, true],
    [{ stage: "after_request" }, false],
    [{ name: "load_user" }, true],
    [{ name: "shop:load_user" }, true],
    [{ name: "load_*" }, true],
    [{ name: "shop:*" }, true],
    [{ name: "*:load_user" }, true],
    [{ name: "load" }, false],
    [{ name: "[!m]oad_user" }, true],
    [{ name: "load_use?" }, true],
    [{ name: "lo(ad" }, false],
    [{ name: "[" }, false],
    [{ stage: "after_request", name: "load_user" }, false],
  ] as const)("%o is for a function: %s", (given, is) => {
    expect(isFor({ ...NONE, ...given }, load)).toBe(is);
  });

  it("is of a function by its whole name, and of a step of Flask's by its stage", () => {
    expect(breakpointAt(load)).toMatchObject({ stage: "before_request", name: "shop:load_user" });
    expect(breakpointAt(save, "after")).toMatchObject({ stage: "session_save", name: null, when: "after" });
  });

  it("is set, removed, and switched on again, where it is for a step", () => {
    const set = toggled([], load, "before");
    expect(markOf(set, load)).toEqual({ state: "on", before: true, after: false });
    expect(markOf(set, save).state).toBe("none");
    expect(toggled(set, load, "before")).toEqual([]);
    const off = set.map((each) => ({ ...each, on: false }));
    expect(markOf(off, load).state).toBe("off");
    expect(toggled(off, load, "before")).toEqual(set);
  });

  it("of a whole stage goes with the dot that it is", () => {
    const all = [{ ...NONE, stage: "before_request" as const }, breakpointAt(save)];
    expect(toggled(all, load, "before")).toEqual([breakpointAt(save)]);
  });

  it("is of one way, where a step is drawn on both", () => {
    const middleware: Breakable = { stage: "middleware", name: "ProxyFix", callable: null };
    const out = toggled([], middleware, "after", "after");
    expect(markOf(out, middleware, "before").state).toBe("none");
    expect(markOf(out, middleware, "after").state).toBe("on");
    expect(toggled(out, middleware, "before", "before")).toHaveLength(2);
  });

  it("is said in words", () => {
    expect(worded(NONE)).toBe("before every step");
    expect(worded({ ...breakpointAt(load, "after"), filter: "method:POST", once: true })).toBe(
      "after load_user, for method:POST, once",
    );
    expect(subjectOf({ ...NONE, stage: "after_request" })).toBe("every after_request");
    expect(subjectOf(breakpointAt(save))).toBe("session_save");
  });
});
