import { type BuiltValue, OnnxGraph } from '../onnx/build.ts';
import type { Activation, Chain, Layer } from './chain.ts';

/**
 * What is done with one plane of the field in one go: a convolution over some planes, and after it
 * all that needs that one plane alone.
 */
export interface Stage {
  /** Planes that go in: the kernel's extent along D. */
  readonly taps: number;
  /** Distance of those planes. */
  readonly dilation: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Numbers that multiply and shift every channel first: a normalisation over the whole field. */
  readonly normalises: Layer['norm'];
  /** Mean and variance of every channel of the plane are wanted. */
  readonly measures: boolean;
  /** True for the last one of a network that ends in labels: uint8 instead of channels. */
  readonly labels: boolean;
  /** Multiplications a voxel. */
  readonly work: number;
  readonly onnx: Uint8Array;
}

/**
 * The stages of a chain. A 3D convolution is written as a 2D one: the planes its kernel meets are
 * laid one after the other as channels, which sums the same products. For 2D the engine has a
 * kernel that keeps 16 channels in a register and needs no copy per tap (NCHWc); in 3D it copies
 * every voxel once per tap (im2col).
 */
export function stagesOf({ layers, ends }: Chain): Stage[] {
  const stages: Stage[] = [];
  let open: Open | undefined;
  const close = (isLast: boolean, measures: boolean): void => {
    if (open) stages.push(open.close(isLast && ends === 'labels', measures));
    open = undefined;
  };
  for (const layer of layers) {
    if (!open || layer.kernel[0] > 1) {
      close(false, false);
      open = new Open(layer.inputs, layer.kernel[0], layer.dilation[0], undefined);
    }
    open.convolution(layer);
    if (layer.norm) {
      close(false, true);
      open = new Open(layer.outputs, 1, 1, layer.norm);
    }
    if (layer.activation) open.activation(layer.activation);
  }
  close(true, false);
  return stages;
}

type Step = (graph: OnnxGraph, input: string, output: string) => void;

/** A stage that still takes steps. */
class Open {
  readonly #inputs: number;
  readonly #taps: number;
  readonly #dilation: number;
  readonly #normalises: Layer['norm'];
  readonly #steps: Step[] = [];
  #channels: number;
  #work = 0;

  constructor(inputs: number, taps: number, dilation: number, normalises: Layer['norm']) {
    this.#inputs = inputs;
    this.#channels = inputs;
    this.#taps = taps;
    this.#dilation = dilation;
    this.#normalises = normalises;
    if (!normalises) return;
    this.#steps.push((g, input, output) => g.node('Mul', [input, 'scale'], output));
    this.#steps.push((g, input, output) => g.node('Add', [input, 'shift'], output));
  }

  convolution({ inputs, outputs, kernel, dilation, weights, bias }: Layer): void {
    const [taps, kh, kw] = kernel;
    const area = kh * kw;
    const turned = new Float32Array(weights.length);
    for (let o = 0; o < outputs; o++) {
      for (let c = 0; c < inputs; c++) {
        for (let t = 0; t < taps; t++) {
          const from = ((o * inputs + c) * taps + t) * area;
          turned.set(weights.subarray(from, from + area), ((o * taps + t) * inputs + c) * area);
        }
      }
    }
    const pads = [((kh - 1) / 2) * dilation[1], ((kw - 1) / 2) * dilation[2]];
    this.#steps.push((g, input, output) => {
      const w = g.weights(`${output}_w`, [outputs, inputs * taps, kh, kw], turned);
      g.node('Conv', [input, w, g.weights(`${output}_b`, [outputs], bias)], output, {
        kernel_shape: { ints: [kh, kw] },
        dilations: { ints: [dilation[1], dilation[2]] },
        pads: { ints: [...pads, ...pads] },
        strides: { ints: [1, 1] },
      });
    });
    this.#channels = outputs;
    this.#work += weights.length;
  }

  activation({ operator, alpha }: Activation): void {
    const attributes = alpha === undefined ? undefined : { alpha: { float: alpha } };
    this.#steps.push((g, input, output) => g.node(operator, [input], output, attributes));
  }

  close(labels: boolean, measures: boolean): Stage {
    const channels = this.#channels;
    if (labels) {
      const best = { axis: { int: 1 }, keepdims: { int: 0 } };
      this.#steps.push((g, input, output) => g.node('ArgMax', [input], output, best));
      this.#steps.push((g, input, output) => g.node('Cast', [input], output, { to: { int: 2 } }));
    }
    const g = new OnnxGraph();
    const names = Array.from({ length: this.#taps }, (_, n) => `x${n}`);
    let value = 'x0';
    if (this.#taps > 1) value = g.node('Concat', names, 'planes', { axis: { int: 1 } });
    for (const [n, step] of this.#steps.entries()) {
      const output = n === this.#steps.length - 1 ? 'y' : `v${n}`;
      step(g, value, output);
      value = output;
    }
    const outputs: BuiltValue[] = [
      labels ? { name: 'y', type: 2, shape: [1, 'H', 'W'] } : plane('y', channels),
    ];
    if (measures) {
      g.node('GlobalAveragePool', ['y'], 'mean');
      const off = g.node('Sub', ['y', 'mean'], 'off');
      g.node('GlobalAveragePool', [g.node('Mul', [off, off], 'squared')], 'variance');
      outputs.push(perChannel('mean', channels), perChannel('variance', channels));
    }
    const inputs = names.map((name) => plane(name, this.#inputs));
    if (this.#normalises) {
      inputs.push(perChannel('scale', this.#inputs), perChannel('shift', this.#inputs));
    }
    return {
      taps: this.#taps,
      dilation: this.#dilation,
      inputs: this.#inputs,
      outputs: channels,
      normalises: this.#normalises,
      measures,
      labels,
      // Values read and written count too, or stages without a convolution would cost nothing.
      work: this.#work + 4 * channels,
      onnx: g.encode(inputs, outputs, 20),
    };
  }
}

const plane = (name: string, channels: number): BuiltValue => ({
  name,
  type: 1,
  shape: [1, channels, 'H', 'W'],
});
const perChannel = (name: string, channels: number): BuiltValue => ({
  name,
  type: 1,
  shape: [1, channels, 1, 1],
});
