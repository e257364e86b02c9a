import {
  determinant,
  shearDegrees,
  spacing,
  stepI,
  stepJ,
  stepK,
  toPatient,
} from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { frame, range, shuffled, slice, stack } from '../testing/headers.ts';
import { type InstanceHeader, layoutSeries, type SeriesLayout } from './index.ts';

const codes = (w: readonly { code: string }[]) => w.map((x) => x.code);
const heights = (l: SeriesLayout, n = 0) => l.volumes[n]?.slices.map((s) => s.position[2]);
const only = (headers: readonly InstanceHeader[]) => {
  const l = layoutSeries(headers);
  expect(l.volumes).toHaveLength(1);
  return { layout: l, plan: l.volumes[0] as SeriesLayout['volumes'][number] };
};

describe('order and affine', () => {
  it('orders by place, whatever the instance numbers say', () => {
    const { layout, plan } = only(shuffled(stack(range(20, 3))));
    expect(heights(layout)).toEqual(range(20, 3));
    expect(plan.uniform).toBe(true);
    expect(plan.warnings).toEqual([]);
    expect(layout.single).toEqual([]);
  });

  it('puts row spacing along j and column spacing along i (PS3.3 10.7.1.3)', () => {
    const { plan } = only(stack(range(5, 3)));
    expect(stepI(plan.affine)).toEqual([1, 0, 0]);
    expect(stepJ(plan.affine)).toEqual([0, 2, 0]);
    expect(stepK(plan.affine)).toEqual([0, 0, 3]);
    expect(plan.size).toEqual([6, 4, 5]);
  });

  it.each([
    ['mirrored rows', [-1, 0, 0, 0, 1, 0], [0, 0, -1]],
    ['sagittal', [0, 1, 0, 0, 0, -1], [-1, 0, 0]],
    ['coronal', [1, 0, 0, 0, 0, -1], [0, 1, 0]],
    ['oblique', [0.8, 0.6, 0, 0, 0, -1], [-0.6, 0.8, 0]],
  ] as const)('keeps %s right-handed, with every slice where it was', (_, orientation, normal) => {
    const headers = shuffled(range(7, 2.5)).map((d) =>
      slice([10 + normal[0] * d, -5 + normal[1] * d, 3 + normal[2] * d], {
        frame: { orientation },
      }),
    );
    const { plan } = only(headers);
    expect(determinant(plan.affine)).toBeGreaterThan(0);
    expect(shearDegrees(plan.affine)).toBeLessThan(1e-6);
    for (const [k, s] of plan.slices.entries()) {
      const p = toPatient(plan.affine, [0, 0, k]);
      for (const axis of [0, 1, 2] as const) expect(p[axis]).toBeCloseTo(s.position[axis], 9);
    }
  });

  it('takes distances from positions and never from the thickness', () => {
    const lie = { frame: { sliceThickness: 10, spacingBetweenSlices: 10 } };
    const { plan } = only(stack(range(10, 8), lie));
    expect(spacing(plan.affine)[2]).toBeCloseTo(8, 9);
    expect(plan.warnings).toEqual([
      { code: 'thickness_disagrees', details: { tag: 10, actual: 8 } },
    ]);
  });

  it('says nothing of overlap that is meant, nor of the small gaps of MR', () => {
    const overlap = { frame: { sliceThickness: 5, spacingBetweenSlices: 2.5 } };
    expect(only(stack(range(10, 2.5), overlap)).plan.warnings).toEqual([]);
    expect(only(stack(range(10, 6), { frame: { sliceThickness: 5 } })).plan.warnings).toEqual([]);
  });

  it('takes rounding of positions for what it is', () => {
    const rounded = range(60, 0.625).map((z) => Number(z.toFixed(1)));
    expect(only(stack(rounded)).plan.uniform).toBe(true);
  });
});

describe('faults of geometry', () => {
  it('keeps a tilted gantry sheared, and says by how much', () => {
    const t = (20 * Math.PI) / 180;
    const orientation = [1, 0, 0, 0, Math.cos(t), -Math.sin(t)] as const;
    const { plan } = only(stack(range(30, 4), { frame: { orientation } }));
    expect(plan.tiltDegrees).toBeCloseTo(20, 6);
    expect(plan.uniform).toBe(false);
    expect(plan.warnings).toEqual([{ code: 'gantry_tilt', details: { degrees: 20 } }]);
    expect(toPatient(plan.affine, [0, 0, 29])).toEqual([0, 0, expect.closeTo(116, 9)]);
    expect(plan.gaps.min).toBeCloseTo(4 * Math.cos(t), 9);
  });

  it('does not call an oblique stack tilted', () => {
    const t = (20 * Math.PI) / 180;
    const orientation = [1, 0, 0, 0, Math.cos(t), -Math.sin(t)] as const;
    const headers = range(30, 4).map((d) =>
      slice([0, d * Math.sin(t), d * Math.cos(t)], { frame: { orientation } }),
    );
    expect(only(headers).plan.warnings).toEqual([]);
  });

  it('counts missing slices where gaps are whole multiples', () => {
    const { plan } = only(stack(range(24, 8).filter((_, n) => n !== 5 && n !== 6 && n !== 15)));
    expect(plan.warnings).toEqual([{ code: 'missing_slices', details: { count: 3 } }]);
    expect(plan.uniform).toBe(false);
    expect(plan.slices.at(-1)?.distance).toBe(184);
  });

  it('calls a change of spacing unequal, also when the wide gap is twice the narrow', () => {
    const { plan } = only(stack([...range(10, 2.5), ...range(10, 5, 27.5)]));
    expect(plan.warnings).toEqual([{ code: 'unequal_gaps', details: { min: 2.5, max: 5 } }]);
    const slow = stack(range(24).map((n) => 5 * n + (n > 12 ? 0.2 * (n - 12) : 0)));
    expect(codes(only(slow).plan.warnings)).toEqual(['unequal_gaps']);
  });

  it('makes no volume without positions, and says so', () => {
    const l = layoutSeries(Array.from({ length: 5 }, () => slice(undefined)));
    expect(l.volumes).toEqual([]);
    expect(l.single).toHaveLength(5);
    expect(codes(l.warnings)).toEqual(['unknown_position']);
  });

  it('says when spacing is unknown, or the detector’s', () => {
    const { pixelSpacing: _, spacingSource: __, ...bare } = frame();
    const unknown = slice(undefined, {
      header: { frames: [bare], series: { ...slice(undefined).series, modality: 'CR' } },
    });
    expect(codes(layoutSeries([unknown]).warnings)).toEqual(['unknown_spacing']);
    const detector = slice(undefined, { frame: { spacingSource: 'detector' } });
    expect(codes(layoutSeries([detector]).warnings)).toContain('spacing_from_detector');
  });

  it('warns of lossy pixels and of an unknown frame of reference', () => {
    const headers = stack(range(5, 3), { header: { lossy: true, frameOfReferenceUid: '' } });
    expect(codes(only(headers).plan.warnings)).toEqual([
      'lossy_pixels',
      'unknown_frame_of_reference',
    ]);
  });
});

describe('what shares a series but not a volume', () => {
  it('separates frames of reference, orientations, matrices and spacings', () => {
    const axial = stack(range(5, 3));
    const apart: [string, InstanceHeader[]][] = [
      ['frame of reference', stack(range(5, 3, 15), { header: { frameOfReferenceUid: '1.8' } })],
      [
        'orientation',
        range(5, 3).map((y) => slice([0, y, 0], { frame: { orientation: [1, 0, 0, 0, 0, -1] } })),
      ],
      ['matrix', stack(range(5, 3, 15), { image: { rows: 8 } })],
      ['spacing', stack(range(5, 3, 15), { frame: { pixelSpacing: [2.1, 1] } })],
    ];
    for (const [what, other] of apart) {
      const l = layoutSeries(shuffled([...axial, ...other]));
      expect(
        l.volumes.map((v) => v.slices.length),
        what,
      ).toEqual([5, 5]);
      expect(l.warnings, what).toEqual([{ code: 'several_volumes', details: { count: 2 } }]);
      expect(new Set(l.volumes.map((v) => v.label)).size, what).toBe(2);
    }
  });

  it('leaves a localizer single, even in the same plane', () => {
    const localizer = slice([0, 0, 7], {
      frame: { imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] },
    });
    const { layout, plan } = only([localizer, ...stack(range(6, 3))]);
    expect(plan.slices).toHaveLength(6);
    expect(layout.single).toEqual([{ sopInstanceUid: localizer.sopInstanceUid, frame: 1 }]);
  });

  it('leaves colour, palette and fewer than three places single', () => {
    for (const image of [
      { samplesPerPixel: 3, photometricInterpretation: 'RGB' },
      { photometricInterpretation: 'PALETTE COLOR' },
    ]) {
      expect(layoutSeries(stack(range(5, 3), { image })).volumes).toEqual([]);
    }
    const two = layoutSeries(stack([0, 3]));
    expect(two.volumes).toEqual([]);
    expect(two.single).toHaveLength(2);
  });

  it.each([
    ['time', [1, 2, 3].map((t) => ({ temporalPosition: t })), ['t 1', 't 2', 't 3']],
    ['echo', [10, 80].map((t) => ({ echoTime: t })), ['TE 10', 'TE 80']],
    ['b-value', [0, 1000].map((b) => ({ bValue: b })), ['b 0', 'b 1000']],
    ['stack', ['1', '2'].map((s) => ({ stackId: s })), ['S 1', 'S 2']],
    ['component', ['M', 'P'].map((c) => ({ imageType: ['ORIGINAL', 'PRIMARY', c] })), ['M', 'P']],
    ['trigger', [0, 40].map((t) => ({ triggerTime: t })), ['#1', '#2']],
    ['acquisition', [1, 2].map((a) => ({ acquisitionNumber: a })), ['#1', '#2']],
    ['dimension', [1, 2].map((d) => ({ dimensionIndex: [1, d] })), ['#1', '#2']],
  ])('separates repeats by %s', (_, variants, labels) => {
    const l = layoutSeries(variants.flatMap((f) => shuffled(stack(range(6, 4), { frame: f }))));
    expect(l.volumes.map((v) => v.slices.length)).toEqual(variants.map(() => 6));
    expect(l.volumes.map((v) => v.label)).toEqual(labels);
    expect(l.volumes.every((v) => v.uniform && v.warnings.length === 0)).toBe(true);
    expect(l.single).toEqual([]);
  });

  it('separates by two attributes at once, and ignores times that differ slice by slice', () => {
    const headers = [10, 80].flatMap((echoTime) =>
      [1, 2, 3].flatMap((temporalPosition) =>
        range(5, 4).map((z) =>
          slice([0, 0, z], {
            frame: { echoTime, temporalPosition, acquisitionTime: `${z}${echoTime}` },
          }),
        ),
      ),
    );
    const l = layoutSeries(shuffled(headers));
    expect(l.volumes.map((v) => v.slices.length)).toEqual([5, 5, 5, 5, 5, 5]);
    expect(new Set(l.volumes.map((v) => v.label)).size).toBe(6);
  });

  it('takes repeats that nothing tells apart in order of time', () => {
    const headers = range(4).flatMap((t) =>
      range(6, 4).map((z) =>
        slice([0, 0, z], { frame: { acquisitionTime: `${120000 + 10 * t + z / 4}` } }),
      ),
    );
    const l = layoutSeries(shuffled(headers));
    expect(l.volumes.map((v) => v.slices.length)).toEqual([6, 6, 6, 6]);
    const first = l.volumes[0]?.slices.map((s) =>
      headers.findIndex((h) => h.sopInstanceUid === s.sopInstanceUid),
    );
    expect(first).toEqual(range(6));
  });

  it('separates two phases that lie between each other, and keeps interleaved passes together', () => {
    const phases = [0, 0.3].flatMap((shift, n) =>
      stack(range(10, 5, shift), { frame: { acquisitionNumber: n + 1 } }),
    );
    expect(layoutSeries(shuffled(phases)).volumes.map((v) => v.uniform)).toEqual([true, true]);
    const passes = [0, 5].flatMap((shift, n) =>
      stack(range(10, 10, shift), { frame: { acquisitionNumber: n + 1 } }),
    );
    expect(only(shuffled(passes)).plan.size[2]).toBe(20);
  });

  it('keeps slabs that follow each other together', () => {
    const slabs = range(4).flatMap((n) =>
      stack(range(5, 3, n * 15), { frame: { acquisitionNumber: n + 1 } }),
    );
    expect(only(shuffled(slabs)).plan.size[2]).toBe(20);
  });

  it('keeps one of a few duplicates and counts the rest', () => {
    const headers = [...stack(range(10, 4)), ...stack([12, 12, 20])];
    const { layout, plan } = only(shuffled(headers));
    expect(plan.slices).toHaveLength(10);
    expect(plan.warnings).toEqual([{ code: 'duplicate_slices', details: { count: 3 } }]);
    expect(layout.single).toEqual([]);
  });

  it('takes a series sent twice under other UIDs as duplicates where the pixels are the same', () => {
    const once = range(6, 4).map((z) => slice([0, 0, z], { header: { pixelDigest: `d${z}` } }));
    const twice = range(6, 4).map((z) => slice([0, 0, z], { header: { pixelDigest: `d${z}` } }));
    const { plan } = only([...once, ...twice]);
    expect(plan.warnings).toEqual([{ code: 'duplicate_slices', details: { count: 6 } }]);
    const other = range(6, 4).map((z) => slice([0, 0, z], { header: { pixelDigest: `e${z}` } }));
    expect(layoutSeries([...once, ...other]).volumes).toHaveLength(2);
  });

  it('orders frames of enhanced objects, and takes each object as a measurement of its own', () => {
    const enhanced = (shift: number) => {
      const frames = shuffled(range(8, 2)).map((z, n) =>
        frame({ frame: n + 1, position: [0, 0, z + shift] }),
      );
      return slice(undefined, { header: { frames }, image: { numberOfFrames: 8 } });
    };
    expect(heights({ ...only([enhanced(0)]).layout })).toEqual(range(8, 2));
    expect(layoutSeries([enhanced(0), enhanced(0)]).volumes.map((v) => v.size[2])).toEqual([8, 8]);
    // A concatenation: two objects that continue each other.
    expect(only([enhanced(0), enhanced(16)]).plan.size[2]).toBe(16);
  });

  it('passes over what is no image, and keeps the place of what cannot be shown', () => {
    const segmentation = slice([0, 0, 0], { header: { kind: 'segmentation' } });
    const broken = slice([0, 0, 0], {
      header: { frames: [], problem: { code: 'cannot_decode', details: {} } },
    });
    const l = layoutSeries([segmentation, broken]);
    expect(l.single).toEqual([{ sopInstanceUid: broken.sopInstanceUid, frame: 1 }]);
  });
});
