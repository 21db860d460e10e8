/** Shapes as SVG. */

import type { JSX } from "preact";

import type { When } from "../api/types";
import type { Breakable } from "../trace/breakpoints";
import { classOf, type Node, type Shape } from "./layout/shapes";

/** The actions on drawn shapes. */
interface ShapeActions {
  readonly select: (step: number | null) => void;
  readonly open: (trace: string) => void;
  readonly fold: (key: string) => void;
  readonly show: (view: string) => void;
  /** Set a breakpoint at a step, or remove it; `only` where it is drawn twice. */
  readonly breakAt: (step: Breakable, when: When, only: When | null) => void;
}

type Of<El extends Shape["el"]> = Extract<Shape, { readonly el: El }>;

/** A function and no component: hundreds of them are drawn again at each step of a replay. */
export function paint(shape: Shape, key: number, actions: ShapeActions): JSX.Element {
  switch (shape.el) {
    case "rect":
      return paintRect(shape, key);
    case "circle":
      return (
        <circle key={key} cx={shape.cx} cy={shape.cy} r={shape.r} class={shape.cls}>
          {titleOf(shape)}
        </circle>
      );
    case "path":
      return <path key={key} d={shape.d} class={shape.cls} />;
    case "text":
      return paintText(shape, key);
    case "fold":
      return paintFold(shape, actions);
    case "break":
      return paintBreak(shape, key, actions);
    case "link":
      return paintLink(shape, actions);
    case "view":
      return paintView(shape, actions);
    case "node":
      return paintNode(shape, actions);
  }
}

function paintAll(shapes: readonly Shape[], actions: ShapeActions): readonly JSX.Element[] {
  return shapes.map((each, index) => paint(each, index, actions));
}

function paintRect(shape: Of<"rect">, key: number): JSX.Element {
  return (
    <rect key={key} x={shape.x} y={shape.y} width={shape.w} height={shape.h} rx={shape.rx} class={shape.cls}>
      {titleOf(shape)}
    </rect>
  );
}

function titleOf({ title }: { readonly title?: string | undefined }): JSX.Element | null {
  return title === undefined ? null : <title>{title}</title>;
}

function paintText(shape: Of<"text">, key: number): JSX.Element {
  const { x, y, anchor, parts } = shape;
  const [only, second] = parts;
  if (second === undefined)
    return (
      <text key={key} x={x} y={y} text-anchor={anchor} class={only.cls}>
        {titleOf(shape)}
        {only.text}
      </text>
    );
  return (
    <text key={key} x={x} y={y} text-anchor={anchor}>
      {titleOf(shape)}
      {parts.map((part, index) => [
        // Between words for those who hear them; their distance on the screen is `dx`.
        index === 0 ? null : <tspan font-size="0"> </tspan>,
        <tspan class={part.cls} dx={part.dx}>
          {part.text}
        </tspan>,
      ])}
    </text>
  );
}

function paintFold(shape: Of<"fold">, actions: ShapeActions): JSX.Element {
  return (
    <g key={shape.key} role="listitem" class="node">
      <g
        role="button"
        aria-expanded={shape.open}
        aria-label={shape.label}
        data-fold={shape.steps.join(" ")}
        onClick={() => {
          actions.fold(shape.toggles ?? shape.key);
        }}
      >
        <title>{shape.label}</title>
        {paintAll(shape.shapes, actions)}
      </g>
    </g>
  );
}

/** Where none is set, it is there for the pointer alone: `b` sets one at the picked step. */
function paintBreak(shape: Of<"break">, key: number, actions: ShapeActions): JSX.Element {
  const isSet = shape.state !== "none";
  return (
    <g
      key={key}
      class={`bp ${shape.state}`}
      {...(isSet ? { role: "button", "aria-label": shape.label } : { "aria-hidden": true })}
      onClick={(event) => {
        event.stopPropagation();
        actions.breakAt(shape.at, event.shiftKey ? "after" : (shape.only ?? "before"), shape.only);
      }}
    >
      <title>{shape.label}</title>
      {paintAll(shape.shapes, actions)}
    </g>
  );
}

function paintLink(shape: Of<"link">, actions: ShapeActions): JSX.Element {
  return (
    <g key={shape.key} role="listitem" class="node">
      <g
        role="link"
        aria-label={shape.label}
        data-opens={shape.trace}
        onClick={() => {
          actions.open(shape.trace);
        }}
      >
        <title>{shape.label}</title>
        {paintAll(shape.shapes, actions)}
      </g>
    </g>
  );
}

function paintView(shape: Of<"view">, actions: ShapeActions): JSX.Element {
  return (
    <g
      key={shape.key}
      role="link"
      aria-label={shape.label}
      class="node"
      onClick={(event) => {
        // It is inside what is selected by a click.
        event.stopPropagation();
        actions.show(shape.view);
      }}
    >
      <title>{shape.label}</title>
      {paintAll(shape.shapes, actions)}
    </g>
  );
}

function paintNode(shape: Node, actions: ShapeActions): JSX.Element {
  return (
    <g
      key={shape.key}
      id={shape.step === null ? undefined : `step-${shape.step}`}
      role="listitem"
      aria-label={shape.label}
      class={classOf(shape)}
      data-step={shape.step ?? ""}
      data-stage={shape.stage}
      data-state={shape.state}
      onClick={() => {
        actions.select(shape.step ?? shape.of ?? null);
      }}
    >
      {titleOf(shape)}
      {paintAll(shape.shapes, actions)}
    </g>
  );
}
