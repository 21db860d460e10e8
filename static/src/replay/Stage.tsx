/** Presentation mode around the diagram: what is shown above it, what happens below it. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import "../styles/stage.css";
import type { AppMap, StripPart, Trace, TraceSummary } from "../api/types";
import { actions } from "../state/actions";
import { area } from "../state/place";
import { replayOf } from "../state/replaying";
import { appOf, current, elapsed, find } from "../state/request";
import { now, state } from "../state/store";
import { otherRequest, positionOf, preparedOf } from "../state/talk";
import { nameOf } from "../trace/captions";
import { clockOf } from "../trace/clock";
import { cuesOf, type Cue } from "../trace/cues";
import { time } from "../trace/format";
import { shownCue } from "../trace/replay";
import { Scrubber, Sentence } from "./Playback";

/** Shorter captions stay as large as they are; longer ones shrink until their lines hold them. */
const SIZES = [1, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52];
/** A pointer that rests for this long is hidden, ms. */
const RESTS = 2500;

export function StageHead(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const [count, at] = [preparedOf(state.value).length, positionOf(state.value)];
  return (
    <header class="stage-head">
      <p class="lesson">{titleOf(trace, appOf(state.value, trace.id))}</p>
      <p class="request">
        <bdi>
          {trace.method} {trace.path}
          {trace.query === "" ? "" : `?${trace.query}`}
        </bdi>
        {count > 1 && at >= 0 ? (
          <span>
            {at + 1} of {count} requests
          </span>
        ) : null}
      </p>
    </header>
  );
}

/** What the view says that it does. */
function titleOf(trace: Trace, map: AppMap | null): string {
  const rule = map?.rules.find(
    ({ endpoint, rule }) => endpoint === trace.endpoint && rule === trace.url_rule,
  );
  return rule?.title ?? "";
}

interface FootProps {
  /** What is said in place of the step's sentence. */
  readonly says?: string | undefined;
}

export function StageFoot({ says }: FootProps): JSX.Element | null {
  const trace = current(state.value);
  const summary = find(state.value, state.value.selected);
  usePointer();
  if (trace === null || summary === undefined) return null;
  const cues = cuesOf(trace);
  const { replay } = state.value;
  const isWhole = replay === null && trace.state === "done";
  const position = replayOf(state.value).cue;
  const cue = isWhole ? (cues.at(-1) ?? null) : shownCue(trace, replay, null);
  return (
    <section class="playback stage-foot" aria-label="Replay" data-view="replay">
      <Progress trace={trace} summary={summary} />
      <p class="clock">
        <span class="unseen">moment </span>
        {position + 1}
        <i>/</i>
        {cues.length}
      </p>
      <StageCaption cue={cue} says={says} />
      <Back />
      <Next cue={isWhole ? cues[0] : cues[position + 1]} cues={cues} />
      {state.value.black ? <div class="black" role="status" aria-label="The screen is black" /> : null}
    </section>
  );
}

/** The true-time strip, filled up to the moment. */
function Progress({
  trace,
  summary,
}: {
  readonly trace: Trace;
  readonly summary: TraceSummary;
}): JSX.Element {
  const { replay } = state.value;
  const live = trace.state === "running" ? now.value : 0;
  const clock = clockOf(trace, elapsed(state.value, trace.id, live));
  const at = replay === null ? clock.total : clock.at(replay.at);
  return (
    <Scrubber
      summary={{ ...summary, strip: until(at, summary.strip) }}
      clock={clock}
      at={at}
      label={time(at)}
    />
  );
}

function until(at: number, strip: readonly StripPart[]): readonly StripPart[] {
  return strip
    .filter(([, begin]) => begin < at)
    .map(([kind, begin, end]): StripPart => [kind, begin, Math.min(end, at)]);
}

/** In as many lines as the styles say at most, as large as it can be. */
function StageCaption({ cue, says }: FootProps & { readonly cue: Cue | null }): JSX.Element {
  const text = useRef<HTMLParagraphElement>(null);
  const fit = (): void => {
    const shown = text.current;
    if (shown === null) return;
    const lines = Number(getComputedStyle(shown).getPropertyValue("--lines"));
    for (const size of SIZES) {
      shown.style.setProperty("--fit", size.toString());
      if (shown.scrollHeight <= lines * Number.parseFloat(getComputedStyle(shown).lineHeight) + 1) return;
    }
  };
  useLayoutEffect(fit, [cue, says]);
  useEffect(() => {
    addEventListener("resize", fit);
    return () => {
      removeEventListener("resize", fit);
    };
  }, []);
  return (
    <p ref={text} class="caption" role="status" aria-live="polite">
      {says ?? (cue === null ? null : <Sentence cue={cue} />)}
    </p>
  );
}

function Back(): JSX.Element {
  return (
    <button
      type="button"
      class="back"
      onClick={() => {
        actions.walk(-1);
      }}
    >
      Back <kbd aria-hidden="true">←</kbd>
    </button>
  );
}

interface NextProps {
  readonly cue: Cue | undefined;
  readonly cues: readonly Cue[];
}

/** Names what comes: the next step, or after the last one the next prepared request. */
function Next({ cue, cues }: NextProps): JSX.Element | null {
  const other = cue === undefined ? otherRequest(state.value, 1) : undefined;
  const name = cue === undefined ? other && `${other.method} ${other.path}` : nameOf(cue, cues);
  if (name === undefined) return <span class="next" />;
  return (
    <button
      type="button"
      class="next"
      onClick={() => {
        actions.walk(1);
      }}
    >
      <span>
        {other === undefined ? "Next" : "Next request"}: <bdi>{name}</bdi>
      </span>{" "}
      <kbd aria-hidden="true">→</kbd>
    </button>
  );
}

/** Hide the pointer while it rests. */
function usePointer(): void {
  useEffect(() => {
    const { classList } = area;
    let resting: ReturnType<typeof setTimeout> | undefined;
    const moved = (): void => {
      classList.remove("resting");
      clearTimeout(resting);
      resting = setTimeout(() => {
        classList.add("resting");
      }, RESTS);
    };
    moved();
    addEventListener("pointermove", moved);
    return () => {
      removeEventListener("pointermove", moved);
      clearTimeout(resting);
      classList.remove("resting");
    };
  }, []);
}
