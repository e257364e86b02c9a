import type { View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import type { Room } from '../room.ts';

let strokes = 0;

/** Marks that the pointer touches go; one stroke is one step to undo, however many it took. */
export function erase(room: Room, view: View, first: PointerSample): Stroke {
  strokes += 1;
  const gesture = `erase-${strokes}`;
  const take = (sample: PointerSample): void => {
    const hit = room.views.editor(view.kind)?.hitAt(sample);
    if (hit) room.removeMark(hit.id, gesture);
  };
  take(first);
  return { move: take, end: () => room.endGesture(), cancel: () => room.endGesture() };
}
