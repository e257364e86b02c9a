import type { PatientPoint, Vec3, Volume } from '@yuepian/geometry';
import { cropMaskBox, type IndexBox, type SegmentHint, segmentInBox } from '@yuepian/reconstruct';
import { diceOf } from './box.ts';
import { print } from './figure.ts';

/** Uniform 0…1, the same on every machine (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Trial {
  readonly volume: Volume<Float32Array>;
  readonly truth: Uint8Array;
  readonly box: IndexBox;
  readonly seed: PatientPoint;
}

/**
 * A ball or ellipsoid (axes from 0.6) 6–60 mm across, 40–200 HU brighter or darker than its even
 * surroundings, noise of σ 10–25 HU, edge blurred over one voxel, voxels of 0.6–1.5 mm and slices up
 * to twice as thick; a box 20–100 % wider; a seed up to half the radius off the centre. mm, LPS.
 */
function trialOf(random: () => number): Trial {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const across = 6 * 10 ** random();
  const isBall = random() < 0.5;
  const three = (f: (axis: 0 | 1 | 2) => number): Vec3 => [f(0), f(1), f(2)];
  const radii = three(() => (across / 2) * (isBall ? 1 : 0.6 + 0.4 * random()));
  const step = Math.min(Math.max(0.6, across / 22), 1.5);
  const spacing: Vec3 = [step, step, step * (1 + random())];
  const contrast = (40 + 160 * random()) * (random() < 0.5 ? 1 : -1);
  const sigma = 10 + 15 * random();
  const half = three((a) => radii[a] * (1.2 + 0.8 * random()));
  const size = three((a) => Math.ceil((2 * half[a]) / spacing[a]) + 8);
  const centre = three((a) => ((size[a] - 1) / 2 + random() - 0.5) * spacing[a]);
  const data = new Float32Array(size[0] * size[1] * size[2]);
  const truth = new Uint8Array(data.length);
  const shortest = Math.min(...radii);
  for (let k = 0, at = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      for (let i = 0; i < size[0]; i++, at++) {
        const q = Math.hypot(
          (i * spacing[0] - centre[0]) / radii[0],
          (j * spacing[1] - centre[1]) / radii[1],
          (k * spacing[2] - centre[2]) / radii[2],
        );
        const part = Math.min(1, Math.max(0, 0.5 - ((q - 1) * shortest) / step));
        truth[at] = q <= 1 ? 1 : 0;
        data[at] = 50 + contrast * part + sigma * normal();
      }
    }
  }
  const first = three((a) => Math.max(1, Math.round((centre[a] - half[a]) / spacing[a])));
  const box = {
    first,
    size: three((a) => Math.min(size[a] - 1 - first[a], Math.round((2 * half[a]) / spacing[a]))),
  };
  const way = three(() => normal());
  const off = (random() * 0.5) / Math.hypot(...way);
  const seed = three((a) => centre[a] + way[a] * off * radii[a]) as unknown as PatientPoint;
  const affine = [spacing[0], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[2], 0] as const;
  return { volume: { size, affine, frameOfReferenceUid: '', data }, truth, box, seed };
}

const hints: readonly SegmentHint[] = ['tumour', 'organ', 'kidney'];

/** Share of a randomised set whose Dice against the analytic shape is at least 0.85. */
export function ballTrials(seed: number, count: number): void {
  const random = randomOf(seed);
  const scores: number[] = [];
  for (let n = 0; n < count; n++) {
    const { volume, truth, box, seed: inside } = trialOf(random);
    const hint = hints[n % hints.length] ?? 'tumour';
    const found = segmentInBox(volume, box, { inside: [inside] }, hint);
    scores.push(diceOf(found.data, cropMaskBox({ ...volume, data: truth }, box).data));
  }
  scores.sort((a, b) => a - b);
  print({
    name: 'box.balls.share-above-0.85',
    value: scores.filter((d) => d >= 0.85).length / count,
    unit: '',
    n: count,
    note: `random set ${seed}: median Dice ${(scores[count >> 1] ?? 0).toFixed(3)}, lowest ${(scores[0] ?? 0).toFixed(3)}`,
  });
}
