import type { JSX } from "preact";
import { useState } from "preact/hooks";

import collectedStyles from "../styles/collected.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { time } from "../trace/format";
import { current } from "../state/request";
import { state } from "../state/store";
import type { Step } from "../api/types";
import { inOneLine, isOf, placeOf, ranIn, took } from "../trace/details";
import { Pairs } from "../components/Message";
import { Open } from "../components/Source";
import { ToStep } from "../components/ToStep";

adopt(collectedStyles, outcomeStyles);

const SHOWN = 500;

/** The templates that were rendered, inside those that extend or include them. */
export default function Templates(): JSX.Element | null {
  const trace = current(state.value);
  const [open, setOpen] = useState<number | null>(null);
  if (trace === null) return null;
  const { steps } = trace;
  const templates = steps.filter((step) => step.stage === "template");
  const longest = templates.reduce((most, step) => Math.max(most, took(step)), 1);
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="Templates">
      {templates.length === 0 ? (
        <p class="none">No template was rendered.</p>
      ) : (
        <table class="sql-table of-templates">
          <thead>
            <tr>
              <th scope="col">template</th>
              <th scope="col">in</th>
              <th scope="col" class="num">
                own
              </th>
              <th scope="col" class="num">
                took
              </th>
            </tr>
          </thead>
          <tbody>
            {templates.slice(0, SHOWN).map((step) => (
              <Row
                key={step.id}
                step={step}
                steps={steps}
                longest={longest}
                open={open === step.id}
                onOpen={() => {
                  setOpen(open === step.id ? null : step.id);
                }}
              />
            ))}
          </tbody>
        </table>
      )}
      {templates.length > SHOWN ? <p class="more">{templates.length - SHOWN} more templates</p> : null}
    </div>
  );
}

interface RowProps {
  readonly step: Step;
  readonly steps: readonly Step[];
  readonly longest: number;
  readonly open: boolean;
  readonly onOpen: () => void;
}

function Row({ step, steps, longest, open, onOpen }: RowProps): JSX.Element {
  const inside = steps.filter((each) => each.stage === "template" && each.parent === step.id);
  const own = took(step) - inside.reduce((sum, each) => sum + took(each), 0);
  const where = ranIn(step, steps);
  return (
    <>
      <tr data-step={step.id}>
        <td class="what">
          <button
            type="button"
            class="link"
            aria-expanded={open}
            style={{ "--depth": depth(step, steps) }}
            onClick={onOpen}
          >
            <code>
              <bdi>{step.name}</bdi>
            </code>
            {part(step)}
          </button>
          {step.error === null ? null : <span class="outcome raised">{inOneLine(step.error)}</span>}
        </td>
        <td>{where === null ? null : <ToStep step={where} />}</td>
        <td class="num">{time(Math.max(0, own))}</td>
        <td class="num took tpl">
          <i class="bar" style={{ width: `${((took(step) / longest) * 100).toFixed(1)}%` }} />
          {step.end === null ? "runs" : time(took(step))}
        </td>
      </tr>
      {open ? (
        <tr class="opened">
          <td colSpan={4}>
            <Rendering step={step} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

function Rendering({ step }: { readonly step: Step }): JSX.Element {
  const detail = step.detail["rendering"];
  const rendering = isOf(detail) ? detail : {};
  const place = placeOf(rendering["place"]);
  const context = isOf(rendering["context"]) ? Object.entries(rendering["context"]) : [];
  const more = rendering["more"];
  return (
    <>
      {step.source === null ? null : (
        <p class="given">
          <span class="k">file</span> <Open source={step.source} />
        </p>
      )}
      {place === null ? null : (
        <p class="given">
          <span class="k">rendered from</span> <Open source={place} />
        </p>
      )}
      {typeof rendering["loader"] === "string" ? (
        <p class="given">
          <span class="k">loader</span> <code>{rendering["loader"]}</code>
        </p>
      ) : null}
      {isOf(detail) ? null : (
        <p class="given k">
          This template was extended, included or imported, or is part of another one: it uses that template’s
          context.
        </p>
      )}
      <Pairs title="Context" pairs={context} />
      {typeof more === "number" && more > 0 ? <p class="more">{more} more names</p> : null}
      <p class="given">
        <ToStep step={step}>Show the step</ToStep>
      </p>
    </>
  );
}

function part({ detail: { block, macros } }: Step): JSX.Element | null {
  if (typeof block === "string") return <span class="k"> block {block}</span>;
  return typeof macros === "number" ? <span class="k"> macros, called {macros}×</span> : null;
}

function depth(step: Step, steps: readonly Step[]): number {
  let found = 0;
  for (
    let at = step.parent === null ? undefined : steps[step.parent];
    at !== undefined;
    at = at.parent === null ? undefined : steps[at.parent]
  )
    if (at.stage === "template") found += 1;
  return found;
}
