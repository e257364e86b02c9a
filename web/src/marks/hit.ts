import type { MarkId } from '@yuepian/contract';
import { inkWidth, isInk } from './kinds.ts';
import type { Placed } from './layer.ts';
import { distanceToSegment, type Point } from './shape.ts';

export interface Hit {
  readonly id: MarkId;
  /** Index of the handle that was hit, undefined for the line itself. */
  readonly handle: number | undefined;
}

/**
 * The mark under a pointer: handles before lines, nearest first, later marks above earlier ones.
 * Boxes first: of 1,000 marks only those near the pointer are looked at.
 * @param reach CSS pixels; larger for a finger than for a mouse.
 */
export function hitPlaced(all: readonly Placed[], at: Point, reach: number): Hit | undefined {
  let best: Hit | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (const { mark, pieces, handles, box } of all) {
    const margin = isInk(mark.kind) ? reach + inkWidth[mark.kind] / 2 : reach;
    if (
      at[0] < box[0] - margin ||
      at[0] > box[2] + margin ||
      at[1] < box[1] - margin ||
      at[1] > box[3] + margin
    )
      continue;
    for (let n = 0; n < handles.length; n++) {
      const h = handles[n] as Point;
      // A handle wins over a line at the same distance: it is the smaller target.
      const d = Math.hypot(h[0] - at[0], h[1] - at[1]) * 0.5;
      if (d * 2 <= reach && d <= nearest) {
        nearest = d;
        best = { id: mark.id, handle: n };
      }
    }
    for (const { points, isGuide } of pieces) {
      if (isGuide) continue;
      for (let n = 1; n < points.length; n++) {
        const d = distanceToSegment(at, points[n - 1] as Point, points[n] as Point);
        if (d <= margin && d < nearest) {
          nearest = d;
          best = { id: mark.id, handle: undefined };
        }
      }
    }
  }
  return best;
}
