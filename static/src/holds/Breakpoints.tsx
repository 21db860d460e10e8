/** All breakpoints: set, changed, switched off and removed. */

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";

import breakpointsStyles from "../styles/breakpoints.css?inline";
import { STAGES, type AppMap, type Breakpoint, type Stage, type When } from "../api/types";
import { adopt } from "../components/adopt";
import { state } from "../state/store";
import { subjectOf, worded } from "../trace/breakpoints";
import { breakpoints, setBreakpoints } from "./store";

adopt(breakpointsStyles);

/** No request is held at what has no duration, or belongs to OpenTelemetry. */
const HELD_STAGES = STAGES.filter((stage) => !["span", "log", "flash", "warning"].includes(stage));
const LONGEST = 500;

export default function BreakpointsView(): JSX.Element {
  const { breakpoints: all, on, cannot } = breakpoints.value;
  return (
    <div class="breakpoints">
      <header>
        <h2>Breakpoints</h2>
        <button
          type="button"
          class="on"
          aria-pressed={on}
          disabled={all.length === 0}
          title={on ? "Switch all off" : "Switch them on again"}
          onClick={() => {
            setBreakpoints(all, !on);
          }}
        >
          {on ? "On" : "Off"}
        </button>
        <p>
          A request that reaches one waits there until you let it go on. Click beside a step in the diagram,
          or press <kbd>b</kbd> at the selected one.
        </p>
      </header>
      {cannot === null ? null : (
        <p class="cannot" role="note">
          {cannot}
        </p>
      )}
      {all.length === 0 ? (
        <p class="none">No breakpoints are set.</p>
      ) : (
        <ul class={on ? "list-of" : "list-of all-off"}>
          {all.map((each, index) => (
            <Row key={index} breakpoint={each} at={index} />
          ))}
        </ul>
      )}
      {cannot === null ? <Add /> : null}
    </div>
  );
}

function replace(at: number, ...by: readonly Breakpoint[]): void {
  setBreakpoints(breakpoints.value.breakpoints.toSpliced(at, 1, ...by));
}

function Row({ breakpoint, at }: { readonly breakpoint: Breakpoint; readonly at: number }): JSX.Element {
  const { stage, name, on } = breakpoint;
  const change = (more: Partial<Breakpoint>): void => {
    replace(at, { ...breakpoint, ...more });
  };
  const what = worded(breakpoint);
  return (
    <li class={on ? undefined : "off"}>
      <button
        type="button"
        class="dot-of"
        role="switch"
        aria-checked={on}
        aria-label={`Breakpoint ${what}`}
        title={on ? "Switch it off" : "Switch it on"}
        onClick={() => {
          change({ on: !on });
        }}
      >
        <i />
      </button>
      <When
        of={what}
        value={breakpoint.when}
        onChange={(when) => {
          change({ when });
        }}
      />
      <span class="subject">
        <code>{subjectOf(breakpoint)}</code>
        {name === null || stage === null ? null : <span class="k"> {stage}</span>}
      </span>
      <Filter
        of={what}
        value={breakpoint.filter ?? ""}
        onChange={(filter) => {
          change({ filter: filter === "" ? null : filter });
        }}
      />
      <Once
        value={breakpoint.once}
        onChange={(once) => {
          change({ once });
        }}
      />
      <button
        type="button"
        class="remove"
        aria-label={`Remove the breakpoint ${what}`}
        title="Remove"
        onClick={() => {
          replace(at);
        }}
      >
        ✕
      </button>
    </li>
  );
}

interface WhenProps {
  readonly of: string;
  readonly value: When;
  readonly onChange: (when: When) => void;
}

function When({ of, value, onChange }: WhenProps): JSX.Element {
  return (
    <select
      aria-label={`When, of ${of}`}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value === "after" ? "after" : "before");
      }}
    >
      <option value="before">before</option>
      <option value="after">after</option>
    </select>
  );
}

interface OnceProps {
  readonly value: boolean;
  readonly onChange: (once: boolean) => void;
}

function Once({ value, onChange }: OnceProps): JSX.Element {
  return (
    <label class="once" title="Removed when it has held a request">
      <input
        type="checkbox"
        checked={value}
        onChange={(event) => {
          onChange(event.currentTarget.checked);
        }}
      />{" "}
      once
    </label>
  );
}

interface FilterProps {
  readonly of: string;
  readonly value: string;
  readonly onChange: (filter: string) => void;
}

/** Taken when it is left, or with Enter: half a filter is none. */
function Filter({ of, value, onChange }: FilterProps): JSX.Element {
  return (
    <input
      type="text"
      class="filter-of"
      aria-label={`Requests, of ${of}`}
      title="Only for requests that match, as in the list’s filter"
      placeholder="all requests, or method:POST path:/admin"
      value={value}
      maxLength={LONGEST}
      onChange={(event) => {
        onChange(event.currentTarget.value.trim());
      }}
    />
  );
}

const NEW: Breakpoint = { stage: null, name: null, when: "before", filter: null, once: false, on: true };

/** One for a stage, for functions by name, or for every step. */
function Add(): JSX.Element {
  const [draft, setDraft] = useState(NEW);
  const change = (more: Partial<Breakpoint>): void => {
    setDraft({ ...draft, ...more });
  };
  return (
    <form
      class="add"
      aria-label="New breakpoint"
      onSubmit={(event) => {
        event.preventDefault();
        setBreakpoints([...breakpoints.value.breakpoints, draft]);
        setDraft(NEW);
      }}
    >
      <When
        of="the new breakpoint"
        value={draft.when}
        onChange={(when) => {
          change({ when });
        }}
      />
      <Subject draft={draft} onChange={change} />
      <Filter
        of="the new breakpoint"
        value={draft.filter ?? ""}
        onChange={(filter) => {
          change({ filter: filter === "" ? null : filter });
        }}
      />
      <Once
        value={draft.once}
        onChange={(once) => {
          change({ once });
        }}
      />
      <button type="submit" class="primary">
        Add
      </button>
    </form>
  );
}

interface SubjectProps {
  readonly draft: Breakpoint;
  readonly onChange: (more: Partial<Breakpoint>) => void;
}

/** A stage, and the name of a function; either may be left open. */
function Subject({ draft, onChange }: SubjectProps): JSX.Element {
  const { map } = state.value;
  const names = useMemo(() => namesOf(map, draft.stage), [map, draft.stage]);
  return (
    <>
      <select
        aria-label="Stage"
        value={draft.stage ?? ""}
        onChange={(event) => {
          onChange({ stage: HELD_STAGES.find((each) => each === event.currentTarget.value) ?? null });
        }}
      >
        <option value="">every stage</option>
        {HELD_STAGES.map((stage) => (
          <option key={stage} value={stage}>
            {stage}
          </option>
        ))}
      </select>
      <input
        type="text"
        list="function-names"
        aria-label="Function"
        title="A name, module:qualname, or a pattern such as load_*"
        placeholder="every step, or load_user"
        value={draft.name ?? ""}
        maxLength={LONGEST}
        onInput={(event) => {
          onChange({ name: event.currentTarget.value.trim() || null });
        }}
      />
      <datalist id="function-names">
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

/** The functions of the app, by the names that their steps have. */
function namesOf(map: AppMap | null, stage: Stage | null): readonly string[] {
  if (map === null) return [];
  const views = map.rules.flatMap(({ view }) => view ?? []);
  const all = [...map.hooks, ...views, ...map.error_handlers];
  const names = all.filter((each) => stage === null || each.stage === stage).map(({ name }) => name);
  return [...new Set(names)].sort();
}
