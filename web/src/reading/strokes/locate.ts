import type { View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import type { Room } from '../room.ts';
import { isInside } from '../targets.ts';

/** The crosshair follows the mouse. */
export function locate(room: Room, view: View, first: PointerSample): Stroke {
  const go = (s: PointerSample): void => {
    const { shown } = room.state.get();
    const point = view.projection()?.toWorld(s.at);
    if (point && shown?.kind === 'volume' && isInside(shown, point)) room.jumpTo(point);
  };
  go(first);
  return { move: go, end: () => undefined, cancel: () => undefined };
}
