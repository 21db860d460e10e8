import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { Diagram } from "../diagram/Diagram";
import { rewind, stepAt } from "../replay/replay";
import { current, elapsed, importedOf } from "../state";
import { actions, now, state } from "../store";
import { Empty } from "./Empty";

/** The diagram of the selected request, or what to do to see one. */
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

  const whole = current(state.value);
  const { replay } = state.value;
  const trace = whole === null || replay === null ? whole : rewind(whole, replay.at);
  const running = trace?.state === "running";
  const about = trace === null || replay === null ? null : (stepAt(trace, replay.at)?.id ?? null);
  return (
    <figure ref={box} tabIndex={0}>
      {trace === null ? (
        <Empty />
      ) : (
        <Diagram
          trace={trace}
          whole={whole ?? trace}
          map={importedOf(state.value, trace.id) === undefined ? state.value.map : null}
          elapsed={replay?.at ?? elapsed(state.value, trace.id, running ? now.value : 0)}
          selected={about ?? state.value.step}
          near={state.value.near ? (about ?? state.value.step) : null}
          width={space.width}
          height={space.height}
          onSelect={actions.step}
        />
      )}
      {trace !== null && state.value.missing === trace.id ? <p class="notice">The server no longer keeps this request; what was seen of it stays here.</p> : null}
    </figure>
  );
}
