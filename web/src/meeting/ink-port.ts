import type { InkBatch } from '@yuepian/contract';
import type { LiveCase } from '../case/index.ts';
import type { LiveInk, WetBatch } from '../marks/index.ts';

/** What stands for a pressure that the device does not give (contract, inkBatch). */
const noPressure = -1;
const toolOf = { ink: 'pen', highlighter: 'highlighter', laser: 'laser' } as const;
const kindOf = { pen: 'ink', highlighter: 'highlighter', laser: 'laser' } as const;
const endOf = { done: 'done', cancelled: 'gone' } as const;

export function toLive(batch: WetBatch): InkBatch {
  const { plane, points, pressures, state } = batch;
  return {
    stroke: batch.strokeId,
    tool: toolOf[batch.kind],
    colour: batch.colour,
    width: batch.width,
    plane: { point: [...plane.point], normal: [...plane.normal] },
    ...(batch.frameOfReferenceUid && { frameOfReferenceUid: batch.frameOfReferenceUid }),
    ...(batch.frame && { frame: batch.frame }),
    from: batch.from,
    points: points.flatMap((p, n) => [p[0], p[1], p[2], pressures?.[n] ?? noPressure]),
    ...(state !== 'drawing' && { end: endOf[state] }),
  };
}

export function toWet(batch: InkBatch): WetBatch {
  const points: [number, number, number][] = [];
  const pressures: number[] = [];
  for (let n = 0; n + 3 < batch.points.length; n += 4) {
    const [x = 0, y = 0, z = 0, pressure = noPressure] = batch.points.slice(n, n + 4);
    points.push([x, y, z]);
    if (pressure >= 0) pressures.push(pressure);
  }
  return {
    strokeId: batch.stroke,
    kind: kindOf[batch.tool],
    colour: batch.colour,
    width: batch.width,
    plane: batch.plane,
    ...(batch.frameOfReferenceUid && { frameOfReferenceUid: batch.frameOfReferenceUid }),
    ...(batch.frame && { frame: batch.frame }),
    from: batch.from,
    points,
    ...(pressures.length === points.length && pressures.length > 0 && { pressures }),
    state: batch.end === undefined ? 'drawing' : batch.end === 'done' ? 'done' : 'cancelled',
  };
}

/** The live channel as the marks layer needs it. */
export const inkPort = (live: LiveCase): LiveInk => ({
  send: (batch) => live.sendInk(toLive(batch)),
  subscribe: (listener) => live.onWetInk((_person, batch) => listener(toWet(batch))),
});
