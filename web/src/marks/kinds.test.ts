import { type MarkKind, mark as markSchema } from '@yuepian/contract';
import {
  affineFromSteps,
  decodeStroke,
  patientPoint,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { simplified } from './drafting.ts';
import type { MarkEditor } from './editor.ts';
import { linesOf } from './format.ts';
import { traits } from './kinds.ts';
import { MarkLayer } from './layer.ts';
import { toCanvas } from './projection.ts';
import { shownIn } from './shown.ts';
import { axialProjection, testEditor, testMark, testSample } from './testing.ts';
import { valuesOf } from './values.ts';

function drag(editor: MarkEditor, points: readonly (readonly [number, number])[], id = 1): void {
  const [first, ...rest] = points;
  if (!first) return;
  const stroke = editor.begin(testSample(...first, id));
  for (const p of rest) stroke?.move(testSample(...p, id));
  stroke?.end(testSample(...(points.at(-1) ?? first), id));
}
const click = (editor: MarkEditor, x: number, y: number): void => drag(editor, [[x, y]]);

const volume: Volume = {
  size: [100, 100, 1],
  affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 3], [-50, -50, 0]),
  frameOfReferenceUid: '1.2.3',
  data: Int16Array.from({ length: 10_000 }, (_, n) => n % 100),
};
const ground = { volume, unit: 'HU' };
const only = <T>(values: Iterable<T>): T => {
  const all = [...values];
  expect(all).toHaveLength(1);
  return all[0] as T;
};

describe('drawing each kind', () => {
  it('bidirectional: the short axis stands at a right angle, by two drags or by clicks', () => {
    const byDrag = testEditor('bidirectional');
    drag(byDrag.editor, [
      [400, 300],
      [420, 300],
      [500, 300],
    ]);
    drag(byDrag.editor, [
      [440, 280],
      [450, 300],
      [470, 330],
    ]);
    const drawn = only(byDrag.marks.values());
    expect(drawn.points).toEqual([
      [0, 0, 0],
      [50, 0, 0],
      [20, -10, 0],
      [20, 15, 0],
    ]);
    expect(valuesOf(drawn, ground)).toEqual({ kind: 'axes', long: 50, short: 25 });
    const byClick = testEditor('bidirectional');
    for (const [x, y] of [
      [400, 300],
      [500, 300],
      [440, 280],
      [470, 330],
    ] as const)
      click(byClick.editor, x, y);
    expect(only(byClick.marks.values()).points).toEqual(drawn.points);
  });

  it('bidirectional: names the longer axis long even when it was drawn second', () => {
    const mark = testMark('bidirectional', [
      [0, 0, 0],
      [10, 0, 0],
      [5, -12, 0],
      [5, 18, 0],
    ]);
    expect(valuesOf(mark, ground)).toEqual({ kind: 'axes', long: 30, short: 10 });
  });

  it('cobb: two lines, one angle', () => {
    const { editor, marks } = testEditor('cobb');
    drag(editor, [
      [300, 300],
      [400, 300],
      [500, 300 + 200 * Math.tan(Math.PI / 18)],
    ]);
    drag(editor, [
      [300, 500],
      [400, 500],
      [500, 500 - 200 * Math.tan(Math.PI / 12)],
    ]);
    const values = valuesOf(only(marks.values()), ground);
    expect(values.kind === 'angle' && values.angle).toBeCloseTo(25, 9);
  });

  it('rectangle, polygon and freehand: area, perimeter and the voxels inside', () => {
    const r = testEditor('rectangle');
    drag(r.editor, [
      [399, 299],
      [461, 341],
    ]);
    const rectangle = valuesOf(only(r.marks.values()), ground);
    expect(rectangle).toMatchObject({ kind: 'region', area: 31 * 21, perimeter: 104, unit: 'HU' });
    expect(rectangle.kind === 'region' && rectangle.statistics).toMatchObject({
      count: 31 * 21,
      min: 50,
      max: 80,
      mean: 65,
    });

    const p = testEditor('polygon');
    for (const [x, y] of [
      [399, 299],
      [461, 299],
      [461, 341],
      [399, 341],
      [401, 300],
    ] as const)
      click(p.editor, x, y);
    const polygon = only(p.marks.values());
    expect(polygon.points).toHaveLength(4);
    expect(valuesOf(polygon, ground)).toEqual(rectangle);

    const f = testEditor('freehand');
    const ring = Array.from({ length: 200 }, (_, n): [number, number] => [
      400 + 60 * Math.cos((n / 199) * 2 * Math.PI),
      300 + 60 * Math.sin((n / 199) * 2 * Math.PI),
    ]);
    drag(f.editor, ring);
    const values = valuesOf(only(f.marks.values()), ground);
    expect(values.kind === 'region' && values.area).toBeGreaterThan(Math.PI * 900 * 0.985);
    expect(values.kind === 'region' && values.area).toBeLessThan(Math.PI * 900 * 1.001);
  });

  it('a polygon also ends where its last place is given twice', () => {
    const { editor, marks } = testEditor('polygon');
    for (const [x, y] of [
      [300, 300],
      [400, 300],
      [400, 400],
      [401, 400],
    ] as const)
      click(editor, x, y);
    expect(only(marks.values()).points).toHaveLength(3);
    expect(editor.isDrafting).toBe(false);
  });

  it('text asks for its words first; a key image is no tool', () => {
    const text = testEditor('text');
    click(text.editor, 300, 300);
    expect(text.marks.size).toBe(0);
    expect(only(text.asked).points).toEqual([[-50, 0, 0]]);
    const key = testEditor('keyImage');
    expect(key.editor.begin(testSample(300, 300))).toBeUndefined();
  });

  it('ink: one binary stroke on its plane, with pressure only from a pen, over whatever lies there', () => {
    const { editor, marks } = testEditor('ink');
    const under = testMark('length', [
      [-50, 0, 0],
      [50, 0, 0],
    ]);
    marks.set(under.id, under);
    drag(editor, [
      [300, 300],
      [320, 310],
      [340, 330],
    ]);
    const [, ink] = [...marks.values()];
    expect(marks.get(under.id)).toBe(under);
    expect(markSchema.safeParse(ink).success).toBe(true);
    expect(ink?.plane.point).toEqual([-50, 0, 0]);
    const points = decodeStroke(ink?.stroke ?? new Uint8Array());
    expect(points).toHaveLength(3);
    expect(points.every((q) => q.pressure === undefined)).toBe(true);
    const pen = testEditor('ink');
    const stroke = pen.editor.begin({ ...testSample(300, 300), role: 'pen', pressure: 0.2 });
    stroke?.move({ ...testSample(320, 310), role: 'pen', pressure: 0.8 });
    stroke?.end({ ...testSample(330, 310), role: 'pen', pressure: 0 });
    const pressed = decodeStroke(only(pen.marks.values()).stroke ?? new Uint8Array());
    expect(pressed.map((q) => Math.round((q.pressure ?? 9) * 10))).toEqual([2, 8, 0]);
  });

  it('moves ink by its plane; the bytes stay', () => {
    const { editor, marks } = testEditor('ink');
    drag(editor, [
      [300, 300],
      [400, 300],
    ]);
    const ink = only(marks.values());
    const look = testEditor(undefined);
    look.marks.set(ink.id, ink);
    drag(look.editor, [
      [350, 300],
      [360, 310],
      [370, 320],
    ]);
    const moved = only(look.marks.values());
    expect(moved.plane.point).toEqual([-40, 10, 0]);
    expect(moved.stroke).toBe(ink.stroke);
  });

  it('the light of a pointer leaves nothing', () => {
    const { editor, marks } = testEditor('laser');
    drag(editor, [
      [300, 300],
      [400, 300],
    ]);
    expect(marks.size).toBe(0);
    expect(editor.drafts()).toEqual([]);
  });
});

describe('places anywhere in the patient', () => {
  it('a distance goes from slice to slice, a length stays on the slice it began on', () => {
    const onTwoSlices = (kind: MarkKind) => {
      let z = 0;
      const view = { ...axialProjection(0) };
      const projection = new Proxy(view, {
        get: (_, key) => axialProjection(z)[key as keyof typeof view],
      });
      const { editor, marks } = testEditor(kind, projection);
      click(editor, 400, 300);
      z = 40;
      click(editor, 460, 300);
      return only(marks.values());
    };
    const distance = onTwoSlices('distance');
    expect(distance.points).toEqual([
      [0, 0, 0],
      [30, 0, 40],
    ]);
    expect(valuesOf(distance, ground)).toEqual({ kind: 'length', length: 50 });
    expect(onTwoSlices('length').points).toEqual([
      [0, 0, 0],
      [30, 0, 0],
    ]);
  });

  it('shows a distance on every slice that it crosses, a length only on its own', () => {
    const place = { space: 'patient', frameOfReferenceUid: '1.2.3', isSlice: true } as const;
    const ends = [
      [0, 0, 0],
      [30, 0, 40],
    ] as const;
    const layer = new MarkLayer();
    for (const [kind, z, count] of [
      ['distance', 20, 1],
      ['distance', 41, 1],
      ['distance', 50, 0],
      ['length', 20, 0],
    ] as const) {
      const marks = [testMark(kind, ends)];
      expect(shownIn(place, axialProjection(z), marks)).toHaveLength(count);
      expect(layer.update(marks, place, axialProjection(z))).toHaveLength(count);
    }
  });

  it('puts surface marks on the model under the pointer, and on no other', () => {
    const pick = ([x]: readonly [number, number]) =>
      x < 350
        ? { point: patientPoint(x, 0, 77), structureKey: 'bone' }
        : x < 450
          ? { point: patientPoint(x, 0, 5), structureKey: 'kidney' }
          : undefined;
    const { editor, marks } = testEditor('surfaceLine', axialProjection(), pick);
    expect(editor.begin(testSample(500, 300))).toBeUndefined();
    click(editor, 300, 300);
    click(editor, 320, 300);
    click(editor, 400, 300); // another model: not taken
    click(editor, 340, 300);
    click(editor, 340, 301);
    expect(only(marks.values())).toMatchObject({
      structureKey: 'bone',
      points: [
        [300, 0, 77],
        [320, 0, 77],
        [340, 0, 77],
      ],
    });
    const flat = testEditor('surfacePoint');
    expect(flat.editor.begin(testSample(300, 300))).toBeUndefined();
    const solid = testEditor('length', axialProjection(), pick);
    expect(solid.editor.begin(testSample(300, 300))).toBeUndefined();
  });
});

describe('without a mouse', () => {
  it('places every kind of mark by arrows and Enter', () => {
    for (const kind of ['length', 'angle', 'ellipse', 'probe', 'ink', 'freehand'] as const) {
      const { editor, marks } = testEditor(kind);
      for (let n = 0; n < 5 && marks.size === 0; n++) {
        editor.moveCursor(n % 2 ? 40 : 10, n % 3 ? 30 : 5);
        editor.pressCursor();
        if (traits[kind].input === 'drawn') {
          for (const [dx, dy] of [
            [30, 0],
            [0, 30],
            [-20, 5],
          ] as const)
            editor.moveCursor(dx, dy);
        }
      }
      expect(only(marks.values()).kind).toBe(kind);
    }
  });

  it('Escape drops what was begun, and the cursor', () => {
    const { editor, marks } = testEditor('length');
    editor.moveCursor(10, 0);
    editor.pressCursor();
    expect(editor.isDrafting).toBe(true);
    expect(editor.cancel()).toBe(true);
    expect([editor.isDrafting, editor.cursor, marks.size]).toEqual([false, undefined, 0]);
  });

  it('nudges by a tenth of a millimetre on the screen’s axes', () => {
    const { editor, marks } = testEditor(undefined);
    const mark = testMark('length', [
      [0, 0, 0],
      [30, 0, 0],
    ]);
    marks.set(mark.id, mark);
    editor.nudge(mark, 0.1, 0);
    expect(marks.get(mark.id)?.points[0]).toEqual([0.1, 0, 0]);
    editor.nudge(mark, 0, 1);
    expect(marks.get(mark.id)?.points[1]).toEqual([30, 1, 0]);
  });
});

describe('what is kept from frame to frame', () => {
  it('is the same as computed anew, whatever changed in between', () => {
    const place = { space: 'patient', frameOfReferenceUid: '1.2.3', isSlice: true } as const;
    const elsewhere = { ...place, frameOfReferenceUid: '9.9' };
    const solid = { ...place, isSlice: false };
    const layer = new MarkLayer();
    let marks = Array.from({ length: 60 }, (_, n) =>
      testMark(
        n % 5 ? 'length' : 'distance',
        [
          [n, -n, n % 7],
          [n + 10, n, n % 5 ? n % 7 : 12],
        ],
        `m${n}`,
      ),
    );
    for (let step = 0; step < 40; step++) {
      const p = axialProjection(step % 9, step % 4);
      const pan = step % 10 === 3 ? 17 : 0;
      const m = p.worldToCanvas;
      const moved = {
        ...p,
        worldToCanvas: [m[0], m[1], m[2], m[3] + pan, m[4], m[5], m[6], m[7]] as typeof m,
      };
      if (step % 6 === 5) {
        marks = marks.map((x, n) => (n === step ? { ...x, hidden: !x.hidden } : x));
      }
      const where = step % 8 === 7 ? elsewhere : step % 8 === 6 ? solid : place;
      const visible = layer.update(marks, where, moved);
      const anew = shownIn(where, moved, marks);
      expect(visible.map((v) => v.mark.id)).toEqual(anew.map((x) => x.id));
      expect(layer.update(marks, where, moved)).toBe(visible);
      for (const v of visible) {
        const [x, y] = v.handles[0] ?? [Number.NaN, Number.NaN];
        const at = toCanvas(moved, v.mark.points[0] as Vec3);
        expect(x + layer.shift[0]).toBeCloseTo(at[0], 9);
        expect(y + layer.shift[1]).toBeCloseTo(at[1], 9);
      }
      const [last] = anew.slice(-1);
      if (last) {
        const at = toCanvas(moved, last.points[0] as Vec3);
        expect(anew.map((v) => v.id)).toContain(layer.hit(at, 4)?.id);
      }
    }
  });

  it('places nothing anew while the view is panned or scrolled', () => {
    const marks = Array.from({ length: 9 }, (_, n) =>
      testMark(
        'length',
        [
          [n, 0, n % 2],
          [n + 9, 5, n % 2],
        ],
        `m${n}`,
      ),
    );
    const place = { space: 'patient', frameOfReferenceUid: '1.2.3', isSlice: true } as const;
    const layer = new MarkLayer();
    const p = axialProjection(0, 0.1);
    const m = p.worldToCanvas;
    const [first] = layer.update(marks, place, p);
    const panned = {
      ...p,
      worldToCanvas: [m[0], m[1], m[2], m[3] - 31, m[4], m[5], m[6], m[7] + 8] as typeof m,
    };
    layer.update(marks, place, axialProjection(1, 0.1));
    const before = layer.revision;
    const [again] = layer.update(marks, place, panned);
    expect(again).toBe(first);
    expect(layer.shift).toEqual([-31, 8]);
    expect(layer.revision).toBe(before + 1);
    layer.update(marks, place, { ...panned, worldToCanvas: m });
    expect([layer.revision, layer.shift]).toEqual([before + 1, [0, 0]]);
  });
});

describe('what a mark says', () => {
  it('gives the reason instead of a number on an image without spacing, for every measuring kind', () => {
    for (const [kind, points] of Object.entries({
      length: 2,
      bidirectional: 4,
      angle: 3,
      cobb: 4,
      ellipse: 3,
      rectangle: 3,
      polygon: 5,
      freehand: 9,
      probe: 1,
    })) {
      const { frameOfReferenceUid: _, ...rest } = testMark(
        kind as MarkKind,
        Array.from({ length: points }, (_x, n) => [n * n, n, 0] as const),
      );
      const mark = { ...rest, frame: { sopInstanceUid: '1.2', frame: 1 } };
      const lines = linesOf(valuesOf(mark, { volume: undefined, unit: '', grey: 'colour' }), 'en');
      const isGrey = ['probe', 'ellipse', 'rectangle', 'polygon', 'freehand'].includes(kind);
      expect(lines).toEqual([
        ...(kind === 'probe' ? [] : ['Pixel spacing unknown']),
        ...(isGrey ? ['Colour image: no grey value'] : []),
      ]);
      expect(lines.join()).not.toMatch(/\d/);
    }
  });

  it('measures on unequal pixels in millimetres', () => {
    const { frameOfReferenceUid: _, ...rest } = testMark('rectangle', [
      [10, 10, 0],
      [20, 10, 0],
      [10, 15, 0],
    ]);
    const mark = { ...rest, frame: { sopInstanceUid: '1.2', frame: 1 } };
    const values = valuesOf(mark, { volume: undefined, unit: '', pixelSize: [0.5, 0.2] });
    expect(values).toMatchObject({ kind: 'region', area: 20 * 0.5 * 10 * 0.2, perimeter: 24 });
  });
});

describe('a drawn line with fewer points', () => {
  it('is nowhere further from the drawn one than it may be', () => {
    const line = Array.from({ length: 400 }, (_, n) => {
      return [n / 4, 8 * Math.sin(n / 25) + Math.sin(n / 3) / 4, 0] as const;
    });
    const few = simplified(line, 0.1);
    expect(few.length).toBeLessThan(line.length / 2);
    for (const q of line) {
      const near = Math.min(
        ...few.slice(1).map((b, n) => {
          const a = few[n] ?? b;
          const [ux, uy] = [b[0] - a[0], b[1] - a[1]];
          const t = Math.min(
            1,
            Math.max(0, ((q[0] - a[0]) * ux + (q[1] - a[1]) * uy) / (ux * ux + uy * uy || 1)),
          );
          return Math.hypot(q[0] - a[0] - t * ux, q[1] - a[1] - t * uy);
        }),
      );
      expect(near).toBeLessThanOrEqual(0.1 + 1e-9);
    }
  });
});
