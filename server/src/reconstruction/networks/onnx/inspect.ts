import { z } from 'zod';
import { refused } from '../refusal.ts';
import { elementTypes, modelHead } from './proto.ts';

export interface OnnxValue {
  readonly name: string;
  /** `float32`, `uint8`, …; empty when unknown. */
  readonly type: string;
  /** A number where it is fixed, a name where it is free; undefined when no shape is stated. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface OnnxFacts {
  /** Inputs that are no weights. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly operators: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** What the outputs' values have gone through last, by name: only where they are probabilities. */
  readonly probabilities: Readonly<Record<string, 'softmax' | 'sigmoid'>>;
}

const count = z.coerce.number();
const valueInfo = z.object({
  name: z.string(),
  type: z
    .object({
      tensor_type: z
        .object({
          elem_type: z.number().default(0),
          shape: z
            .object({
              dim: z
                .array(z.object({ dim_value: count.optional(), dim_param: z.string().optional() }))
                .default([]),
            })
            .optional(),
        })
        .optional(),
    })
    .optional(),
});
const head = z.object({
  graph: z.object({
    node: z
      .array(
        z.object({
          op_type: z.string(),
          domain: z.string().default(''),
          input: z.array(z.string()).default([]),
          output: z.array(z.string()).default([]),
        }),
      )
      .default([]),
    initializer: z.array(z.object({ name: z.string().default('') })).default([]),
    input: z.array(valueInfo).default([]),
    output: z.array(valueInfo).default([]),
  }),
  opset_import: z.array(z.unknown()).min(1),
  metadata_props: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
});

/**
 * Reads what an ONNX file says about its tensors, without its weights.
 * @throws YuepianError model_refused (`not_onnx`).
 */
export function inspectOnnx(bytes: Uint8Array): OnnxFacts {
  let read: z.infer<typeof head>;
  try {
    const message = modelHead.decode(bytes);
    read = head.parse(modelHead.toObject(message, { longs: Number }));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? 'it has no graph' : String(cause);
    throw refused('not_onnx', reason, cause);
  }
  const weights = new Set(read.graph.initializer.map((i) => i.name));
  return {
    inputs: read.graph.input.filter((v) => !weights.has(v.name)).map(factsOf),
    outputs: read.graph.output.map(factsOf),
    operators: [...new Set(read.graph.node.map((n) => n.op_type))].sort(),
    metadata: Object.fromEntries(read.metadata_props.map((p) => [p.key, p.value])),
    probabilities: Object.fromEntries(
      read.graph.output.flatMap((v) => {
        const last = activationOf(v.name, read.graph.node);
        return last ? [[v.name, last] as const] : [];
      }),
    ),
  };
}

type Node = z.infer<typeof head>['graph']['node'][number];

/** Operators that move or copy values and change none. */
const unchanged: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
]);

/** The operator that an output's values come from, past those that only move them. */
function activationOf(output: string, nodes: readonly Node[]): 'softmax' | 'sigmoid' | undefined {
  const by = new Map(nodes.flatMap((n) => n.output.map((name) => [name, n] as const)));
  const seen = new Set<string>();
  for (let name: string | undefined = output; name !== undefined && !seen.has(name); ) {
    seen.add(name);
    const node = by.get(name);
    if (node?.op_type === 'Softmax') return 'softmax';
    if (node?.op_type === 'Sigmoid') return 'sigmoid';
    if (!node || !unchanged.has(node.op_type)) return undefined;
    name = node.input[0];
  }
  return undefined;
}

function factsOf(value: z.infer<typeof valueInfo>): OnnxValue {
  const tensor = value.type?.tensor_type;
  return {
    name: value.name,
    type: elementTypes[tensor?.elem_type ?? 0] ?? '',
    shape: tensor?.shape?.dim.map((d) =>
      d.dim_value !== undefined && d.dim_value > 0 ? d.dim_value : (d.dim_param ?? '?'),
    ),
  };
}
