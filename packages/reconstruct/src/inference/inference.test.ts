import { type ModelManifest, modelManifest } from '@yuepian/contract';
import { type Affine, affineFromSteps, toPatient, type Vec3, type Volume } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { Pace } from '../pace.ts';
import { dice } from '../testing.ts';
import { conform } from './conform.ts';
import { tensorGrid } from './grid.ts';
import { infer, type NetworkPass } from './infer.ts';
import { LabelSampler } from './labels.ts';
import { normaliser, quantiles, robustRange } from './normalise.ts';
import { postProcess } from './post.ts';
import { TileAccumulator, tileStarts } from './tiles.ts';

const manifest = (tensor: object, classCount = 2): ModelManifest =>
  modelManifest.parse({
    version: 1,
    id: 'test',
    modelVersion: '1',
    title: { zh: '测试', en: 'Test' },
    licence: 'none',
    fits: { modalities: ['MR'] },
    engine: { kind: 'onnx', file: 'm.onnx', sha256: '0'.repeat(64), input: 'x', output: 'y' },
    tensor: {
      voxelOrder: 'SAR',
      spacing: [1, 1, 1],
      normalisation: { kind: 'none' },
      ...tensor,
    },
    classCount,
    classes: Array.from({ length: classCount - 1 }, (_, n) => ({
      label: n + 1,
      key: `class_${n + 1}`,
      name: { zh: '类', en: 'Class' },
      colour: '#ff0000',
    })),
  });

/** A ball whose centre is off the middle in all three directions. */
const centre: Vec3 = [9, -5, 4];
const radius = 11;
const ball = (p: Vec3): number =>
  radius - Math.hypot(p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]);

function volumeOf(size: Vec3, affine: Affine, value: (p: Vec3) => number): Volume<Float32Array> {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let k = 0, at = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      for (let i = 0; i < size[0]; i++) data[at++] = value(toPatient(affine, [i, j, k]));
    }
  }
  return { size, affine, frameOfReferenceUid: '1.2.3', data };
}

/** Axial, coronal with a flip, and turned by 20° about two axes. */
const axial = affineFromSteps([1.3, 0, 0], [0, 1.3, 0], [0, 0, 2], [-35, -37, -38]);
const coronal = affineFromSteps([-1.2, 0, 0], [0, 0, -1.2], [0, 1.7, 0], [38, -40, 40]);
const [c, s] = [Math.cos(0.35), Math.sin(0.35)];
const oblique = affineFromSteps(
  [1.2 * c, 1.2 * s, 0],
  [-1.2 * s * c, 1.2 * c * c, 1.2 * s],
  [1.5 * s * s, -1.5 * s * c, 1.5 * c],
  [-28, -48, -40],
);
const grids: readonly (readonly [string, Vec3, Affine])[] = [
  ['axial', [56, 56, 38], axial],
  ['coronal', [64, 66, 46], coronal],
  ['oblique', [64, 64, 50], oblique],
];

/** A network that sees the ball: the volume holds its signed distance. */
const labelsPass: NetworkPass = async (input) => ({
  kind: 'labels',
  data: Uint8Array.from(input, (v) => (v > 0 ? 1 : 0)),
});
const logitsPass: NetworkPass = async (input) => {
  const data = new Float32Array(input.length * 2);
  data.set(input.map((v) => -v));
  data.set(input, input.length);
  return { kind: 'logits', data };
};

const score = (volume: Volume, labels: Uint8Array): number =>
  dice(
    (i) => labels[i] === 1,
    (i) => (volume.data[i] as number) > 0,
    volume.data.length,
  );

describe('a tensor grid', () => {
  it('is the volume’s own voxels where both have the same spacing and axes', () => {
    const affine = affineFromSteps([-1, 0, 0], [0, -1, 0], [0, 0, 1], [5, 6, 7]);
    const { tensor } = manifest({ output: 'argmax' });
    if (!tensor) throw new Error('no tensor');
    // R, A, S is the direction of i, j, k here: W, H, D of a tensor that is ordered S, A, R.
    expect(tensorGrid({ size: [10, 11, 12], affine }, tensor)).toEqual({
      size: [10, 11, 12],
      affine,
    });
  });

  it.each(['LIA', 'SAR', 'IPL', 'RSP', 'ASL'])('runs to %s, slowest axis first', (voxelOrder) => {
    const { tensor } = manifest({ output: 'argmax', voxelOrder, spacing: [2, 1.5, 1] });
    if (!tensor) throw new Error('no tensor');
    const directions: Record<string, Vec3> = {
      L: [1, 0, 0],
      R: [-1, 0, 0],
      P: [0, 1, 0],
      A: [0, -1, 0],
      S: [0, 0, 1],
      I: [0, 0, -1],
    };
    for (const [, size, affine] of grids.slice(0, 2)) {
      const grid = tensorGrid({ size, affine }, tensor);
      [...voxelOrder].forEach((letter, n) => {
        const from = toPatient(grid.affine, [0, 0, 0]);
        const step: Vec3 = [n === 2 ? 1 : 0, n === 1 ? 1 : 0, n === 0 ? 1 : 0];
        const to = toPatient(grid.affine, step);
        const wanted = (directions[letter] as Vec3).map((v) => v * (tensor.spacing[n] as number));
        wanted.forEach((v, axis) => {
          expect((to[axis] as number) - (from[axis] as number)).toBeCloseTo(v, 6);
        });
      });
    }
  });
});

describe('conform', () => {
  it('gives a linear field exactly, wherever the grids lie', async () => {
    const field = (p: Vec3): number => 3 * p[0] - 2 * p[1] + 0.5 * p[2] + 7;
    for (const [, size, affine] of grids) {
      const { tensor } = manifest({ output: 'argmax', voxelOrder: 'LIA', grid: 'patient' });
      if (!tensor) throw new Error('no tensor');
      const grid = tensorGrid({ size, affine }, tensor);
      const data = await conform(volumeOf(size, affine, field), grid, new Pace());
      // The middle half lies well inside every volume, whatever its turn.
      const [w, h, d] = grid.size.map((n) => Math.floor(n / 2)) as [number, number, number];
      for (const at of [-6, 0, 6]) {
        const index: Vec3 = [w + at, h - at, d + at];
        const found = data[index[0] + grid.size[0] * (index[1] + grid.size[1] * index[2])];
        expect(found).toBeCloseTo(field(toPatient(grid.affine, index)), 3);
      }
    }
  });

  it('normalises as the manifests say', () => {
    const data = Float32Array.from({ length: 1001 }, (_, n) => n);
    expect(quantiles(data, [0, 0.5, 1])[1]).toBeCloseTo(500, -1);
    const line: Vec3 = [1001, 1, 1];
    const range = { kind: 'range', low: 0.05, high: 0.95 } as const;
    expect(
      normaliser(data, line, data, { ...range, low: 0, high: 1, clip: true })(250),
    ).toBeCloseTo(0.25, 6);
    expect(normaliser(data, line, data, { ...range, clip: true })(1000)).toBe(1);
    expect(normaliser(data, line, data, { ...range, clip: false })(1000)).toBeCloseTo(950 / 900, 2);
    expect(
      normaliser(data, line, data, { kind: 'ct', clip: [0, 100], mean: 50, std: 25 })(900),
    ).toBe(2);
    const z = normaliser(data, line, data, { kind: 'zscore', foreground: false });
    expect(z(500)).toBeCloseTo(0, 6);
    expect(z(1000)).toBeCloseTo(500 / 288.96, 2);
  });

  it('conforms to 8 bits in a cube: one bright voxel and the air around change nothing', () => {
    // Half zeros, half 1…1000, and one voxel that would darken everything.
    const values = Float32Array.from({ length: 8000 }, (_, n) => (n < 4000 ? 0 : (n - 3999) / 4));
    const bright = values.slice();
    bright[7999] = 4000;
    const { low, high } = robustRange(bright);
    expect(low).toBe(0);
    // A thousandth of 4000 voxels may lie above: 4 of them.
    expect(high).toBeGreaterThan(995);
    expect(high).toBeLessThanOrEqual(1004);
    const how = { kind: 'conformed', low: 0.05, high: 0.95, cube: 20 } as const;
    const plain = normaliser(bright, [20, 20, 20], bright, how);
    expect(plain(0)).toBe(0);
    // 95 % of all voxels lie below 900, and what is brighter is not cut off.
    expect(plain(900)).toBeCloseTo(1, 2);
    expect(plain(4000)).toBeCloseTo(255 / 229, 2);
    // The same voxels cut to the half that holds tissue: the cube is filled up with zeros again.
    const cut = bright.slice(4000);
    const padded = normaliser(cut, [20, 20, 10], bright, how);
    for (const v of [0, 100, 500, 900]) expect(padded(v)).toBeCloseTo(plain(v), 6);
    // And with more air around than the cube holds: only the middle counts.
    const wide = new Float32Array(8000 * 3);
    wide.set(bright, 8000);
    const middle = normaliser(wide, [20, 20, 60], bright, how);
    for (const v of [0, 100, 500, 900]) expect(middle(v)).toBeCloseTo(plain(v), 6);
    const extremes = normaliser(bright, [20, 20, 20], bright, { ...how, low: 0, high: 1 });
    expect(extremes(high)).toBe(1);
  });
});

describe('infer', () => {
  it.each(grids)('finds the ball at its place on a grid that is %s', async (_, size, affine) => {
    const volume = volumeOf(size, affine, ball);
    for (const grid of ['image', 'patient'] as const) {
      for (const voxelOrder of ['LIA', 'SAR']) {
        const labels = await infer(volume, manifest({ output: 'argmax', grid, voxelOrder }), {
          modality: 'MR',
          pass: labelsPass,
        });
        expect(score(volume, labels.data)).toBeGreaterThan(0.97);
        const logits = await infer(volume, manifest({ output: 'logits', grid, voxelOrder }), {
          modality: 'MR',
          pass: logitsPass,
        });
        // Logits are interpolated; they keep the boundary where labels cannot.
        expect(score(volume, logits.data)).toBeGreaterThan(0.99);
        expect(logits.segments).toEqual([{ key: 'class_1', labels: [1] }]);
      }
    }
  });

  it('gives the same in tiles as in one pass, and tells how far it is', async () => {
    const volume = volumeOf([56, 56, 38], axial, ball);
    const steps: number[] = [];
    const whole = await infer(volume, manifest({ output: 'logits' }), {
      modality: 'MR',
      pass: logitsPass,
    });
    const tiling = { size: [20, 24, 28], step: 0.5 };
    const tiles = await infer(volume, manifest({ output: 'logits', tiling }), {
      modality: 'MR',
      pass: logitsPass,
      onStep: (step, fraction) => step === 'infer' && steps.push(fraction),
    });
    expect(Buffer.compare(whole.data, tiles.data)).toBe(0);
    expect(steps.length).toBeGreaterThan(20);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    const volume = volumeOf([56, 56, 38], axial, ball);
    const tiling = { size: [16, 16, 16], step: 0.5 };
    const run = infer(volume, manifest({ output: 'logits', tiling }), {
      modality: 'MR',
      signal: abort.signal,
      pass: async (input, size) => {
        abort.abort();
        return logitsPass(input, size);
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'job_cancelled' });
  });
});

describe('parts', () => {
  it('tiles end with the axis and overlap enough', () => {
    expect(tileStarts(20, 32, 0.5)).toEqual([0]);
    const starts = tileStarts(100, 32, 0.5);
    expect(starts[0]).toBe(0);
    expect(starts.at(-1)).toBe(68);
    for (let n = 1; n < starts.length; n++) {
      expect((starts[n] as number) - (starts[n - 1] as number)).toBeLessThanOrEqual(16);
    }
  });

  it('planes that are finished early are what they would be at the end', () => {
    const size: Vec3 = [12, 10, 30];
    const tile: Vec3 = [8, 8, 10];
    const field = (x: number, y: number, z: number, k: number): number => k * 100 + x + 2 * y - z;
    const sums = new TileAccumulator(size, tile, 2);
    const out = new Float32Array(2 * 12 * 10 * 30);
    const zs = tileStarts(30, 10, 0.5);
    for (const [n, z0] of zs.entries()) {
      for (const y0 of tileStarts(10, 8, 0.5)) {
        for (const x0 of tileStarts(12, 8, 0.5)) {
          const logits = new Float32Array(2 * 8 * 8 * 10);
          let at = 0;
          for (let k = 0; k < 2; k++)
            for (let z = 0; z < 10; z++)
              for (let y = 0; y < 8; y++)
                for (let x = 0; x < 8; x++) logits[at++] = field(x0 + x, y0 + y, z0 + z, k);
          sums.add(logits, [x0, y0, z0]);
        }
      }
      const done = sums.finish(zs[n + 1] ?? 30);
      for (let k = 0; k < 2; k++) {
        const count = (done?.planes ?? 0) * 120;
        const part = done?.logits.subarray(k * count, (k + 1) * count) ?? [];
        out.set(part, k * 3600 + (done?.first ?? 0) * 120);
      }
    }
    let worst = 0;
    for (let k = 0, at = 0; k < 2; k++)
      for (let z = 0; z < 30; z++)
        for (let y = 0; y < 10; y++)
          for (let x = 0; x < 12; x++)
            worst = Math.max(worst, Math.abs((out[at++] as number) - field(x, y, z, k)));
    expect(worst).toBeLessThan(1e-3);
  });

  it('samples plane by plane what it samples at once', () => {
    const source = {
      size: [14, 13, 20] as Vec3,
      affine: affineFromSteps([2, 0, 0], [0, 2, 0], [0, 0, 2], [0, 0, 0]),
    };
    const target = {
      size: [30, 27, 41] as Vec3,
      affine: affineFromSteps([0.9, 0.1, 0], [-0.1, 0.9, 0], [0, 0.05, 0.95], [-1, -1, -1]),
    };
    const plane = 14 * 13;
    const logits = new Float32Array(3 * plane * 20);
    for (let n = 0; n < logits.length; n++) logits[n] = Math.sin(n * 12.9898) * 43.7;
    const once = new LabelSampler(target, source, 3);
    once.add({ first: 0, planes: 20, logits });
    const slabs = new LabelSampler(target, source, 3);
    for (let first = 0; first < 20; ) {
      const planes = Math.min(20 - first, first % 3 === 0 ? 3 : 4);
      const part = new Float32Array(3 * planes * plane);
      for (let k = 0; k < 3; k++) {
        const from = (k * 20 + first) * plane;
        part.set(logits.subarray(from, from + planes * plane), k * planes * plane);
      }
      slabs.add({ first, planes, logits: part });
      first += planes;
    }
    expect(Buffer.compare(once.labels, slabs.labels)).toBe(0);
    expect(new Set(once.labels)).toEqual(new Set([0, 1, 2]));
  });

  it('keeps the biggest part, drops the small ones, fills what is enclosed', () => {
    const size: Vec3 = [20, 20, 20];
    const data = new Uint8Array(8000);
    const put = (from: Vec3, to: Vec3, label: number): void => {
      for (let z = from[2]; z <= to[2]; z++)
        for (let y = from[1]; y <= to[1]; y++)
          for (let x = from[0]; x <= to[0]; x++) data[x + 20 * (y + 20 * z)] = label;
    };
    put([2, 2, 2], [10, 10, 10], 1);
    put([5, 5, 5], [6, 6, 6], 0);
    put([8, 8, 8], [8, 8, 8], 2);
    put([15, 15, 15], [16, 16, 16], 1);
    const map = {
      size,
      affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]),
      frameOfReferenceUid: '',
      data,
      segments: [],
    };
    const rule = { largestComponent: true, minMl: 0, fillHoles: true };
    postProcess(
      map,
      new Map([
        [1, rule],
        [2, { largestComponent: false, minMl: 0.002, fillHoles: false }],
      ]),
    );
    const count = (label: number): number => data.filter((v) => v === label).length;
    // The other structure inside was below its own least volume and is gone; its voxel stays empty.
    expect([count(1), count(2)]).toEqual([9 ** 3 - 1, 0]);
  });
});
