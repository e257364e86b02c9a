import { z } from 'zod';
import { modelProto } from '../onnx/proto.ts';

/** A 3D convolution of stride 1 that keeps the size, with what follows it value by value. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Odd, along D, H and W. */
  readonly kernel: readonly [number, number, number];
  readonly dilation: readonly [number, number, number];
  /** [out, in, kd, kh, kw] */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** Instance normalisation over the whole field after the convolution. */
  readonly norm:
    | { readonly scale: Float32Array; readonly shift: Float32Array; readonly epsilon: number }
    | undefined;
  readonly activation: Activation | undefined;
}

export interface Activation {
  readonly operator: 'Relu' | 'Elu' | 'Gelu' | 'LeakyRelu';
  readonly alpha: number | undefined;
}

/** A network that is nothing but such convolutions, one after another. */
export interface Chain {
  readonly layers: readonly Layer[];
  /** `labels` where it ends in ArgMax over the channels and a cast to uint8. */
  readonly ends: 'logits' | 'labels';
}

const ints = z.array(z.number()).default([]);
const model = z.object({
  graph: z.object({
    node: z.array(
      z.object({
        op_type: z.string(),
        input: z.array(z.string()).default([]),
        output: z.array(z.string()).length(1),
        attribute: z
          .array(
            z.object({
              name: z.string(),
              f: z.number().optional(),
              i: z.number().optional(),
              s: z.instanceof(Uint8Array).optional(),
              ints,
            }),
          )
          .default([]),
      }),
    ),
    initializer: z
      .array(
        z.object({
          name: z.string(),
          dims: ints,
          data_type: z.number(),
          raw_data: z.instanceof(Uint8Array).optional(),
        }),
      )
      .default([]),
    input: z.array(z.object({ name: z.string() })),
    output: z.array(z.object({ name: z.string() })).length(1),
  }),
});
type Node = z.infer<typeof model>['graph']['node'][number];

/**
 * Reads an ONNX file as a chain of 3D convolutions.
 * @returns undefined when it is anything else; such a network runs as it is.
 */
export function readChain(bytes: Uint8Array): Chain | undefined {
  const decoded = modelProto.toObject(modelProto.decode(bytes), { longs: Number });
  const read = model.safeParse(decoded);
  if (!read.success) return undefined;
  const { node: nodes, initializer, input, output } = read.data.graph;
  const weights = new Map<string, { dims: readonly number[]; data: Float32Array }>();
  for (const { name, dims, data_type: type, raw_data: raw } of initializer) {
    if (type !== 1 || raw === undefined) return undefined;
    weights.set(name, { dims, data: new Float32Array(new Uint8Array(raw).buffer) });
  }
  let value = input.find((v) => !weights.has(v.name))?.name ?? '';
  const layers: Layer[] = [];
  let ends: Chain['ends'] = 'logits';
  for (const [n, node] of nodes.entries()) {
    if (node.input[0] !== value) return undefined;
    value = node.output[0] ?? '';
    const last = layers.at(-1);
    const isNext = last !== undefined && last.activation === undefined;
    const activation = activationOf(node);
    if (node.op_type === 'Conv') {
      const layer = convolutionOf(node, weights);
      if (!layer || (last && last.outputs !== layer.inputs)) return undefined;
      layers.push(layer);
    } else if (node.op_type === 'InstanceNormalization' && isNext && !last.norm) {
      const norm = normOf(node, weights);
      if (!norm) return undefined;
      layers[layers.length - 1] = { ...last, norm };
    } else if (activation && isNext) {
      layers[layers.length - 1] = { ...last, activation };
    } else if (
      node.op_type === 'ArgMax' &&
      n === nodes.length - 2 &&
      isLabels(node, nodes[n + 1])
    ) {
      ends = 'labels';
    } else if (!(node.op_type === 'Cast' && ends === 'labels')) return undefined;
  }
  if (value !== output[0]?.name || layers.length === 0) return undefined;
  return { layers, ends };
}

const attribute = (node: Node, name: string) => node.attribute.find((a) => a.name === name);

function convolutionOf(
  node: Node,
  weights: ReadonlyMap<string, { dims: readonly number[]; data: Float32Array }>,
): Layer | undefined {
  const kernel = weights.get(node.input[1] ?? '');
  if (kernel?.dims.length !== 5) return undefined;
  const [outputs = 0, inputs = 0, ...sizes] = kernel.dims;
  const bias = node.input[2] ? weights.get(node.input[2])?.data : new Float32Array(outputs);
  if (bias?.length !== outputs) return undefined;
  const dilations = attribute(node, 'dilations')?.ints ?? [1, 1, 1];
  const pads = attribute(node, 'pads')?.ints ?? [];
  const isPlain =
    sizes.every((k) => k % 2 === 1) &&
    (attribute(node, 'group')?.i ?? 1) === 1 &&
    (attribute(node, 'strides')?.ints ?? []).every((s) => s === 1) &&
    attribute(node, 'auto_pad') === undefined &&
    [...sizes, ...sizes].every(
      (k, n) => (pads[n] ?? 0) === ((k - 1) / 2) * (dilations[n % 3] as number),
    );
  if (!isPlain) return undefined;
  return {
    inputs,
    outputs,
    kernel: sizes as unknown as Layer['kernel'],
    dilation: dilations as unknown as Layer['dilation'],
    weights: kernel.data,
    bias,
    norm: undefined,
    activation: undefined,
  };
}

function normOf(node: Node, weights: ReadonlyMap<string, { data: Float32Array }>): Layer['norm'] {
  const scale = weights.get(node.input[1] ?? '')?.data;
  const shift = weights.get(node.input[2] ?? '')?.data;
  if (!scale || !shift) return undefined;
  return { scale, shift, epsilon: attribute(node, 'epsilon')?.f ?? 1e-5 };
}

function activationOf(node: Node): Activation | undefined {
  const alpha = attribute(node, 'alpha')?.f;
  switch (node.op_type) {
    case 'Relu':
      return { operator: 'Relu', alpha: undefined };
    case 'Elu':
      return { operator: 'Elu', alpha: alpha ?? 1 };
    case 'LeakyRelu':
      return { operator: 'LeakyRelu', alpha: alpha ?? 0.01 };
    case 'Gelu': {
      const approximate = attribute(node, 'approximate')?.s;
      const isExact = !approximate || new TextDecoder().decode(approximate) === 'none';
      return isExact ? { operator: 'Gelu', alpha: undefined } : undefined;
    }
    default:
      return undefined;
  }
}

/** ArgMax over the channels, the first on a tie, without the axis; then uint8. */
function isLabels(argMax: Node, cast: Node | undefined): boolean {
  // Written as proto3 a number that is 0 may be left out.
  const number = (node: Node | undefined, name: string, absent: number): number => {
    const found = node && attribute(node, name);
    return found ? (found.i ?? 0) : absent;
  };
  return (
    number(argMax, 'axis', 0) === 1 &&
    number(argMax, 'keepdims', 1) === 0 &&
    number(argMax, 'select_last_index', 0) === 0 &&
    cast?.op_type === 'Cast' &&
    number(cast, 'to', 0) === 2
  );
}
