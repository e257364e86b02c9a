import { invert, spacing, toPatient, type Vec3, type Volume } from '@yuepian/geometry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataAvailable, dataPath, unpack } from '../testing/data.ts';
import { type OpenSeries, openFolder, openSeries } from '../testing/series.ts';

/** Trilinear value at a patient point, undefined outside. */
function valueAt(v: Volume, inverse: Volume['affine'], p: Vec3): number | undefined {
  const q = toPatient(inverse, p);
  const [nx, ny, nz] = v.size;
  const low = q.map(Math.floor) as unknown as Vec3;
  if (low.some((c, a) => c < 0 || c + 1 >= ([nx, ny, nz][a] ?? 0))) return undefined;
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const bit = [corner & 1, (corner >> 1) & 1, corner >> 2];
    const weight = bit.reduce((w, b, a) => {
      const t = (q[a] ?? 0) - (low[a] ?? 0);
      return w * (b ? t : 1 - t);
    }, 1);
    const at = low.map((c, a) => c + (bit[a] ?? 0)) as unknown as Vec3;
    sum += weight * (v.data[at[0] + nx * (at[1] + ny * at[2])] as number);
  }
  return sum;
}

describe.skipIf(!dataAvailable)('a head CT with tilted gantry and gaps of 1.08 to 6.99 mm', () => {
  let folder: ReturnType<typeof unpack>;
  let series: OpenSeries;
  beforeAll(() => {
    folder = unpack('head_ct_ge', 'dicom.tar.gz');
    series = openSeries(folder.path);
  });
  afterAll(() => folder[Symbol.dispose]());

  it('warns of both', () => {
    expect(series.layout.volumes[0]?.warnings).toEqual([
      { code: 'gantry_tilt', details: { degrees: 18.5 } },
      { code: 'unequal_gaps', details: { min: 1.08, max: 7 } },
    ]);
  });

  it('keeps bone where DICOM puts it, from the first slice to the last', async () => {
    const plan = series.layout.volumes[0];
    if (!plan) throw new Error('no volume');
    const volume = await series.build(plan);
    expect(spacing(volume.affine).map((s) => Number(s.toFixed(2)))).toEqual([0.49, 0.49, 4]);
    const inverse = invert(volume.affine);
    // Pixels of stored slices, by the formula of PS3.3 C.7.6.2.1.1, against the resampled volume.
    const { right, naive } = await compareWithStored(series, plan, volume, inverse);
    expect(right).toBeLessThan(25);
    expect(naive / right).toBeGreaterThan(4);
  });

  /** Mean difference in HU between stored pixels and the volume at their place, and 6 mm beside it. */
  async function compareWithStored(
    s: OpenSeries,
    plan: NonNullable<OpenSeries['layout']['volumes'][0]>,
    volume: Volume,
    inverse: Volume['affine'],
  ) {
    const uniformPlan = { ...plan, uniform: true };
    const stored = await s.build(uniformPlan);
    const [nx, ny] = plan.size;
    const f = s.headers[0]?.frames[0];
    const o = f?.orientation ?? [0, 0, 0, 0, 0, 0];
    const [rowSpacing, columnSpacing] = f?.pixelSpacing ?? [0, 0];
    let [n, right, naive] = [0, 0, 0];
    for (const [k, slice] of plan.slices.entries()) {
      for (let j = 40; j < ny - 40; j += 7) {
        for (let i = 40; i < nx - 40; i += 7) {
          const p = [0, 1, 2].map(
            (a) =>
              (slice.position[a] ?? 0) +
              (o[a] ?? 0) * columnSpacing * i +
              (o[a + 3] ?? 0) * rowSpacing * j,
          ) as unknown as Vec3;
          const value = valueAt(volume, inverse, p);
          const beside = valueAt(volume, inverse, [p[0], p[1] + 6, p[2]]);
          if (value === undefined || beside === undefined) continue;
          const truth = stored.data[i + nx * (j + ny * k)] as number;
          n++;
          right += Math.abs(value - truth);
          naive += Math.abs(beside - truth);
        }
      }
    }
    expect(n).toBeGreaterThan(50_000);
    return { right: right / n, naive: naive / n };
  }
});

describe.skipIf(!dataAvailable)('enhanced multi-frame MR of a brain tumour', () => {
  let folder: ReturnType<typeof unpack>;
  let all: OpenSeries[];
  beforeAll(() => {
    folder = unpack('brain_tumor_enhanced_mr', 'dicom.tar.gz');
    all = [...openFolder(folder.path).values()];
  });
  afterAll(() => folder[Symbol.dispose]());
  const named = (text: string) =>
    all.filter((s) => s.headers[0]?.series.description.includes(text));

  it('orders FLAIR frames that are stored out of order', () => {
    const [flair] = named('FLAIR');
    const plan = flair?.layout.volumes[0];
    expect(plan?.size).toEqual([256, 256, 24]);
    expect(plan?.uniform).toBe(true);
    const frames = plan?.slices.map((s) => s.frame) ?? [];
    expect(frames).not.toEqual([...frames].sort((a, b) => a - b));
    expect(plan?.slices.map((s) => s.position[2])).toEqual(
      plan?.slices.map((_, n) => expect.closeTo(-67.1 + 6 * n, 2)),
    );
  });

  it('shares one patient space between T1, T2 and FLAIR', () => {
    const affines = ['FLAIR', 'T2 FSE', 'T1 AXIAL PRE', 'T1 AXIAL POST'].map(
      (n) => named(n)[0]?.layout.volumes[0]?.affine,
    );
    for (const a of affines) expect(a).toEqual(affines[0]);
  });

  it('splits one object of several contrasts and planes by stack and echo', () => {
    const [various] = named('Various contrasts');
    expect(various?.layout.volumes.map((v) => v.size[2])).toEqual([3, 3, 3, 3]);
    const labels = various?.layout.volumes.map((v) => v.label) ?? [];
    expect(new Set(labels).size).toBe(4);
    expect(labels.filter((l) => l.startsWith('AX'))).toHaveLength(3);
  });
});

describe.skipIf(!dataAvailable)('single real objects', () => {
  const cases = (...parts: string[]) => [...openFolder(dataPath('dicom_cases', ...parts)).values()];

  it('reads a 4-D enhanced series as one volume per object', () => {
    const [s] = cases('enhanced-4D');
    expect(s?.layout.volumes.map((v) => [v.label, ...v.size])).toEqual([
      ['t 1', 64, 64, 6],
      ['t 2', 64, 64, 6],
    ]);
  });

  it('reads HU of a signed CT', async () => {
    const [s] = cases('signed');
    const { rescale } = s?.headers[0]?.frames[0] ?? {};
    expect(s?.headers[0]?.image?.pixelRepresentation).toBe(1);
    expect(rescale).toBeDefined();
  });

  it('does not take ultrasound, colour, or a lone slice for a volume', () => {
    for (const folder of ['colour', 'palette', 'colour-spacing', 'charset', 'overlay', 'signed']) {
      for (const s of cases(folder)) expect(s.layout.volumes).toEqual([]);
    }
  });

  it('gives the spacing of an ultrasound only from its region', () => {
    const s = cases('palette')[0];
    const f = s?.headers[0]?.frames[0];
    expect(f?.spacingSource === 'region' || f?.pixelSpacing === undefined).toBe(true);
  });
});
