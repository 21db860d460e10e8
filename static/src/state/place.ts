/** Where the panel is drawn: in a page of its own, or in an element of another page. */

import { computed, signal } from "@preact/signals";

declare global {
  /** The element in a shadow tree in which all is drawn; null in a page. Set where the code is bundled. */
  const LIFECYCLE_HOST: HTMLElement | null;
}

/** The element; null if the page is the panel's own. */
export const host: HTMLElement | null = LIFECYCLE_HOST;
/** Where the panel's elements are looked up, and its styles are adopted. */
export const tree = (host?.getRootNode() ?? document) as Document | ShadowRoot;
/** What fills the screen in presentation mode, and has the theme. */
export const area: HTMLElement = host ?? document.documentElement;
/** In what keys are pressed. */
export const keyboard: EventTarget = host ?? window;

function measured(): { readonly width: number; readonly height: number } {
  return host === null
    ? { width: innerWidth, height: innerHeight }
    : { width: host.clientWidth, height: host.clientHeight };
}

/** The size of the place, px. */
export const size = signal(measured());
/** A phone on its side: also in the styles. */
const LOW = { width: 1000, height: 480 };
/** Whether the place is too low for one thing under another. */
export const isLow = computed(() => size.value.width <= LOW.width && size.value.height <= LOW.height);

function look(): void {
  size.value = measured();
}

if (host === null) addEventListener("resize", look);
else new ResizeObserver(look).observe(host);
