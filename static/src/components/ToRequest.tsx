/** A link to another request. */

import type { JSX } from "preact";

import type { TraceSummary } from "../api/types";
import { actions } from "../state/actions";
import { appTime } from "../state/request";
import { hasApps, now, state } from "../state/store";
import { time } from "../trace/format";
import { clientStatus } from "../trace/status";

interface Props {
  readonly trace: TraceSummary;
}

export function ToRequest({ trace }: Props): JSX.Element {
  const isRunning = trace.state === "running";
  const took = time(appTime(state.value, trace.id, isRunning ? now.value : 0));
  return (
    <>
      <button
        type="button"
        class="link"
        data-opens={trace.id}
        onClick={() => {
          actions.select(trace.id);
        }}
      >
        {trace.method} <bdi>{trace.path.slice(0, 200)}</bdi>
      </button>
      <span class="k">
        {" "}
        · {isRunning ? "runs" : (clientStatus(trace) ?? "–")} · {took}
        {hasApps.value && trace.process.app ? ` · ${trace.process.app}` : ""}
      </span>
    </>
  );
}
