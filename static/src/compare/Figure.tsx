/** The diagram of both requests. */

import type { JSX, RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import "../styles/diagram.css";
import { measure } from "../diagram/measure";
import { paint } from "../diagram/Shapes";
import { scaleOn } from "../diagram/sizes";
import { actions } from "../state/actions";
import { walkCompared } from "../state/comparing";
import { size } from "../state/place";
import { state } from "../state/store";
import { drawCompared } from "./layout/draw";
import type { Compared } from "./model/types";

const KEYS = {
  ArrowDown: "next",
  ArrowRight: "next",
  PageDown: "next",
  ArrowUp: "previous",
  ArrowLeft: "previous",
  PageUp: "previous",
  Home: "first",
  End: "last",
} as const;

const ignore = (): void => undefined;
const ACTIONS = { select: actions.comparedStep, open: ignore, fold: ignore, show: ignore, breakAt: ignore };

export function Figure({ model }: { readonly model: Compared }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const { width, height } = useSpace(box);
  const scale = scaleOn(width, size.value.height);
  const selected = state.value.comparedStep;
  const drawing = useMemo(
    () => drawCompared(model, { width, height, measure, scale, selected }),
    [model, width, height, scale, selected],
  );
  const { order } = drawing;
  useKeys(order);
  useLayoutEffect(() => {
    box.current?.querySelector(".node.cur")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [selected]);
  const { a, b } = model.comparison.url;
  return (
    <figure ref={box} tabIndex={0}>
      <svg
        class="diagram two"
        viewBox={`0 0 ${drawing.width} ${drawing.height}`}
        width={drawing.width}
        height={drawing.height}
        style={{ "--s": scale }}
        tabindex={0}
        role="group"
        aria-label={`A ${a} and B ${b}, step by step`}
        aria-activedescendant={selected === null ? undefined : `step-${selected}`}
      >
        <g role="list">{drawing.shapes.map((shape, index) => paint(shape, index, ACTIONS))}</g>
      </svg>
    </figure>
  );
}

/** The arrows walk through the steps, wherever the focus is. */
function useKeys(order: readonly number[]): void {
  useLayoutEffect(() => {
    const walk = (event: KeyboardEvent): void => {
      const { key, target, ctrlKey, metaKey, altKey } = event;
      const to = KEYS[key as keyof typeof KEYS] as (typeof KEYS)[keyof typeof KEYS] | undefined;
      const typing = target instanceof Element && target.closest("input, select, textarea") !== null;
      const dialog = document.querySelector(":popover-open, dialog[open]") !== null;
      if (to === undefined || typing || dialog || ctrlKey || metaKey || altKey) return;
      event.preventDefault();
      walkCompared(order, to);
    };
    addEventListener("keydown", walk);
    return () => {
      removeEventListener("keydown", walk);
    };
  }, [order]);
}

const stacked = matchMedia("(max-width: 1099px)");

/** The size that the picture has to fill; above the other column, it is as high as it needs. */
function useSpace(box: RefObject<HTMLElement | null>): { readonly width: number; readonly height: number } {
  const [space, setSpace] = useState({ width: 1044, height: 760 });
  useLayoutEffect(() => {
    const figure = box.current;
    if (figure === null) return undefined;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = figure;
      setSpace({ width, height: stacked.matches ? innerHeight : height });
    });
    observer.observe(figure);
    return () => {
      observer.disconnect();
    };
  }, []);
  return space;
}
