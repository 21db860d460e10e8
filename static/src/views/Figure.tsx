import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { Diagram } from "../diagram/Diagram";
import { rewind, stepAt } from "../replay/replay";
import { current, elapsed } from "../state";
import { actions, now, state } from "../store";

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
    <figure ref={box} data-view="diagram">
      {trace === null ? (
        <Empty />
      ) : (
        <Diagram
          trace={trace}
          whole={whole ?? trace}
          map={state.value.map}
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

function Empty(): JSX.Element {
  const { selected, traces, connection } = state.value;
  if (selected !== null && traces.length > 0)
    return (
      <div class="empty">
        <h2>This request is not kept</h2>
        <p>It was evicted, or the app was started anew since. Pick one from the list.</p>
      </div>
    );
  return (
    <div class="empty">
      <h2>{connection === "live" || connection === "polling" ? "Waiting for a request" : "Connecting to the app"}</h2>
      <p>Open a page of your app in another tab, or call it with curl. Its journey through Flask is drawn here while it runs: down the left the layers open, the view turns it around, and up the right they close again.</p>
      <pre>curl {location.origin}/</pre>
    </div>
  );
}
