/** Shared by what is above the picture and beside it. */

import type { ComponentChildren, JSX } from "preact";

import type { SideName } from "./model/types";

/** A ring for A, a disc for B: the legend of the whole picture. */
export function Mark({
  of,
  small = false,
}: {
  readonly of: SideName;
  readonly small?: boolean;
}): JSX.Element {
  return <span class={`mark ${of} ${small ? "small" : ""}`} aria-hidden="true" />;
}

interface SectionProps {
  readonly title: string;
  readonly says?: string;
  readonly children: ComponentChildren;
}

export function Section({ title, says = "", children }: SectionProps): JSX.Element {
  return (
    <section>
      <h2>
        {title} {says === "" ? null : <span>{says}</span>}
      </h2>
      {children}
    </section>
  );
}

interface RowProps {
  /** The side that alone has it. */
  readonly only?: SideName | undefined;
  readonly what: string;
  readonly says: ComponentChildren;
  readonly onPick?: (() => void) | undefined;
  readonly picked?: boolean;
}

/** A difference: who has it, what it is, and what is different. */
export function Row({ only, what, says, onPick, picked = false }: RowProps): JSX.Element {
  const mark = only === undefined ? "" : `only in ${only.toUpperCase()}: `;
  const text = (
    <span class="q" title={what}>
      <span class="unseen">{mark}</span>
      <bdi>{what}</bdi>
    </span>
  );
  return (
    <li class={picked ? "picked" : undefined}>
      {only === undefined ? <span /> : <Mark of={only} small />}
      {onPick === undefined ? (
        text
      ) : (
        <button type="button" class="link q" aria-current={picked ? "true" : undefined} onClick={onPick}>
          <span class="unseen">{mark}</span>
          <bdi>{what}</bdi>
        </button>
      )}
      <span class="n">{says}</span>
    </li>
  );
}
