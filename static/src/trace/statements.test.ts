import { describe, expect, it } from "vitest";

import { step } from "../testing/traces";
import { isSlow } from "./statements";

describe("isSlow", () => {
  it("is for the time of a statement, without that of a breakpoint", () => {
    const slow = step(1, { stage: "sql", begin: 0, end: 200_000_000 });
    const held = (end: number) => ({ id: "a", holds: [{ step: 1, begin: 0, end, did: "go" as const }] });
    expect(isSlow(slow, { id: "a" })).toBe(true);
    expect(isSlow(slow, held(50_000_000))).toBe(true);
    expect(isSlow(slow, held(150_000_000))).toBe(false);
    expect(isSlow({ ...slow, stage: "view" }, { id: "a" })).toBe(false);
  });
});
