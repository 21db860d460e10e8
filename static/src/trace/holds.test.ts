import { describe, expect, it } from "vitest";

import type { Hold, Step } from "../api/types";
import {
  brief,
  byHand,
  flagsWithout,
  heldFor,
  heldIn,
  holdAt,
  interventions,
  isHeld,
  ofWhichHeld,
  squeezed,
  stripWithHolds,
  whenOf,
} from "./holds";

const hold = (begin: number, end: number | null, did: string | null = end === null ? null : "go"): Hold => ({
  step: 0,
  begin,
  end,
  did,
});
const trace = (...holds: readonly Hold[]): { readonly id: string; readonly holds: readonly Hold[] } => ({
  id: "a",
  holds,
});

describe("a hold", () => {
  it("is the one that the request is in at a moment", () => {
    const of = trace(hold(10, 20), hold(30, null));
    expect([5, 10, 19, 20, 30, Infinity].map((at) => holdAt(of, at)?.begin ?? null)).toEqual([
      null,
      10,
      10,
      null,
      30,
      30,
    ]);
    expect(holdAt({ id: "of an older version" })).toBeNull();
  });

  it("lasts only while the request runs", () => {
    expect(isHeld({ ...trace(hold(1, null)), state: "running" })).toBe(true);
    expect(isHeld({ ...trace(hold(1, null)), state: "done" })).toBe(false);
    expect(isHeld({ ...trace(hold(1, 2)), state: "running" })).toBe(false);
  });

  it("is after a step that has ended", () => {
    const step = { begin: 5, end: 10 } as Step;
    expect(whenOf(hold(5, null), step)).toBe("before");
    expect(whenOf(hold(10, null), step)).toBe("after");
    expect(whenOf(hold(5, null), { ...step, end: null })).toBe("before");
  });

  it("is counted once where threads are held at the same time", () => {
    expect(heldIn([hold(0, 10), hold(5, 20), hold(40, null)], 0, 100, 50)).toBe(30);
    expect(heldIn([hold(0, 10)], 4, 6, 50)).toBe(2);
    expect(heldFor(trace(hold(0, 10), hold(20, null)), 25)).toBe(15);
  });

  it("is said in what a person waits for", () => {
    expect([0.4e6, 3.28e9, 45.9e9, 119e9, 125e9].map(brief)).toEqual([
      "400 µs",
      "3.2 s",
      "45 s",
      "119 s",
      "2 min 5 s",
    ]);
    expect(ofWhichHeld(3.28e9)).toBe("of which 3.2 s held");
    expect(ofWhichHeld(0)).toBe("");
  });
});

describe("what was done by hand", () => {
  it("is what was done in place of the app's functions", () => {
    const of = trace(hold(0, 1, "answer"), hold(2, 3, "go"), hold(4, 5, "raise"), hold(6, 7, "time"));
    expect(interventions(of).map(byHand)).toEqual(["answered by hand", "raised by hand"]);
  });

  it("is left out of the flags where it is said apart", () => {
    const flags = [
      ["ink", "held", ""],
      ["ink", "by hand: 2", ""],
      ["error", "OutOfStock", ""],
    ] as const;
    expect(flagsWithout(flags, "held").map(([, label]) => label)).toEqual(["by hand: 2", "OutOfStock"]);
    expect(flagsWithout(flags, "held", "by_hand").map(([, label]) => label)).toEqual(["OutOfStock"]);
    expect(flagsWithout(flags.slice(2), "held")).toEqual(flags.slice(2));
  });
});

describe("a squeezed clock", () => {
  it("is none without holds", () => {
    const clock = squeezed([], 100);
    expect([clock.total, clock.at(40), clock.moment(40)]).toEqual([100, 40, 40]);
  });

  it("keeps the scale of all else, whatever the hold", () => {
    for (const length of [1e3, 1e6, 1e9, 1e11]) {
      const clock = squeezed([hold(100, 100 + length)], 200 + length);
      expect(clock.at(100)).toBe(100);
      expect(clock.total - clock.at(100 + length)).toBeCloseTo(100, 3);
      expect(clock.total).toBeLessThanOrEqual(270.001);
    }
  });

  it("goes both ways", () => {
    const holds = [hold(10, 1000), hold(1020, null)];
    const clock = squeezed(holds, 5000);
    for (const moment of [0, 10, 500, 1000, 1010, 1020, 3000, 5000, 6000])
      expect(clock.moment(clock.at(moment))).toBeCloseTo(moment, 3);
    expect(squeezed(holds, 5000, 0).total).toBe(30);
  });

  it("makes no hold longer than it was", () => {
    expect(squeezed([hold(10, 11)], 100).total).toBe(100);
  });

  it("adds its holds to a strip, above what they are in", () => {
    const { parts, duration } = stripWithHolds(
      trace(hold(100, 1e9 + 100)),
      [["before", 90, 1e9 + 110]],
      1e9 + 200,
    );
    expect(parts.map(([kind]) => kind)).toEqual(["before", "hold"]);
    expect(duration).toBeCloseTo(270, 3);
    expect(parts[0]?.[2]).toBeCloseTo(180, 3);
  });
});
