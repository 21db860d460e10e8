import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { clockOf } from "../trace/clock";
import { Strip } from "../components/Strip";
import { time } from "../trace/format";
import { moments, PACES, shownStep, type Pace } from "../trace/replay";
import { appTime, current, find } from "../state/request";
import { actions } from "../state/actions";
import { now, state } from "../state/store";

/** Go through the request again: the scrubber on its true-time strip, and what each step means. */
export function Playback(): JSX.Element | null {
  const [captions, setCaptions] = useState<typeof import("../trace/captions")>();
  const captioned = state.value.stage || state.value.step !== null || state.value.replay !== null;
  useEffect(() => {
    if (captioned && captions === undefined)
      void import("../trace/captions").then(setCaptions, () => undefined);
  }, [captioned]);

  const trace = current(state.value);
  const summary = find(state.value, state.value.selected);
  if (trace === null || summary === undefined || trace.steps.length === 0) return null;
  const { replay, stage } = state.value;
  const last = moments(trace).at(-1) ?? 0;
  const at = replay?.at ?? last;
  const step = shownStep(trace, replay, state.value.step);
  const running = trace.state === "running";
  // While the server sends, the app's clock stands.
  const clock = clockOf(trace, last);
  const shown = running && replay === null ? appTime(state.value, trace.id, now.value) : clock.at(at);
  return (
    <section class="playback" aria-label="Replay" data-view="replay">
      <p class="caption" role="status" aria-live="polite">
        {step === null
          ? stage
            ? captions?.OVERVIEW
            : ""
          : captions?.parts(step).map(({ text, isName }) => (isName ? <code>{text}</code> : text))}
      </p>
      <div class="bar">
        <button
          type="button"
          aria-label="Step back"
          title="Step back (←)"
          onClick={() => {
            actions.walk(-1);
          }}
        >
          ◂
        </button>
        <button
          type="button"
          class="play"
          aria-label={replay?.playing ? "Stop" : "Play"}
          title="Play (Space)"
          onClick={actions.play}
        >
          {replay?.playing ? "❚❚" : "▶"}
        </button>
        <button
          type="button"
          aria-label="Step on"
          title="Step on (→)"
          onClick={() => {
            actions.walk(1);
          }}
        >
          ▸
        </button>
        <div class="scrub">
          <Strip parts={summary.strip} duration={Math.max(clock.total, 1)} width={600} height={8} />
          <input
            type="range"
            aria-label="Moment"
            aria-valuetext={time(clock.at(at))}
            min={0}
            max={clock.total}
            step="any"
            value={clock.at(at)}
            onInput={(event) => {
              actions.seek(clock.moment(event.currentTarget.valueAsNumber));
            }}
          />
        </div>
        {running && replay !== null ? (
          <button type="button" class="edge" title="Follow what happens now" onClick={actions.live}>
            Live
          </button>
        ) : null}
        <span class="clock">
          step {step === null ? trace.steps.length : step.id + 1}/{trace.steps.length} {time(shown)}
        </span>
        <select
          aria-label="Pace"
          value={replay?.pace ?? "by step"}
          onChange={(event) => {
            actions.pace(event.currentTarget.value as Pace);
          }}
        >
          {PACES.map((pace) => (
            <option key={pace} value={pace}>
              {pace}
            </option>
          ))}
        </select>
        <button
          type="button"
          aria-pressed={state.value.zoom}
          title="Look from near (z)"
          onClick={actions.zoom}
        >
          Zoom
        </button>
        <button type="button" aria-pressed={stage} title="For a room (f)" onClick={actions.stage}>
          Stage
        </button>
      </div>
    </section>
  );
}
