/** Completions of the filter: fetched at the first focus, selected by keyboard or by a click. */

import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import { actions } from "../state/actions";
import { state } from "../state/store";
import { whole } from "../trace/filter";
import type { Option } from "./completion";

type Chunk = typeof import("./Completion");

export interface Completion {
  readonly Options: Chunk["Options"] | undefined;
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
  const [chunk, setChunk] = useState<Chunk>();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const options = (open && chunk?.optionsFor(draft)) || [];
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
  const leave = (): void => {
    if (shown) setOpen(false);
    else input.current?.blur();
  };
  return {
    Options: chunk?.Options,
    options,
    active,
    shown,
    take,
    onFocus: () => {
      setOpen(chips.length === 0);
      void import("./Completion").then(setChunk, () => undefined);
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
      return act(key, move, takeActive, leave);
    },
  };
}

/** Make the last chip the draft again. */
function reopenLast(chips: readonly string[]): boolean {
  if (chips.length === 0) return false;
  actions.filter(chips.join(" "));
  return true;
}

function act(
  key: string,
  move: (by: number) => boolean,
  takeActive: () => boolean,
  leave: () => void,
): boolean {
  switch (key) {
    case "ArrowDown":
      return move(1);
    case "ArrowUp":
      return move(-1);
    case "Enter":
      if (!takeActive()) actions.filter(whole(state.value.filter));
      return true;
    case "Tab":
      return takeActive();
    case "Escape":
      leave();
      return true;
    default:
      return false;
  }
}
