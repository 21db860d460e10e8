/** The U through nested layers. */

import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import "../styles/diagram.css";
import type { AppMap, Breakpoint, Trace, TraceSummary, When } from "../api/types";
import type { Breakable } from "../trace/breakpoints";
import { atStep, FIT, view, type View } from "./camera";
import { draw } from "./layout/draw";
import type { Drawing } from "./layout/sheet";
import { measure } from "./measure";
import { journey } from "./model/journey";
import { rove } from "./rove";
import { paint } from "./Shapes";
import { useCamera } from "./useCamera";

interface DiagramProps {
  readonly trace: Trace;
  readonly map: AppMap | null;
  /** The requests that were made inside this one. */
  readonly inner?: readonly TraceSummary[];
  /** Nanoseconds since the start of a running trace. */
  readonly elapsed: number;
  /** The moment of a replay, ns; null where it is shown as it is. */
  readonly at?: number | null;
  readonly selected: number | null;
  /** Whether a selected step that contains others is shown going in, coming out, or as a whole. */
  readonly side?: "in" | "out" | "whole";
  /** The step to zoom onto. */
  readonly zoomedTo?: number | null;
  /** Presentation mode: larger type. */
  readonly stage?: boolean;
  /** Px of a px of the layout: more than 1 where all is to be read from afar. */
  readonly scale?: number;
  /** Whether the request and its status are above the bands; by default they are. */
  readonly head?: boolean;
  /** Whether the hooks of packages are folded. */
  readonly mine?: boolean;
  /** The breakpoints that are set; null where none can be. */
  readonly breakpoints?: readonly Breakpoint[] | null;
  readonly width: number;
  readonly height: number;
  readonly onSelect: (step: number | null) => void;
  readonly onOpen?: (trace: string) => void;
  readonly onShow?: (view: string) => void;
  readonly onBreak?: (step: Breakable, when: When, only: When | null) => void;
  /** The user moved the camera. */
  readonly onFree?: () => void;
}

const NONE: readonly TraceSummary[] = [];
const ignore = (): void => undefined;

export function Diagram(props: DiagramProps): JSX.Element {
  const { trace, selected, zoomedTo = null, scale = 1, onSelect, onOpen = ignore, onShow = ignore } = props;
  const { onBreak = ignore, stage = false } = props;
  const [opened, toggle] = useFolds(trace.id);
  const drawing = useDrawing(props, opened);
  const { width: w, height: h } = drawing;
  const seen =
    zoomedTo === null ? view.value : atStep(drawing, zoomedTo, trace.steps, stage ? props.height : h);
  const svg = useRef<SVGSVGElement>(null);
  const held = useCamera(svg, seen, props.onFree ?? ignore);
  const actions = { select: onSelect, open: onOpen, fold: toggle, show: onShow, breakAt: onBreak };
  return (
    <svg
      ref={svg}
      class={`diagram${seen.k > 1 ? " closer" : ""}`}
      viewBox={`0 0 ${w} ${h}`}
      width={w}
      height={h}
      style={{ "--s": scale }}
      tabindex={0}
      onKeyDown={(event) => {
        rove(event, drawing, selected, onSelect);
      }}
      aria-label={`${trace.method} ${trace.path}`}
      aria-activedescendant={selected === null ? undefined : `step-${selected}`}
      role="group"
    >
      <defs>
        <pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="8" class="hl" />
        </pattern>
      </defs>
      <g
        role="list"
        class={held ? "camera held" : "camera"}
        style={{ transform: transformOf(drawing, seen) }}
      >
        {drawing.shapes.map((shape, index) => paint(shape, index, actions))}
      </g>
    </svg>
  );
}

/** The folds that are open, of this request alone. */
function useFolds(trace: string): readonly [opened: ReadonlySet<string>, toggle: (key: string) => void] {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  // Before paint: else the camera keeps the viewport of the previous request, and a key pressed then is
  // lost.
  useLayoutEffect(() => {
    setOpened((open) => (open.size === 0 ? open : new Set()));
    view.value = FIT;
  }, [trace]);
  const toggle = (key: string): void => {
    const next = new Set(opened);
    if (!next.delete(key)) next.add(key);
    setOpened(next);
  };
  return [opened, toggle];
}

function useDrawing(props: DiagramProps, opened: ReadonlySet<string>): Drawing {
  const {
    trace,
    map,
    inner = NONE,
    elapsed,
    at = null,
    selected,
    side = "whole",
    stage = false,
    scale = 1,
    head = true,
    mine = false,
    breakpoints = null,
    width,
    height,
  } = props;
  const { steps, duration } = trace;
  const isReplay = at !== null && trace.state === "done";
  const settled = useMemo(
    () => (isReplay ? journey(trace, map, duration ?? 0, Infinity, inner) : undefined),
    [isReplay, steps, duration, map, inner],
  );
  return useMemo(() => {
    const now =
      at === null && settled !== undefined ? settled : journey(trace, map, elapsed, at ?? Infinity, inner);
    const looks = { opened, stage, scale, head, mine, breakpoints };
    const space = { width, height, selected, side, measure, ...looks };
    return draw(now, space, settled);
  }, [
    trace,
    map,
    inner,
    elapsed,
    at,
    selected,
    side,
    width,
    height,
    opened,
    stage,
    scale,
    head,
    mine,
    breakpoints,
  ]);
}

function transformOf({ width, height }: Drawing, { x, y, k }: View): string {
  return `translate(${(x * width).toFixed(1)}px, ${(y * height).toFixed(1)}px) scale(${k.toFixed(3)})`;
}
