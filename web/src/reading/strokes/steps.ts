import type { View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';

/** A stroke in steps of CSS pixels. Rendering is coarser while it moves, and fine again at rest. */
export function steps(
  view: View,
  first: PointerSample,
  move: (dx: number, dy: number) => void,
): Stroke {
  let last = first.at;
  let isQuick = false;
  const settle = () => {
    if (isQuick) view.setQuality('still');
  };
  return {
    move: (s) => {
      if (!isQuick) view.setQuality('interactive');
      isQuick = true;
      move(s.at[0] - last[0], s.at[1] - last[1]);
      last = s.at;
    },
    end: settle,
    cancel: settle,
  };
}
