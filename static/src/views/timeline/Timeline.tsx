import type { JSX, TargetedPointerEvent } from "preact";
import { useState } from "preact/hooks";

import timelineStyles from "../../styles/timeline.css?inline";
import toolsStyles from "../../styles/tools.css?inline";
import { adopt } from "../../components/adopt";
import { clockOf, type AppClock } from "../../trace/clock";
import { ownSteps, spanName, stateOf } from "../../trace/steps";
import { brief, heldInStep, holdsOf, ofWhichHeld, squeezed } from "../../trace/holds";
import { rewind, shownCue } from "../../trace/replay";
import { grouped, lasting, time } from "../../trace/format";
import { summaryOf } from "../../trace/statements";
import { current, elapsed } from "../../state/request";
import { actions } from "../../state/actions";
import { now, state } from "../../state/store";
import type { Step, Trace } from "../../api/types";
import { Dropped, Repeated } from "../../components/Message";
import { More, useShown } from "../../components/More";
import { usePicked } from "../../components/usePicked";
import { between, ticks, zoomed, type Span } from "./range";

adopt(timelineStyles, toolsStyles);

const SHOWN = 1000;
const TICKS = 5;
/** Steps are indented no further. */
const DEEPEST = 12;
/** Beyond this, the label of a tick is to its left, inside the axis. */
const LATE = 0.85;

/** Every step on one time axis, nested in the steps in which it ran. */
export default function Timeline(): JSX.Element | null {
  const [picked, setPicked] = useState<{ readonly trace: string; readonly span: Span } | null>(null);
  const [least, setLeast] = useState(0);
  const [shown, more] = useShown(SHOWN);
  const whole = current(state.value);
  const { replay } = state.value;
  const about = whole === null ? null : (shownCue(whole, replay, state.value.step)?.step?.id ?? null);
  const box = usePicked(about);
  if (whole === null) return null;
  const trace = replay === null ? whole : rewind(whole, replay.at);
  const lasted = elapsed(state.value, whole.id, whole.state === "running" ? now.value : 0);
  const { app, clock, holds } = axisOf(whole, lasted);
  const last = Math.max(1, clock.total);
  const span: Span = picked?.trace === whole.id ? picked.span : [0, last];
  const show = (next: Span | null): void => {
    setPicked(next === null ? null : { trace: whole.id, span: next });
  };
  const steps = (state.value.mine ? ownSteps(trace) : trace.steps).filter((step) => isShown(step, least));
  const step = about === null ? undefined : trace.steps[about];
  const place = step === undefined ? null : clock.place(step.begin, step.end ?? lasted);
  return (
    <div class="timeline">
      <div class="tools">
        {holds.length === 0 ? null : (
          <span class="k held-note">
            <i class="held-mark" /> held {brief(app.total - clock.total)}: not on the axis
          </span>
        )}
        <Least value={least} hidden={trace.steps.length - steps.length} onChange={setLeast} />
        <Zoom span={span} whole={last} all={picked === null} step={place} onShow={show} />
      </div>
      <div class="scroll" ref={box} tabIndex={0} role="region" aria-label="Timeline">
        <table>
          <thead>
            <tr>
              <th scope="col">step</th>
              <th scope="col" class="num">
                took
              </th>
              <Axis span={span} onPick={show} />
            </tr>
          </thead>
          <Rows trace={trace} steps={steps.slice(0, shown)} about={about} bar={{ span, lasted, clock }} />
        </table>
        <More count={steps.length - shown} what="more steps" onMore={more} />
        <Dropped trace={whole} />
      </div>
    </div>
  );
}

/** The axis is the app's time: what the server sends in has no bar, and what was held is no part of it. */
function axisOf(
  trace: Trace,
  lasted: number,
): {
  readonly app: AppClock;
  readonly clock: AppClock;
  readonly holds: readonly Span[];
} {
  const app = clockOf(trace, lasted);
  const { total, at, holds } = squeezed(holdsOf(trace), app.total, 0);
  const place: AppClock["place"] = (begin, end) => {
    const [from, to] = app.place(begin, end);
    return [at(from), at(to)];
  };
  return { app, clock: { ...app, total, place }, holds };
}

interface LeastProps {
  readonly value: number;
  /** How many steps that hides. */
  readonly hidden: number;
  readonly onChange: (least: number) => void;
}

function Least({ value, hidden, onChange }: LeastProps): JSX.Element {
  return (
    <>
      <label>
        Hide steps shorter than{" "}
        <input
          type="number"
          min={0}
          step={10}
          value={value}
          onInput={(event) => {
            onChange(Math.max(0, event.currentTarget.valueAsNumber || 0));
          }}
        />{" "}
        µs
      </label>
      <span class="k" role="status">
        {hidden === 0 ? "" : `${grouped(hidden)} hidden`}
      </span>
    </>
  );
}

interface ZoomProps {
  readonly span: Span;
  readonly whole: number;
  /** Whether all of it is shown. */
  readonly all: boolean;
  /** Where the selected step lies. */
  readonly step: Span | null;
  readonly onShow: (span: Span | null) => void;
}

function Zoom({ span, whole, all, step, onShow }: ZoomProps): JSX.Element {
  const zoom = (by: number) => (): void => {
    onShow(zoomed(span, by, whole));
  };
  return (
    <span class="zoom" role="group" aria-label="Zoom">
      <button type="button" aria-label="Zoom out" onClick={zoom(0.5)}>
        −
      </button>
      <button type="button" aria-label="Zoom in" onClick={zoom(2)}>
        +
      </button>
      <button
        type="button"
        disabled={all}
        onClick={() => {
          onShow(null);
        }}
      >
        Whole request
      </button>
      <button
        type="button"
        disabled={step === null}
        onClick={() => {
          if (step !== null) onShow(zoomed(step, 0.8, whole));
        }}
      >
        This step
      </button>
    </span>
  );
}

interface RowsProps {
  readonly trace: Trace;
  readonly steps: readonly Step[];
  readonly about: number | null;
  readonly bar: Omit<BarProps, "step">;
}

function Rows({ trace, steps, about, bar }: RowsProps): JSX.Element {
  const depths = depth(trace);
  return (
    <tbody>
      {steps.map((step) => (
        <tr
          key={step.id}
          data-step={step.id}
          data-stage={step.stage}
          data-state={stateOf(step)}
          class={step.id === about ? "picked" : undefined}
          onClick={() => {
            actions.step(step.id);
          }}
        >
          <td style={{ "--depth": Math.min(depths[step.id] ?? 0, DEEPEST) }}>
            <button type="button" class="link" title={`${step.stage} ${step.name}`}>
              <span class="k">{step.stage}</span>{" "}
              <code>
                <bdi>{step.stage === "sql" ? summaryOf(step) : spanName(step)}</bdi>
              </code>
            </button>
            <Repeated step={step} />
          </td>
          <td class="num">
            <Took step={step} clock={bar.clock} />
            <Held held={heldInStep(step, holdsOf(trace), bar.lasted)} />
          </td>
          <td class="axis">
            {isSent(step) ? null : <Bar step={step} {...bar} />}
            {holdsOf(trace)
              .filter((hold) => hold.step === step.id)
              .map((hold) => (
                <HeldMark key={hold.begin} begin={hold.begin} {...bar} />
              ))}
          </td>
        </tr>
      ))}
    </tbody>
  );
}

/** The time axis; dragging over a part of it zooms in. */
function Axis({ span, onPick }: { readonly span: Span; readonly onPick: (span: Span) => void }): JSX.Element {
  const [drag, setDrag] = useState<Span | null>(null);
  const place = (event: TargetedPointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  return (
    <th
      scope="col"
      class="axis"
      title="Drag to zoom in"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag([place(event), place(event)]);
      }}
      onPointerMove={(event) => {
        if (drag !== null) setDrag([drag[0], place(event)]);
      }}
      onPointerUp={() => {
        if (drag !== null && Math.abs(drag[1] - drag[0]) > 0.01) onPick(between(span, ...drag));
        setDrag(null);
      }}
    >
      <span class="unseen">when</span>
      {ticks(span, TICKS).map((tick) => {
        const at = (tick - span[0]) / (span[1] - span[0]);
        return (
          <span key={tick} class={at > LATE ? "tick late" : "tick"} style={{ left: percent(at) }}>
            {tick === 0 ? "0" : time(tick)}
          </span>
        );
      })}
      {drag === null ? null : (
        <i
          class="drag"
          style={{ left: percent(Math.min(...drag)), width: percent(Math.abs(drag[1] - drag[0])) }}
        />
      )}
    </th>
  );
}

/** Whether the server alone had to do with it: the body was all there. */
function isSent({ stage, detail }: Step): boolean {
  return stage === "body" && detail["streamed"] !== true;
}

/** How long it took; of a body that is made while it is sent, the app's part. */
function Took({ step, clock }: { readonly step: Step; readonly clock: AppClock }): JSX.Element {
  const { begin, end } = step;
  if (end === null) return <>runs</>;
  if (step.stage !== "body") return <>{lasting(end - begin)}</>;
  if (isSent(step)) return <span class="k">sent in {time(end - begin)}</span>;
  const [from, to] = clock.place(begin, end);
  return <>{time(to - from)}</>;
}

function Held({ held }: { readonly held: number }): JSX.Element | null {
  return held === 0 ? null : <span class="k of-which">{ofWhichHeld(held)}</span>;
}

/** Where it was held, as wide as it can be seen. */
function HeldMark({
  begin,
  span: [from, to],
  clock,
}: Omit<BarProps, "step"> & { readonly begin: number }): JSX.Element | null {
  const [at] = clock.place(begin, begin);
  if (at < from || at > to) return null;
  return <i class="held-mark" style={{ left: percent((at - from) / (to - from)) }} />;
}

interface BarProps {
  readonly step: Step;
  readonly span: Span;
  readonly lasted: number;
  readonly clock: AppClock;
}

function Bar({ step, span: [from, to], lasted, clock }: BarProps): JSX.Element | null {
  const [begin, end] = clock.place(step.begin, step.end ?? lasted);
  if (end < from || begin > to) return null;
  const part = (ns: number): number => Math.min(1, Math.max(0, (ns - from) / (to - from)));
  return (
    <i
      class={`bar-of ${stateOf(step)}`}
      style={{ left: percent(part(begin)), width: percent(part(end) - part(begin)) }}
    />
  );
}

/** Errors and short-circuits are shown, however short. */
function isShown(step: Step, leastMicroseconds: number): boolean {
  return step.end === null || step.end - step.begin >= leastMicroseconds * 1000 || step.outcome !== "ok";
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}

function depth(trace: Trace): readonly number[] {
  const found: number[] = [];
  for (const step of trace.steps)
    found[step.id] = step.parent === null || step.parent >= step.id ? 0 : (found[step.parent] ?? 0) + 1;
  return found;
}
