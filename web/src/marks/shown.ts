import type { Mark } from '@yuepian/contract';
import { dot } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { heightsOf, isOnSlice, reachOf } from './projection.ts';

/** What a view shows, as far as marks are concerned. */
export type MarksPlace =
  | { readonly space: 'patient'; readonly frameOfReferenceUid: string; readonly isSlice: boolean }
  | { readonly space: 'frame'; readonly sopInstanceUid: string; readonly frame: number };

/** Whether two places are one: only there may a mark that was begun be finished. */
export const isSamePlace = (a: MarksPlace | undefined, b: MarksPlace | undefined): boolean => {
  if (a?.space === 'patient' && b?.space === 'patient') {
    return a.frameOfReferenceUid === b.frameOfReferenceUid && a.isSlice === b.isSlice;
  }
  if (a?.space === 'frame' && b?.space === 'frame') {
    return a.sopInstanceUid === b.sopInstanceUid && a.frame === b.frame;
  }
  return a === b;
};

/**
 * The marks that belong in a view: of its frame of reference and on its slice, or of its single
 * frame. In 3D all marks of the frame of reference show. A plain loop; MarkLayer does the same with
 * memory.
 */
export function shownIn(place: MarksPlace, p: Projection, marks: Iterable<Mark>): Mark[] {
  const { normal, point } = p.plane;
  const isSlice = place.space === 'patient' && place.isSlice;
  return [...marks].filter(
    (mark) =>
      !mark.hidden &&
      isInPlace(place, mark) &&
      (!isSlice || isOnSlice(mark.kind, heightsOf(mark, normal), dot(normal, point), reachOf(p))),
  );
}

/** Whether a mark lies in the space that a view shows. */
export const isInPlace = (
  place: MarksPlace,
  mark: Pick<Mark, 'frame' | 'frameOfReferenceUid'>,
): boolean =>
  place.space === 'frame'
    ? mark.frame?.sopInstanceUid === place.sopInstanceUid && mark.frame.frame === place.frame
    : mark.frameOfReferenceUid === place.frameOfReferenceUid;
