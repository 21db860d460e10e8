import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { Diagram } from "../diagram/Diagram";
import { shownCue } from "../trace/replay";
import { current, elapsed, importedOf } from "../state/request";
import { actions } from "../state/actions";
import { now, state } from "../state/store";
import type { TraceSummary } from "../api/types";

/** The height of a screen on which the stage is drawn at 1×, px. */
const STAGE_HEIGHT = 830;
const NONE: readonly TraceSummary[] = [];

/** The diagram of the selected request. */
export function Figure(): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const [space, setSpace] = useState({ width: 1160, height: 760 });

  useLayoutEffect(() => {
    const figure = box.current;
    if (figure === null) return;
    const observer = new ResizeObserver(() => {
      setSpace({ width: figure.clientWidth - 20, height: figure.clientHeight - 12 });
    });
    observer.observe(figure);
    return () => {
      observer.disconnect();
    };
  }, []);

  const trace = current(state.value);
  const { replay, zoom, stage, step, traces } = state.value;
  const cue = trace === null ? null : shownCue(trace, replay, step);
  const about = cue?.step?.id ?? null;
  const id = trace?.id;
  // If the diagram does not fit, scroll its current step into view.
  useEffect(() => {
    const figure = box.current;
    if (figure === null || about === null || zoom || figure.scrollWidth <= figure.clientWidth) return;
    figure.querySelector("svg.diagram .node.cur")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [about, zoom]);
  const inner = useMemo(
    () => traces.filter((each) => each.parent !== null && each.parent === id),
    [traces, id],
  );
  return (
    <figure ref={box} tabIndex={0}>
      {trace === null ? null : (
        <Diagram
          trace={trace}
          map={importedOf(state.value, trace.id) === undefined ? state.value.map : null}
          inner={inner.length === 0 ? NONE : inner}
          elapsed={replay?.at ?? elapsed(state.value, trace.id, trace.state === "running" ? now.value : 0)}
          at={replay?.at ?? null}
          selected={about}
          side={cue?.side ?? "whole"}
          zoomedTo={zoom ? about : null}
          stage={stage}
          head={false}
          scale={stage ? Math.max(1, innerHeight / STAGE_HEIGHT) : 1}
          width={space.width}
          height={space.height}
          onSelect={actions.step}
          onOpen={actions.select}
          onFree={() => {
            if (zoom) actions.zoom();
          }}
        />
      )}
      {trace !== null && state.value.missing === trace.id ? (
        <p class="notice">The server no longer keeps this request.</p>
      ) : null}
    </figure>
  );
}
