import type { ComponentProps, JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { useSteady } from "../components/steady";
import { Diagram } from "../diagram/Diagram";
import { scaleOn } from "../diagram/sizes";
import { drawn, heldTrace, toggleAt } from "../holds/store";
import { shownCue } from "../trace/replay";
import { appOf, current, elapsed, find, importedOf } from "../state/request";
import { actions } from "../state/actions";
import { shownHeight, standsRight } from "../state/inspector";
import { size } from "../state/place";
import { isCutOff } from "../state/runs";
import { all, now, senders, state } from "../state/store";
import { viewNamed } from "../state/viewNames";
import type { Trace, TraceSummary } from "../api/types";
import { holdAt } from "../trace/holds";
import { ranIn } from "../trace/steps";
import { ALL_IN_SIGHT, centre, hiddenIn, type Hidden } from "./sight";

/** The height of a screen on which the stage is drawn at 1×, px. */
const STAGE_HEIGHT = 830;
/** How much of what is seen it scrolls by. */
const PAGE = 0.8;
const NONE: readonly TraceSummary[] = [];
const TENTH = 1e8;

type Box = RefObject<HTMLElement | null>;

const show = (view: string): void => {
  actions.view(viewNamed(view));
};
const free = (): void => {
  if (state.value.zoom) actions.zoom();
};

/** The diagram of the selected request. */
export function Figure(): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const space = useSpace(box);
  const trace = current(state.value);
  const { replay, zoom, stage, step, mine } = state.value;
  const cue = trace === null ? null : shownCue(trace, replay, step);
  const about = cue?.step?.id ?? null;
  const [held, drawer] = [beginOfHold(), drawerHeight()];
  // If the diagram does not fit, scroll its current step into view.
  useLayoutEffect(() => {
    const figure = box.current;
    // Nobody can scroll the stage while it is zoomed: the camera looks at the step.
    if (figure !== null && zoom && stage) figure.scrollTop = 0;
    if (figure === null || (about === null && held === null) || zoom) return;
    if (figure.scrollWidth > figure.clientWidth)
      figure.querySelector("svg.diagram .node.cur")?.scrollIntoView({ block: "nearest", inline: "center" });
    centre(figure);
  }, [about, zoom, drawer, space, held]);
  // While it ran, its steps were followed; and the stage has rows of another height.
  useLayoutEffect(() => {
    if (box.current !== null && about === null && held === null) box.current.scrollTop = 0;
  }, [trace?.id, trace?.state, stage]);
  const inner = useInner(trace);
  const diagram = useDiagram({
    trace,
    map: appOf(state.value, trace?.id ?? null),
    inner: inner.length === 0 ? NONE : inner,
    elapsed: replay?.at ?? (trace === null ? 0 : lasted(trace)),
    at: replay?.at ?? null,
    selected: about,
    side: cue?.side ?? "whole",
    zoomedTo: zoom ? about : null,
    stage,
    mine,
    breakpoints: drawn.value,
    scale: scaleOf(stage, space.width),
    width: space.width,
    // Under the drawer it goes on: its rows keep their height.
    height: space.height + drawer,
  });
  const view = trace?.steps.find((each) => each.stage === "view");
  const hidden = useHidden(box, view?.end == null ? null : view.end - view.begin, [diagram, drawer]);
  return (
    <>
      <Bar text={hidden.above} up figure={box} />
      <figure ref={box} tabIndex={0}>
        {diagram}
        {trace === null ? null : <Notice trace={trace} />}
      </figure>
      <Bar text={hidden.below} figure={box} />
    </>
  );
}

type Drawn = Omit<ComponentProps<typeof Diagram>, "trace" | "onSelect"> & { readonly trace: Trace | null };

/** The diagram as an element that is the same, and not looked into, while nothing that it shows changes. */
function useDiagram(next: Drawn): JSX.Element | null {
  const shown = useSteady(next);
  return useMemo(() => {
    const { trace, ...rest } = shown;
    if (trace === null) return null;
    return (
      <Diagram
        trace={trace}
        head={false}
        {...rest}
        onSelect={actions.step}
        onOpen={actions.select}
        onShow={show}
        onFree={free}
        onBreak={toggleAt}
      />
    );
  }, [shown]);
}

/** The requests that were made inside a request, from where it is, and those that its app sent to others. */
function useInner(trace: Trace | null): readonly TraceSummary[] {
  const { imported } = state.value;
  const [traces, sentBy] = [all.value, senders.value];
  const id = trace?.id ?? null;
  const isImported = importedOf(state.value, id) !== undefined;
  const found = useMemo(
    () =>
      (isImported ? imported.map((each) => each.trace) : traces).filter(
        (each) => id !== null && (each.parent ?? sentBy.get(each.id)?.trace) === id,
      ),
    [traces, sentBy, imported, id],
  );
  const steps = trace?.steps;
  const placed = useMemo(
    () => (trace === null ? found : found.map((each) => during(each, trace))),
    [found, steps],
  );
  const isOver = placed.every((each) => each.state === "done");
  return isOver ? placed : placed.map(asOfNow);
}

/** A request that runs has gone on since the server sent it. */
function asOfNow(trace: TraceSummary): TraceSummary {
  return { ...trace, elapsed: elapsed(state.value, trace.id, now.value) };
}

/** A request at the time of the step that sent it, if it has come by another clock. */
function during(inner: TraceSummary, outer: Trace): TraceSummary {
  const at = senders.value.get(inner.id)?.step;
  const step = at == null ? undefined : outer.steps[at];
  if (inner.parent !== null || step === undefined || ranIn(outer, inner, step)) return inner;
  return { ...inner, started_at: outer.started_at + step.begin / 1e9 };
}

/** Why there are no steps, or none to come. */
function Notice({ trace }: { readonly trace: Trace }): JSX.Element | null {
  if (state.value.missing === trace.id)
    return <p class="notice">The server no longer stores this request.</p>;
  if (trace.steps.length > 0 || !isCutOff(find(state.value, trace.id))) return null;
  return <p class="notice">The process ended while this request ran, before this page had its steps.</p>;
}

/** Never less than 1; more on a stage, and on a very large screen. */
function scaleOf(stage: boolean, width: number): number {
  const { height } = size.value;
  return stage ? Math.max(1, height / STAGE_HEIGHT) : scaleOn(width, height);
}

/** When the shown request was held, if it is. */
function beginOfHold(): number | null {
  const trace = heldTrace();
  return trace === null ? null : (holdAt(trace)?.begin ?? null);
}

/** The height of the drawer that lies over the diagram, px. */
function drawerHeight(): number {
  const { stage, step } = state.value;
  return stage || !(heldTrace() !== null || (step !== null && !standsRight())) ? 0 : shownHeight();
}

/** While it is held, in tenths of a second: more often there is nothing new to draw. */
function lasted(trace: Trace): number {
  const ns = elapsed(state.value, trace.id, trace.state === "running" ? now.value : 0);
  const since = holdAt(trace)?.begin;
  return since === undefined || trace.state === "done"
    ? ns
    : since + Math.max(0, ns - since - ((ns - since) % TENTH));
}

/** The size that the diagram has to fill. */
function useSpace(box: Box): { readonly width: number; readonly height: number } {
  const [space, setSpace] = useState({ width: 1160, height: 760 });
  useLayoutEffect(() => {
    const figure = box.current;
    if (figure === null) return undefined;
    const observer = new ResizeObserver(() => {
      setSpace({ width: figure.clientWidth - 20, height: figure.clientHeight - 12 });
    });
    observer.observe(figure);
    return () => {
      observer.disconnect();
    };
  }, []);
  return space;
}

/** What is out of sight, after each scroll and each change of what is drawn. */
function useHidden(box: Box, viewTook: number | null, drawn: readonly unknown[]): Hidden {
  const [hidden, setHidden] = useState(ALL_IN_SIGHT);
  const look = (): void => {
    if (box.current === null) return;
    const next = hiddenIn(box.current, viewTook);
    setHidden((before) => (before.above === next.above && before.below === next.below ? before : next));
  };
  useLayoutEffect(look, drawn);
  useEffect(() => {
    const figure = box.current;
    figure?.addEventListener("scroll", look, { passive: true });
    return () => {
      figure?.removeEventListener("scroll", look);
    };
  }, [viewTook]);
  return hidden;
}

interface BarProps {
  readonly text: string | null;
  readonly up?: boolean;
  readonly figure: Box;
}

/** A bar that says what is out of sight, and scrolls there. */
function Bar({ text, up = false, figure }: BarProps): JSX.Element | null {
  if (text === null) return null;
  return (
    <button
      type="button"
      class={up ? "out-of-sight up" : "out-of-sight"}
      onClick={() => {
        figure.current?.scrollBy({ top: figure.current.clientHeight * (up ? -PAGE : PAGE) });
      }}
    >
      <span aria-hidden="true">{up ? "▴" : "▾"}</span> {text}
    </button>
  );
}
