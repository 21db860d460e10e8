/** Create elements: text always becomes text nodes, and false children are omitted. */

export type Child = Node | string | false;

export function fill<E extends Element>(element: E, children: readonly Child[]): E {
  element.replaceChildren(...children.filter((child) => child !== false));
  return element;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  cls: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = cls;
  return fill(element, children);
}

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) element.setAttribute(name, `${attributes[name]}`);
  return fill(element, children);
}

export function path(cls: string, d: string): SVGElement {
  return svg("path", { class: cls, d });
}
