/** Completions of the filter, selected by keyboard or by a click. */

import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import { actions } from "../state/actions";
import { all, state } from "../state/store";
import { parse, whole } from "../trace/filter";
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
  const enter = (): void => {
    if (takeActive()) return;
    setOpen(false);
    if (commit()) leave(input.current);
  };
  const back = (): void => {
    // What opened by itself, and was not gone into, is no step on the way out.
    const isOpened = shown && (draft !== "" || active >= 0);
    setOpen(false);
    if (!isOpened) leave(input.current);
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
      commit();
    },
    onInput: (text) => {
      setOpen(!/[ \t]$/.test(text));
      write(text);
    },
    onKey: (key) =>
      key === "Backspace" ? draft === "" && reopenLast(chips) : act(key, { move, enter, tab, back }),
  };
}

/** Complete what is typed, at Tab; without anything typed, that goes on to what follows the field. */
function completes(draft: string, take: (option: Option) => void, move: (by: number) => boolean): boolean {
  if (draft === "") return false;
  const [first] = complete(draft, all.value);
  if (first !== undefined && !draft.endsWith(":")) take(first);
  else if (first !== undefined) move(1);
  else commit();
  return true;
}

/** Make a term of what is typed; return whether the filter is right: else it is to be mended where it is. */
function commit(): boolean {
  const filter = whole(state.value.filter);
  actions.filter(filter);
  return parse(filter).errors.length === 0;
}

/** Give the keys back to the list. */
function leave(input: HTMLInputElement | null): void {
  input?.blur();
  // Where it is narrow, the field is in a menu, which has them as long as it is open.
  input?.closest<HTMLElement>(":popover-open")?.hidePopover();
}

/** Make the last chip the draft again. */
function reopenLast(chips: readonly string[]): boolean {
  if (chips.length === 0) return false;
  actions.filter(chips.join(" "));
  return true;
}

interface Acts {
  readonly move: (by: number) => boolean;
  readonly enter: () => void;
  readonly tab: () => boolean;
  readonly back: () => void;
}

function act(key: string, { move, enter, tab, back }: Acts): boolean {
  switch (key) {
    case "ArrowDown":
      return move(1);
    case "ArrowUp":
      return move(-1);
    case "Enter":
      enter();
      return true;
    case "Tab":
      return tab();
    case "Escape":
      back();
      return true;
    default:
      return false;
  }
}
