/** Where the inspector is and how large it is, remembered. */

import { signal } from "@preact/signals";

import { isLow, size } from "./place";
import { readPreference, writePreference } from "./preferences";

export const DRAWER = { initial: 306, min: 200 } as const;
/** Of the room for the view and the drawer. */
const MOST = { high: 0.7, low: 0.35 };
/** From this width of the page on, it may stand at the right, px. */
const WIDE = 1900;

const stored = Number(readPreference("inspector-height") ?? Number.NaN);
/** The height of the drawer, px. */
export const drawerHeight = signal(stored >= DRAWER.min ? stored : DRAWER.initial);
/** Whether it stands at the right where there is room. */
const wantsRight = signal(readPreference("inspector-side") === "right");

export function resizeDrawer(to: number): void {
  drawerHeight.value = to;
  writePreference("inspector-height", `${to}`);
}

/** The largest drawer, px. */
export function mostOfDrawer(): number {
  const { height } = size.value;
  return isLow.value ? Math.round(height * MOST.low) : Math.max(DRAWER.min, Math.round(height * MOST.high));
}

/** Its height now, px: never more than the page has room for. */
export function shownHeight(): number {
  return Math.min(drawerHeight.value, mostOfDrawer());
}

/** Whether there is room for it at the right. */
export function mayStandRight(): boolean {
  return size.value.width >= WIDE;
}

export function standsRight(): boolean {
  return isLow.value || (wantsRight.value && mayStandRight());
}

export function setRight(right: boolean): void {
  wantsRight.value = right;
  writePreference("inspector-side", right ? "right" : "bottom");
}
