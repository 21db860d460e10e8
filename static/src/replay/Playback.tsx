/** Replay controls: the scrubber on the true-time strip, and the caption of the step. */

import type { JSX } from "preact";

import type { TraceSummary } from "../api/types";
import { narrow } from "../components/narrow";
import { Strip } from "../components/Strip";
import { actions } from "../state/actions";
import { replayOf } from "../state/replaying";
import { appTime, current, elapsed, find } from "../state/request";
import { now, state } from "../state/store";
import { partsOf } from "../trace/captions";
import { clockOf, type AppClock } from "../trace/clock";
import { cuesOf, type Cue } from "../trace/cues";
import { time } from "../trace/format";
import { holdsOf, squeezed, stripWithHolds, type Holding } from "../trace/holds";
import { PACES, shownCue, type Pace } from "../trace/replay";
import { TalkButton } from "./TalkButton";

export function Playback(): JSX.Element | null {
  const trace = current(state.value);
  const summary = find(state.value, state.value.selected);
  if (trace === null || summary === undefined || trace.steps.length === 0) return null;
  const { replay, zoom, step } = state.value;
  const cues = cuesOf(trace);
  const position = replayOf(state.value);
  const running = trace.state === "running";
  const live = running && replay === null;
  const clock = clockOf(trace, elapsed(state.value, trace.id, running ? now.value : 0));
  // While the server sends, the app's clock is stopped.
  // A whole request is at its end, whatever came after its last step.
  const at = replay === null && step === null ? clock.total : clock.at(position.at);
  const shown = live && step === null ? appTime(state.value, trace.id, now.value) : at;
  return (
    <section class="playback" aria-label="Replay" data-view="replay">
      <Caption cue={shownCue(trace, replay, step)} />
      <div class="bar">
        <Buttons playing={replay?.playing === true} />
        <Scrubber summary={summary} clock={clock} at={at} label={time(shown)} />
        {running && replay !== null ? (
          <button
            type="button"
            class="edge"
            title="Stop the replay and follow the request live"
            onClick={actions.live}
          >
            Live
          </button>
        ) : null}
        <span class="clock">
          <span class="word">moment </span>
          {position.cue + 1}/{cues.length} <span class="word">{time(shown)}</span>
        </span>
        <PaceChoice pace={replay?.pace ?? "even steps"} />
        {narrow.value ? null : (
          <>
            <button type="button" aria-pressed={zoom} title="Zoom to the step (z)" onClick={actions.zoom}>
              Zoom
            </button>
            <TalkButton />
          </>
        )}
      </div>
    </section>
  );
}

/** The caption of the current cue; there is none for a whole request. */
function Caption({ cue }: { readonly cue: Cue | null }): JSX.Element {
  return (
    <p class="caption" role="status" aria-live="polite">
      {cue === null || cue.step === null ? null : <Sentence cue={cue} />}
    </p>
  );
}

/** A sentence with its names marked. */
export function Sentence({ cue }: { readonly cue: Cue }): JSX.Element {
  return <>{partsOf(cue).map(({ text, isName }) => (isName ? <code>{text}</code> : text))}</>;
}

/** Outlines of 12 × 12 px: as text, each font would draw them in its own size, or in colour. */
const ICONS = {
  first: "M1.5 1v10M11 1v10L3.5 6z",
  back: "M10 1v10L2.5 6z",
  play: "M2.5 1v10L10.5 6z",
  stop: "M2.5 1h2.5v10h-2.5zM7 1h2.5v10h-2.5z",
};

function Icon({ d, turned = false }: { readonly d: string; readonly turned?: boolean }): JSX.Element {
  return (
    <svg
      class={turned ? "icon turned" : "icon"}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      <path d={d} />
    </svg>
  );
}

function Buttons({ playing }: { readonly playing: boolean }): JSX.Element {
  const walk = (by: 1 | -1) => (): void => {
    actions.walk(by);
  };
  return (
    <>
      <button
        type="button"
        class="first"
        aria-label="To the start"
        title="To the start (Home)"
        onClick={() => {
          actions.seekEnd("first");
        }}
      >
        <Icon d={ICONS.first} />
      </button>
      <button type="button" aria-label="Step back" title="Step back (←)" onClick={walk(-1)}>
        <Icon d={ICONS.back} />
      </button>
      <button
        type="button"
        class="play"
        aria-label={playing ? "Stop" : "Play"}
        title={playing ? "Stop (Space)" : "Play (Space)"}
        onClick={actions.play}
      >
        <Icon d={playing ? ICONS.stop : ICONS.play} />
      </button>
      <button type="button" aria-label="Step forward" title="Step forward (→)" onClick={walk(1)}>
        <Icon d={ICONS.back} turned />
      </button>
    </>
  );
}

interface ScrubberProps {
  readonly summary: Pick<TraceSummary, "strip"> & Holding;
  readonly clock: AppClock;
  /** What the app's clock shows. */
  readonly at: number;
  readonly label: string;
}

/** The moment on the true-time strip; a running request's strip is as long as it has lasted. */
export function Scrubber({ summary, clock, at, label }: ScrubberProps): JSX.Element {
  const strip = stripWithHolds(summary, summary.strip, Math.max(clock.total, 1));
  const { at: shown, moment } = squeezed(holdsOf(summary), Math.max(clock.total, 1));
  return (
    <div class="scrub">
      <Strip {...strip} width={600} height={8} />
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={label}
        min={0}
        max={strip.duration}
        step="any"
        value={shown(at)}
        onInput={(event) => {
          actions.seek(clock.moment(moment(event.currentTarget.valueAsNumber)));
        }}
      />
    </div>
  );
}

const ABOUT: Readonly<Record<Pace, string>> = {
  "even steps": "Each step is shown for about the same time",
  "real time": "In proportion to their real time, a hundred times slower",
};

function PaceChoice({ pace }: { readonly pace: Pace }): JSX.Element {
  return (
    <span class="paces" role="group" aria-label="Pace">
      {PACES.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === pace}
          title={ABOUT[each]}
          onClick={() => {
            actions.pace(each);
          }}
        >
          {each}
        </button>
      ))}
    </span>
  );
}
