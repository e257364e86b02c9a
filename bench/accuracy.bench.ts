import { sentence } from '@yuepian/contract';
import {
  distance,
  type LabelMap,
  patientPoint,
  toPatient,
  type Vec3,
  voxelsMl,
} from '@yuepian/geometry';
import { ctAbdomen, mrHead, type PhantomCase } from '@yuepian/phantom';
import { segment } from '@yuepian/reconstruct';
import { print } from './figure.ts';

/**
 * Volumes and distances measured on the phantoms' voxels against the truth of their shapes, and the
 * overlap of the automatic structures with the true labels. The table of docs/accuracy.md.
 */
export default async function accuracy(): Promise<void> {
  const ct = ctAbdomen({ size: 512, slices: 160 });
  volumes(ct, 'ct');
  distances(ct);
  await overlap(ct, ['skin', 'bone']);
  await overlap(mrHead({}), ['skin']);
}

const percent = (part: number): number => part * 100;

function labelsOf(map: LabelMap, key: string): Set<number> {
  const found = map.segments.find((s) => s.key === key);
  if (!found) throw new Error(sentence('not_found', 'en', { what: key }));
  return new Set(found.labels);
}

/** mL of a structure from voxels, as the interface shows it. */
function volumeMl(map: LabelMap, key: string): number {
  const own = labelsOf(map, key);
  let count = 0;
  for (const label of map.data) if (own.has(label)) count++;
  return voxelsMl(count, map.affine);
}

function volumes(phantom: PhantomCase, name: string): void {
  const { volumesMl } = phantom.truth;
  for (const key of [
    'kidney_left',
    'kidney_right',
    'kidney_tumour',
    'kidney_stone',
    'liver',
    'spleen',
  ]) {
    const truth = volumesMl[key] ?? Number.NaN;
    const measured = volumeMl(phantom.labelMap, key);
    print({
      name: `accuracy.${name}.volume-error.${key}`,
      value: percent(measured / truth - 1),
      unit: '%',
      n: 1,
      note: `${measured.toFixed(2)} mL from voxels, ${truth.toFixed(2)} mL true`,
    });
  }
}

/** Centroid of a structure's voxels, LPS mm. */
function centroid(map: LabelMap, key: string): Vec3 {
  const own = labelsOf(map, key);
  const [nx, ny] = map.size;
  const sum = [0, 0, 0];
  let count = 0;
  for (let n = 0; n < map.data.length; n++) {
    if (!own.has(map.data[n] as number)) continue;
    sum[0] = (sum[0] ?? 0) + (n % nx);
    sum[1] = (sum[1] ?? 0) + (Math.floor(n / nx) % ny);
    sum[2] = (sum[2] ?? 0) + Math.floor(n / (nx * ny));
    count++;
  }
  return toPatient(map.affine, [
    (sum[0] ?? 0) / count,
    (sum[1] ?? 0) / count,
    (sum[2] ?? 0) / count,
  ]);
}

function distances(phantom: PhantomCase): void {
  const { landmarks } = phantom.truth;
  const stone = centroid(phantom.labelMap, 'kidney_stone');
  const tumour = centroid(phantom.labelMap, 'kidney_tumour');
  const at = (name: string): Vec3 | undefined =>
    Object.entries(landmarks).find(([key]) => key.toLowerCase().includes(name))?.[1];
  const [trueStone, trueTumour] = [at('stone'), at('tumour')];
  if (!trueStone || !trueTumour) throw new Error(`landmarks: ${Object.keys(landmarks).join(', ')}`);
  const measured = distance(patientPoint(...stone), patientPoint(...tumour));
  const truth = distance(patientPoint(...trueStone), patientPoint(...trueTumour));
  print({
    name: 'accuracy.ct.distance-error.stone-tumour',
    value: measured - truth,
    unit: 'mm',
    n: 1,
    note: `${measured.toFixed(2)} mm between voxel centroids, ${truth.toFixed(2)} mm true`,
  });
}

/** Dice of automatic structures against the true labels (Dice, Ecology 26(3), 1945). */
async function overlap(phantom: PhantomCase, keys: readonly string[]): Promise<void> {
  const { modality } = phantom.identity;
  const found = await segment(phantom.volume, { modality });
  for (const key of keys) {
    const [own, truth] = [labelsOf(found, key), labelsOf(phantom.labelMap, key)];
    let [both, a, b] = [0, 0, 0];
    for (let n = 0; n < found.data.length; n++) {
      const isOwn = own.has(found.data[n] as number);
      const isTrue = truth.has(phantom.labelMap.data[n] as number);
      if (isOwn) a++;
      if (isTrue) b++;
      if (isOwn && isTrue) both++;
    }
    print({
      name: `accuracy.${phantom.kind}.dice.${key}`,
      value: (2 * both) / (a + b),
      unit: '',
      n: 1,
      note: `${phantom.size.join('×')}, automatic against true labels`,
    });
  }
}
