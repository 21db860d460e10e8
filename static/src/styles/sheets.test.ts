/** The stylesheets among each other. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const FOLDER = "src/styles";
/** Loaded with the page. The others come with a view, and stay. */
const FIRST = new Set([
  "diagram.css",
  "head.css",
  "list.css",
  "panel.css",
  "stage.css",
  "strip.css",
  "tabs.css",
]);

/** The classes that a sheet styles wherever they are. */
function everywhere(sheet: string): ReadonlySet<string> {
  const css = readFileSync(`${FOLDER}/${sheet}`, "utf-8").replace(/\/\*.*?\*\//gs, "");
  const selectors = [...css.matchAll(/(?<=^|[{}])([^{}@]+)\{/g)].flatMap(([, list = ""]) =>
    list.split(/,(?![^()]*\))/),
  );
  return new Set(selectors.flatMap((each) => /^\.([\w-]+)[^\s>+~]*$/.exec(each.trim())?.[1] ?? []));
}

it("a view's sheet does not change what another one has styled, whichever has come", () => {
  const sheets = readdirSync(FOLDER).filter((name) => name.endsWith(".css") && name !== "print.css");
  const owners = new Map<string, string[]>();
  for (const sheet of sheets)
    for (const name of everywhere(sheet)) owners.set(name, [...(owners.get(name) ?? []), sheet]);
  const shared = [...owners].filter(([, of]) => of.length > 1 && !of.every((sheet) => FIRST.has(sheet)));
  expect(shared).toEqual([]);
});

it("a condition of the page's size is one that a container can have, too", () => {
  const found = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".css"))
    .flatMap(
      (name) => readFileSync(`${FOLDER}/${name}`, "utf-8").match(/@(?:media|container)[^{]*\{/g) ?? [],
    );
  expect(found.length).toBeGreaterThan(20);
  // In an element it is the container's, whose lists older browsers do not know: they drop all of it.
  expect(found.filter((each) => each.includes(","))).toEqual([]);
});
