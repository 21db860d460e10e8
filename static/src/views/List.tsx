import type { JSX } from "preact";

import { Strip } from "../diagram/Diagram";
import { time } from "../format";
import { parse } from "../filter";
import { elapsed, listed } from "../state";
import { actions, now, state } from "../store";
import type { TraceSummary } from "../types";

const SHOWN = 300;

export function List(): JSX.Element {
  const { selected, filter, traces: all } = state.value;
  const traces = listed(state.value);
  const { errors } = parse(filter);
  return (
    <aside class="list" aria-label="Requests">
      <div class="filter">
        <input
          id="filter"
          type="search"
          placeholder="Filter, as status:5xx time:>50"
          aria-label="Filter"
          aria-describedby="filter-says"
          aria-invalid={errors.length > 0}
          spellcheck={false}
          autocomplete="off"
          value={filter}
          onInput={(event) => { actions.filter(event.currentTarget.value); }}
          onKeyDown={(event) => { if (event.key === "Escape") event.currentTarget.blur(); }}
        />
        <p id="filter-says" class={errors.length > 0 ? "wrong" : ""}>
          {errors.length > 0 ? errors.join("; ") : filter === "" ? "" : `${traces.length.toString()} of ${all.length.toString()}`}
        </p>
      </div>
      <ol>
        {traces.slice(0, SHOWN).map((trace) => (
          <Row key={trace.id} trace={trace} current={trace.id === selected} />
        ))}
      </ol>
      {traces.length > SHOWN ? <p class="more">{traces.length - SHOWN} older requests are kept</p> : null}
    </aside>
  );
}

function Row({ trace, current }: { readonly trace: TraceSummary; readonly current: boolean }): JSX.Element {
  const running = trace.state === "running";
  const lasted = running ? elapsed(state.value, trace.id, now.value) : (trace.duration ?? 0);
  const failed = trace.status === null && trace.error !== null;
  return (
    <li>
      <button
        type="button"
        class={`row${running ? " running" : ""}`}
        data-trace={trace.id}
        data-state={trace.state}
        aria-current={current ? "true" : undefined}
        onClick={() => {
          actions.select(trace.id);
        }}
      >
        <span class="m">{trace.method}</span>
        <span class="p" title={trace.path}>{trace.path}</span>
        <span class={`s s${Math.floor((trace.status ?? (failed ? 500 : 0)) / 100).toString()}`}>
          {trace.status ?? (failed ? "✕" : running ? "…" : "–")}
        </span>
        <span class="w">
          {running && trace.now ? <span class="where">{trace.now.name}</span> : null}
          <Strip parts={trace.strip} duration={lasted} width={180} height={6} />
        </span>
        <span class="d">{time(lasted)}</span>
      </button>
    </li>
  );
}
