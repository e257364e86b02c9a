import { type ModelManifest, YuepianError } from '@yuepian/contract';
import type { LabelMap, Vec3, Volume } from '@yuepian/geometry';
import { Pace } from '../pace.ts';
import { Sureness } from '../sureness.ts';
import { conform, extract } from './conform.ts';
import { patientBox } from './crop.ts';
import { croppedGrid, tensorGrid } from './grid.ts';
import { LabelSampler } from './labels.ts';
import { normaliser } from './normalise.ts';
import { postProcess } from './post.ts';
import { TileAccumulator, tileStarts } from './tiles.ts';

/** One pass of a network over [D][H][W] values. */
export type NetworkPass = (
  input: Float32Array<ArrayBuffer>,
  /** [W, H, D] */
  size: Vec3,
  /** To be told the fraction that is done, by whoever can; what it throws ends the pass. */
  onPart?: (fraction: number) => void,
) => Promise<
  | { readonly kind: 'logits'; readonly data: Float32Array }
  | { readonly kind: 'labels'; readonly data: Uint8Array }
>;

export interface InferOptions {
  readonly modality: string;
  readonly pass: NetworkPass;
  /** Steps: conform, infer, resample; fraction of the step, 0…1. */
  readonly onStep?: (step: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

/** Labels, and how sure a network that gives probabilities is of them. */
export interface Inferred extends LabelMap {
  readonly sureness?: Sureness;
}

/**
 * Runs a network over a volume.
 * @returns labels on the volume's own grid; a class without a voxel is not among the segments.
 * @throws YuepianError job_cancelled; model_refused when the network's output has another shape or
 *   another number of classes than its manifest says.
 */
export async function infer(
  volume: Volume,
  model: ModelManifest,
  options: InferOptions,
): Promise<Inferred> {
  const { tensor } = model;
  if (!tensor) throw new YuepianError('invalid_request', { reason: 'the model has no tensor' });
  const pace = new Pace(options.signal, options.onStep);
  const whole = tensorGrid(volume, tensor);
  const raw = await conform(volume, whole, pace);
  const box = patientBox(raw, whole, tensor.crop, options.modality);
  const value = normaliser(raw, whole.size, volume.data, tensor.normalisation);
  const grid = croppedGrid(whole, box);
  const sampler = new LabelSampler(volume, grid, model.classCount);
  let sureness: Sureness | undefined;
  pace.step('infer', 0);
  if (tensor.tiling) {
    const [d, h, w] = tensor.tiling.size;
    const tile: Vec3 = [
      Math.min(w, box.size[0]),
      Math.min(h, box.size[1]),
      Math.min(d, box.size[2]),
    ];
    await tiled({ raw, whole: whole.size, box, value, tile, full: [w, h, d] });
  } else {
    await once();
  }
  pace.step('resample', 1);
  const map: LabelMap = {
    size: volume.size,
    affine: volume.affine,
    frameOfReferenceUid: volume.frameOfReferenceUid,
    data: sampler.labels,
    segments: [],
  };
  postProcess(map, new Map(model.classes.map((c) => [c.label, c.postProcessing])));
  return {
    ...map,
    segments: segmentsOf(map.data, model),
    ...(sureness ? { sureness } : {}),
  };

  function addLogits(first: number, planes: number, logits: Float32Array): void {
    sureness ??= new Sureness(grid, model.classCount, tensor?.probabilities !== undefined);
    sureness.add(first, planes, logits);
    sampler.add({ first, planes, logits });
  }

  async function once(): Promise<void> {
    const multiple = tensor?.multipleOf ?? 1;
    const padded = box.size.map((n) => Math.ceil(n / multiple) * multiple) as unknown as Vec3;
    const input = extract(raw, whole.size, box, value, padded);
    const output = await options.pass(input, padded, (fraction) => {
      pace.check();
      pace.step('infer', fraction);
    });
    pace.check();
    pace.step('resample', 0);
    const planes = { first: 0, planes: box.size[2] };
    if (output.kind === 'labels') {
      sampler.add({ ...planes, labels: cropLabels(output.data, padded, box.size) });
    } else {
      const classes = model.classCount;
      addLogits(0, planes.planes, cropLogits(output.data, padded, box.size, classes));
    }
  }

  async function tiled(t: {
    raw: Float32Array;
    whole: Vec3;
    box: { first: Vec3; size: Vec3 };
    value: (v: number) => number;
    tile: Vec3;
    /** What the network takes; longer than the crop where that is small. */
    full: Vec3;
  }): Promise<void> {
    const step = tensor?.tiling?.step ?? 0.5;
    const starts = ([0, 1, 2] as const).map((n) => tileStarts(t.box.size[n], t.tile[n], step));
    const [xs, ys, zs] = starts as [number[], number[], number[]];
    const sums = new TileAccumulator(t.box.size, t.tile, model.classCount);
    const total = xs.length * ys.length * zs.length;
    let done = 0;
    for (const [n, z] of zs.entries()) {
      for (const y of ys) {
        for (const x of xs) {
          await pace.breathe();
          const part = {
            first: [t.box.first[0] + x, t.box.first[1] + y, t.box.first[2] + z] as const,
            size: t.tile,
          };
          const output = await options.pass(extract(t.raw, t.whole, part, t.value, t.full), t.full);
          if (output.kind === 'labels') {
            throw new YuepianError('invalid_request', { reason: 'tiles need logits' });
          }
          sums.add(cropLogits(output.data, t.full, t.tile, model.classCount), [x, y, z]);
          pace.step('infer', ++done / total);
        }
      }
      const finished = sums.finish(zs[n + 1] ?? t.box.size[2]);
      if (finished) addLogits(finished.first, finished.planes, finished.logits);
    }
  }
}

function segmentsOf(data: Uint8Array, model: ModelManifest) {
  const present = new Uint8Array(256);
  for (const label of data) present[label] = 1;
  return model.classes
    .filter((c) => present[c.label] === 1)
    .map((c) => ({ key: c.key, labels: [c.label] }));
}

function cropLabels(data: Uint8Array, from: Vec3, to: Vec3): Uint8Array {
  if (from.every((n, axis) => n === to[axis])) return data;
  const out = new Uint8Array(to[0] * to[1] * to[2]);
  rows(from, to, (source, target) => out.set(data.subarray(source, source + to[0]), target));
  return out;
}

function cropLogits(data: Float32Array, from: Vec3, to: Vec3, classes: number): Float32Array {
  if (from.every((n, axis) => n === to[axis])) return data;
  const [source, target] = [from[0] * from[1] * from[2], to[0] * to[1] * to[2]];
  const out = new Float32Array(classes * target);
  for (let c = 0; c < classes; c++) {
    rows(from, to, (s, t) =>
      out.set(data.subarray(c * source + s, c * source + s + to[0]), c * target + t),
    );
  }
  return out;
}

function rows(from: Vec3, to: Vec3, visit: (source: number, target: number) => void): void {
  for (let z = 0; z < to[2]; z++) {
    for (let y = 0; y < to[1]; y++) {
      visit(from[0] * (y + from[1] * z), to[0] * (y + to[1] * z));
    }
  }
}
