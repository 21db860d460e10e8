import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { AppMap, Trace } from "../types";
import { draw, type Drawing, type Shape } from "./layout";
import { journey } from "./model";

export { Strip } from "./Strip";

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
  /** The whole request, where `trace` is what it was at a moment. */
  readonly whole?: Trace;
  readonly map: AppMap | null;
  /** Nanoseconds since the start of a running trace. */
  readonly elapsed: number;
  readonly selected: number | null;
  /** The step to look at from near. */
  readonly near: number | null;
  readonly width: number;
  readonly height: number;
  readonly onSelect: (step: number | null) => void;
}

/** The U through nested layers. */
export function Diagram({ trace, whole = trace, map, elapsed, selected, near, width, height, onSelect }: DiagramProps): JSX.Element {
  const drawing = useMemo(
    () => {
      const now = journey(trace, map, elapsed);
      const final = whole === trace ? now : journey(whole, map, elapsed);
      return draw(now, width, height, selected, measure, final);
    },
    [trace, whole, map, elapsed, selected, width, height],
  );
  const { width: w, height: h } = drawing;
  const scale = Math.min(width / w, height / h);
  const shrink = Math.max(scale, Math.min(1, 0.62));
  return (
    <svg
      class="diagram"
      viewBox={`0 0 ${w.toString()} ${h.toString()}`}
      width={w * shrink}
      height={h * shrink}
      preserveAspectRatio="xMidYMin meet"
      tabIndex={0}
      onKeyDown={(event) => {
        rove(event, drawing, selected, onSelect);
      }}
      aria-label={`${trace.method} ${trace.path}`}
      role="group"
    >
      <defs>
        <pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="8" class="hl" />
        </pattern>
      </defs>
      <g role="list" class="camera" style={{ transform: camera(drawing, near) }}>
        {drawing.shapes.map((shape, index) => paint(shape, index, onSelect))}
      </g>
    </svg>
  );
}

const ZOOM = 1.7;

/** Look at a step from near, or at all from afar. */
function camera(drawing: Drawing, near: number | null): string {
  const node = near === null ? undefined : drawing.shapes.find((shape) => shape.el === "node" && shape.step === near);
  const at = node?.el === "node" ? node.shapes.map(middle).find((each) => each !== null) : undefined;
  if (at === undefined || at === null) return "translate(0px, 0px) scale(1)";
  const shift = (position: number, whole: number): string =>
    Math.min(0, Math.max(whole - whole * ZOOM, whole / 2 - position * ZOOM)).toFixed(1);
  return `translate(${shift(at[0], drawing.width)}px, ${shift(at[1], drawing.height)}px) scale(${ZOOM.toString()})`;
}

function middle(shape: Shape): readonly [x: number, y: number] | null {
  if (shape.el === "rect") return [shape.x + shape.w / 2, shape.y + shape.h / 2];
  if (shape.el === "circle") return [shape.cx, shape.cy];
  return null;
}

/** Arrows go from step to step among those drawn; Enter and Space pick where none is picked. */
function rove(event: KeyboardEvent, drawing: Drawing, selected: number | null, onSelect: (step: number | null) => void): void {
  const ids = drawing.shapes
    .flatMap((shape) => (shape.el === "node" && shape.step !== null ? [shape.step] : []))
    .sort((a, b) => a - b);
  const first = ids[0];
  const last = ids.at(-1);
  const after = selected ?? -1;
  const moves: Record<string, number | undefined> = {
    ArrowLeft: ids.findLast((id) => id < after) ?? first,
    ArrowRight: ids.find((id) => id > after) ?? last,
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

function paint(shape: Shape, key: number, onSelect: (step: number | null) => void): JSX.Element {
  switch (shape.el) {
    case "rect":
      return <rect key={key} x={shape.x} y={shape.y} width={shape.w} height={shape.h} rx={shape.rx} class={shape.cls} />;
    case "circle":
      return <circle key={key} cx={shape.cx} cy={shape.cy} r={shape.r} class={shape.cls} />;
    case "path":
      return (
        <path key={key} d={shape.d} class={shape.cls}>
          {shape.title === undefined ? null : <title>{shape.title}</title>}
        </path>
      );
    case "text":
      return (
        <text key={key} x={shape.x} y={shape.y} text-anchor={shape.anchor}>
          {shape.parts.map((part, index) => (
            <tspan key={index} class={part.cls} dx={part.dx ?? 0}>
              {part.text}
            </tspan>
          ))}
        </text>
      );
    case "node":
      return (
        <g
          key={shape.key}
          role="listitem"
          aria-label={shape.label}
          class={`node${shape.current ? " cur" : ""}${shape.state === "pending" || shape.state === "skipped" ? " ghost" : ""}`}
          data-step={shape.step === null ? "" : shape.step.toString()}
          data-stage={shape.stage}
          data-state={shape.state}
          onClick={() => {
            onSelect(shape.step);
          }}
        >
          {shape.shapes.map((each, index) => paint(each, index, onSelect))}
        </g>
      );
  }
}
