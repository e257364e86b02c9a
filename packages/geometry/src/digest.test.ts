import { describe, expect, it } from 'vitest';
import { differingParts, type ShownView, viewDigest } from './digest.ts';

const view: ShownView = {
  seriesInstanceUid: '1.2.3',
  volumeId: 'v1',
  revision: '1',
  panes: [
    { kind: 'axial', point: [10, 20, -112.5], normal: [0, 0, -1], up: [0, -1, 0], isSlice: true },
    { kind: 'coronal', point: [0, 31.25, 0], normal: [0, -1, 0], up: [0, 0, 1], isSlice: true },
    { kind: 'volume', point: [0, 0, 0], normal: [0, -1, 0], up: [0, 0, 1], isSlice: false },
  ],
  window: { centre: 40, width: 400 },
  invert: false,
  slab: { mode: 'none', thickness: 5 },
  structures: [
    { key: 'bone', opacity: 1 },
    { key: '肾', opacity: 0.5 },
  ],
};
const partsOf = (patch: Partial<ShownView>) =>
  differingParts(viewDigest(view), viewDigest({ ...view, ...patch }));
const withAxial = (patch: Partial<ShownView['panes'][number]>): Partial<ShownView> => ({
  panes: view.panes.map((p) => (p.kind === 'axial' ? { ...p, ...patch } : p)),
});

describe('the digest of a view', () => {
  it('is the same number everywhere', () => {
    expect(viewDigest(view).hash).toBe(viewDigest(structuredClone(view)).hash);
    // Frozen: other versions and other machines must come to the same.
    expect(viewDigest(view).hash).toBe('bf96a5f1');
  });

  it('names the part that differs', () => {
    expect(partsOf({})).toEqual([]);
    expect(partsOf({ volumeId: 'v2' })).toEqual(['series']);
    expect(partsOf({ revision: '2' })).toEqual(['series']);
    expect(partsOf({ window: { centre: 41, width: 400 } })).toEqual(['window']);
    expect(partsOf({ invert: true })).toEqual(['window']);
    expect(partsOf({ slab: { mode: 'max', thickness: 5 } })).toEqual(['slab']);
    expect(partsOf({ structures: [{ key: 'bone', opacity: 1 }] })).toEqual(['structures']);
    expect(partsOf(withAxial({ point: [10, 20, -112.2] }))).toEqual(['plane']);
    expect(partsOf(withAxial({ normal: [0, 0, 1] }))).toContain('orientation');
    expect(partsOf(withAxial({ up: [0, 1, 0] }))).toEqual(['orientation']);
  });

  it('does not count pan, the order of lists, the length of a direction, an unused thickness', () => {
    expect(partsOf(withAxial({ point: [-300, 77, -112.5], normal: [0, 0, -3] }))).toEqual([]);
    expect(
      partsOf({ structures: view.structures.toReversed(), panes: view.panes.toReversed() }),
    ).toEqual([]);
    expect(partsOf({ slab: { mode: 'none', thickness: 9 } })).toEqual([]);
  });

  it('tells one single image from another, wherever it is moved to', () => {
    const pane = {
      kind: 'frame',
      point: [32, 24, 0],
      normal: [0, 0, -1],
      up: [0, -1, 0],
      isSlice: false,
      image: '1.2.3.4 1',
    } as const;
    const one = viewDigest({ ...view, panes: [pane] });
    const parts = (patch: Partial<ShownView['panes'][number]>) =>
      differingParts(one, viewDigest({ ...view, panes: [{ ...pane, ...patch }] }));
    expect(parts({ point: [1, 2, 0] })).toEqual([]);
    expect(parts({ image: '1.2.3.4 2' })).toEqual(['plane']);
    expect(parts({ image: '1.2.3.5 1' })).toEqual(['plane']);
  });

  it('compares only panes that both screens have', () => {
    expect(partsOf({ panes: view.panes.slice(0, 1) })).toEqual([]);
    const phone = {
      panes: view.panes.slice(0, 1).map((p) => ({ ...p, point: [0, 0, 0] as const })),
    };
    expect(partsOf(phone)).toEqual(['plane']);
  });

  it('does not tell equal views apart by rounding, at any usual position', () => {
    // Every multiple of 1/64 mm and of 0.1 mm over 100 mm: the spacings of scanners.
    for (const spacing of [1 / 64, 0.1]) {
      for (let n = 0; n * spacing < 100; n++) {
        const z = n * spacing;
        const at = (value: number) =>
          viewDigest({ ...view, ...withAxial({ point: [0, 0, value] }) });
        expect(at(z + 1e-7).hash).toBe(at(z).hash);
        expect(at(z - 1e-7).hash).toBe(at(z).hash);
      }
    }
  });

  it('tells neighbouring slices apart down to 0.1 mm', () => {
    const hashes = new Set(
      Array.from(
        { length: 500 },
        (_, n) => viewDigest({ ...view, ...withAxial({ point: [0, 0, n * 0.1] }) }).plane.axial,
      ),
    );
    expect(hashes.size).toBe(500);
  });

  it('leaves out a pane without a direction instead of failing', () => {
    expect(
      viewDigest({ ...view, ...withAxial({ normal: [0, 0, 0] }) }).plane.axial,
    ).toBeUndefined();
  });
});
