/** Rooms import each other in the directions of the architecture, and modules in no circle. */

import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";

/** The folders that each folder may import, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "api/generated": [],
  "api/types": ["api/generated"],
  styles: [],
  trace: ["api/types"],
  api: ["api/types"],
  state: ["api/types", "api", "trace"],
  components: ["api/types", "trace", "state", "styles"],
  "diagram/model": ["api/types", "trace"],
  "diagram/layout": ["api/types", "trace", "diagram/model"],
  diagram: ["api/types", "trace", "styles", "diagram/model", "diagram/layout"],
  holds: ["api/types", "trace", "state", "components", "styles"],
  list: ["api/types", "trace", "state", "components", "styles"],
  replay: ["api/types", "trace", "state", "components", "holds", "styles"],
  "compare/model": ["api/types", "trace", "diagram/model"],
  "compare/layout": ["api/types", "trace", "diagram/model", "diagram/layout", "compare/model"],
  compare: [
    ...["api/types", "trace", "state", "components", "styles"],
    ...["diagram", "diagram/model", "diagram/layout", "compare/model", "compare/layout"],
  ],
  views: ["api/types", "trace", "state", "components", "holds", "diagram", "styles"],
  toolbar: ["api/types", "trace", "styles"],
  page: [
    "api/types",
    "trace",
    "state",
    "components",
    "holds",
    "diagram",
    "list",
    "replay",
    "compare",
    "views",
    "styles",
  ],
  embed: ["api/types", "trace", "state", "page", "components", "styles"],
  testing: ["api/types", "trace", "diagram/layout"],
};
/** What draws in a page, in a server or in a file has to do without these. */
const PURE = [
  ...["api/generated", "api/types", "trace", "diagram/model", "diagram/layout"],
  ...["compare/model", "compare/layout"],
];

const ROOMS = Object.keys(ALLOWED).sort((a, b) => b.length - a.length);
const SPECIFIER = /\b(?:from |import |import\()"([^"?]+)/g;
const EXPORT = /^export (?:async )?(?:function|const|let|class|interface|type) (\w+)/gm;
const MODULES = globSync("src/**/*.{ts,tsx}").map((path) => path.replaceAll("\\", "/").slice(4));
const SHIPPED = MODULES.filter((path) => !path.includes(".test."));

function roomOf(path: string): string {
  return ROOMS.find((room) => path.startsWith(`${room}/`) || path.replace(/\.ts$/, "") === room) ?? path;
}

function importsOf(path: string): readonly string[] {
  return [...readFileSync(`src/${path}`, "utf-8").matchAll(SPECIFIER)].map(([, specifier = ""]) => {
    if (!specifier.startsWith(".")) return specifier;
    const target = posix.join(posix.dirname(path), specifier);
    return [`${target}.ts`, `${target}.tsx`].find((each) => MODULES.includes(each)) ?? target;
  });
}

describe("imports", () => {
  it("go in the directions of the rooms", () => {
    const wrong = SHIPPED.filter((path) => path !== "main.tsx").flatMap((path) =>
      importsOf(path)
        // What Python owns, such as the schema, is in no room.
        .filter(
          (target) =>
            target.includes("/") &&
            !target.startsWith("../") &&
            !target.startsWith("@") &&
            !target.startsWith("preact/"),
        )
        .filter(
          (target) => roomOf(target) !== roomOf(path) && !ALLOWED[roomOf(path)]?.includes(roomOf(target)),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("bring no framework below the diagram", () => {
    const pure = SHIPPED.filter((path) => PURE.includes(roomOf(path)));
    expect(pure.filter((path) => importsOf(path).some((each) => each.includes("preact")))).toEqual([]);
    expect(
      pure.filter((path) => /\b(document|window|localStorage)\./.test(readFileSync(`src/${path}`, "utf-8"))),
    ).toEqual([]);
  });

  it("are of all that is exported", () => {
    const named = new Map(
      MODULES.map((path) => [path, new Set(readFileSync(`src/${path}`, "utf-8").match(/\w+/g))]),
    );
    const unused = SHIPPED.filter((path) => path !== "api/generated.ts").flatMap((path) =>
      [...readFileSync(`src/${path}`, "utf-8").matchAll(EXPORT)]
        .map(([, name = ""]) => name)
        .filter((name) => MODULES.every((other) => other === path || !named.get(other)?.has(name)))
        .map((name) => `${path} exports ${name}`),
    );
    expect(unused).toEqual([]);
  });

  it("close no circle", () => {
    const rest = new Map(
      SHIPPED.map((path) => [path, importsOf(path).filter((each) => SHIPPED.includes(each))]),
    );
    // What imports nothing that is left is in no circle.
    for (let before = Infinity; rest.size < before;) {
      before = rest.size;
      for (const [path, targets] of rest) if (!targets.some((each) => rest.has(each))) rest.delete(path);
    }
    expect([...rest.keys()]).toEqual([]);
  });
});
