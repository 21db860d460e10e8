/** Merge two sequences into one. */

/** An item of either sequence, or of both. */
export type Pair<T> = readonly [a: T, b: T] | readonly [a: T, b: null] | readonly [a: null, b: T];

/**
 * In the order of the first; what the second alone has comes after what it followed there, and after
 * what the first alone has at that place.
 *
 * @param idOf what is the same in both has the same id; no two items of one sequence do.
 */
export function merge<T>(a: readonly T[], b: readonly T[], idOf: (item: T) => string): readonly Pair<T>[] {
  const ofB = new Map(b.map((item) => [idOf(item), item]));
  const own = ownAfter(b, new Set(a.map(idOf)), idOf);
  const pairs: Pair<T>[] = [];
  let waiting = own.get("") ?? [];
  for (const item of a) {
    const other = ofB.get(idOf(item));
    if (other === undefined) pairs.push([item, null]);
    else {
      pairs.push(...waiting.map((each) => [null, each] as const), [item, other]);
      waiting = own.get(idOf(item)) ?? [];
    }
  }
  return [...pairs, ...waiting.map((each) => [null, each] as const)];
}

/** What the second sequence alone has, by the id of the shared item that it follows. */
function ownAfter<T>(
  b: readonly T[],
  shared: ReadonlySet<string>,
  idOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const own = new Map<string, T[]>();
  let last = "";
  for (const item of b) {
    if (shared.has(idOf(item))) last = idOf(item);
    else own.set(last, [...(own.get(last) ?? []), item]);
  }
  return own;
}
