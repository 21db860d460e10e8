/** Whether the page is as narrow as a phone's: the list is a sheet then, and the controls are a menu. */

import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 760px)");
export const narrow = signal(query.matches);
query.addEventListener("change", () => {
  narrow.value = query.matches;
});
