// @vitest-environment happy-dom

import { describe, expect, it } from "vitest";

import { MAP, STORIES, tell } from "../testing/fixtures";
import { cuesOf } from "../trace/cues";
import { filmOf, stillOf, type Film } from "./film";
import { draw } from "./layout/draw";
import { journey } from "./model/journey";

function film(): Film {
  const trace = tell(STORIES.exception);
  const settled = journey(trace, MAP, trace.duration ?? 0);
  const frames = cuesOf(trace).map((cue) => ({
    drawing: draw(
      journey(trace, MAP, cue.at, cue.at),
      {
        width: 1160,
        height: 740,
        measure: (text) => text.length * 7,
        selected: cue.step?.id ?? null,
        side: cue.side,
      },
      settled,
    ),
    lines: [`<script>alert("${cue.step?.name ?? "end"}")</script> & \u0000 \ud83d`],
    counter: "1 / 2",
    share: 0.5,
    ms: 100,
  }));
  return { title: "POST /a?<b>", frames, css: ".wire{stroke:red}" };
}

describe("a film", () => {
  it("is one SVG without a script, and with nothing from elsewhere", () => {
    const text = filmOf(film());
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
    expect(parsed.querySelector("parsererror")).toBeNull();
    expect(parsed.querySelector("script, foreignObject, image, use")).toBeNull();
    expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(
      /https?:|url\((?!#)|@import|javascript:/,
    );
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("holds what does not change once, and is bounded", () => {
    const made = film();
    const [whole, still] = [filmOf(made), stillOf(made, made.frames.at(-1) ?? (made.frames[0] as never))];
    expect(whole.length).toBeLessThan(still.length * 12);
    expect(whole.length).toBeLessThan(500_000);
  });

  it("moves only where motion is welcome, and else shows its last picture", () => {
    const text = filmOf(film());
    expect(text).toContain("@media (prefers-reduced-motion:no-preference){@keyframes t0{");
    expect(text).toMatch(/\.t\d+\{visibility:hidden\}/);
    expect(text).toMatch(/animation:t\d+ \d+ms step-end infinite/);
  });

  it("has in each frame what that frame has", () => {
    const made = film();
    const text = filmOf(made);
    const frame = 5;
    const total = made.frames.length;
    const shown = new Set(["", ...classesAt(text, (frame + 0.5) / total)]);
    const groups = [...text.matchAll(/<g class="(t\d+)">(.*?)<\/g>(?=<g class="t|<\/svg>)/gs)];
    const content = groups.filter(([, name = ""]) => shown.has(name)).map(([, , inner = ""]) => inner);
    const still = stillOf(made, made.frames[frame] as never);
    for (const each of content) expect(still).toContain(each);
  });
});

/** The classes that are visible at a part of the film. */
function classesAt(text: string, share: number): string[] {
  return [...text.matchAll(/@keyframes (t\d+)\{(.*?\})\}/g)].flatMap(([, name = "", keys = ""]) => {
    const now = [...keys.matchAll(/([\d.]+)%\{visibility:(\w+)\}/g)].findLast(
      ([, at = ""]) => Number(at) / 100 <= share,
    );
    return now?.[2] === "visible" ? [name] : [];
  });
}
