/** Make elements: text only ever becomes text nodes. */

type Child = Node | string;

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, cls: string, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = cls;
  made.append(...children);
  return made;
}

export function svg(tag: string, attributes: Readonly<Record<string, string | number>>, ...children: readonly Child[]): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}
