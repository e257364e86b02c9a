import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { affineFromSteps, toPatient, type Vec3, type Volume } from '@yuepian/geometry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compute } from '../compute.ts';
import { thresholdNetwork } from '../testing.ts';
import { importFolder } from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nnunet-'));
  await mkdir(path.join(folder, 'built'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const full = {
  spacing: [3, 2, 2],
  patch_size: [16, 16, 16],
  normalization_schemes: ['CTNormalization'],
  use_mask_for_norm: [false],
};
const intensities = { mean: 50, std: 25, percentile_00_5: -900, percentile_99_5: 900 };
const plans = {
  transpose_forward: [0, 1, 2],
  configurations: { '3d_fullres': full },
  foreground_intensity_properties_per_channel: { '0': intensities },
};
const dataset = {
  name: 'Dataset001_Test',
  channel_names: { '0': 'CT' },
  labels: { background: 0, liver: 1 },
  licence: 'CC BY 4.0',
};

/** An export whose network says 1 where its input, already normalised, is above 2: 100 HU. */
async function write(files: { plans?: object; dataset?: object; onnx?: boolean } = {}) {
  const put = (name: string, value: object): Promise<void> =>
    writeFile(path.join(folder, name), JSON.stringify(value));
  await put('plans.json', { ...plans, ...files.plans });
  await put('dataset.json', { ...dataset, ...files.dataset });
  if (files.onnx !== false)
    await writeFile(path.join(folder, 'checkpoint_final.onnx'), thresholdNetwork(2));
}

const built = (): string => path.join(folder, 'built');
const center: Vec3 = [10, -6, 5];
const size: Vec3 = [32, 30, 20];
/** A ball of 14 mm radius at 160 HU in 40 HU, off the middle in all three directions. */
const volume: Volume<Float32Array> = (() => {
  const affine = affineFromSteps([2, 0, 0], [0, 2, 0], [0, 0, 3], [-31, -29, -28.5]);
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let k = 0, at = 0; k < size[2]; k++)
    for (let j = 0; j < size[1]; j++)
      for (let i = 0; i < size[0]; i++, at++) {
        const p = toPatient(affine, [i, j, k]);
        const far = Math.hypot(p[0] - center[0], p[1] - center[1], p[2] - center[2]);
        data[at] = far <= 14 ? 160 : 40;
      }
  return { size, affine, frameOfReferenceUid: '1.2.3', data };
})();

describe('an nnU-Net export', () => {
  it('becomes a manifest', async () => {
    await write();
    const manifest = await importFolder(folder, built(), 'test');
    expect(manifest).toMatchObject({
      id: 'test',
      licence: 'CC BY 4.0',
      fits: { modalities: ['CT'] },
      engine: { kind: 'onnx', input: 'input', output: 'logits' },
      tensor: {
        voxelOrder: 'SAR',
        spacing: [3, 2, 2],
        normalisation: { kind: 'ct', clip: [-900, 900], mean: 50, std: 25 },
        crop: 'body',
        tiling: { size: [16, 16, 16] },
        output: 'logits',
      },
      classCount: 2,
    });
    expect(manifest.classes.map((c) => [c.label, c.key])).toEqual([[1, 'liver']]);
  });

  it.each([
    ['as stored', [0, 1, 2], [3, 2, 2], 'SAR'],
    ['transposed', [2, 0, 1], [2, 3, 2], 'RSA'],
  ])('finds the ball at its place, axes %s', async (_, transpose, spacing, order) => {
    const configurations = { '3d_fullres': { ...full, spacing } };
    await write({ plans: { transpose_forward: transpose, configurations } });
    const model = await importFolder(folder, built(), 'test');
    expect(model.tensor?.voxelOrder).toBe(order);
    const input = { volume, modality: 'CT', model, modelFolder: built(), onStep: () => undefined };
    const { map } = await compute(input);
    expect([...map.data]).toEqual([...volume.data].map((v) => (v > 100 ? 1 : 0)));
    expect(map.segments).toEqual([{ key: 'liver', labels: [1] }]);
  });

  it('is refused before the start where memory is short', async () => {
    await write();
    const model = await importFolder(folder, built(), 'test');
    const steps: string[] = [];
    const run = compute({
      volume,
      modality: 'CT',
      model,
      modelFolder: built(),
      memoryBytes: 1000,
      onStep: (step) => steps.push(step),
    });
    await expect(run).rejects.toMatchObject({ code: 'out_of_memory' });
    expect(steps).toEqual(['load']);
  });

  it('takes z-scores over the foreground', async () => {
    const configurations = {
      '3d_fullres': {
        ...full,
        normalization_schemes: ['ZScoreNormalization'],
        use_mask_for_norm: [true],
      },
    };
    await write({ plans: { configurations }, dataset: { channel_names: { '0': 'T1' } } });
    const manifest = await importFolder(folder, built(), 'test');
    expect(manifest.fits.modalities).toEqual(['MR']);
    expect(manifest.tensor?.normalisation).toEqual({ kind: 'zscore', foreground: true });
  });

  const scheme = (name: string) => ({
    configurations: { '3d_fullres': { ...full, normalization_schemes: [name] } },
  });
  it.each<[string, Parameters<typeof write>[0]]>([
    ['several channels', { dataset: { channel_names: { '0': 'T1', '1': 'T2' } } }],
    ['regions that overlap', { dataset: { labels: { background: 0, whole: [1, 2] } } }],
    ['no full resolution', { plans: { configurations: { '2d': full } } }],
    ['no network', { onnx: false }],
    ['no intensities for CT', { plans: { foreground_intensity_properties_per_channel: {} } }],
    ['a normalisation nobody knows', { plans: scheme('OtherNormalization') }],
    ['axes that are no permutation', { plans: { transpose_forward: [0, 0, 2] } }],
  ])('is refused with %s', async (_, files) => {
    await write(files);
    await expect(importFolder(folder, built(), 'test')).rejects.toMatchObject({
      code: 'model_refused',
    });
  });
});
