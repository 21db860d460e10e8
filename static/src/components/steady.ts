/** Properties that stay the same object as long as each of them is the same. */

import { useRef } from "preact/hooks";

export function useSteady<T extends object>(next: T): T {
  const last = useRef(next);
  const names = Object.keys(next) as (keyof T)[];
  const isSame =
    names.length === Object.keys(last.current).length &&
    names.every((name) => Object.is(next[name], last.current[name]));
  if (!isSame) last.current = next;
  return last.current;
}
