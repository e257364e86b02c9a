/** What lies so close on a line that one finger would not tell it apart. */
export interface TickGroup<T> {
  /** CSS px along the line: the middle between the first and the last. */
  readonly at: number;
  /** In the order of the line. */
  readonly items: readonly [T, ...T[]];
}

/**
 * Puts together what would overlap, so that all that is left can be hit.
 * @param reach width of a target, CSS px: no two groups are closer
 */
export function groupTicks<T>(
  ticks: readonly { readonly at: number; readonly item: T }[],
  reach: number,
): TickGroup<T>[] {
  const groups: { first: number; last: number; items: [T, ...T[]] }[] = [];
  for (const { at, item } of ticks.toSorted((a, b) => a.at - b.at)) {
    const group = groups.at(-1);
    // A group's middle only moves on, and so only away from the group before it.
    if (group && at - (group.first + group.last) / 2 < reach) {
      group.last = at;
      group.items.push(item);
    } else groups.push({ first: at, last: at, items: [item] });
  }
  return groups.map(({ first, last, items }) => ({ at: (first + last) / 2, items }));
}
