import type { Mark, MarkId, MarkKind, UserId } from '@yuepian/contract';
import { markId } from '@yuepian/contract';
import { canvasPoint, patientPoint, patientVector, type Vec3 } from '@yuepian/geometry';
import type { Pick, Projection } from '../engine/index.ts';
import type { PointerSample } from '../pointer/index.ts';
import { type Hand, MarkEditor } from './editor.ts';
import { hitPlaced } from './hit.ts';
import type { DrawnSink } from './inking.ts';
import type { DrawingTool } from './kinds.ts';
import { placed } from './layer.ts';
import type { MarksPlace } from './shown.ts';

/** An axial view at height z: 2 px per mm, patient x to the right, y down, viewed from the feet. */
export function axialProjection(z = 0, halfThickness = 1.5): Projection {
  const scale = 2;
  return {
    space: 'patient',
    worldToCanvas: [scale, 0, 0, 400, 0, scale, 0, 300],
    toWorld: (c) => patientPoint((c[0] - 400) / scale, (c[1] - 300) / scale, z),
    toCanvas: (p) => canvasPoint(p[0] * scale + 400, p[1] * scale + 300),
    depth: (p) => z - p[2],
    plane: {
      point: patientPoint(0, 0, z),
      normal: patientVector(0, 0, -1),
      up: patientVector(0, -1, 0),
      right: patientVector(1, 0, 0),
    },
    mmPerPixel: 1 / scale,
    size: [800, 600],
    devicePixelRatio: 1,
    halfThickness,
  };
}

export function testMark(kind: MarkKind, points: readonly Vec3[], id = 'm1'): Mark {
  return {
    version: 2,
    id: markId.parse(id),
    kind,
    frameOfReferenceUid: '1.2.3' as Mark['frameOfReferenceUid'],
    plane: { point: [0, 0, 0], normal: [0, 0, -1] },
    points: points.map((p) => [...p] as [number, number, number]),
    label: '',
    colour: '#4fd1c5',
    author: { id: 'u1' as UserId, name: '陈' },
    createdAt: '2026-01-01T00:00:00Z',
    hidden: false,
  };
}

export const testSample = (x: number, y: number, id = 1): PointerSample => ({
  id,
  role: 'mouse',
  at: canvasPoint(x, y),
  buttons: 1,
  shift: false,
  control: false,
  pressure: 0.5,
  time: 0,
});

/** An editor over a plain map of marks. */
export function testEditor(
  tool: DrawingTool | undefined | ((sample: PointerSample) => Hand),
  projection = axialProjection(),
  pick?: (at: readonly [number, number]) => Pick | undefined,
  wet?: DrawnSink,
): {
  editor: MarkEditor;
  marks: Map<MarkId, Mark>;
  writes: string[];
  asked: Mark[] /** To show another image. */;
  shown: { place: MarksPlace | undefined };
} {
  const marks = new Map<MarkId, Mark>();
  const writes: string[] = [];
  const asked: Mark[] = [];
  const shown: { place: MarksPlace | undefined } = {
    place: { space: 'patient', frameOfReferenceUid: '1.2.3', isSlice: true },
  };
  let next = 1;
  const editor = new MarkEditor({
    projection: () => projection,
    place: () => shown.place,
    hit: (at, reach) =>
      hitPlaced(
        [...marks.values()].map((m) => placed(m, projection)),
        at,
        reach,
      ),
    markOf: (id) => marks.get(id),
    hand: (sample) =>
      typeof tool === 'function' ? tool(sample) : { owner: 'u1', tool, colour: '#4fd1c5' },
    mayEdit: () => true,
    ...(pick && { pick }),
    ...(wet && { wet }),
    compose: (kind, geometry, { colour }) => ({
      ...testMark(kind, geometry.points, `new${next++}`),
      ...geometry,
      points: geometry.points.map((p) => [...p] as [number, number, number]),
      colour,
    }),
    commit: (mark) => {
      marks.set(mark.id, mark);
      writes.push(`add ${mark.kind}`);
    },
    change: (id, patch) => {
      const old = marks.get(id);
      if (old) marks.set(id, { ...old, ...patch });
      writes.push(`change ${id}`);
    },
    select: () => undefined,
    askText: (mark) => asked.push(mark),
    redraw: () => undefined,
  });
  return { editor, marks, writes, asked, shown };
}
