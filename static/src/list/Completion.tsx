import type { JSX } from "preact";

import "../styles/completion.css";
import type { Option } from "./completion";

interface OptionsProps {
  readonly options: readonly Option[];
  readonly active: number;
  readonly onTake: (option: Option) => void;
}

/** The list of completions below the filter. */
export function Options({ options, active, onTake }: OptionsProps): JSX.Element {
  return (
    <ul id="filter-may" role="listbox" aria-label="Suggestions">
      {options.map((option, index) => (
        <li
          key={option.text}
          id={`filter-may-${index}`}
          role="option"
          aria-selected={index === active}
          onMouseDown={(event) => {
            event.preventDefault();
          }}
          onClick={() => {
            onTake(option);
          }}
        >
          <code>{option.text}</code> <span>{option.hint}</span>
        </li>
      ))}
    </ul>
  );
}
