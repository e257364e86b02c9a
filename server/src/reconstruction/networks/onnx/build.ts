import { modelProto } from './proto.ts';

type Attribute =
  | { readonly ints: readonly number[] }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string };

/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, text: 3, ints: 7 } as const;

export interface BuiltValue {
  readonly name: string;
  /** TensorProto.DataType */
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

/** A small ONNX graph, put together node by node; enough for chains of convolutions. */
export class OnnxGraph {
  readonly #nodes: object[] = [];
  readonly #weights: object[] = [];
  readonly #metadata: { key: string; value: string }[] = [];

  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.#nodes.push({
      op_type: operator,
      name: output,
      input: [...inputs],
      output: [output],
      attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
    });
    return output;
  }

  weights(name: string, dims: readonly number[], values: Float32Array): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#weights.push({ name, dims: [...dims], data_type: 1, raw_data: raw });
    return name;
  }

  note(key: string, value: string): void {
    this.#metadata.push({ key, value });
  }

  /** The file. `opset` is that of the ONNX domain. */
  encode(
    inputs: BuiltValue | readonly BuiltValue[],
    outputs: readonly BuiltValue[],
    opset: number,
  ): Uint8Array {
    const model = modelProto.fromObject({
      ir_version: 9,
      producer_name: 'yuepian',
      opset_import: [{ domain: '', version: opset }],
      metadata_props: this.#metadata,
      graph: {
        name: 'graph',
        node: this.#nodes,
        initializer: this.#weights,
        input: [inputs].flat().map(valueInfo),
        output: outputs.map(valueInfo),
      },
    });
    return modelProto.encode(model).finish();
  }
}

function attributeOf(name: string, value: Attribute): object {
  if ('ints' in value) return { name, type: attributeTypes.ints, ints: [...value.ints] };
  if ('int' in value) return { name, type: attributeTypes.int, i: value.int };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  return { name, type: attributeTypes.text, s: new TextEncoder().encode(value.text) };
}

const valueInfo = ({ name, type, shape }: BuiltValue): object => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: {
        dim: shape.map((n) => (typeof n === 'number' ? { dim_value: n } : { dim_param: n })),
      },
    },
  },
});
