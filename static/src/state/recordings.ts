/** The state of what was recorded: requests from files among those of a server, or alone in a page. */

import type { Recording, Trace } from "../api/types";
import { isFile } from "../trace/files";
import { IMPORTED } from "../trace/filter";
import { summarize } from "../trace/summary";
import { logOf } from "./log";
import { listed } from "./runs";
import { select } from "./selection";
import type { Imported, State } from "./state";

/** Insert the requests of a file as if they had arrived now, and show the newest. */
export function withImported(state: State, recording: Recording, file: string): State {
  const traces = inOrder(recording.traces);
  // Those that were cleared may come back.
  const number = state.imported.length + (state.undo?.imported.length ?? 0) + 1;
  const ids = new Map(traces.map(({ id }, index) => [id, `${IMPORTED}${number + index}`]));
  const after = listed(logOf(state))[0]?.id ?? null;
  const imported = traces.map((trace): Imported => {
    const [id, parent] = [ids.get(trace.id) ?? trace.id, ids.get(trace.parent ?? "") ?? null];
    const whole = { ...trace, id, parent };
    return { file, whole, trace: summarize(whole), recording, id: trace.id, after };
  });
  const newest = imported.at(-1);
  if (newest === undefined) return state;
  const next = { ...state, imported: [...imported.reverse(), ...state.imported], notice: null, stage: false };
  return select(next, newest.trace.id);
}

/** Oldest first, and each once. */
export function inOrder(traces: readonly Trace[]): readonly Trace[] {
  return [...new Map(traces.map((trace) => [trace.id, trace])).values()].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  );
}

/** The state of a page that has nothing but a recording; the newest request is selected. */
export function ofRecording(state: State, recording: Recording): State {
  const ordered = inOrder(recording.traces);
  const traces = ordered.map(summarize).reverse();
  const first = traces.find((trace) => trace.parent === null) ?? traces[0];
  return {
    ...state,
    recorded: recording,
    connection: "live",
    epoch: "",
    map: recording.app,
    traces,
    kept: traces.length,
    files: traces.filter(isFile).length,
    steps: new Map(ordered.map(({ id, steps }) => [id, steps])),
    highlights: new Map(ordered.map(({ id, highlights }) => [id, highlights ?? []])),
    selected: first?.id ?? null,
    follow: false,
  };
}
