import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import collectedStyles from "../styles/collected.css?inline";
import { adopt } from "../components/adopt";
import { current } from "../state/request";
import { state } from "../state/store";
import type { FrameLines, Json, Step, Trace } from "../api/types";
import { actions } from "../state/actions";
import { isOf, placeOf } from "../trace/details";
import { tracebackText, type Recorded } from "../trace/traceback";
import { Copy } from "../components/Copy";
import { Open } from "../components/Source";
import { Raised } from "./exception/Raised";
import { Who } from "./Changes";

adopt(collectedStyles);

/** The exception: its frames with their locals, its causes, and the handler that handled it. */
export default function Exception(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const raised = trace.steps.flatMap((step) => {
    const recorded = step.detail["exception"];
    return isOf(recorded) ? [{ step, recorded }] : [];
  });
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="Exceptions">
      {raised.length === 0 ? <p class="none">No exception reached Flask.</p> : null}
      {raised.map(({ step, recorded }) => (
        <Section key={`${trace.id} ${step.id}`} trace={trace} step={step} recorded={recorded} />
      ))}
    </div>
  );
}

interface SectionProps {
  readonly trace: Trace;
  readonly step: Step;
  readonly recorded: Recorded;
}

/** The exception that left a step, highlighted by the server, and as text to copy. */
function Section({ trace, step, recorded }: SectionProps): JSX.Element {
  const [lines, setLines] = useState<FrameLines | null>(null);
  useEffect(() => {
    let wanted = true;
    void actions
      .ask<FrameLines>(`api/traces/${encodeURIComponent(trace.id)}/steps/${step.id}/frames`)
      .then((found) => {
        if (wanted) setLines(found);
      });
    return () => {
      wanted = false;
    };
  }, [trace.id, step.id]);
  return (
    <section data-step={step.id}>
      <p class="given acts">
        <span>
          <span class="k">raised in</span> <Who step={step} />
        </span>
        <Copy name="Copy as text" text={tracebackText(recorded)} />
      </p>
      <Raised recorded={recorded} lines={lines} />
      <Handlers told={recorded["handlers"]} />
    </section>
  );
}

function Handlers({ told }: { readonly told: Json | undefined }): JSX.Element | null {
  const handlers = list(told).filter(isOf);
  if (handlers.length === 0)
    return (
      <p class="given k">
        {told === null ? "Flask looked for no error handler." : "The app has no error handlers."}
      </p>
    );
  return (
    <section class="part">
      <h2>Error handlers, in the order in which Flask looks them up</h2>
      <table class="pairs">
        <tbody>
          {handlers.map((each, index) => {
            const place = placeOf(each["source"]);
            const callable = String(each["callable"]);
            return (
              <tr key={index} class={each["taken"] === true ? "taken" : undefined}>
                <th scope="row">
                  <bdi title={callable}>{callable.split(/[:.]/).at(-1)}</bdi>{" "}
                  <span class="k">
                    for {String(each["for"])} of {String(each["scope"])}
                  </span>
                </th>
                <td>
                  {each["taken"] === true ? (
                    <b class="took-it">handled it</b>
                  ) : (
                    <>did not run: {String(each["why"])}</>
                  )}{" "}
                  {place === null ? null : <Open source={place} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
