import { canvasPoint, patientPoint } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import type { View } from '../../../engine/index.ts';
import type { PointerSample } from '../../../pointer/index.ts';
import type { EditSession, HandTool } from '../session.ts';
import { EditHand } from '../strokes.ts';

const view = {
  kind: 'axial',
  projection: () => ({
    toWorld: (at: readonly [number, number]) => patientPoint(at[0], at[1], 0),
    plane: { point: [0, 0, 0], normal: [0, 0, -1] },
  }),
} as unknown as View;

const sample = (x: number, y: number) => ({ at: canvasPoint(x, y) }) as unknown as PointerSample;

function hand(tool: HandTool) {
  const acts: string[] = [];
  const session = {
    state: { get: () => ({ tool, isPreparing: false, isBusy: false, radius: 3, isDisc: false }) },
    redraw: () => undefined,
    act: async () => void acts.push(tool),
  } as unknown as EditSession;
  return { hand: new EditHand(session), acts };
}

it.each<HandTool>(['brush', 'eraser', 'scissors', 'islands'])(
  'Escape drops a stroke of the %s, whatever the pointer does after it',
  (tool) => {
    const draw = (isDropped: boolean): readonly string[] => {
      const { hand: drawing, acts } = hand(tool);
      const stroke = drawing.begin(view, sample(10, 10));
      stroke?.move(sample(20, 10));
      if (isDropped) expect(drawing.cancel()).toBe(true);
      stroke?.move(sample(20, 20));
      if (isDropped) expect(drawing.draft).toBeUndefined();
      stroke?.end(sample(20, 20));
      return acts;
    };
    expect(draw(false)).toEqual([tool]);
    expect(draw(true)).toEqual([]);
  },
);
