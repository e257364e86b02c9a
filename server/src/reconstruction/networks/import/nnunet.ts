import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ModelManifest, modelManifest, type Normalisation } from '@yuepian/contract';
import { z } from 'zod';
import { inspectOnnx } from '../onnx/inspect.ts';
import { refused } from '../refusal.ts';
import { classOf } from './class-names.ts';
import { parseJson } from './meshnet.ts';

/*
 * An nnU-Net v2 export (Isensee et al., Nature Methods 2021): plans.json, dataset.json and the
 * network as ONNX. A `yuepian.json` beside them may say what those files do not: voxel order,
 * licence, title, what it fits.
 */

const three = z.tuple([z.number(), z.number(), z.number()]);
const configuration = z.object({
  spacing: three,
  patch_size: three,
  normalization_schemes: z.array(z.string()).min(1),
  use_mask_for_norm: z.array(z.boolean()).default([false]),
});
const plansFile = z.object({
  transpose_forward: z
    .tuple([z.number(), z.number(), z.number()])
    .default([0, 1, 2])
    .refine((t) => [...t].sort().join() === '0,1,2', 'transpose_forward is no permutation'),
  configurations: z.record(z.string(), configuration.partial()),
  foreground_intensity_properties_per_channel: z
    .record(
      z.string(),
      z.object({
        mean: z.number(),
        std: z.number(),
        percentile_00_5: z.number(),
        percentile_99_5: z.number(),
      }),
    )
    .default({}),
});
const datasetFile = z.object({
  name: z.string().default(''),
  labels: z.record(z.string(), z.union([z.number().int(), z.array(z.number().int())])),
  channel_names: z.record(z.string(), z.string()).default({}),
  licence: z.string().optional(),
  license: z.string().optional(),
  reference: z.string().optional(),
});
const extraFile = z
  .object({
    voxelOrder: z.string(),
    licence: z.string(),
    citation: z.string(),
    title: z.object({ zh: z.string(), en: z.string() }),
    bodyParts: z.array(z.string()),
    contrasts: z.array(z.string()),
    modelVersion: z.string(),
    configuration: z.string(),
    step: z.number(),
    crop: z.enum(['none', 'body', 'head']),
  })
  .partial();

/** @throws YuepianError model_refused. */
export async function importNnUnet(
  folder: string,
  built: string,
  id: string,
): Promise<ModelManifest> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    const text = await readFile(path.join(folder, name), 'utf8').catch(() => '{}');
    const result = schema.safeParse(parseJson(text));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw refused('plans', `${name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  };
  const plans = await read('plans.json', plansFile);
  const dataset = await read('dataset.json', datasetFile);
  const extra = await read('yuepian.json', extraFile);
  const channels = Object.values(dataset.channel_names);
  if (channels.length > 1) throw refused('plans', 'it needs several image channels');
  const name = extra.configuration ?? '3d_fullres';
  const found = configuration.safeParse(plans.configurations[name]);
  if (!found.success) throw refused('plans', `no usable configuration ${name}`);
  const config = found.data;
  const file = (await readdir(folder)).find((f) => /\.onnx$/i.test(f));
  if (!file) throw refused('missing_file', '*.onnx');
  const bytes = await readFile(path.join(folder, file));
  const facts = inspectOnnx(bytes);
  const [input, output] = [facts.inputs[0], facts.outputs[0]];
  if (!input || !output) throw refused('axes', 'no input or no output');
  const labels = Object.entries(dataset.labels).flatMap(([label, value]) =>
    typeof value === 'number' && value > 0 ? [{ label, value }] : [],
  );
  if (Object.values(dataset.labels).some((v) => typeof v !== 'number')) {
    throw refused('plans', 'overlapping regions are not supported');
  }
  await copyFile(path.join(folder, file), path.join(built, 'model.onnx'));
  const modality = /ct/i.test(channels[0] ?? 'CT') ? 'CT' : 'MR';
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // SimpleITK reads arrays [z, y, x]; images that were canonicalised run to R, A, S.
  const order = extra.voxelOrder ?? 'SAR';
  const turned = plans.transpose_forward.map((axis) => order[axis]).join('');
  return modelManifest.parse({
    version: 1,
    id,
    modelVersion: extra.modelVersion ?? sha256.slice(0, 8),
    title: extra.title ?? { zh: dataset.name || id, en: dataset.name || id },
    licence: extra.licence ?? dataset.licence ?? dataset.license ?? 'unknown',
    citation: extra.citation ?? dataset.reference ?? '',
    fits: {
      modalities: [modality],
      bodyParts: extra.bodyParts ?? [],
      contrasts: extra.contrasts ?? [],
      spacing: [Math.min(...config.spacing) / 5, Math.max(...config.spacing) * 3],
    },
    engine: { kind: 'onnx', file: 'model.onnx', sha256, input: input.name, output: output.name },
    tensor: {
      axes: 'NCDHW',
      voxelOrder: turned,
      // Plans hold the spacing in the transposed order already, as the tensor's axes.
      spacing: config.spacing,
      grid: 'image',
      normalisation: normalisationOf(config, plans),
      crop: extra.crop ?? (modality === 'CT' ? 'body' : 'none'),
      tiling: { size: config.patch_size, step: extra.step ?? 0.5 },
      output: 'logits',
    },
    classCount: labels.length + 1,
    classes: labels.map(({ label, value }) => classOf(label, value)),
    bytesPerVoxel: 900 + (labels.length + 1) * 12,
  });
}

function normalisationOf(
  config: z.infer<typeof configuration>,
  plans: z.infer<typeof plansFile>,
): Normalisation {
  const [scheme] = config.normalization_schemes;
  if (scheme === 'CTNormalization') {
    const p = plans.foreground_intensity_properties_per_channel['0'];
    if (!p) throw refused('plans', 'CTNormalization without intensity properties');
    const { mean, std, percentile_00_5: low, percentile_99_5: high } = p;
    return { kind: 'ct', clip: [low, high], mean, std };
  }
  if (scheme === 'ZScoreNormalization') {
    return { kind: 'zscore', foreground: config.use_mask_for_norm[0] ?? false };
  }
  if (scheme === 'NoNormalization') return { kind: 'none' };
  if (scheme === 'RescaleTo01Normalization') return { kind: 'range', low: 0, high: 1, clip: false };
  throw refused('plans', `normalisation ${scheme}`);
}
