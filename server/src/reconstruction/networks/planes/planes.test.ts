import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { OnnxGraph } from '../onnx/build.ts';
import { readChain } from './chain.ts';
import { openPlanes } from './planes.ts';

let seed = 5;
const random = (n: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: n }, () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648 - 0.5;
  });

interface Wanted {
  readonly channels: number;
  readonly dilations: readonly number[];
  readonly activation: string;
  readonly norm?: boolean;
  readonly labels?: boolean;
  readonly strides?: number;
}

/** A chain of 3³ convolutions and a last one of 1³, with random weights. */
function network({
  channels,
  dilations,
  activation,
  norm,
  labels,
  strides = 1,
}: Wanted): Uint8Array {
  const g = new OnnxGraph();
  let value = 'input';
  let inputs = 1;
  for (const [n, d] of dilations.entries()) {
    const w = g.weights(`w${n}`, [channels, inputs, 3, 3, 3], random(channels * inputs * 27));
    value = g.node('Conv', [value, w, g.weights(`b${n}`, [channels], random(channels))], `c${n}`, {
      kernel_shape: { ints: [3, 3, 3] },
      dilations: { ints: [d, d, d] },
      pads: { ints: [d, d, d, d, d, d] },
      strides: { ints: [strides, strides, strides] },
    });
    if (norm) {
      const names = [
        g.weights(`s${n}`, [channels], random(channels)),
        g.weights(`t${n}`, [channels], random(channels)),
      ];
      value = g.node('InstanceNormalization', [value, ...names], `n${n}`, {
        epsilon: { float: 1e-5 },
      });
    }
    value = g.node(activation, [value], `a${n}`);
    inputs = channels;
  }
  value = g.node(
    'Conv',
    [value, g.weights('w', [4, inputs, 1, 1, 1], random(4 * inputs))],
    'logits',
  );
  const input = { name: 'input', type: 1, shape: [1, 1, 'D', 'H', 'W'] } as const;
  if (!labels) return g.encode(input, [{ name: value, type: 1, shape: [1, 4, 'D', 'H', 'W'] }], 20);
  const best = g.node('ArgMax', [value], 'best', { axis: { int: 1 }, keepdims: { int: 0 } });
  g.node('Cast', [best], 'labels', { to: { int: 2 } });
  return g.encode(input, [{ name: 'labels', type: 2, shape: [1, 'D', 'H', 'W'] }], 20);
}

async function plainly(onnx: Uint8Array, input: Float32Array, dims: number[]) {
  const session = await InferenceSession.create(onnx);
  const answer = await session.run({ input: new Tensor('float32', input, dims) });
  await session.release();
  return answer[session.outputNames[0] ?? '']?.data as Float32Array | Uint8Array;
}

const [w, h, d] = [13, 11, 9];
const size = [w, h, d] as const;
const dims = [1, 1, d, h, w];

async function byPlanes(onnx: Uint8Array, input: Float32Array<ArrayBuffer>) {
  const chain = readChain(onnx);
  if (!chain) throw new Error('a chain was expected');
  const network = await openPlanes(chain);
  const fractions: number[] = [];
  const { data } = await network.run(input, size, (fraction) => fractions.push(fraction));
  await network.close();
  return { data, fractions };
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let n = 0; n < a.length; n++) worst = Math.max(worst, Math.abs((a[n] ?? 0) - (b[n] ?? 9)));
  return worst;
};

describe('a chain of 3D convolutions, plane by plane', () => {
  it.each<Wanted>([
    { channels: 5, dilations: [1, 2, 4], activation: 'Relu' },
    // Planes further away than the field is deep.
    { channels: 20, dilations: [1, 4, 16, 1], activation: 'Elu' },
    { channels: 7, dilations: [2, 1], activation: 'Gelu', norm: true },
    { channels: 17, dilations: [1, 8, 1], activation: 'LeakyRelu', norm: true },
  ])('gives what the network gives in one piece: %o', async (wanted) => {
    const onnx = network(wanted);
    const input = random(w * h * d);
    const { data, fractions } = await byPlanes(onnx, input);
    expect(furthest(data, await plainly(onnx, input, dims))).toBeLessThan(1e-4);
    expect(fractions.at(-1)).toBeCloseTo(1, 6);
    expect(fractions.every((f, n) => n === 0 || f > (fractions[n - 1] ?? 0))).toBe(true);
  });

  it('gives the same labels, run after run', async () => {
    const onnx = network({ channels: 6, dilations: [1, 2], activation: 'Relu', labels: true });
    const input = random(w * h * d);
    const first = await byPlanes(onnx, input);
    expect(first.data).toBeInstanceOf(Uint8Array);
    expect(furthest(first.data, await plainly(onnx, input, dims))).toBe(0);
    expect(new Set(first.data).size).toBeGreaterThan(1);
    expect(furthest((await byPlanes(onnx, input)).data, first.data)).toBe(0);
  });

  it('ends when its listener says so', async () => {
    const chain = readChain(network({ channels: 4, dilations: [1], activation: 'Relu' }));
    if (!chain) throw new Error('a chain was expected');
    const planes = await openPlanes(chain);
    const stop = (): never => {
      throw new Error('enough');
    };
    await expect(planes.run(random(w * h * d), size, stop)).rejects.toThrow('enough');
    await planes.close();
  });

  it('leaves networks alone that are something else', () => {
    const plain = { channels: 4, dilations: [1], activation: 'Relu' };
    expect(readChain(network(plain))?.layers).toHaveLength(2);
    expect(readChain(network({ ...plain, strides: 2 }))).toBeUndefined();
    expect(readChain(network({ ...plain, activation: 'Softsign' }))).toBeUndefined();
    const g = new OnnxGraph();
    const a = g.node('Relu', ['input'], 'a');
    g.node('Add', [a, 'input'], 'b');
    const value = { name: 'input', type: 1, shape: [1, 1, 'D', 'H', 'W'] } as const;
    expect(readChain(g.encode(value, [{ ...value, name: 'b' }], 20))).toBeUndefined();
  });
});
