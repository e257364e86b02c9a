import type { ModelManifest, YuepianError } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';
import type { NetworkPass } from '@yuepian/reconstruct';
import { refused } from './refusal.ts';

/** A network that is ready to run. */
export interface Engine {
  readonly pass: NetworkPass;
  /** Where it runs: `CPU`, `CUDA`, `KServe http://…`. */
  readonly device: string;
  /** Its passes tell how far they are. */
  readonly tellsProgress?: boolean;
  close(): Promise<void>;
}

/**
 * A network's output as logits [classes][D][H][W] or labels [D][H][W], checked against what the
 * manifest says.
 * @param size [W, H, D] of the input.
 * @param fault what a wrong answer is; of a file on disk it is the model's fault.
 * @throws what `fault` makes; YuepianError model_refused unless said otherwise.
 */
export function outputOf(
  data: unknown,
  dims: readonly number[],
  size: Vec3,
  manifest: ModelManifest,
  fault?: (reason: string, reasonZh: string) => YuepianError,
): Awaited<ReturnType<NetworkPass>> {
  const { tensor, classCount } = manifest;
  const [w, h, d] = size;
  const voxels = w * h * d;
  const shape = dims.join('×');
  const no = (code: 'axes' | 'classes', what: string): YuepianError => {
    const error = refused(code, what);
    const { reason, reasonZh } = error.details;
    return fault ? fault(String(reason), String(reasonZh)) : error;
  };
  if (tensor?.output === 'argmax') {
    const spatial = dims.filter((n) => n !== 1).join('×');
    const wanted = [d, h, w].filter((n) => n !== 1).join('×');
    if (spatial !== wanted) throw no('axes', `labels of ${shape}, expected ${wanted}`);
    return { kind: 'labels', data: labelsOf(data, voxels, classCount, no) };
  }
  const last = tensor?.axes === 'NDHWC';
  const classes = (last ? dims.at(-1) : dims[1]) ?? 0;
  const spatial = last ? dims.slice(1, 4) : dims.slice(2);
  if (dims.length !== 5 || spatial.join() !== [d, h, w].join()) {
    throw no('axes', `output of ${shape}, expected ${[d, h, w].join('×')} voxels`);
  }
  if (classes !== classCount) {
    throw no('classes', `${classes} in the network, ${classCount} in the manifest`);
  }
  if (!(data instanceof Float32Array)) throw no('axes', 'the logits are not float32');
  return { kind: 'logits', data: last ? channelsFirst(data, voxels, classes) : data };
}

type Fault = (code: 'axes' | 'classes', what: string) => YuepianError;

function labelsOf(data: unknown, voxels: number, classes: number, no: Fault): Uint8Array {
  if (
    !(data instanceof Uint8Array) &&
    !(data instanceof BigInt64Array) &&
    !(data instanceof Int32Array) &&
    !(data instanceof Float32Array)
  ) {
    throw no('axes', 'the labels are no numbers');
  }
  if (data.length !== voxels) throw no('axes', `${data.length} labels for ${voxels} voxels`);
  const out = data instanceof Uint8Array ? data : new Uint8Array(voxels);
  if (out !== data) for (let n = 0; n < voxels; n++) out[n] = Number(data[n]);
  let highest = 0;
  for (const v of out) if (v > highest) highest = v;
  if (highest >= classes) throw no('classes', `label ${highest}, but ${classes} classes`);
  return out;
}

function channelsFirst(data: Float32Array, voxels: number, classes: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let n = 0, at = 0; n < voxels; n++) {
    for (let c = 0; c < classes; c++, at++) out[c * voxels + n] = data[at] as number;
  }
  return out;
}
