import type { View } from '../../engine/index.ts';
import type { PointerSample } from '../../pointer/index.ts';
import type { Room } from '../room.ts';
import { isInside } from '../targets.ts';

/** A touch of anatomy brings every view there; a touch of empty space hides or shows all the rest. */
export function touch(room: Room, view: View, sample: PointerSample): void {
  const { shown, presenting } = room.state.get();
  const hit = view.kind === 'frame' ? undefined : view.pick(sample.at);
  const isAnatomy =
    hit !== undefined &&
    shown?.kind === 'volume' &&
    (view.kind === 'volume' || isInside(shown, hit.point));
  if (isAnatomy) {
    room.state.set({ touched: hit.structureKey });
    if (view.kind === 'volume' || sample.role === 'finger') room.jumpTo(hit.point);
  } else if (view.kind !== 'frame' || presenting) {
    room.state.set({ presenting: !presenting });
  }
}
