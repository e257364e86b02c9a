import type { Mark } from '@yuepian/contract';
import type { Projection } from '../engine/index.ts';
import { isOnSlice } from './projection.ts';

/** What a view shows, as far as marks are concerned. */
export type MarksPlace =
  | { readonly space: 'patient'; readonly frameOfReferenceUid: string; readonly isSlice: boolean }
  | { readonly space: 'frame'; readonly sopInstanceUid: string; readonly frame: number };

/**
 * The marks that belong in a view: of its frame of reference and on its slice, or of its single
 * frame. In 3D all marks of the frame of reference show.
 */
export function shownIn(place: MarksPlace, p: Projection, marks: Iterable<Mark>): Mark[] {
  const shown: Mark[] = [];
  for (const mark of marks) if (!mark.hidden && belongs(place, p, mark)) shown.push(mark);
  return shown;
}

function belongs(place: MarksPlace, p: Projection, mark: Mark): boolean {
  if (place.space === 'frame') {
    return mark.frame?.sopInstanceUid === place.sopInstanceUid && mark.frame.frame === place.frame;
  }
  return (
    mark.frameOfReferenceUid === place.frameOfReferenceUid && (!place.isSlice || isOnSlice(p, mark))
  );
}
