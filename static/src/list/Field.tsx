import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import type { Option } from "./completion";
import { draftOf, parse, term, whole } from "../trace/filter";
import { actions } from "../state/actions";
import { state } from "../state/store";

/** The filter: what is said of it already as chips, and what is being written, with what may follow. */
export function Field(): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const [completion, setCompletion] = useState<typeof import("./Completion")>();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const { filter } = state.value;
  const { chips, draft } = draftOf(filter);
  const { errors } = parse(filter);
  const Options = completion?.Options;
  const options = (open && completion?.optionsFor(draft)) || [];
  const shown = options.length > 0;

  const write = (text: string): void => {
    actions.filter([...chips, text].join(" "));
    setActive(-1);
  };
  const take = ({ text }: Option): void => {
    write(text.endsWith(":") ? text : `${text} `);
    input.current?.focus();
  };
  const keys: Record<string, () => boolean> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => {
      const option = options[active];
      if (option) take(option);
      else actions.filter(whole(filter));
      return true;
    },
    Tab: () => {
      const option = options[active];
      if (option) take(option);
      return option !== undefined;
    },
    Escape: () => {
      if (shown) setOpen(false);
      else input.current?.blur();
      return true;
    },
    Backspace: () => {
      if (draft !== "" || chips.length === 0) return false;
      actions.filter(chips.join(" "));
      return true;
    },
  };
  const move = (by: number): boolean => {
    setOpen(true);
    // One place more than there are options: the text itself.
    setActive(((active + 1 + by + options.length + 1) % (options.length + 1)) - 1);
    return true;
  };

  return (
    <div class="field">
      <div
        class="words"
        onClick={(event) => {
          if (event.target === event.currentTarget) input.current?.focus();
        }}
      >
        {chips.map((chip, index) => (
          <span key={`${index} ${chip}`} class={typeof term(chip) === "string" ? "chip wrong" : "chip"}>
            <span class="text" title={chip}>
              {chip.slice(0, 200)}
            </span>
            <button
              type="button"
              aria-label={`Remove ${chip.slice(0, 200)}`}
              onClick={() => {
                actions.filter(
                  whole([...chips.filter((_, at) => at !== index), draft].filter(Boolean).join(" ")),
                );
                input.current?.focus();
              }}
            >
              ×
            </button>
          </span>
        ))}
        <input
          ref={input}
          id="filter"
          role="combobox"
          placeholder={chips.length === 0 ? "Filter, e.g. status:5xx method:POST time:>50" : ""}
          aria-label="Filter"
          aria-autocomplete="list"
          aria-expanded={shown}
          aria-controls={shown ? "filter-may" : undefined}
          aria-activedescendant={active >= 0 && active < options.length ? `filter-may-${active}` : undefined}
          aria-describedby="filter-says"
          aria-invalid={errors.length > 0}
          spellcheck={false}
          autocomplete="off"
          maxLength={1000}
          value={draft}
          onFocus={() => {
            setOpen(chips.length === 0);
            void import("./Completion").then(setCompletion, () => undefined);
          }}
          onBlur={() => {
            setOpen(false);
            actions.filter(whole(state.value.filter));
          }}
          onInput={(event) => {
            setOpen(!/[ \t]$/.test(event.currentTarget.value));
            write(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (keys[event.key]?.() === true) event.preventDefault();
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      {Options !== undefined && shown ? <Options options={options} active={active} onTake={take} /> : null}
      <p id="filter-says" role="status" class="wrong">
        {errors.join("; ")}
      </p>
    </div>
  );
}
