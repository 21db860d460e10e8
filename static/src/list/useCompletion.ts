/** Completions of the filter, selected by keyboard or by a click. */

import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import { actions } from "../state/actions";
import { all, state } from "../state/store";
import { whole } from "../trace/filter";
import { complete, type Option } from "./completion";

export interface Completion {
  readonly options: readonly Option[];
  /** The picked option; -1: the text itself. */
  readonly active: number;
  readonly shown: boolean;
  readonly take: (option: Option) => void;
  readonly onFocus: () => void;
  readonly onBlur: () => void;
  readonly onInput: (text: string) => void;
  /** Returns whether the key did something. */
  readonly onKey: (key: string) => boolean;
}

export function useCompletion(
  input: RefObject<HTMLInputElement | null>,
  chips: readonly string[],
  draft: string,
): Completion {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const options = open ? complete(draft, all.value) : [];
  const shown = options.length > 0;
  const write = (text: string): void => {
    actions.filter([...chips, text].join(" "));
    setActive(-1);
  };
  const take = ({ text }: Option): void => {
    write(text.endsWith(":") ? text : `${text} `);
    input.current?.focus();
  };
  const move = (by: number): boolean => {
    setOpen(true);
    // One position more than there are options: the text itself.
    setActive(((active + 1 + by + options.length + 1) % (options.length + 1)) - 1);
    return true;
  };
  const takeActive = (): boolean => {
    const option = options[active];
    if (option !== undefined) take(option);
    return option !== undefined;
  };
  const tab = (): boolean => takeActive() || completes(draft, take, move);
  const leave = (): void => {
    if (shown) setOpen(false);
    else input.current?.blur();
  };
  return {
    options,
    active,
    shown,
    take,
    onFocus: () => {
      setOpen(chips.length === 0);
    },
    onBlur: () => {
      setOpen(false);
      actions.filter(whole(state.value.filter));
    },
    onInput: (text) => {
      setOpen(!/[ \t]$/.test(text));
      write(text);
    },
    onKey: (key) => {
      if (key === "Backspace") return draft === "" && reopenLast(chips);
      return act(key, { move, takeActive, tab, leave });
    },
  };
}

/** Complete what is typed, at Tab; without anything typed, that goes on to what follows the field. */
function completes(draft: string, take: (option: Option) => void, move: (by: number) => boolean): boolean {
  if (draft === "") return false;
  const [first] = complete(draft, all.value);
  if (first !== undefined && !draft.endsWith(":")) take(first);
  else if (first !== undefined) move(1);
  else actions.filter(whole(state.value.filter));
  return true;
}

/** Make the last chip the draft again. */
function reopenLast(chips: readonly string[]): boolean {
  if (chips.length === 0) return false;
  actions.filter(chips.join(" "));
  return true;
}

interface Acts {
  readonly move: (by: number) => boolean;
  readonly takeActive: () => boolean;
  readonly tab: () => boolean;
  readonly leave: () => void;
}

function act(key: string, { move, takeActive, tab, leave }: Acts): boolean {
  switch (key) {
    case "ArrowDown":
      return move(1);
    case "ArrowUp":
      return move(-1);
    case "Enter":
      if (!takeActive()) actions.filter(whole(state.value.filter));
      return true;
    case "Tab":
      return tab();
    case "Escape":
      leave();
      return true;
    default:
      return false;
  }
}
