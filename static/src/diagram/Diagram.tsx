import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import "../styles/diagram.css";
import type { AppMap, Trace, TraceSummary } from "../api/types";
import { atStep, FIT, moveBy, view, zoomBy, type View } from "./camera";
import { draw } from "./layout/draw";
import { SMALLEST } from "./layout/geometry";
import type { Drawing } from "./layout/sheet";
import { journey } from "./model/journey";
import type { Shape } from "./layout/shapes";

let context: CanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();

function measure(text: string, font: string): number {
  const key = `${font}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  context ??= document.createElement("canvas").getContext("2d");
  if (context === null) return text.length * 7.5;
  context.font = font;
  const width = context.measureText(text).width;
  if (widths.size > 5000) widths.clear();
  widths.set(key, width);
  return width;
}

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
  /** The step to look at from near. */
  readonly zoomedTo?: number | null;
  /** Type for a room. */
  readonly stage?: boolean;
  readonly width: number;
  readonly height: number;
  readonly onSelect: (step: number | null) => void;
  readonly onOpen?: (trace: string) => void;
  /** The camera was moved by hand. */
  readonly onFree?: () => void;
}

interface Acts {
  readonly select: (step: number | null) => void;
  readonly open: (trace: string) => void;
  readonly fold: (key: string) => void;
}

const NONE: readonly TraceSummary[] = [];
const ignore = (): void => undefined;

/** The U through nested layers. */
export function Diagram({
  trace,
  map,
  inner = NONE,
  elapsed,
  at = null,
  selected,
  zoomedTo = null,
  stage = false,
  width,
  height,
  onSelect,
  onOpen = ignore,
  onFree = ignore,
}: DiagramProps): JSX.Element {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  // Before it is seen: else a new request is seen from as near as the one before, and a key that comes then is lost.
  useLayoutEffect(() => {
    setOpened((open) => (open.size === 0 ? open : new Set()));
    view.value = FIT;
  }, [trace.id]);
  const drawing = useMemo(
    () =>
      draw(journey(trace, map, elapsed, at ?? Infinity, inner), {
        width,
        height,
        selected,
        measure,
        opened,
        stage,
      }),
    [trace, map, inner, elapsed, at, selected, width, height, opened, stage],
  );
  const { width: w, height: h } = drawing;
  const fit = Math.min(width / w, height / h);
  // What has to be scrolled is not shrunk as well.
  const scale = fit < SMALLEST ? 1 : fit;
  const seen = zoomedTo === null ? view.value : atStep(drawing, zoomedTo, trace.steps);
  const svg = useRef<SVGSVGElement>(null);
  const held = useCamera(svg, seen, onFree);
  const acts: Acts = {
    select: onSelect,
    open: onOpen,
    fold: (key) => {
      const next = new Set(opened);
      if (!next.delete(key)) next.add(key);
      setOpened(next);
    },
  };
  return (
    <svg
      ref={svg}
      class={`diagram${seen.k > 1 ? " closer" : ""}`}
      viewBox={`0 0 ${w} ${h}`}
      width={w * scale}
      height={h * scale}
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
        style={{
          transform: `translate(${(seen.x * w).toFixed(1)}px, ${(seen.y * h).toFixed(1)}px) scale(${seen.k.toFixed(3)})`,
        }}
      >
        {drawing.shapes.map((shape, index) => paint(shape, index, acts))}
      </g>
    </svg>
  );
}

const WHEEL = 0.003;
const PINCH = 0.01;
const DRAG = 4;

/** Wheel, drag and pinch; tells whether a hand holds it. */
function useCamera(svg: { readonly current: SVGSVGElement | null }, seen: View, onFree: () => void): boolean {
  const [held, setHeld] = useState(false);
  const now = useRef({ seen, onFree });
  now.current = { seen, onFree };
  useLayoutEffect(() => {
    const element = svg.current;
    if (element === null) return;
    const set = (next: View): void => {
      view.value = next;
      now.current.onFree();
    };
    const box = (): DOMRect => element.getBoundingClientRect();
    const by = (from: View, dx: number, dy: number): View =>
      moveBy(from, dx / box().width, dy / box().height);
    const point = (x: number, y: number): readonly [number, number] => [
      (x - box().left) / box().width,
      (y - box().top) / box().height,
    ];
    const wheel = (event: WheelEvent): void => {
      const from = now.current.seen;
      // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
      if (event.ctrlKey)
        set(
          zoomBy(
            from,
            Math.exp(-event.deltaY * (Math.abs(event.deltaY) < 50 ? PINCH : WHEEL)),
            point(event.clientX, event.clientY),
          ),
        );
      else if (from.k > 1) set(by(from, -event.deltaX, -event.deltaY));
      else return;
      event.preventDefault();
    };
    const fingers = new Map<number, PointerEvent>();
    let dragged = 0;
    const down = (event: PointerEvent): void => {
      fingers.set(event.pointerId, event);
      dragged = 0;
    };
    const move = (event: PointerEvent): void => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const from = now.current.seen;
      const other = [...fingers.values()].find((each) => each.pointerId !== event.pointerId);
      const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
      fingers.set(event.pointerId, event);
      dragged += Math.abs(dx) + Math.abs(dy);
      if (dragged <= DRAG && other === undefined) return;
      setHeld(true);
      if (other !== undefined) {
        const apart = ({ clientX, clientY }: PointerEvent): number =>
          Math.hypot(clientX - other.clientX, clientY - other.clientY);
        const between = point((event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
        set(by(zoomBy(from, apart(event) / Math.max(1, apart(before)), between), dx / 2, dy / 2));
      } else if (from.k > 1) set(by(from, dx, dy));
    };
    const up = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      setHeld(false);
    };
    // What ends a drag picks nothing.
    const click = (event: MouseEvent): void => {
      if (dragged > DRAG && now.current.seen.k > 1) event.stopPropagation();
    };
    const gone = new AbortController();
    const { signal } = gone;
    element.addEventListener("wheel", wheel, { passive: false, signal });
    element.addEventListener("pointerdown", down, { signal });
    element.addEventListener("click", click, { capture: true, signal });
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", up, { signal });
    addEventListener("pointercancel", up, { signal });
    return () => {
      gone.abort();
    };
  }, []);
  return held;
}

/** The steps of a drawing in the order of the journey, folded ones too: what is picked is shown. */
function stepsOf(drawing: Drawing): number[] {
  const ids = drawing.shapes.flatMap((shape) =>
    shape.el === "node" && shape.step !== null ? [shape.step] : shape.el === "fold" ? shape.steps : [],
  );
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Arrows go from step to step; Enter and Space pick where none is picked. */
function rove(
  event: KeyboardEvent,
  drawing: Drawing,
  selected: number | null,
  onSelect: (step: number | null) => void,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const ids = stepsOf(drawing);
  const first = ids[0];
  const last = ids.at(-1);
  const after = selected ?? -1;
  const back = ids.findLast((id) => id < after) ?? first;
  const on = ids.find((id) => id > after) ?? last;
  const moves: Record<string, number | undefined> = {
    ArrowLeft: back,
    ArrowUp: back,
    ArrowRight: on,
    ArrowDown: on,
    Home: first,
    End: last,
    Enter: selected ?? first,
    " ": selected ?? first,
  };
  const next = moves[event.key];
  if (next === undefined) return;
  event.preventDefault();
  onSelect(next);
}

function paint(shape: Shape, key: number, acts: Acts): JSX.Element {
  const inside = "shapes" in shape ? shape.shapes.map((each, index) => paint(each, index, acts)) : null;
  switch (shape.el) {
    case "rect":
      return (
        <rect
          key={key}
          x={shape.x}
          y={shape.y}
          width={shape.w}
          height={shape.h}
          rx={shape.rx}
          class={shape.cls}
        >
          {shape.title === undefined ? null : <title>{shape.title}</title>}
        </rect>
      );
    case "circle":
      return <circle key={key} cx={shape.cx} cy={shape.cy} r={shape.r} class={shape.cls} />;
    case "path":
      return <path key={key} d={shape.d} class={shape.cls} />;
    case "text": {
      const [only, second] = shape.parts;
      if (second === undefined)
        return (
          <text key={key} x={shape.x} y={shape.y} text-anchor={shape.anchor} class={only.cls}>
            {only.text}
          </text>
        );
      return (
        <text key={key} x={shape.x} y={shape.y} text-anchor={shape.anchor}>
          {shape.parts.map((part, index) => (
            <tspan key={index} class={part.cls} dx={part.dx}>
              {part.text}
            </tspan>
          ))}
        </text>
      );
    }
    case "fold":
      return (
        <g key={shape.key} role="listitem" class="node">
          <g
            role="button"
            aria-expanded={shape.open}
            aria-label={shape.label}
            data-fold={shape.steps.join(" ")}
            onClick={() => {
              acts.fold(shape.key);
            }}
          >
            <title>{shape.label}</title>
            {inside}
          </g>
        </g>
      );
    case "link":
      return (
        <g key={shape.key} role="listitem" class="node">
          <g
            role="link"
            aria-label={shape.label}
            data-opens={shape.trace}
            onClick={() => {
              acts.open(shape.trace);
            }}
          >
            <title>{shape.label}</title>
            {inside}
          </g>
        </g>
      );
    case "node":
      return (
        <g
          key={shape.key}
          id={shape.step === null ? undefined : `step-${shape.step}`}
          role="listitem"
          aria-label={shape.label}
          class={`node${shape.current ? " cur" : ""}${shape.state === "pending" || shape.state === "skipped" ? " ghost" : ""}`}
          data-step={shape.step ?? ""}
          data-stage={shape.stage}
          data-state={shape.state}
          onClick={() => {
            acts.select(shape.step ?? shape.of ?? null);
          }}
        >
          {shape.title === undefined ? null : <title>{shape.title}</title>}
          {inside}
        </g>
      );
  }
}
