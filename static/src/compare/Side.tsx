/** What differs, beside the picture: times, statements, steps, values and headers. */

import type { JSX } from "preact";

import type { Changes, ComparedPart, Comparison, Json } from "../api/types";
import { state } from "../state/store";
import { grouped, plural, time } from "../trace/format";
import { brief, heldFor } from "../trace/holds";
import { ellipsize, written } from "../trace/text";
import { differenceOf, type Difference } from "./layout/difference";
import { Mark, Row, Section } from "./parts";
import type { Loaded } from "./load";
import type { SideName } from "./model/types";
import { Runs } from "./Runs";
import { Step } from "./Step";
import { Steps } from "./Steps";

export function Side({ loaded }: { readonly loaded: Loaded }): JSX.Element {
  const { model } = loaded;
  const { comparison } = model;
  const { comparedStep } = state.value;
  return (
    <aside aria-label="Differences">
      {comparedStep === null ? null : <Step loaded={loaded} index={comparedStep} />}
      <Section title="Runs" says="app’s time, each">
        <Runs comparison={comparison} single={model.single} />
      </Section>
      <section>
        <Parts loaded={loaded} />
      </section>
      <Sql comparison={comparison} />
      <Steps model={model} />
      <Values comparison={comparison} />
      <Response comparison={comparison} />
      <Request comparison={comparison} />
    </aside>
  );
}

const NAMES: Readonly<Record<string, string>> = { sql: "SQL" };

/** The app's time and its parts, on both sides. */
function Parts({ loaded }: { readonly loaded: Loaded }): JSX.Element {
  const { comparison, single } = loaded.model;
  const { a_ns, b_ns, beyond, parts } = comparison;
  const held = (["a", "b"] as const).map((of) => heldFor(loaded[of], loaded[of].duration ?? 0));
  return (
    <table>
      <thead>
        <tr>
          <td />
          <th scope="col">
            <Mark of="a" small />A
          </th>
          <th scope="col">
            <Mark of="b" small />B
          </th>
          <th scope="col">
            <span class="unseen">difference</span>
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">app’s time</th>
          <td>{time(a_ns ?? 0)}</td>
          <td>{time(b_ns ?? 0)}</td>
          <By difference={differenceOf({ a: a_ns, b: b_ns, beyond }, single)} />
        </tr>
        {held.every((ns) => ns === 0) ? null : (
          <tr>
            <th scope="row">of which held</th>
            {held.map((ns, index) => (
              <td key={index}>{ns === 0 ? "–" : brief(ns)}</td>
            ))}
            <td />
          </tr>
        )}
        {parts
          .filter(({ a, b }) => a + b > 0)
          .map((part) => (
            <PartRow key={part.name} part={part} single={single} />
          ))}
      </tbody>
    </table>
  );
}

function PartRow({ part, single }: { readonly part: ComparedPart; readonly single: boolean }): JSX.Element {
  const { name, a, b, a_ns, b_ns, beyond } = part;
  const counted = name === "sql";
  const of = (count: number, ns: number | null): string =>
    `${counted ? `${grouped(count)} · ` : ""}${time(ns ?? 0)}`;
  const { text, sure } = differenceOf({ a: a_ns, b: b_ns, beyond }, single);
  const more = counted && a !== b ? `${b > a ? "+" : "−"}${grouped(Math.abs(b - a))} · ` : "";
  return (
    <tr>
      <th scope="row">{NAMES[name] ?? name}</th>
      <td>{of(a, a_ns)}</td>
      <td>{of(b, b_ns)}</td>
      <td>
        {more === "" ? null : <b>{more}</b>}
        {sure ? <b>{text}</b> : text}
      </td>
    </tr>
  );
}

function By({ difference: { text, sure } }: { readonly difference: Difference }): JSX.Element {
  return <td>{sure ? <b>{text}</b> : text}</td>;
}

const SELECTED = /^SELECT .*? FROM/is;

/** Which statements were sent, and how often. */
function Sql({ comparison: { sql } }: { readonly comparison: Comparison }): JSX.Element | null {
  if (sql.length === 0) return null;
  const total = (of: SideName): number => sql.reduce((sum, each) => sum + each[of], 0);
  const differing = sql.filter(({ a, b }) => a !== b);
  const same = sql.length - differing.length;
  const [a, b] = [total("a"), total("b")];
  return (
    <Section
      title="SQL"
      says={a === b ? plural(a, "statement") : `${grouped(a)} → ${plural(b, "statement")}`}
    >
      <ul class="df">
        {differing.map((each) => (
          <Row
            key={each.statement}
            only={each.b === 0 ? "a" : each.a === 0 ? "b" : undefined}
            what={ellipsize(each.statement.replace(SELECTED, "SELECT … FROM"), 160)}
            says={`${times(each.a)} → ${times(each.b)}`}
          />
        ))}
        {same === 0 ? null : (
          <li class="mu">
            <span />
            <span>
              {differing.length === 0
                ? "The same in both"
                : `${same} more ${same === 1 ? "is" : "are"} the same in both`}
            </span>
          </li>
        )}
      </ul>
    </Section>
  );
}

function times(count: number): string {
  return count === 0 ? "0" : `${grouped(count)}×`;
}

const LONGEST = 60;

function valueOf(value: Json): string {
  return ellipsize(written(value), LONGEST);
}

interface ChangeRowsProps {
  readonly changes: Changes;
  readonly nameOf: (name: string) => string;
  /** Whether the values of what one side has alone are shown. */
  readonly values?: boolean;
}

function ChangeRows({ changes, nameOf, values = false }: ChangeRowsProps): JSX.Element {
  const { added, changed, removed, by } = changes;
  const setter = (name: string): string => {
    const function_ = (by as Readonly<Record<string, string>>)[name];
    return function_ === undefined ? "" : `by ${function_}`;
  };
  const of = (name: string, value: Json): string =>
    values ? `${nameOf(name)}: ${plainOf(value)}` : nameOf(name);
  return (
    <>
      {removed.map((name) => (
        <Row key={name} only="a" what={nameOf(name)} says={values ? "gone" : setter(name)} />
      ))}
      {Object.entries(added).map(([name, value]) => (
        <Row key={name} only="b" what={of(name, value)} says={values ? "new" : setter(name)} />
      ))}
      {Object.entries(changed).map(([name, value]) => {
        const [a = null, b = null] = value as readonly Json[];
        const [one, other] = values ? [plainOf(a), plainOf(b)] : [valueOf(a), valueOf(b)];
        return (
          <Row
            key={name}
            what={nameOf(name)}
            says={
              <>
                <span class="value">{cut(one)}</span> → <span class="value">{cut(other)}</span>
              </>
            }
          />
        );
      })}
    </>
  );
}

function plainOf(value: Json): string {
  return typeof value === "string" ? ellipsize(value, LONGEST) : valueOf(value);
}

function cut(text: string): string {
  return ellipsize(text, 26);
}

/** What both left in `g` and in the session. */
function Values({ comparison: { changes } }: { readonly comparison: Comparison }): JSX.Element | null {
  const { g, session } = changes;
  if (count(g) + count(session) === 0) return null;
  return (
    <Section title="Changes">
      <ul class="df">
        <ChangeRows changes={g} nameOf={(name) => `g.${name}`} />
        <ChangeRows changes={session} nameOf={(name) => `session["${name}"]`} />
      </ul>
    </Section>
  );
}

function count({ added, changed, removed }: Changes): number {
  return Object.keys(added).length + Object.keys(changed).length + removed.length;
}

/** What was asked differently. */
function Request({ comparison: { url, headers } }: { readonly comparison: Comparison }): JSX.Element | null {
  if (url.a === url.b && count(headers.request) === 0) return null;
  return (
    <Section title="Request">
      <ul class="df">
        {url.a === url.b ? null : (
          <>
            <Row only="a" what={url.a} says="" />
            <Row only="b" what={url.b} says="" />
          </>
        )}
        <ChangeRows changes={headers.request} nameOf={spelled} values />
      </ul>
    </Section>
  );
}

function Response({ comparison }: { readonly comparison: Comparison }): JSX.Element {
  const { status, headers, bytes, changes } = comparison;
  const says =
    status.a === status.b ? "Same status." : `${status.a ?? "No status"} became ${status.b ?? "no status"}.`;
  const skipped = [...headers.not_counted.map(spelled), ...changes.not_counted];
  return (
    <Section title="Response">
      <ul class="df">
        <ChangeRows changes={headers.response} nameOf={spelled} values />
      </ul>
      <p>
        {says}
        {bytes.a === null || bytes.b === null ? "" : ` Body ${grouped(bytes.a)} → ${grouped(bytes.b)} bytes.`}
        {notCounted(skipped)}
      </p>
    </Section>
  );
}

function notCounted(names: readonly string[]): string {
  if (names.length === 0) return "";
  const [differ, are] = names.length === 1 ? ["differs", "is"] : ["differ", "are"];
  return ` ${listed(names)} ${differ} in every request and ${are} not counted.`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

const SPELLED: Readonly<Record<string, string>> = { etag: "ETag", "www-authenticate": "WWW-Authenticate" };

/** The name of a header as it is usually written. */
function spelled(name: string): string {
  return SPELLED[name] ?? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
