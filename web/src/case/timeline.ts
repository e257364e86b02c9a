/** A pause in a meeting longer than this is played as this long. */
export const longestIdleMs = 3_000;

/**
 * Times of log rows as they are played: the pauses between rows shortened, and never backwards, even
 * where the clock of the server was set back.
 */
export class Timeline {
  /** Played ms of each row; the first is at 0. */
  readonly times: readonly number[];
  readonly duration: number;

  /** @param at ms since 1970 of each row, in the order of the log. */
  constructor(at: readonly number[], longestIdle = longestIdleMs) {
    let played = 0;
    this.times = at.map((time, n) => {
      const gap = n === 0 ? 0 : time - (at[n - 1] ?? time);
      played += Math.min(longestIdle, Math.max(0, gap));
      return played;
    });
    this.duration = played;
  }

  /** Played ms of row `n`, counted from 0. */
  timeOf(n: number): number {
    return this.times[Math.min(this.times.length - 1, Math.max(0, n))] ?? 0;
  }

  /** How many rows have happened at a played time; those at that very moment included. */
  countAt(position: number): number {
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.times[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
