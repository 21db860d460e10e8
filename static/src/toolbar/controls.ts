/** The controls of the toolbar. */

import { make, path, svg } from "./dom";

export function button(
  cls: string,
  name: string,
  act: () => void,
  ...children: readonly Node[]
): HTMLButtonElement {
  const made = make("button", cls, ...children);
  made.title = name;
  made.addEventListener("click", act);
  return made;
}

export function panelLink(): HTMLAnchorElement {
  const made = titled(
    make("a", "go", icon(16, path("", "M6 3H3v10h10v-3M9 3h4v4M13 3L7 9"))),
    "Open this request in the panel",
  );
  made.target = "_blank";
  made.rel = "noopener";
  return made;
}

export function titled<E extends HTMLElement>(element: E, title: string): E {
  element.title = title;
  return element;
}

export function icon(size: number, ...paths: readonly Node[]): Node {
  return svg("svg", { width: size, height: size }, ...paths);
}
