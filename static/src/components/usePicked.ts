/** Keep the picked row of a table in sight, also when the table gets less high. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** @returns the box in which the table is scrolled. */
export function usePicked(picked: number | null): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const table = box.current;
    if (table === null || picked === null) return undefined;
    // It is called for the first time before anything is painted.
    const observer = new ResizeObserver(() => {
      table.querySelector("tr.picked")?.scrollIntoView({ block: "nearest" });
    });
    observer.observe(table);
    return () => {
      observer.disconnect();
    };
  }, [picked]);
  return box;
}
