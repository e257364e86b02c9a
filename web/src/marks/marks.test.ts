import { mark as markSchema } from '@yuepian/contract';
import { affineFromSteps, type Volume } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import type { MarkEditor } from './editor.ts';
import { linesOf, millimetres, squareMillimetres, voxelValue } from './format.ts';
import { hitPlaced } from './hit.ts';
import { placed } from './layer.ts';
import { shownIn } from './shown.ts';
import { axialProjection, testEditor, testMark, testSample } from './testing.ts';
import { valuesOf } from './values.ts';

function drag(editor: MarkEditor, points: [number, number][], id = 1): void {
  const [first, ...rest] = points;
  if (!first) return;
  const stroke = editor.begin(testSample(...first, id));
  for (const p of rest) stroke?.move(testSample(...p, id));
  stroke?.end(testSample(...(points.at(-1) ?? first), id));
}

const volume: Volume = {
  size: [100, 100, 1],
  affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 3], [-50, -50, 0]),
  frameOfReferenceUid: '1.2.3',
  data: Int16Array.from({ length: 10_000 }, (_, n) => n % 100),
};

describe('drawing a mark', () => {
  it('draws a length by dragging, in millimetres, as one change', () => {
    const { editor, marks, writes } = testEditor('length');
    drag(editor, [
      [400, 300],
      [420, 310],
      [460, 380],
    ]);
    const [mark] = [...marks.values()];
    expect(mark?.points).toEqual([
      [0, 0, 0],
      [30, 40, 0],
    ]);
    expect(writes).toEqual(['add length']);
    expect(markSchema.safeParse(mark).success).toBe(true);
    expect(mark && valuesOf(mark, { volume, unit: 'HU' })).toEqual({ kind: 'length', length: 50 });
  });

  it('draws by clicks too, and an angle by three of them', () => {
    const { editor, marks } = testEditor('angle');
    drag(editor, [[400, 300]]);
    editor.hover(testSample(480, 300));
    expect(editor.isDrafting).toBe(true);
    drag(editor, [[480, 300]]);
    drag(editor, [[480, 380]]);
    const [mark] = [...marks.values()];
    expect(mark?.points).toEqual([
      [0, 0, 0],
      [40, 0, 0],
      [40, 40, 0],
    ]);
    const values = mark && valuesOf(mark, { volume: undefined, unit: '' });
    expect(values?.kind === 'angle' && values.angle).toBeCloseTo(90, 9);
  });

  it('draws an ellipse from corner to corner and counts its voxels', () => {
    const { editor, marks } = testEditor('ellipse');
    drag(editor, [
      [360, 280],
      [440, 320],
    ]);
    const [mark] = [...marks.values()];
    expect(mark?.points).toEqual([
      [0, 0, 0],
      [20, 0, 0],
      [0, -10, 0],
    ]);
    const values = mark && valuesOf(mark, { volume, unit: 'HU' });
    expect(values?.kind === 'region' && values.statistics?.mean).toBeCloseTo(50, 9);
    expect(values?.kind === 'region' && values.area).toBeCloseTo(Math.PI * 200, 9);
  });

  it('keeps two people drawing in one view apart', () => {
    const { editor, marks } = testEditor('length');
    const a = editor.begin(testSample(100, 100, 7));
    const b = editor.begin(testSample(500, 500, 8));
    a?.move(testSample(160, 100, 7));
    b?.move(testSample(500, 400, 8));
    a?.end(testSample(160, 100, 7));
    b?.end(testSample(500, 400, 8));
    expect([...marks.values()].map((m) => m.points)).toEqual([
      [
        [-150, -100, 0],
        [-120, -100, 0],
      ],
      [
        [50, 100, 0],
        [50, 50, 0],
      ],
    ]);
  });

  it('leaves nothing behind when cancelled or meant as nothing', () => {
    const { editor, marks } = testEditor('length');
    const stroke = editor.begin(testSample(100, 100));
    stroke?.move(testSample(200, 200));
    stroke?.cancel();
    expect(editor.drafts()).toEqual([]);
    drag(editor, [[100, 100]]);
    expect(editor.cancel()).toBe(true);
    expect(marks.size).toBe(0);
  });
});

describe('editing a mark', () => {
  it('moves one end, or the whole, as one change each', () => {
    const { editor, marks, writes } = testEditor(undefined);
    const mark = testMark('length', [
      [0, 0, 1],
      [30, 0, -1],
    ]);
    marks.set(mark.id, mark);
    drag(editor, [
      [460, 300],
      [470, 300],
      [480, 320],
    ]);
    expect(marks.get(mark.id)?.points).toEqual([
      [0, 0, 1],
      [40, 10, -1],
    ]);
    drag(editor, [
      [440, 310],
      [450, 330],
    ]);
    expect(marks.get(mark.id)?.points).toEqual([
      [5, 10, 1],
      [45, 20, -1],
    ]);
    expect(writes).toEqual(['change m1', 'change m1']);
  });

  it('keeps the axes of an ellipse at right angles', () => {
    const { editor, marks } = testEditor(undefined);
    const mark = testMark('ellipse', [
      [0, 0, 0],
      [20, 0, 0],
      [0, 10, 0],
    ]);
    marks.set(mark.id, mark);
    drag(editor, [
      [440, 300],
      [400, 350],
      [400, 360],
    ]);
    const [c, a, b] = marks.get(mark.id)?.points ?? [];
    expect(c).toEqual([0, 0, 0]);
    expect(a).toEqual([0, 30, 0]);
    expect(Math.hypot(...(b ?? []))).toBeCloseTo(10, 9);
    expect(b?.[1]).toBeCloseTo(0, 9);
  });

  it('does not write when a mark is only touched', () => {
    const { editor, marks, writes } = testEditor('length');
    const mark = testMark('length', [
      [0, 0, 0],
      [30, 0, 0],
    ]);
    marks.set(mark.id, mark);
    drag(editor, [[430, 300]]);
    expect(writes).toEqual([]);
  });
});

describe('which marks a view shows', () => {
  const mark = testMark('length', [
    [0, 0, 0],
    [30, 0, 1],
  ]);
  const place = { space: 'patient', frameOfReferenceUid: '1.2.3', isSlice: true } as const;

  it('shows a mark on its slice only, in 3D always, and never in another space', () => {
    expect(shownIn(place, axialProjection(0), [mark])).toHaveLength(1);
    expect(shownIn(place, axialProjection(3), [mark])).toHaveLength(0);
    expect(shownIn({ ...place, isSlice: false }, axialProjection(30), [mark])).toHaveLength(1);
    expect(
      shownIn({ ...place, frameOfReferenceUid: '9' }, axialProjection(0), [mark]),
    ).toHaveLength(0);
    expect(shownIn(place, axialProjection(0), [{ ...mark, hidden: true }])).toHaveLength(0);
  });

  it('hits a handle before a line, and nothing beside them', () => {
    const p = axialProjection(0);
    expect(hitPlaced([placed(mark, p)], [459, 301], 9)).toEqual({ id: 'm1', handle: 1 });
    expect(hitPlaced([placed(mark, p)], [430, 304], 9)).toEqual({ id: 'm1', handle: undefined });
    expect(hitPlaced([placed(mark, p)], [430, 330], 9)).toBeUndefined();
  });
});

describe('what a mark says', () => {
  it('shows no millimetres where the spacing is unknown, and says so', () => {
    const { frameOfReferenceUid: _, ...rest } = testMark('length', [
      [0, 0, 0],
      [30, 40, 0],
    ]);
    const onFrame = { ...rest, frame: { sopInstanceUid: '1.2', frame: 1 } };
    expect(linesOf(valuesOf(onFrame, { volume: undefined, unit: '' }), 'en')).toEqual([
      'Pixel spacing unknown',
    ]);
    expect(valuesOf(onFrame, { volume: undefined, unit: '', pixelSize: [0.5, 0.5] })).toEqual({
      kind: 'length',
      length: 25,
    });
  });

  it('shows no value from a preview', () => {
    const probe = testMark('probe', [[10, 0, 0]]);
    expect(linesOf(valuesOf(probe, { volume: undefined, unit: 'HU' }), 'zh')).toEqual(['加载中…']);
    expect(linesOf(valuesOf(probe, { volume, unit: 'HU' }), 'zh')).toEqual(['60 HU']);
    expect(
      linesOf(valuesOf(testMark('probe', [[900, 0, 0]]), { volume, unit: 'HU' }), 'en'),
    ).toEqual(['Outside']);
  });

  it('writes numbers with unit and sensible digits', () => {
    expect(millimetres(12.449)).toBe('12.4 mm');
    expect(squareMillimetres(123.44)).toBe('123.4 mm²');
    expect(squareMillimetres(12344)).toBe('123.44 cm²');
    expect(voxelValue(-1024, 'HU')).toBe('−1024 HU');
    expect(voxelValue(2.345, 'SUV')).toBe('2.35 SUV');
    expect(voxelValue(-0.01, 'HU', true)).toBe('0.0 HU');
  });
});
