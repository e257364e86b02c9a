import {
  distance,
  patientPoint,
  shearDegrees,
  spacing,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { type frame, range, slice, stack } from '../testing/headers.ts';
import {
  assembleVolume,
  autoWindow,
  buildVolume,
  type InstanceHeader,
  layoutSeries,
  rectify,
  type VolumePlan,
} from './index.ts';

const columns = 12;
const rows = 16;
const image = { columns, rows };
const tilt = (17 * Math.PI) / 180;
const tilted = [1, 0, 0, 0, Math.cos(tilt), -Math.sin(tilt)] as const;

/** A field that is linear in the patient: linear resampling must give it back to the digit. */
const field = (p: Vec3): number => 300 + 3 * p[0] - 2 * p[1] + 1.5 * p[2];

/** Samples the field where DICOM says each pixel lies (PS3.3 C.7.6.2.1.1). */
function sample(headers: readonly InstanceHeader[]) {
  const byUid = new Map(headers.map((h) => [h.sopInstanceUid, h]));
  return ({ sopInstanceUid }: { sopInstanceUid: string }): Float32Array => {
    const f = byUid.get(sopInstanceUid)?.frames[0];
    const [p, o, s] = [f?.position ?? [0, 0, 0], f?.orientation ?? [], f?.pixelSpacing ?? [0, 0]];
    const out = new Float32Array(columns * rows);
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const at = [0, 1, 2].map(
          (a) => (p[a] ?? 0) + (o[a] ?? 0) * s[1] * i + (o[a + 3] ?? 0) * s[0] * j,
        ) as unknown as Vec3;
        out[i + columns * j] = field(at);
      }
    }
    return out;
  };
}

const planOf = (headers: readonly InstanceHeader[]): VolumePlan =>
  layoutSeries(headers).volumes[0] as VolumePlan;

const cases: Record<string, InstanceHeader[]> = {
  tilt: stack(range(20, 2.5), { image, frame: { orientation: tilted } }),
  'tilt against the order': stack(range(20, -2.5), { image, frame: { orientation: tilted } }),
  'unequal gaps': stack([...range(10, 2), ...range(8, 3.7, 21)], { image }),
  'missing slices': stack(
    range(20, 2).filter((n) => n !== 8 && n !== 10),
    { image },
  ),
  'tilt and unequal gaps': stack([...range(14, 4.2), 55.7, ...range(12, 7.4, 63.1)], {
    image,
    frame: { orientation: tilted },
  }),
  'slices shifted sideways': range(12, 2).map((z, n) =>
    slice([n % 3, 0.7 * (n % 2), z], { image }),
  ),
  'mirrored rows and unequal gaps': stack([0, 2, 4, 6, 9, 12], {
    image,
    frame: { orientation: [-1, 0, 0, 0, 1, 0] },
  }),
};

describe('rectify', () => {
  it.each(Object.entries(cases))(
    '%s: every voxel holds what lies at its place',
    async (_, headers) => {
      const plan = planOf(headers);
      expect(plan.uniform).toBe(false);
      const { volume, resampled } = await buildVolume(plan, sample(headers));
      expect(resampled).toBe(true);
      expect(shearDegrees(volume.affine)).toBeLessThan(1e-9);
      const [nx, ny, nz] = volume.size;
      let [covered, worst] = [0, 0];
      for (let k = 0; k < nz; k++) {
        for (let j = 0; j < ny; j++) {
          for (let i = 0; i < nx; i++) {
            const value = volume.data[i + nx * (j + ny * k)] as number;
            const truth = field(toPatient(volume.affine, [i, j, k]));
            // Where one of the two slices around ends, its background is mixed in: not judged here.
            if (!insideBoth(plan, toPatient(volume.affine, [i, j, k]))) continue;
            covered++;
            worst = Math.max(worst, Math.abs(value - truth));
          }
        }
      }
      // Offsets below a fiftieth of a pixel are dropped: 0.02 × 2 mm × 2 per mm.
      expect(worst).toBeLessThan(0.1);
      expect(covered).toBeGreaterThan(0.5 * plan.size[0] * plan.size[1] * plan.size[2]);
    },
  );

  /** True when the stored slices below and above a point both cover it. */
  function insideBoth(plan: VolumePlan, p: Vec3): boolean {
    const first = plan.slices[0]?.position ?? [0, 0, 0];
    const i = [plan.affine[0], plan.affine[4], plan.affine[8]];
    const j = [plan.affine[1], plan.affine[5], plan.affine[9]];
    const n = [
      (i[1] ?? 0) * (j[2] ?? 0) - (i[2] ?? 0) * (j[1] ?? 0),
      (i[2] ?? 0) * (j[0] ?? 0) - (i[0] ?? 0) * (j[2] ?? 0),
      (i[0] ?? 0) * (j[1] ?? 0) - (i[1] ?? 0) * (j[0] ?? 0),
    ];
    const length = Math.hypot(...n);
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((s, x, q) => s + x * (b[q] ?? 0), 0);
    const height = dot(n, [p[0] - first[0], p[1] - first[1], p[2] - first[2]]) / length;
    const above = plan.slices.findIndex((s) => s.distance >= height - 1e-6);
    return [Math.max(0, above - 1), above].every((k) => {
      const o = plan.slices[k]?.position ?? [0, 0, 0];
      const d = [p[0] - o[0], p[1] - o[1], p[2] - o[2]];
      const u = dot(d, i) / dot(i, i);
      const v = dot(d, j) / dot(j, j);
      return u >= 0.05 && v >= 0.05 && u <= columns - 1.05 && v <= rows - 1.05;
    });
  }

  it('leaves a uniform volume alone', async () => {
    const headers = stack(range(6, 2), { image });
    const plan = planOf(headers);
    const volume = await assembleVolume(plan, sample(headers));
    expect(rectify(volume, plan)).toBe(volume);
  });

  it('keeps the first and last slice in place and the finer spacing', async () => {
    const headers = stack([...range(10, 4), ...range(10, 7, 43)], { image });
    const { volume } = await buildVolume(planOf(headers), sample(headers));
    const [, , nz] = volume.size;
    expect(toPatient(volume.affine, [0, 0, 0])).toEqual([0, 0, 0]);
    expect(
      distance(toPatient(volume.affine, [0, 0, nz - 1]), patientPoint(0, 0, 106)),
    ).toBeLessThan(1e-9);
    expect(spacing(volume.affine)[2]).toBeCloseTo(4, 0);
  });

  it('does not let one tiny gap multiply the volume', async () => {
    const headers = stack([...range(20, 5), 95.05, ...range(19, 5, 100)], { image });
    const { volume } = await buildVolume(planOf(headers), sample(headers));
    expect(volume.size[2]).toBe(39);
  });

  it('refuses slices that drift apart without end', async () => {
    const headers = range(6, 2).map((z, n) => slice([n * 500, 0, z], { image }));
    await expect(buildVolume(planOf(headers), sample(headers))).rejects.toMatchObject({
      code: 'not_a_volume',
    });
  });
});

describe('assembleVolume', () => {
  const constant = (value: number) => () => new Int16Array(columns * rows).fill(value);
  const headersWith = (o: Parameters<typeof frame>[0], image_ = {}) =>
    stack(range(4, 2), { image: { ...image, ...image_ }, frame: o ?? {} });
  const first = async (headers: InstanceHeader[], stored: number) => {
    const v = await assembleVolume(planOf(headers), constant(stored));
    return [v.data.constructor.name, v.data[0]];
  };

  it('rescales exactly in 16 bits where that is possible, else in float', async () => {
    expect(await first(headersWith({ rescale: { slope: 1, intercept: -1024 } }), 1064)).toEqual([
      'Int16Array',
      40,
    ]);
    expect(await first(headersWith({ rescale: { slope: 2, intercept: -1000 } }), 520)).toEqual([
      'Int16Array',
      40,
    ]);
    expect(await first(headersWith({ rescale: { slope: 0.5, intercept: 0 } }), 81)).toEqual([
      'Float32Array',
      40.5,
    ]);
    expect(await first(headersWith({ rescale: { slope: 4, intercept: 0 } }), 20000)).toEqual([
      'Float32Array',
      80000,
    ]);
    const mr = { unit: '', rescale: { slope: 1, intercept: 0 } };
    expect(await first(headersWith(mr, { bitsStored: 8, pixelRepresentation: 0 }), 200)).toEqual([
      'Uint8Array',
      200,
    ]);
  });

  it('becomes float when a later slice does not fit, and keeps the earlier ones', async () => {
    const headers = headersWith({ rescale: { slope: 1, intercept: -1024 } });
    let n = 0;
    const v = await assembleVolume(planOf(headers), () => constant(n++ === 2 ? -32000 : 1064)());
    expect(v.data).toBeInstanceOf(Float32Array);
    expect([0, 1, 2, 3].map((k) => v.data[k * columns * rows])).toEqual([40, 40, -33024, 40]);
  });

  it('uses the rescale of each slice', async () => {
    const headers = range(3, 2).map((z, n) =>
      slice([0, 0, z], { image, frame: { rescale: { slope: n + 1, intercept: n } } }),
    );
    const v = await assembleVolume(planOf(headers), constant(10));
    expect([0, 1, 2].map((k) => v.data[k * columns * rows])).toEqual([10, 21, 32]);
  });

  it('applies a modality LUT and holds its ends', async () => {
    const headers = headersWith({ modalityLut: { first: 10, values: [100, -50, 7] } });
    for (const [stored, value] of [
      [9, 100],
      [10, 100],
      [11, -50],
      [99, 7],
    ] as const) {
      expect((await first(headers, stored))[1]).toBe(value);
    }
  });

  it('turns padding into the background and MONOCHROME1 into nothing else', async () => {
    const headers = headersWith(
      { padding: { low: -2000, high: -1900 } },
      { photometricInterpretation: 'MONOCHROME1' },
    );
    expect(planOf(headers).invert).toBe(true);
    expect((await first(headers, -1950))[1]).toBe(-1024);
    expect((await first(headers, -1800))[1]).toBe(-1800);
  });

  it('stops when told to, tells progress, and refuses short frames', async () => {
    const plan = planOf(headersWith({}));
    const done: number[] = [];
    await assembleVolume(plan, constant(1), { onProgress: (n) => done.push(n) });
    expect(done).toEqual([1, 2, 3, 4]);
    const abort = new AbortController();
    const run = assembleVolume(plan, constant(1), {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: 'job_cancelled' });
    await expect(assembleVolume(plan, () => new Int16Array(3))).rejects.toMatchObject({
      code: 'pixel_data_short',
    });
  });

  it('finds a window where the file has none', async () => {
    const plan = { ...planOf(headersWith({ unit: '' })), unit: '', background: 0 };
    const ramp = () => Int16Array.from({ length: columns * rows }, (_, n) => n);
    const w = autoWindow(await assembleVolume(plan, ramp), plan);
    expect(w.centre).toBeGreaterThan(80);
    expect(w.centre).toBeLessThan(110);
    expect(w.width).toBeGreaterThan(170);
    expect(
      autoWindow({ ...(await assembleVolume(plan, constant(5))) }, plan).width,
    ).toBeGreaterThan(0);
  });
});
