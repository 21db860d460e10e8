/** Whether the page is as small as a phone's: the list is a sheet then, and the controls are a menu. */

import { computed, signal } from "@preact/signals";

import { host, isLow, size } from "../state/place";

const WIDTH = 760;

const query = matchMedia(`(max-width: ${WIDTH}px)`);
const page = signal(query.matches);
query.addEventListener("change", () => {
  page.value = query.matches;
});
export const narrow = computed(() => isLow.value || (host === null ? page.value : size.value.width <= WIDTH));
