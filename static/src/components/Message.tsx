/** Parts shared by the views of the request and of the response. */

import type { ComponentChildren, JSX } from "preact";

import messageStyles from "../styles/message.css?inline";
import { adopt } from "./adopt";
import { grouped, plural, repeated, repeatedOf } from "../trace/format";
import type { Json, Step, Trace } from "../api/types";
import { written } from "../trace/text";

adopt(messageStyles);

export type Pair = readonly [name: string, value: Json];

const MASK = "••••••";

export function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="part">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** A note that a request had more steps than were kept. */
export function Dropped({ trace }: { readonly trace: Trace }): JSX.Element | null {
  if (trace.dropped_steps === 0) return null;
  return <p class="more">{grouped(trace.dropped_steps)} more steps were not stored (LIFECYCLE_MAX_STEPS).</p>;
}

/** The extension's additions to the app's response. */
export function Added({ trace }: { readonly trace: Trace }): JSX.Element | null {
  const added = trace.steps.findLast((step) => step.stage === "start_response")?.detail["added"];
  if (!isObject(added)) return null;
  const bytes = added["bytes"];
  const headers = pairsOf(added["headers"]).map(([name, value]) =>
    name.toLowerCase() === "cache-control" ? `${name}: ${String(value)}` : name,
  );
  const additions = [
    ...headers,
    ...(typeof bytes === "number" && bytes > 0 ? [`a toolbar tag of ${plural(bytes, "byte")}`] : []),
  ];
  const removed = Array.isArray(added["removed"]) ? added["removed"] : [];
  return (
    <p class="added">
      Added by flask-lifecycle: {additions.join(", ")}
      {removed.length === 0 ? "" : `. Removed: ${removed.join(", ")}`}
    </p>
  );
}

/** A note that a step ran more often than is shown. */
export function Repeated({ step }: { readonly step: Step }): JSX.Element | null {
  const repetition = repeatedOf(step);
  if (repetition === null) return null;
  const [times, first] = [grouped(repetition.times), grouped(repetition.first)];
  const title = `It ran ${times} times: the first ${first} and the last are shown`;
  return (
    <span class="repeated" title={title}>
      {repeated(step)}
    </span>
  );
}

/** Names and values as a table; or a text if there are none. */
export function Pairs({
  title,
  pairs,
  none,
}: {
  readonly title: string;
  readonly pairs: readonly Pair[];
  readonly none?: string;
}): JSX.Element | null {
  if (pairs.length === 0 && none === undefined) return null;
  return (
    <Section title={title}>
      {pairs.length === 0 ? (
        <p class="none">{none}</p>
      ) : (
        <table class="pairs">
          <tbody>
            {pairs.map(([name, value], index) => (
              <tr key={index}>
                <th scope="row">
                  <bdi>{name}</bdi>
                </th>
                <td>
                  <Text value={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Text({ value }: { readonly value: Json }): JSX.Element {
  const text = typeof value === "string" ? value : written(value, 1);
  const parts = text.split(MASK);
  return (
    <bdi>
      {parts.map((part, index) => (
        <>
          {index > 0 ? (
            <span class="mask" title="Redacted when it was recorded">
              {MASK}
            </span>
          ) : null}
          {breakable(part)}
        </>
      ))}
    </bdi>
  );
}

/** A text that is broken after a separator, not within a word, wherever one of these will do. */
function breakable(text: string): ComponentChildren {
  return text.split(/(?<=[,;&=/])(?=\S)/).map((part, index) => (index === 0 ? part : [<wbr />, part]));
}

export function Block({ title, text }: { readonly title: string; readonly text: string }): JSX.Element {
  return (
    <Section title={title}>
      <pre class="block" tabIndex={0} aria-label={title}>
        {text}
      </pre>
    </Section>
  );
}

/** The pairs in a detail; none if it has another shape. */
export function pairsOf(value: Json | undefined): readonly Pair[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (each): each is [string, Json] => Array.isArray(each) && each.length >= 2 && typeof each[0] === "string",
  );
}

export type Details = { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is Details {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
