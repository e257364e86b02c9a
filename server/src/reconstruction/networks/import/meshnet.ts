import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ModelManifest, modelManifest } from '@yuepian/contract';
import { z } from 'zod';
import { OnnxGraph } from '../onnx/build.ts';
import { refused } from '../refusal.ts';
import { classOf, slug } from './class-names.ts';

/*
 * MeshNet (Fedorov et al. 2017) as the brainchop project publishes it: a Keras model.json of dilated
 * Conv3D layers and one file of float32 weights.
 */

const triple = z.tuple([z.number().int(), z.number().int(), z.number().int()]);
const layer = z.object({
  class_name: z.string(),
  config: z.object({
    name: z.string(),
    batch_input_shape: z.array(z.number().nullable()).optional(),
    filters: z.number().int().positive().optional(),
    kernel_size: triple.optional(),
    strides: triple.optional(),
    dilation_rate: triple.optional(),
    padding: z.string().optional(),
    data_format: z.string().optional(),
    activation: z.string().optional(),
    use_bias: z.boolean().optional(),
  }),
});
const kerasModel = z.object({
  modelTopology: z.object({
    model_config: z.object({ config: z.object({ layers: z.array(layer).min(2) }) }),
  }),
  weightsManifest: z
    .array(
      z.object({
        paths: z.array(z.string().regex(/^[A-Za-z0-9._-]{1,100}$/)).length(1),
        weights: z.array(
          z.object({ name: z.string(), shape: z.array(z.number().int()), dtype: z.string() }),
        ),
      }),
    )
    .length(1),
});
type Layer = z.infer<typeof layer>;

const colourMap = z.object({
  R: z.array(z.number()),
  G: z.array(z.number()),
  B: z.array(z.number()),
  labels: z.array(z.string()),
});

export interface Weights {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A MeshNet, read. */
export interface MeshNet {
  readonly layers: readonly Layer[];
  readonly weights: ReadonlyMap<string, Weights>;
  readonly classes: number;
}

/** @throws YuepianError model_refused. */
export async function readMeshNet(folder: string): Promise<MeshNet> {
  const text = await readFile(path.join(folder, 'model.json'), 'utf8');
  const read = kerasModel.safeParse(parseJson(text));
  if (!read.success) throw refused('no_manifest', '', read.error);
  const { layers } = read.data.modelTopology.model_config.config;
  const [group] = read.data.weightsManifest;
  const [file = ''] = group?.paths ?? [];
  const bytes = await readFile(path.join(folder, file)).catch((cause: unknown) => {
    throw refused('missing_file', file, cause);
  });
  const all = new Float32Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 4));
  const weights = new Map<string, Weights>();
  let at = 0;
  for (const { name, shape, dtype } of group?.weights ?? []) {
    if (dtype !== 'float32') throw refused('weights', `${name} is ${dtype}`);
    const count = shape.reduce((n, s) => n * s, 1);
    if (at + count > all.length) throw refused('weights', `${name} lies beyond the file`);
    weights.set(name, { shape, data: all.subarray(at, at + count) });
    at += count;
  }
  if (at !== all.length) throw refused('weights', `${all.length - at} numbers are left over`);
  const classes = layers.findLast((l) => l.class_name === 'Conv3D')?.config.filters ?? 0;
  return { layers, weights, classes };
}

/**
 * The network as ONNX: kernels turned from [kd, kh, kw, in, out] to [out, in, kd, kh, kw], `same`
 * padding spelled out, `_gn` layers followed by instance normalisation (that is what the name means
 * there: groups of one channel, without scale and shift), ArgMax and a cast to uint8 at the end.
 * @param argmax false leaves the logits, for comparison.
 * @throws YuepianError model_refused for a layer of another kind.
 */
export function meshNetToOnnx({ layers, weights, classes }: MeshNet, argmax = true): Uint8Array {
  const graph = new OnnxGraph();
  let value = 'input';
  let channels = 1;
  for (const { class_name: kind, config } of layers) {
    if (kind === 'InputLayer') continue;
    if (kind === 'Activation') {
      value = activation(graph, config.activation, value, config.name);
    } else if (kind === 'Conv3D') {
      value = convolution(graph, config, weights, value, channels);
      channels = config.filters ?? 0;
      value = activation(graph, config.activation ?? 'linear', value, `${config.name}_f`);
    } else {
      throw refused('layer', kind);
    }
  }
  const input = { name: 'input', type: 1, shape: [1, 1, 'D', 'H', 'W'] } as const;
  if (!argmax) {
    return graph.encode(input, [{ name: value, type: 1, shape: [1, classes, 'D', 'H', 'W'] }], 20);
  }
  const best = graph.node('ArgMax', [value], 'argmax', { axis: { int: 1 }, keepdims: { int: 0 } });
  const labels = graph.node('Cast', [best], 'labels', { to: { int: 2 } });
  return graph.encode(input, [{ name: labels, type: 2, shape: [1, 'D', 'H', 'W'] }], 20);
}

function convolution(
  graph: OnnxGraph,
  config: Layer['config'],
  weights: MeshNet['weights'],
  value: string,
  channels: number,
): string {
  const { name, kernel_size: kernel = [1, 1, 1], dilation_rate: dilation = [1, 1, 1] } = config;
  const filters = config.filters ?? 0;
  if (config.padding !== 'same' || config.data_format !== 'channels_last') {
    throw refused('layer', `Conv3D ${config.padding} ${config.data_format}`);
  }
  if (config.strides?.some((s) => s !== 1)) throw refused('layer', 'Conv3D with strides');
  if (kernel.some((k) => k % 2 === 0)) throw refused('layer', 'Conv3D with an even kernel');
  const stored = weights.get(`${name}/kernel`);
  const shape = [...kernel, channels, filters];
  if (stored?.shape.join() !== shape.join()) throw refused('weights', `${name}/kernel`);
  const turned = graph.weights(
    `${name}_w`,
    [filters, channels, ...kernel],
    turnKernel(stored, kernel, channels, filters),
  );
  const inputs = [value, turned];
  if (config.use_bias !== false) {
    const bias = weights.get(`${name}/bias`);
    if (bias?.data.length !== filters) throw refused('weights', `${name}/bias`);
    inputs.push(graph.weights(`${name}_b`, [filters], bias.data));
  }
  const pads = kernel.map((k, n) => ((k - 1) / 2) * (dilation[n] as number));
  const out = graph.node('Conv', inputs, `${name}_c`, {
    kernel_shape: { ints: kernel },
    dilations: { ints: dilation },
    pads: { ints: [...pads, ...pads] },
    strides: { ints: [1, 1, 1] },
  });
  if (!name.endsWith('_gn')) return out;
  const ones = graph.weights(`${name}_one`, [filters], new Float32Array(filters).fill(1));
  const zeros = graph.weights(`${name}_zero`, [filters], new Float32Array(filters));
  return graph.node('InstanceNormalization', [out, ones, zeros], `${name}_n`, {
    epsilon: { float: 1e-5 },
  });
}

function turnKernel(
  { data }: Weights,
  kernel: readonly number[],
  channels: number,
  filters: number,
): Float32Array {
  const taps = kernel.reduce((n, k) => n * k, 1);
  const out = new Float32Array(data.length);
  for (let tap = 0, at = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) {
      for (let f = 0; f < filters; f++, at++) {
        out[(f * channels + c) * taps + tap] = data[at] as number;
      }
    }
  }
  return out;
}

function activation(
  graph: OnnxGraph,
  name: string | undefined,
  value: string,
  output: string,
): string {
  switch (name) {
    case 'linear':
      return value;
    case 'relu':
      return graph.node('Relu', [value], output);
    case 'elu':
      return graph.node('Elu', [value], output, { alpha: { float: 1 } });
    case 'gelu':
      return graph.node('Gelu', [value], output);
    default:
      throw refused('layer', `activation ${name}`);
  }
}

/**
 * Memory of a channel of a voxel: run plane by plane, about as much as one layer of the whole field
 * (the planes that 3³ kernels reach, at dilations of up to 16).
 */
const bytesPerChannel = 5;

/**
 * Imports a brainchop folder: model.json, its weights, and a colormap.json or labels.json.
 * @throws YuepianError model_refused.
 */
export async function importMeshNet(
  folder: string,
  built: string,
  id: string,
): Promise<ModelManifest> {
  const net = await readMeshNet(folder);
  const onnx = meshNetToOnnx(net);
  await writeFile(path.join(built, 'model.onnx'), onnx);
  const colours = await readColours(folder, net.classes);
  const widest = Math.max(...net.layers.map((l) => l.config.filters ?? 0));
  return modelManifest.parse({
    version: 1,
    id,
    modelVersion: createHash('sha256').update(onnx).digest('hex').slice(0, 8),
    title: titles[slug(path.basename(id)).replace(/^brainchop_/, '')] ?? {
      zh: `脑分割 ${id}`,
      en: `Brain segmentation ${id}`,
    },
    licence: 'MIT (brainchop)',
    citation:
      'Masoud M, Hu F, Plis S. Brainchop: In-browser MRI volumetric segmentation and rendering. ' +
      'J Open Source Softw 2023; 8(83): 5098.',
    source: 'https://github.com/neuroneural/brainchop',
    fits: {
      modalities: ['MR'],
      bodyParts: ['HEAD', 'BRAIN', 'SKULL', 'NEURO'],
      contrasts: ['T1'],
      spacing: [0.4, 3],
      minimumExtent: 100,
    },
    engine: {
      kind: 'onnx',
      file: 'model.onnx',
      sha256: createHash('sha256').update(onnx).digest('hex'),
      input: 'input',
      output: 'labels',
    },
    tensor: {
      axes: 'NCDHW',
      voxelOrder: 'LIA',
      spacing: [1, 1, 1],
      grid: 'patient',
      normalisation: usesQuantiles(net.classes, widest)
        ? { kind: 'conformed', low: 0.05, high: 0.95, cube: 256 }
        : { kind: 'conformed', low: 0, high: 1, cube: 256 },
      crop: 'head',
      // A norm over the field takes its mean from the air around the head too: such networks were
      // trained on the whole cube, and see a head much brighter than it is without.
      multipleOf: net.layers.some((l) => l.config.name.endsWith('_gn')) ? 256 : 1,
      output: 'argmax',
    },
    classCount: net.classes,
    classes: colours.slice(1).map((c, n) => classOf(c.name, n + 1, c.colour)),
    // And some for the field itself, before and after; the classes of one plane are little.
    bytesPerVoxel: (widest + 4) * bytesPerChannel,
  });
}

/**
 * brainchop's `enableQuantileNorm` (brainchop-parameters.js): 5 and 95 % for mindgrab, the tissue
 * network of 20 channels and the one of fifty classes; smallest and biggest for all others, the small
 * tissue networks of 5 and 11 channels among them.
 */
const usesQuantiles = (classes: number, widest: number): boolean =>
  classes === 2 || classes === 50 || (classes === 3 && widest >= 20);

const titles: Readonly<Record<string, { zh: string; en: string }>> = {
  model18cls: { zh: '脑结构（17 个，轻量）', en: 'Brain, 17 structures (light)' },
  model20chan3cls: { zh: '脑灰质与白质', en: 'Grey and white matter' },
  model21_104class: {
    zh: '脑结构与皮层分区（左右）',
    en: 'Brain and cortical areas, left and right',
  },
  model30chan18cls: { zh: '脑结构（17 个）', en: 'Brain, 17 structures' },
  model30chan50cls: { zh: '脑结构与皮层分区', en: 'Brain and cortical areas' },
  model5_gw_ae: { zh: '脑灰质与白质（最快）', en: 'Grey and white matter (fastest)' },
  model11_gw_ae: { zh: '脑灰质与白质（快速）', en: 'Grey and white matter (fast)' },
  mindgrab: { zh: '全脑提取', en: 'Whole brain' },
};

async function readColours(
  folder: string,
  classes: number,
): Promise<{ name: string; colour: string }[]> {
  // Some folders hold one for each of several networks: the one that fits is meant.
  for (const name of ['colormap.json', 'colormap3.json']) {
    const text = await readFile(path.join(folder, name), 'utf8').catch(() => undefined);
    const read = text === undefined ? undefined : colourMap.safeParse(parseJson(text));
    if (!read?.success || read.data.labels.length !== classes) continue;
    const { R, G, B, labels } = read.data;
    const hex = (v: number | undefined): string =>
      Math.max(0, Math.min(255, Math.round(v ?? 0)))
        .toString(16)
        .padStart(2, '0');
    return labels.map((label, n) => ({
      name: label,
      colour: `#${hex(R[n])}${hex(G[n])}${hex(B[n])}`,
    }));
  }
  if (classes === 3) {
    // The older tissue networks come without names; the classes are those of their successors.
    return ['background', 'White Matter', 'Grey Matter'].map((name) => ({
      name,
      colour: '#c0c0c0',
    }));
  }
  throw refused('classes', `${classes} in the network, no list of as many names beside it`);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
