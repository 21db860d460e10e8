/** Break a path with its query into at most two lines; what does not fit is cut in the middle. */

import type { TraceSummary } from "../api/types";

/** A piece of a line: of the path, or of the query, which is muted. */
type Piece = readonly [text: string, isQuery: boolean];
export type Line = readonly Piece[];

interface Letter {
  readonly text: string;
  readonly isQuery: boolean;
  readonly columns: number;
}

/** Longer ones are cut before they are measured. */
const LONGEST = 1500;
const UNSEEN = /[\p{Cc}\u2028\u2029]/gu;
const NARROW = /^[\x20-\x7e]*$/;
const NO_COLUMN = /^[\p{M}\p{Cf}]$/u;
const TWO_COLUMNS =
  /^[\p{Extended_Pictographic}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{3fffd}]$/u;
const BREAKS = "/&=+";

type Address = Pick<TraceSummary, "path" | "query">;

/** The lines of a path, where the first has room for so many columns of a fixed font, and the second. */
export function linesOf({ path, query }: Address, first: number, second: number): readonly Line[] {
  const whole = query === "" ? path : `${path}?${query}`;
  if (whole.length <= first && NARROW.test(whole)) return [line(path, whole.slice(path.length))];
  const letters = lettersOf(path, whole.slice(path.length));
  const end = fitting(letters, first);
  if (end === letters.length) return [joined(letters)];
  const at = breakBefore(letters, end);
  const rest = letters.slice(at);
  const isCut = fitting(rest, second) < rest.length;
  return [joined(letters.slice(0, at)), joined(isCut ? cut(rest, second) : rest)];
}

const line = (path: string, query: string): Line => [
  [path, false],
  ...(query === "" ? [] : [[query, true] as const]),
];

function lettersOf(path: string, query: string): readonly Letter[] {
  const of = (text: string, isQuery: boolean): readonly Letter[] =>
    Array.from(text.replace(UNSEEN, " "), (letter) => ({
      text: letter,
      isQuery,
      columns: columnsOf(letter),
    }));
  if (path.length + query.length <= LONGEST) return [...of(path, false), ...of(query, true)];
  const half = LONGEST / 2;
  // Only its beginning and its end will be seen.
  const begin = [
    ...of(path.slice(0, half), false),
    ...of(query.slice(0, Math.max(0, half - path.length)), true),
  ];
  const end = [
    ...of(path.slice(Math.max(half, path.length + query.length - half)), false),
    ...of(query.slice(-half), true),
  ];
  return [...begin, ...end];
}

function columnsOf(letter: string): number {
  if (letter <= "\x7e") return 1;
  return NO_COLUMN.test(letter) ? 0 : TWO_COLUMNS.test(letter) ? 2 : 1;
}

/** How many letters have room. */
function fitting(letters: readonly Letter[], columns: number): number {
  let [at, taken] = [0, 0];
  while (at < letters.length && taken + (letters[at]?.columns ?? 0) <= columns)
    taken += letters[at++]?.columns ?? 0;
  return at;
}

/** Where to break at the latest: after a separator or before the query, if that leaves no line half empty. */
function breakBefore(letters: readonly Letter[], end: number): number {
  for (let at = end; at > end / 2; at -= 1)
    if (BREAKS.includes(letters[at - 1]?.text ?? " ") || letters[at]?.text === "?") return at;
  return end;
}

/** Cut letters in the middle, so that more of their end is left, where paths differ. */
function cut(letters: readonly Letter[], columns: number): readonly Letter[] {
  const head = letters.slice(0, fitting(letters, Math.floor((columns - 1) * 0.4)));
  const back = letters.slice(head.length).reverse();
  const tail = back.slice(0, fitting(back, columns - 1 - sum(head))).reverse();
  return [...head, { text: "…", isQuery: tail[0]?.isQuery ?? false, columns: 1 }, ...tail];
}

const sum = (letters: readonly Letter[]): number => letters.reduce((all, { columns }) => all + columns, 0);

function joined(letters: readonly Letter[]): Line {
  const text = (isQuery: boolean): string =>
    letters
      .filter((letter) => letter.isQuery === isQuery)
      .map((letter) => letter.text)
      .join("");
  return (
    [
      [text(false), false],
      [text(true), true],
    ] as const
  ).filter(([each]) => each !== "");
}
