/** The filter: its terms as chips, and the draft with its completions. */

import type { JSX, RefObject } from "preact";
import { useRef } from "preact/hooks";

import { actions } from "../state/actions";
import { state } from "../state/store";
import { draftOf, parse, term, whole } from "../trace/filter";
import { Options } from "./Completion";
import { useCompletion, type Completion } from "./useCompletion";

const LONGEST_CHIP = 200;

export function Field(): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const { filter } = state.value;
  const { chips, draft } = draftOf(filter);
  const { errors } = parse(filter);
  const completion = useCompletion(input, chips, draft);
  const { options, active, shown, take } = completion;
  return (
    <div class="field">
      <div
        class="words"
        onClick={(event) => {
          if (event.target === event.currentTarget) input.current?.focus();
        }}
      >
        {chips.map((chip, index) => (
          <Chip
            key={`${index} ${chip}`}
            chip={chip}
            onRemove={() => {
              const rest = [...chips.filter((_, at) => at !== index), draft];
              actions.filter(whole(rest.filter(Boolean).join(" ")));
              input.current?.focus();
            }}
          />
        ))}
        <Draft
          input={input}
          draft={draft}
          first={chips.length === 0}
          invalid={errors.length > 0}
          completion={completion}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <div class="below">
        <p id="filter-says" role="status" class="wrong">
          {errors.join("; ")}
        </p>
        {shown ? <Options options={options} active={active} onTake={take} /> : null}
      </div>
    </div>
  );
}

interface ChipProps {
  readonly chip: string;
  readonly onRemove: () => void;
}

function Chip({ chip, onRemove }: ChipProps): JSX.Element {
  const test = term(chip);
  const wrong = typeof test === "string" ? test : null;
  return (
    <span class={wrong === null ? "chip" : "chip wrong"}>
      <span class="text" title={wrong ?? chip}>
        {chip.slice(0, LONGEST_CHIP)}
      </span>
      <button type="button" aria-label={`Remove ${chip.slice(0, LONGEST_CHIP)}`} onClick={onRemove}>
        ×
      </button>
    </span>
  );
}

interface DraftProps {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly draft: string;
  /** Whether there are no chips before it. */
  readonly first: boolean;
  readonly invalid: boolean;
  readonly completion: Completion;
}

function Draft({ input, draft, first, invalid, completion }: DraftProps): JSX.Element {
  const { options, active, shown } = completion;
  return (
    <input
      ref={input}
      id="filter"
      role="combobox"
      placeholder={first ? "Filter   status:5xx  method:POST  bp:admin  time:>50" : ""}
      aria-label="Filter"
      aria-autocomplete="list"
      aria-expanded={shown}
      aria-controls={shown ? "filter-may" : undefined}
      aria-activedescendant={active >= 0 && active < options.length ? `filter-may-${active}` : undefined}
      aria-describedby="filter-says"
      aria-invalid={invalid}
      spellcheck={false}
      autocomplete="off"
      maxLength={1000}
      value={draft}
      onFocus={completion.onFocus}
      onBlur={completion.onBlur}
      onInput={(event) => {
        completion.onInput(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        // Shift and Tab go back to what is before it.
        if (!event.isComposing && !event.shiftKey && completion.onKey(event.key)) event.preventDefault();
      }}
    />
  );
}
