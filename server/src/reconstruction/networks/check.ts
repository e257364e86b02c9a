import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ModelManifest, type ModelTensor, modelManifest } from '@yuepian/contract';
import {
  affineFromSteps,
  spacing,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';
import { ctAbdomen, mrHead } from '@yuepian/phantom';
import { infer, tensorGrid } from '@yuepian/reconstruct';
import { openEngine } from './engine.ts';
import { inspectOnnx, type OnnxFacts } from './onnx/inspect.ts';
import type { Engine } from './output.ts';
import { refused } from './refusal.ts';
import { probeMonai } from './remote/monai.ts';

/**
 * Checks that a model folder is what its manifest says: the tensors by name and shape, then the
 * golden patch, or where there is none a run on a synthetic patient.
 * @returns what the network's values are where the manifest says nothing of it.
 * @throws YuepianError model_refused, engine_unreachable.
 */
export async function checkModel(folder: string): Promise<Checked> {
  const manifest = modelManifest.parse(
    JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')),
  );
  if (manifest.engine.kind === 'monailabel') {
    await probeMonai(manifest);
    return {};
  }
  const { engine: kind, tensor } = manifest;
  let probabilities = tensor?.probabilities;
  if (kind.kind === 'onnx') {
    const facts = inspectOnnx(await readFile(path.join(folder, kind.file)));
    checkGraph(manifest, facts);
    if (tensor?.output === 'logits') probabilities ??= facts.probabilities[kind.output];
  }
  const engine = await openEngine(manifest, folder);
  try {
    // A remote engine is asked for its shapes when it is opened; a run would send it a patient.
    let seen: 'softmax' | undefined;
    if (manifest.golden) seen = await checkGolden(manifest, folder, engine);
    else if (kind.kind === 'onnx') seen = await checkPlausible(manifest, engine);
    probabilities ??= seen;
  } finally {
    await engine.close();
  }
  return tensor?.probabilities === undefined && probabilities ? { probabilities } : {};
}

export interface Checked {
  /** The network ends in this: its values are probabilities and no logits. */
  readonly probabilities?: NonNullable<ModelTensor['probabilities']>;
}

/**
 * Whether values are those of a softmax written in other operators: none below 0 or above 1, and those
 * of every voxel sum to 1. Logits of a network of several classes are never all so.
 */
function isSoftmax(data: Float32Array, classes: number): boolean {
  const count = data.length / classes;
  if (classes < 2 || count === 0) return false;
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const v = data[i + c * count] as number;
      if (!(v >= -1e-4 && v <= 1 + 1e-4)) return false;
      sum += v;
    }
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

/** What the graph alone tells. @throws YuepianError model_refused. */
export function checkGraph(manifest: ModelManifest, facts: OnnxFacts): void {
  const { engine, tensor, classCount } = manifest;
  if (engine.kind !== 'onnx' || !tensor) return;
  const input = facts.inputs.find((v) => v.name === engine.input);
  const output = facts.outputs.find((v) => v.name === engine.output);
  if (!input) throw refused('tensor_name', engine.input);
  if (!output) throw refused('tensor_name', engine.output);
  if (facts.inputs.length > 1) throw refused('axes', `${facts.inputs.length} inputs`);
  const last = tensor.axes === 'NDHWC';
  if (input.shape) {
    if (input.shape.length !== 5) throw refused('axes', `an input of ${input.shape.length} axes`);
    const channels = input.shape[last ? 4 : 1];
    if (typeof channels === 'number' && channels !== 1) {
      throw refused('axes', `${channels} channels where the manifest has ${tensor.axes}`);
    }
    // Free where it must be one, and one where the other order has its channel: that is the truth.
    if (typeof channels !== 'number' && input.shape[last ? 1 : 4] === 1) {
      throw refused('axes', `the channel is not where ${tensor.axes} has it`);
    }
    checkSizes(input.shape.slice(last ? 1 : 2, last ? 4 : 5), tensor);
  }
  if (output.shape && tensor.output === 'logits') {
    if (output.shape.length !== 5)
      throw refused('axes', `an output of ${output.shape.length} axes`);
    const classes = output.shape[last ? 4 : 1];
    if (typeof classes === 'number' && classes !== classCount) {
      throw refused('classes', `${classes} in the network, ${classCount} in the manifest`);
    }
  }
  if (tensor.output === 'argmax' && output.type === 'float32' && output.shape?.length === 5) {
    const channels = output.shape[last ? 4 : 1];
    if (typeof channels === 'number' && channels > 1) {
      throw refused('axes', 'the network ends in logits, the manifest says labels');
    }
  }
  // Exporters that note the spacing are believed more than the manifest.
  const noted = facts.metadata.spacing?.match(/[\d.]+/g)?.map(Number);
  if (noted?.length === 3 && noted.some((s, n) => Math.abs(s - (tensor.spacing[n] ?? 0)) > 0.01)) {
    throw refused(
      'spacing',
      `${noted.join('×')} mm in the network, ${tensor.spacing.join('×')} mm`,
    );
  }
}

/** Fixed sizes of the graph must be those of the tiles. */
function checkSizes(shape: readonly (number | string)[], tensor: ModelTensor): void {
  const fixed = shape.every((n) => typeof n === 'number');
  if (!fixed) return;
  const wanted = tensor.tiling?.size;
  if (!wanted || shape.some((n, axis) => n !== wanted[axis])) {
    throw refused(
      'axes',
      `the network takes ${shape.join('×')}, tiles are ${wanted?.join('×') ?? 'free'}`,
    );
  }
}

async function checkGolden(
  manifest: ModelManifest,
  folder: string,
  engine: Engine,
): Promise<'softmax' | undefined> {
  const { golden, classCount, tensor } = manifest;
  if (!golden) return undefined;
  const bytes = await readFile(path.join(folder, golden.file)).catch((cause: unknown) => {
    throw refused('missing_file', golden.file, cause);
  });
  const all = new Float32Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 4));
  const [d, h, w] = golden.size;
  const voxels = d * h * w;
  const outputs = tensor?.output === 'argmax' ? voxels : voxels * classCount;
  if (all.length !== voxels + outputs) {
    throw refused('golden', `${all.length} numbers, expected ${voxels + outputs}`);
  }
  const expected = all.subarray(voxels);
  const size: Vec3 = [w, h, d];
  const found = await engine.pass(all.slice(0, voxels), size);
  if (found.kind === 'logits') {
    let worst = 0;
    for (let n = 0; n < outputs; n++) {
      const off = Math.abs((found.data[n] as number) - (expected[n] as number));
      if (!(off <= worst)) worst = off;
    }
    if (!(worst <= golden.tolerance)) throw refused('golden', `off by ${worst.toPrecision(2)}`);
    return isSoftmax(found.data, classCount) ? 'softmax' : undefined;
  }
  let different = 0;
  for (let n = 0; n < voxels; n++) if (found.data[n] !== expected[n]) different++;
  if (different > golden.tolerance * voxels) {
    throw refused('golden', `${different} of ${voxels} labels differ`);
  }
  return undefined;
}

/** Synthetic patients for a run without a golden patch; small, so that a check takes seconds. */
const patients = {
  MR: () => mrHead({ size: 128, slices: 108 }),
  CT: () => ctAbdomen({ size: 128, slices: 60 }),
};

/** Extent of what is run on, in mm: enough for several organs, and seconds on two cores. */
const middleMm = 110;

/** The middle of a patient, where the organs are. */
function middleOf(volume: Volume): Volume {
  const steps = spacing(volume.affine);
  const size = volume.size.map((n, axis) =>
    Math.min(n, Math.ceil(middleMm / (steps[axis] as number))),
  ) as unknown as Vec3;
  const first = volume.size.map((n, axis) =>
    Math.floor((n - (size[axis] as number)) / 2),
  ) as unknown as Vec3;
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let k = 0, at = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      const from = first[0] + volume.size[0] * (first[1] + j + volume.size[1] * (first[2] + k));
      for (let i = 0; i < size[0]; i++) data[at++] = volume.data[from + i] as number;
    }
  }
  const m = volume.affine;
  const corner = toPatient(m, first);
  return {
    size,
    affine: affineFromSteps(stepI(m), stepJ(m), stepK(m), corner),
    frameOfReferenceUid: volume.frameOfReferenceUid,
    data,
  };
}

async function checkPlausible(
  manifest: ModelManifest,
  engine: Engine,
): Promise<'softmax' | undefined> {
  const { tensor, classCount } = manifest;
  if (!tensor) return undefined;
  const modality = manifest.fits.modalities.includes('MR') ? 'MR' : 'CT';
  const patient = patients[modality]();
  // Anything may be there; a grid of a few voxels or of billions is a lie about the spacing.
  const { size } = tensorGrid(patient, tensor);
  if (Math.min(...size) < 8 || size[0] * size[1] * size[2] > 1024 ** 3) {
    throw refused(
      'spacing',
      `${tensor.spacing.join('×')} mm makes ${size.join('×')} voxels of a body`,
    );
  }
  const volume = middleOf(patient.volume);
  let finite = true;
  let sumToOne: boolean | undefined;
  const map = await infer(volume, manifest, {
    modality,
    pass: async (input, passSize) => {
      const output = await engine.pass(input, passSize);
      if (output.kind === 'logits') {
        if (!output.data.every(Number.isFinite)) finite = false;
        sumToOne = (sumToOne ?? true) && isSoftmax(output.data, classCount);
      }
      return output;
    },
  });
  if (!finite) throw refused('not_finite');
  if (map.segments.length === 0) throw refused('one_class');
  return sumToOne ? 'softmax' : undefined;
}
