/** One toolbar for the page, even if its body is replaced: each page has a tag. */

import { NAME, Toolbar } from "./element";

const TAG = "script[data-lifecycle]";
/** A page that removes the element repeatedly gets its way. */
const RETURNS = 20;

if (customElements.get(NAME) === undefined) customElements.define(NAME, Toolbar);
const known = document.querySelector<Toolbar>(NAME);
const toolbar = known ?? (document.createElement(NAME) as Toolbar);
let returns = 0;

function isTag(node: Node): node is HTMLScriptElement {
  return node instanceof HTMLScriptElement && node.matches(TAG);
}

function take(tags: readonly HTMLScriptElement[]): void {
  const last = tags.at(-1);
  // Taken away, the page is as it was written.
  for (const tag of tags) tag.remove();
  if (last !== undefined) toolbar.open(last);
}

function stay(): void {
  // Over plain HTTP from another machine, request headers do not show frames.
  if (top !== self || toolbar.isConnected || returns++ > RETURNS) return;
  document.documentElement.append(toolbar);
}

function tagsIn(root: ParentNode): HTMLScriptElement[] {
  return [...root.querySelectorAll<HTMLScriptElement>(TAG)];
}

take(tagsIn(document));
stay();

if (known === null) {
  // Only elements that are replaced as a whole: children of the document and of the body.
  const watcher = new MutationObserver((changes) => {
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
    if (changes.some(({ target }) => target !== document.body)) watch();
    take(
      added.flatMap((node) => (isTag(node) ? [node] : node === document.body ? tagsIn(document.body) : [])),
    );
    stay();
  });
  const watch = (): void => {
    for (const node of [document, document.documentElement, document.body as Node | null])
      if (node !== null) watcher.observe(node, { childList: true });
  };
  watch();
  const turn = (): void => {
    toolbar.turn();
  };
  addEventListener("popstate", turn);
  addEventListener("pagehide", () => toolbar.requests?.tell(0));
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) toolbar.requests?.tell(1);
  });
  // A breakpoint was set in another tab or window.
  for (const name of ["focus", "visibilitychange"])
    addEventListener(name, () => toolbar.requests?.ask(), true);
  // Events that precede most requests of a page.
  for (const name of ["click", "change", "submit"])
    addEventListener(name, () => toolbar.requests?.expect(), true);
  for (const name of ["pointerdown", "click", "keydown"])
    addEventListener(
      name,
      ({ isTrusted, target }) => {
        if (isTrusted && target !== toolbar) toolbar.requests?.acted();
      },
      { capture: true, passive: true },
    );
  // Not supported by every browser; without it, the next request of the page is the signal.
  (globalThis as { readonly navigation?: EventTarget }).navigation?.addEventListener(
    "currententrychange",
    turn,
  );
}
