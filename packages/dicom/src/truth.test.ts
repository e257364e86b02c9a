import { readFileSync } from 'node:fs';
import { determinant, shearDegrees, toPatient, type Vec3, type Volume } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { dataAvailable, dataPath } from '../testing/data.ts';
import { type OpenSeries, openSeries } from '../testing/series.ts';
import { layoutSeries } from './index.ts';

/*
 * A synthetic abdomen with known anatomy: two kidneys (ellipsoids, 120 HU), a lesion of 60 HU on the
 * left one, in a body of 40 HU in air, with noise of about 10 HU; 24 slices of 64 × 64.
 */
const folder = (name: string) => dataPath('dicom_cases', 'volume-synthetic', name);
const truthOf = (name: string) => JSON.parse(readFileSync(`${folder(name)}.truth.json`, 'utf8'));

interface Blob {
  readonly centroid: Vec3;
  readonly ml: number;
  readonly mean: number;
}

/** Voxels in an ellipsoid of the patient whose value is in a range: centroid in mm, mL and mean. */
function measure(v: Volume, centre: Vec3, half: Vec3, low: number, high: number): Blob {
  const [nx, ny, nz] = v.size;
  const sum = [0, 0, 0];
  let [count, total] = [0, 0];
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        const value = v.data[i + nx * (j + ny * k)] as number;
        if (value < low || value > high) continue;
        const p = toPatient(v.affine, [i, j, k]);
        const r = [0, 1, 2].map((a) => ((p[a] ?? 0) - (centre[a] ?? 0)) / (half[a] ?? 1));
        if (Math.hypot(...r) > 1) continue;
        for (const a of [0, 1, 2]) sum[a] = (sum[a] ?? 0) + (p[a] ?? 0);
        count++;
        total += value;
      }
    }
  }
  const centroid = sum.map((s) => s / count) as unknown as Vec3;
  return { centroid, ml: (count * Math.abs(determinant(v.affine))) / 1000, mean: total / count };
}

const only = async (s: OpenSeries) => {
  expect(s.layout.volumes).toHaveLength(1);
  const plan = s.layout.volumes[0];
  if (!plan) throw new Error('no volume');
  return { plan, volume: await s.build(plan) };
};

const near = (a: Vec3, b: Vec3, mm: number, what: string) => {
  expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]), what).toBeLessThan(mm);
};

/** Centre, volume and values of the right kidney, and the values of lesion, body, fat-free inside and air. */
function checkAnatomy(v: Volume, name: string, place: (p: Vec3) => Vec3 = (p) => p): void {
  const t = truthOf(name);
  const [rx, ry, rz] = t.kidney_semi as Vec3;
  const kidney = place(t.kidneys[1]);
  const right = measure(v, kidney, [rx + 6, ry + 6, rz + 8], 80, 200);
  near(right.centroid, kidney, 1, `${name}: right kidney`);
  expect(right.ml / ((4 / 3) * Math.PI * rx * ry * rz * 1e-3), name).toBeCloseTo(1, 1);
  const inside = (c: Vec3, half: Vec3) => measure(v, place(c), half, -2000, 4000).mean;
  expect(Math.abs(inside(t.kidneys[1], [rx - 8, ry - 8, rz - 10]) - t.hu.kidney)).toBeLessThan(4);
  // Two slices beside the lesion's are missing there, and its neighbours shine through.
  const blur = name === 'missing_slice' ? 20 : 8;
  expect(Math.abs(inside(t.lesion.center, [7, 7, 9]) - t.lesion.hu), name).toBeLessThan(blur);
  expect(Math.abs(inside([0, 0, 60], [15, 15, 15]) - t.hu.body), name).toBeLessThan(4);
  expect(Math.abs(inside([185, -185, 0], [8, 8, 60]) - t.hu.air), name).toBeLessThan(4);
}

describe.skipIf(!dataAvailable)('synthetic abdomen', () => {
  it.each([
    ['columns_flipped_same_scene', 24, []],
    ['deflated', 24, []],
    ['duplicate_slice', 24, ['duplicate_slices']],
    ['implicit_ir58', 24, []],
    ['missing_slice', 22, ['missing_slices']],
    ['multi_window_cn', 24, []],
    ['no_window', 24, []],
    ['per_slice_rescale', 24, []],
    ['shuffled_instance_numbers', 24, []],
    ['thickness_lies', 24, ['thickness_disagrees']],
  ])('%s: anatomy is where and what it is', async (name, slices, warnings) => {
    const s = openSeries(folder(name));
    const { plan, volume } = await only(s);
    expect(plan.slices).toHaveLength(slices);
    expect(plan.warnings.map((w) => w.code)).toEqual(warnings);
    expect(s.layout.single).toEqual([]);
    expect(determinant(volume.affine)).toBeGreaterThan(0);
    expect(volume.size[2]).toBe(24);
    expect(plan.unit).toBe('HU');
    checkAnatomy(volume, name);
    const patient = s.headers[0]?.patient.name;
    expect(`${patient?.alphabetic}=${patient?.ideographic}`).toBe(truthOf(name).patientName);
  });

  it('counts the missing slices', async () => {
    const { plan } = await only(openSeries(folder('missing_slice')));
    expect(plan.warnings).toEqual([{ code: 'missing_slices', details: { count: 2 } }]);
  });

  it('tilt: warned with its angle, rectified, anatomy where the tags say', async () => {
    const { plan, volume } = await only(openSeries(folder('tilt')));
    expect(plan.warnings).toEqual([{ code: 'gantry_tilt', details: { degrees: 12 } }]);
    expect(shearDegrees(plan.affine)).toBeCloseTo(12, 2);
    expect(shearDegrees(volume.affine)).toBeLessThan(1e-6);
    // The scene was sampled on upright slices and labelled as tilted, so that its point (x, y, z)
    // lies y·sin lower, on the slanted column of the slice at z.
    const a = (truthOf('tilt').tilt * Math.PI) / 180;
    const place = ([x, y, z]: Vec3): Vec3 => [x, y * Math.cos(a), z - y * Math.sin(a)];
    const right = measure(volume, place([-70, 30, -20]), [36, 28, 60], 80, 200);
    near(right.centroid, place([-70, 30, -20]), 1, 'right kidney');
    expect(right.ml / (117.29 * Math.cos(a) ** 2)).toBeCloseTo(1, 1);
  });

  it('anisotropic pixels: columns 3.125 mm, rows 6.25 mm', async () => {
    const { plan, volume } = await only(openSeries(folder('anisotropic_pixels_tagonly')));
    expect([plan.affine[0], plan.affine[5]]).toEqual([3.125, 6.25]);
    // Sampled at 6.25 mm and labelled 3.125 across: x shrinks towards the first column.
    const place = ([x, y, z]: Vec3): Vec3 => [(x - 196.875) / 2, y, z];
    const right = measure(volume, place([-70, 30, -20]), [17, 26, 58], 80, 200);
    near(right.centroid, place([-70, 30, -20]), 1, 'right kidney');
    expect(right.ml / (117.29 / 2)).toBeCloseTo(1, 1);
  });

  it('unequal gaps: warned, resampled, every stored slice at its own height', async () => {
    const { plan, volume } = await only(openSeries(folder('nonuniform_spacing')));
    expect(plan.warnings).toEqual([{ code: 'unequal_gaps', details: { min: 8, max: 10.5 } }]);
    // The kidney reaches from 30 to −70; slices were moved apart, the scene with them.
    const heightOf = (z: number): number => {
      const k = (z + 92) / 8;
      const [a, b] = [Math.floor(k), Math.ceil(k)].map((n) => plan.slices[n]?.position[2] ?? 0);
      return (a ?? 0) + (k - Math.floor(k)) * ((b ?? 0) - (a ?? 0));
    };
    const [top, bottom] = [heightOf(30), heightOf(-70)];
    const right = measure(volume, [-70, 30, (top + bottom) / 2], [8, 8, 200], 80, 200);
    const step = volume.affine[10];
    const found = right.ml / (measure(volume, [-70, 30, 0], [8, 8, 4], -2000, 4000).ml / step);
    expect(Math.abs(right.centroid[2] - (top + bottom) / 2)).toBeLessThan(4);
    expect(found).toBeGreaterThan(50);
  });

  it('4-D: four volumes of six slices, never a stack of 24', () => {
    const { layout } = openSeries(folder('fourD_4x6'));
    expect(layout.volumes.map((v) => v.size)).toEqual(Array(4).fill([64, 64, 6]));
    expect(layout.warnings).toEqual([{ code: 'several_volumes', details: { count: 4 } }]);
    expect(new Set(layout.volumes.map((v) => v.label)).size).toBe(4);
  });

  it('a localizer stays out of the volume', async () => {
    const s = openSeries(folder('localizer_in_series'));
    const { plan, volume } = await only(s);
    expect(plan.slices).toHaveLength(23);
    expect(s.layout.single).toHaveLength(1);
    checkAnatomy(volume, 'localizer_in_series');
  });

  it('two frames of reference are two volumes', () => {
    const { layout } = openSeries(folder('two_frames_of_reference'));
    expect(layout.volumes.map((v) => v.slices.length)).toEqual([12, 12]);
    expect(new Set(layout.volumes.map((v) => v.frameOfReferenceUid)).size).toBe(2);
  });

  it('no position: frames only, and a word why', () => {
    const { layout } = openSeries(folder('no_position'));
    expect(layout.volumes).toEqual([]);
    expect(layout.single).toHaveLength(24);
    expect(layout.warnings).toEqual([{ code: 'unknown_position', details: {} }]);
  });

  it('windows keep their Chinese names', () => {
    const { layout } = openSeries(folder('multi_window_cn'));
    expect(layout.volumes[0]?.windows).toEqual([
      { centre: 40, width: 400, name: '软组织' },
      { centre: -600, width: 1500, name: '肺' },
      { centre: 300, width: 1500, name: '骨' },
    ]);
    expect(openSeries(folder('no_window')).layout.volumes[0]?.windows).toEqual([]);
  });

  it('survives being stored as JSON', () => {
    const { headers, layout } = openSeries(folder('multi_window_cn'));
    expect(layoutSeries(JSON.parse(JSON.stringify(headers)))).toEqual(layout);
    expect(JSON.parse(JSON.stringify(layout))).toEqual(layout);
  });
});
