/** The controls of the toolbar. */

import { make, path, svg } from "./dom";

export function button(
  cls: string,
  name: string,
  act: () => void,
  ...children: readonly Node[]
): HTMLButtonElement {
  const element = make("button", cls, ...children);
  element.title = name;
  element.addEventListener("click", act);
  return element;
}

export function panelLink(): HTMLAnchorElement {
  const element = titled(
    make("a", "go", icon(16, path("", "M6 3H3v10h10v-3M9 3h4v4M13 3L7 9"))),
    "Open this request in the panel",
  );
  element.target = "_blank";
  element.rel = "noopener";
  return element;
}

export function titled<E extends HTMLElement>(element: E, title: string): E {
  element.title = title;
  return element;
}

export function icon(size: number, ...paths: readonly Node[]): Node {
  return svg("svg", { width: size, height: size }, ...paths);
}
