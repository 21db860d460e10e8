/** A statement, opened: laid out, with its parameters, and as SQL to run. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Copy } from "../../components/Copy";
import { Lines } from "../../components/Lines";
import { Open } from "../../components/Source";
import { actions } from "../../state/actions";
import { placeOf } from "../../trace/details";
import type { Json, StatementLines, Step } from "../../api/types";
import { written } from "../../trace/text";

interface StatementProps {
  readonly step: Step;
  /** The id of its request. */
  readonly trace: string;
}

export function Statement({ step, trace }: StatementProps): JSX.Element {
  const [found, setFound] = useState<StatementLines | null>(null);
  useEffect(() => {
    let wanted = true;
    void actions
      .ask<StatementLines>(`api/traces/${encodeURIComponent(trace)}/steps/${step.id}/statement`)
      .then((lines) => {
        if (wanted) setFound(lines);
      });
    return () => {
      wanted = false;
    };
  }, [trace, step.id]);
  const place = placeOf(step.detail["place"]);
  const parameters = step.detail["parameters"];
  return (
    <>
      <pre class="source" tabIndex={0} aria-label="Statement">
        {found === null ? String(step.detail["statement"]) : <Lines lines={found.lines} />}
      </pre>
      {isEmpty(parameters) ? null : (
        <p class="given">
          <span class="k">parameters</span>{" "}
          <code>
            <bdi>{written(parameters ?? null)}</bdi>
          </code>
        </p>
      )}
      {place === null ? null : (
        <p class="given">
          <span class="k">sent from</span> <Open source={place} />
        </p>
      )}
      <p class="given acts">
        {found === null ? null : <Copy name="Copy as runnable SQL" text={found.runnable} />}
        <button
          type="button"
          onClick={() => {
            actions.step(step.id);
          }}
        >
          Show the step
        </button>
      </p>
      {found === null || found.missing.length === 0 ? null : (
        <p class="given k">Not filled in, to be completed by hand: {found.missing.join("; ")}.</p>
      )}
    </>
  );
}

function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    (Array.isArray(value) ? value.length === 0 : typeof value === "object" && Object.keys(value).length === 0)
  );
}
