/** Replay controls: the scrubber on the true-time strip, and the caption of the step. */

import type { JSX } from "preact";

import type { Step, TraceSummary } from "../api/types";
import { Strip } from "../components/Strip";
import { actions } from "../state/actions";
import { appTime, current, find } from "../state/request";
import { now, state } from "../state/store";
import { OVERVIEW, parts } from "../trace/captions";
import { clockOf, type AppClock } from "../trace/clock";
import { time } from "../trace/format";
import { moments, PACES, shownStep, type Pace } from "../trace/replay";

export function Playback(): JSX.Element | null {
  const trace = current(state.value);
  const summary = find(state.value, state.value.selected);
  if (trace === null || summary === undefined || trace.steps.length === 0) return null;
  const { replay, stage, zoom } = state.value;
  const last = moments(trace).at(-1) ?? 0;
  const step = shownStep(trace, replay, state.value.step);
  // While the server sends, the app's clock is stopped.
  const clock = clockOf(trace, last);
  const at = clock.at(replay?.at ?? last);
  const running = trace.state === "running";
  const shown = running && replay === null ? appTime(state.value, trace.id, now.value) : at;
  return (
    <section class="playback" aria-label="Replay" data-view="replay">
      <Caption step={step} />
      <div class="bar">
        <Buttons playing={replay?.playing === true} />
        <Scrubber summary={summary} clock={clock} at={at} />
        {running && replay !== null ? (
          <button type="button" class="edge" title="Follow what happens now" onClick={actions.live}>
            Live
          </button>
        ) : null}
        <span class="clock">
          step {step === null ? trace.steps.length : step.id + 1}/{trace.steps.length} {time(shown)}
        </span>
        <PaceChoice pace={replay?.pace ?? "by step"} />
        <button type="button" aria-pressed={zoom} title="Zoom to the step (z)" onClick={actions.zoom}>
          Zoom
        </button>
        <button type="button" aria-pressed={stage} title="Presentation mode (f)" onClick={actions.stage}>
          Present
        </button>
      </div>
    </section>
  );
}

/** The caption of the step. */
function Caption({ step }: { readonly step: Step | null }): JSX.Element {
  return (
    <p class="caption" role="status" aria-live="polite">
      {step === null
        ? state.value.stage && OVERVIEW
        : parts(step).map(({ text, isName }) => (isName ? <code>{text}</code> : text))}
    </p>
  );
}

function Buttons({ playing }: { readonly playing: boolean }): JSX.Element {
  const walk = (by: 1 | -1) => (): void => {
    actions.walk(by);
  };
  return (
    <>
      <button type="button" aria-label="Step back" title="Step back (←)" onClick={walk(-1)}>
        ◂
      </button>
      <button
        type="button"
        class="play"
        aria-label={playing ? "Stop" : "Play"}
        title="Play (Space)"
        onClick={actions.play}
      >
        {playing ? "❚❚" : "▶"}
      </button>
      <button type="button" aria-label="Step on" title="Step on (→)" onClick={walk(1)}>
        ▸
      </button>
    </>
  );
}

interface ScrubberProps {
  readonly summary: TraceSummary;
  readonly clock: AppClock;
  /** What the app's clock shows. */
  readonly at: number;
}

function Scrubber({ summary, clock, at }: ScrubberProps): JSX.Element {
  return (
    <div class="scrub">
      <Strip parts={summary.strip} duration={Math.max(clock.total, 1)} width={600} height={8} />
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={time(at)}
        min={0}
        max={clock.total}
        step="any"
        value={at}
        onInput={(event) => {
          actions.seek(clock.moment(event.currentTarget.valueAsNumber));
        }}
      />
    </div>
  );
}

function PaceChoice({ pace }: { readonly pace: Pace }): JSX.Element {
  return (
    <select
      aria-label="Pace"
      value={pace}
      onChange={(event) => {
        actions.pace(event.currentTarget.value as Pace);
      }}
    >
      {PACES.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}
