import { setPriority } from 'node:os';
import type { ModelManifest } from '@yuepian/contract';
import type { Volume } from '@yuepian/geometry';
import { type Inferred, infer, type NetworkPass } from '@yuepian/reconstruct';
import { checkMemory } from '../child/memory.ts';
import { openEngine } from './engine.ts';
import { memoryOf } from './fit.ts';
import { checkWeights } from './registry.ts';
import { inferMonai } from './remote/monai.ts';

export interface ComputeInput {
  readonly volume: Volume;
  readonly modality: string;
  readonly model: ModelManifest;
  /** Where the model's files lie. */
  readonly modelFolder: string;
  readonly memoryBytes?: number | undefined;
  readonly signal?: AbortSignal;
  /** load, conform, infer, resample; fraction 0…1 of all of it. */
  readonly onStep: (step: string, fraction: number) => void;
}

/** Shares by the clock. */
const shares: Readonly<Record<string, readonly [number, number]>> = {
  conform: [0.02, 0.06],
  infer: [0.06, 0.94],
  resample: [0.94, 1],
};

/**
 * Labels of a volume by a model of any engine.
 * @returns the label map on the volume's own grid, and where it was computed.
 * @throws YuepianError model_changed, out_of_memory (before the start), model_refused,
 *   engine_unreachable, engine_answer.
 */
export async function compute(input: ComputeInput): Promise<{ map: Inferred; device: string }> {
  const { volume, model, modelFolder, onStep } = input;
  onStep('load', 0);
  await checkWeights(model, modelFolder);
  // The volume itself is held already.
  checkMemory(memoryOf(model, volume) - volume.data.byteLength, input.memoryBytes);
  if (model.engine.kind === 'monailabel') {
    onStep('infer', 0.05);
    const map = await inferMonai(volume, model, input.signal);
    return { map, device: `MONAI Label ${model.engine.url}` };
  }
  // Whoever reads or draws goes first; the run takes what is left.
  setPriority(10);
  const engine = await openEngine(model, modelFolder, input.signal);
  const step = (name: string, fraction: number): void => {
    const [start, end] = shares[name] ?? [0, 0];
    onStep(name, start + (end - start) * fraction);
  };
  try {
    const isSilent =
      model.tensor?.tiling === undefined && model.engine.kind === 'onnx' && !engine.tellsProgress;
    const pass = isSilent ? paced(engine.pass, model, step) : engine.pass;
    const map = await infer(volume, model, {
      modality: input.modality,
      pass,
      onStep: step,
      ...(input.signal ? { signal: input.signal } : {}),
    });
    return { map, device: engine.device };
  } finally {
    await engine.close();
  }
}

/** Edge of the piece whose pace is measured, in voxels; about a hundredth of a head. */
const sample = 40;

/**
 * A network that goes through in one pass tells nothing on its way: a small piece is timed first
 * and the rest is told by the clock, up to 95 %.
 */
function paced(
  pass: NetworkPass,
  model: ModelManifest,
  step: (name: string, fraction: number) => void,
): NetworkPass {
  return async (input, size) => {
    const multiple = model.tensor?.multipleOf ?? 1;
    const edge = Math.ceil(sample / multiple) * multiple;
    const voxels = size[0] * size[1] * size[2];
    if (voxels < 8 * edge ** 3) return pass(input, size);
    // Once to warm up, once for the clock.
    await pass(new Float32Array(edge ** 3), [edge, edge, edge]);
    const begun = performance.now();
    await pass(new Float32Array(edge ** 3), [edge, edge, edge]);
    const expected = ((performance.now() - begun) * voxels) / edge ** 3;
    const started = performance.now();
    const timer = setInterval(() => {
      step('infer', Math.min(0.95, (performance.now() - started) / expected));
    }, 250);
    try {
      return await pass(input, size);
    } finally {
      clearInterval(timer);
    }
  };
}
