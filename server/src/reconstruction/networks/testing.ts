import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OnnxGraph } from './onnx/build.ts';

/** A network of two classes: one convolution, so that class 1 wins where the input is above `above`. */
export function thresholdNetwork(
  above: number,
  operator = 'Conv',
  classes = 2,
  after: readonly string[] = [],
): Uint8Array {
  const graph = new OnnxGraph();
  const weights = new Float32Array(classes);
  const bias = new Float32Array(classes);
  weights[1] = 1;
  bias[1] = -above;
  const names = [
    'input',
    graph.weights('w', [classes, 1, 1, 1, 1], weights),
    graph.weights('b', [classes], bias),
  ];
  // Each of `after` takes what the one before it gives; the last gives the output.
  const chain = [operator, ...after];
  let given: readonly string[] = names;
  for (const [n, step] of chain.entries()) {
    const output = n === chain.length - 1 ? 'logits' : `step${n}`;
    graph.node(step, given, output, /Softmax$/.test(step) ? { axis: { int: 1 } } : {});
    given = [output];
  }
  return graph.encode(
    { name: 'input', type: 1, shape: [1, 1, 'D', 'H', 'W'] },
    [{ name: 'logits', type: 1, shape: [1, classes, 'D', 'H', 'W'] }],
    20,
  );
}

/** Gives what `thresholdNetwork` gives, after layers that hand the value on and take long. */
export function slowNetwork(above: number, channels = 64, layers = 6): Uint8Array {
  const graph = new OnnxGraph();
  let value = 'input';
  let inputs = 1;
  const convolution = (n: number, outputs: number, first: number, bias: Float32Array): void => {
    const weights = new Float32Array(outputs * inputs * 27);
    // The middle tap from the first channel on.
    weights[first * inputs * 27 + 13] = 1;
    const names = [
      value,
      graph.weights(`w${n}`, [outputs, inputs, 3, 3, 3], weights),
      graph.weights(`b${n}`, [outputs], bias),
    ];
    const output = n === layers ? 'logits' : `c${n}`;
    value = graph.node('Conv', names, output, {
      kernel_shape: { ints: [3, 3, 3] },
      dilations: { ints: [1, 1, 1] },
      pads: { ints: [1, 1, 1, 1, 1, 1] },
      strides: { ints: [1, 1, 1] },
    });
    inputs = outputs;
  };
  for (let n = 0; n < layers; n++) convolution(n, channels, 0, new Float32Array(channels));
  convolution(layers, 2, 1, Float32Array.from([0, -above]));
  return graph.encode(
    { name: 'input', type: 1, shape: [1, 1, 'D', 'H', 'W'] },
    [{ name: 'logits', type: 1, shape: [1, 2, 'D', 'H', 'W'] }],
    20,
  );
}

export interface TestModel {
  readonly id: string;
  readonly onnx: Uint8Array;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly tensor: Readonly<Record<string, unknown>>;
  /** Values of the golden patch: 2×2×2 voxels, then 2 × 8 logits. */
  readonly golden: Float32Array;
}

/** What `thresholdNetwork` gives for eight values: a golden patch, so that a check is quick. */
export function goldenOf(above: number): Float32Array {
  const input = [0, 50, 99, 101, 150, 200, 300, -5];
  return Float32Array.from([...input, ...input.map(() => 0), ...input.map((v) => v - above)]);
}

/** A folder with a plain ONNX model and its manifest; parts may lie. */
export async function writeModel(folder: string, given: Partial<TestModel> = {}): Promise<string> {
  const { id = 'threshold', onnx = thresholdNetwork(100), golden } = given;
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'model.onnx'), onnx);
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const patch = golden && new Uint8Array(golden.buffer);
  if (patch) await writeFile(path.join(folder, 'golden.bin'), patch);
  const manifest = {
    version: 1,
    id,
    modelVersion: '1.0',
    title: { zh: '阈值', en: 'Threshold' },
    licence: 'Apache-2.0',
    fits: { modalities: ['CT'], spacing: [0.3, 6] },
    engine: {
      kind: 'onnx',
      file: 'model.onnx',
      sha256: sha256(onnx),
      input: 'input',
      output: 'logits',
    },
    tensor: {
      voxelOrder: 'SAR',
      spacing: [4, 4.2, 4.2],
      normalisation: { kind: 'none' },
      output: 'logits',
      tiling: { size: [24, 24, 24], step: 0.5 },
      ...given.tensor,
    },
    classCount: 2,
    classes: [{ label: 1, key: 'bone', name: { zh: '骨', en: 'Bone' }, colour: '#e8dcc0' }],
    ...(patch ? { golden: { file: 'golden.bin', sha256: sha256(patch), size: [2, 2, 2] } } : {}),
    ...given.manifest,
  };
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}
