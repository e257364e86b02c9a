import type { View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import type { Room } from '../room.ts';
import { volumeViews } from '../room-state.ts';

/** CSS pixels of a finger's drag for one slice. */
export const slicePixels = 9;
/** A finger that went this far sideways, and mostly sideways, turns the page on a phone. */
const swipe = 70;

/** One finger scrolls up and down; sideways it turns the page where only one view is shown. */
export function fingerStroke(
  room: Room,
  view: View,
  first: PointerSample,
  isPhone: () => boolean,
): Stroke {
  let scrolled = 0;
  return {
    move: (s) => {
      const [dx, dy] = [s.at[0] - first.at[0], s.at[1] - first.at[1]];
      if (scrolled === 0 && Math.abs(dx) > Math.abs(dy)) return;
      const wanted = Math.trunc(dy / slicePixels);
      if (wanted !== scrolled) view.scroll(wanted - scrolled);
      scrolled = wanted;
    },
    end: (s) => {
      const [dx, dy] = [s.at[0] - first.at[0], s.at[1] - first.at[1]];
      const isSwipe = scrolled === 0 && Math.abs(dx) > swipe && Math.abs(dx) > 2 * Math.abs(dy);
      if (isSwipe && isPhone()) turnPage(room, dx < 0 ? 1 : -1);
    },
    cancel: () => undefined,
  };
}

/** The next or previous view of a phone. */
export function turnPage(room: Room, by: 1 | -1): void {
  const now = volumeViews.indexOf(room.state.get().phoneView);
  const next = volumeViews[(now + by + volumeViews.length) % volumeViews.length];
  if (next) room.state.set({ phoneView: next });
}
