import { host, tree } from "../state/place";

const adopted = new Set<string>();

/** Adopt the styles of a view's own chunk. */
export function adopt(...styles: readonly string[]): void {
  for (const style of styles) {
    if (adopted.has(style)) continue;
    adopted.add(style);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(host === null ? style : inElement(style));
    tree.adoptedStyleSheets.push(sheet);
  }
}

/** Styles of a page, for an element: its root is the page, as wide and of the theme that it has. */
function inElement(style: string): string {
  return style
    .replaceAll(/:root\b|(?<=^|[},])body(?=[{,])/g, ".root")
    .replaceAll(/@media (?=\((?:max-)?width)/g, "@container ")
    .replaceAll(/color-scheme:\s*light dark/g, "color-scheme:inherit");
}
