/** The part of a request's time that the timeline shows, and the ticks on its axis. In nanoseconds. */

export type Span = readonly [from: number, to: number];

const LEAST = 1000;

/** Make it shorter by this factor around its middle, or longer; never beyond the whole. */
export function zoomed([from, to]: Span, factor: number, whole: number): Span {
  const length = Math.min(whole, Math.max(LEAST, (to - from) / factor));
  const begin = Math.max(0, Math.min(whole - length, (from + to - length) / 2));
  return [begin, begin + length];
}

/** The range between two positions on the axis, each a fraction of its width. */
export function between([from, to]: Span, one: number, other: number): Span {
  const at = (part: number): number => from + Math.min(1, Math.max(0, part)) * (to - from);
  const [begin, end] = [at(Math.min(one, other)), at(Math.max(one, other))];
  return [begin, Math.max(end, begin + LEAST)];
}

/** Round moments inside a range, up to a maximum number. */
export function ticks([from, to]: Span, most: number): readonly number[] {
  const least = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least) ?? power;
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick);
  return ticks;
}
