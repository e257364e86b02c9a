import { availableParallelism } from 'node:os';
import type { Vec3 } from '@yuepian/geometry';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Chain, Layer } from './chain.ts';
import { type Stage, stagesOf } from './stages.ts';

/** A chain of convolutions, ready to run plane by plane. */
export interface PlaneNetwork {
  /**
   * @param input [D][H][W]. @param size [W, H, D].
   * @param onPart told the fraction that is done; what it throws ends the run.
   * @returns labels [D][H][W] or logits [classes][D][H][W].
   */
  run(
    input: Float32Array<ArrayBuffer>,
    size: Vec3,
    onPart?: (fraction: number) => void,
  ): Promise<
    { readonly kind: 'logits'; readonly data: Float32Array } | { kind: 'labels'; data: Uint8Array }
  >;
  close(): Promise<void>;
}

/**
 * Runs a chain plane by plane: as soon as a layer has the planes its kernel meets, it makes the
 * next one, which goes on to the next layer at once. Only as many planes are held as the kernels
 * reach, in memory that is used again; a normalisation over the whole field waits for all of them.
 */
export async function openPlanes(chain: Chain): Promise<PlaneNetwork> {
  const sessions: InferenceSession[] = [];
  const stages = stagesOf(chain);
  for (const { onnx } of stages) {
    sessions.push(
      await InferenceSession.create(onnx, {
        executionProviders: ['cpu'],
        intraOpNumThreads: availableParallelism(),
        graphOptimizationLevel: 'all',
        logSeverityLevel: 4,
        // One session after the other works: the others' threads may not wait for it by spinning.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      }),
    );
  }
  return {
    run: (input, size, onPart) => new Run(stages, sessions, size, onPart).run(input),
    close: async () => {
      for (const session of sessions) await session.release();
    },
  };
}

class Run {
  readonly #stages: readonly Stage[];
  readonly #sessions: readonly InferenceSession[];
  readonly #size: Vec3;
  readonly #onPart: ((fraction: number) => void) | undefined;
  /** Per stage, the planes that came in and are still needed. */
  readonly #held: Map<number, Float32Array<ArrayBuffer>>[];
  /** Per stage, the next plane to be made. */
  readonly #next: number[];
  readonly #measures: Measures[];
  /** Planes nobody needs any more, per length. */
  readonly #free = new Map<number, Float32Array<ArrayBuffer>[]>();
  readonly #zeros = new Map<number, Float32Array<ArrayBuffer>>();
  readonly #total: number;
  #done = 0;
  #labels = new Uint8Array();
  #logits = new Float32Array();

  constructor(
    stages: readonly Stage[],
    sessions: readonly InferenceSession[],
    size: Vec3,
    onPart: ((fraction: number) => void) | undefined,
  ) {
    this.#stages = stages;
    this.#sessions = sessions;
    this.#size = size;
    this.#onPart = onPart;
    this.#held = stages.map(() => new Map());
    this.#next = stages.map(() => 0);
    this.#measures = stages.map((s) => new Measures(s.outputs));
    this.#total = stages.reduce((n, s) => n + s.work, 0) * size[2];
  }

  async run(input: Float32Array<ArrayBuffer>): ReturnType<PlaneNetwork['run']> {
    const [w, h, d] = this.#size;
    const last = this.#stages.at(-1);
    if (last?.labels) this.#labels = new Uint8Array(w * h * d);
    else this.#logits = new Float32Array((last?.outputs ?? 0) * w * h * d);
    for (let z = 0; z < d; z++) await this.#feed(0, z, input.slice(z * w * h, (z + 1) * w * h));
    return last?.labels
      ? { kind: 'labels', data: this.#labels }
      : { kind: 'logits', data: this.#logits };
  }

  /** A plane comes in; all that can be made of it now is made. */
  async #feed(n: number, z: number, plane: Float32Array<ArrayBuffer>): Promise<void> {
    const stage = this.#stages[n];
    const held = this.#held[n];
    if (!stage || !held) return;
    held.set(z, plane);
    const depth = this.#size[2];
    const reach = ((stage.taps - 1) / 2) * stage.dilation;
    for (let at = this.#next[n] ?? 0; at < depth; at++) {
      if (Math.min(at + reach, depth - 1) > z) break;
      await this.#make(n, stage, held, at, reach);
      this.#next[n] = at + 1;
      const gone = held.get(at - reach);
      if (gone) this.#giveBack(gone);
      held.delete(at - reach);
    }
    if (z < depth - 1) return;
    for (const rest of held.values()) this.#giveBack(rest);
    held.clear();
    if (stage.measures) await this.#passOn(n + 1);
  }

  async #make(
    n: number,
    stage: Stage,
    held: ReadonlyMap<number, Float32Array<ArrayBuffer>>,
    at: number,
    reach: number,
  ): Promise<void> {
    const [w, h, d] = this.#size;
    const area = w * h;
    const feeds: Record<string, Tensor> = {};
    for (let t = 0; t < stage.taps; t++) {
      const plane = held.get(at - reach + t * stage.dilation) ?? this.#zero(stage.inputs * area);
      feeds[`x${t}`] = new Tensor('float32', plane, [1, stage.inputs, h, w]);
    }
    if (stage.normalises) {
      const { scale, shift } = this.#measures[n - 1]?.factors(stage.normalises, d) ?? {};
      if (scale && shift) {
        feeds.scale = new Tensor('float32', scale, [1, stage.inputs, 1, 1]);
        feeds.shift = new Tensor('float32', shift, [1, stage.inputs, 1, 1]);
      }
    }
    const session = this.#sessions[n];
    if (!session) return;
    if (stage.labels) {
      const labels = this.#labels.subarray(at * area, (at + 1) * area);
      await session.run(feeds, { y: new Tensor('uint8', labels, [1, h, w]) });
    } else {
      const out = this.#take(stage.outputs * area);
      const y = new Tensor('float32', out, [1, stage.outputs, h, w]);
      if (stage.measures) {
        const answer = await session.run(feeds, { y, mean: null, variance: null });
        this.#measures[n]?.add(answer.mean?.data, answer.variance?.data);
        this.#held[n + 1]?.set(at, out);
      } else {
        await session.run(feeds, { y });
        if (n + 1 < this.#stages.length) await this.#feed(n + 1, at, out);
        else this.#keep(out, at, stage.outputs);
      }
    }
    this.#done += stage.work;
    this.#onPart?.(this.#done / this.#total);
  }

  /** All planes of a measured stage are there: the next stage takes them one by one. */
  async #passOn(n: number): Promise<void> {
    const waiting = [...(this.#held[n] ?? [])];
    this.#held[n]?.clear();
    for (const [z, plane] of waiting) await this.#feed(n, z, plane);
  }

  #keep(out: Float32Array<ArrayBuffer>, at: number, classes: number): void {
    const [w, h, d] = this.#size;
    const area = w * h;
    for (let c = 0; c < classes; c++) {
      this.#logits.set(out.subarray(c * area, (c + 1) * area), (c * d + at) * area);
    }
    this.#giveBack(out);
  }

  #take(length: number): Float32Array<ArrayBuffer> {
    return this.#free.get(length)?.pop() ?? new Float32Array(length);
  }

  #giveBack(plane: Float32Array<ArrayBuffer>): void {
    const free = this.#free.get(plane.length);
    if (free) free.push(plane);
    else this.#free.set(plane.length, [plane]);
  }

  #zero(length: number): Float32Array<ArrayBuffer> {
    let zeros = this.#zeros.get(length);
    if (!zeros) {
      zeros = new Float32Array(length);
      this.#zeros.set(length, zeros);
    }
    return zeros;
  }
}

/** Mean and variance of channels over a field, from those of its planes (all of one size). */
class Measures {
  readonly #means: Float64Array[] = [];
  readonly #variances: Float64Array[] = [];
  readonly #channels: number;
  #made: { scale: Float32Array<ArrayBuffer>; shift: Float32Array<ArrayBuffer> } | undefined;

  constructor(channels: number) {
    this.#channels = channels;
  }

  add(mean: unknown, variance: unknown): void {
    if (!(mean instanceof Float32Array && variance instanceof Float32Array)) return;
    this.#means.push(Float64Array.from(mean));
    this.#variances.push(Float64Array.from(variance));
  }

  /** `x * scale + shift` is the normalised value. */
  factors(norm: NonNullable<Layer['norm']>, planes: number) {
    if (this.#made) return this.#made;
    const scale = new Float32Array(this.#channels);
    const shift = new Float32Array(this.#channels);
    for (let c = 0; c < this.#channels; c++) {
      let [mean, variance] = [0, 0];
      for (const m of this.#means) mean += (m[c] as number) / planes;
      for (const [n, v] of this.#variances.entries()) {
        variance += ((v[c] as number) + ((this.#means[n]?.[c] ?? 0) - mean) ** 2) / planes;
      }
      const factor = (norm.scale[c] as number) / Math.sqrt(variance + norm.epsilon);
      scale[c] = factor;
      shift[c] = (norm.shift[c] as number) - mean * factor;
    }
    this.#made = { scale, shift };
    return this.#made;
  }
}
