import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf-8");

function tokens(theme: "light" | "dark"): Record<string, string> {
  const pairs = [...css.matchAll(/--(\w+): light-dark\((#[0-9a-f]{3,6}), (#[0-9a-f]{3,6})\)/g)];
  return Object.fromEntries(
    pairs.map(([, name = "", light = "", dark = ""]) => [name, theme === "light" ? light : dark]),
  );
}

/** Red, green and blue of six digits. */
function hex(colour: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

function mixed(under: number, over: number, part: number): number {
  return under + (over - under) * part;
}

function luminance(colour: string): number {
  const digits = colour.slice(1);
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

describe.each(["light", "dark"] as const)("%s", (theme) => {
  const found = tokens(theme);
  it.each(["ink", "mut", "ghostink", "in", "out", "err", "short", "sql", "tpl", "bp1", "bp2", "bp3", "bp4"])(
    "text in %s can be read",
    (name) => {
      for (const ground of ["bg", "card"])
        expect(contrast(found[name] ?? "#000", found[ground] ?? "#000")).toBeGreaterThanOrEqual(4.5);
    },
  );
  it.each(["in", "out", "err", "short", "ghost", "break"])("graphics in %s can be seen", (name) => {
    expect(contrast(found[name] ?? "#000", found["bg"] ?? "#000")).toBeGreaterThanOrEqual(3);
  });
  it("the pipe can be seen on many bands", () => {
    const layer =
      /--layer: light-dark\(rgb\(([\d ]+) \/ (\d+)%\), rgb\(([\d ]+) \/ (\d+)%\)\)/.exec(css) ?? [];
    const [over = "", part = 0] = theme === "light" ? [layer[1], layer[2]] : [layer[3], layer[4]];
    let ground = hex(found["bg"] ?? "#000");
    for (let band = 1; band <= 10; band++) {
      ground = over.split(" ").map((each, at) => mixed(ground[at] ?? 0, Number(each), Number(part) / 100));
      const painted = `#${ground.map((each) => Math.round(each).toString(16).padStart(2, "0")).join("")}`;
      expect(contrast(found["pipe"] ?? "#000", painted), `${band} bands`).toBeGreaterThanOrEqual(1.15);
    }
  });
});
