import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MeshNet, meshNetToOnnx, readMeshNet } from './meshnet.ts';

type Maps = Float64Array[];

/**
 * The network again, written down from Keras' own definitions and from nothing of the importer:
 * kernels [kd][kh][kw][in][out], zeros outside, channels last.
 */
function plainMeshNet(net: MeshNet, input: Float32Array, n: number): Maps {
  let maps: Maps = [Float64Array.from(input)];
  for (const { class_name: kind, config } of net.layers) {
    if (kind === 'Activation') maps = maps.map((m) => m.map((v) => act(config.activation, v)));
    if (kind !== 'Conv3D') continue;
    const kernel = net.weights.get(`${config.name}/kernel`);
    const bias = net.weights.get(`${config.name}/bias`);
    maps = plainConvolution(maps, n, {
      size: config.kernel_size?.[0] ?? 1,
      dilation: config.dilation_rate?.[0] ?? 1,
      filters: config.filters ?? 0,
      kernel: kernel?.data ?? new Float32Array(0),
      bias: bias?.data,
    });
    if (config.name.endsWith('_gn')) maps = maps.map(normalised);
  }
  return maps;
}

function plainConvolution(
  maps: Maps,
  n: number,
  c: {
    size: number;
    dilation: number;
    filters: number;
    kernel: Float32Array;
    bias: Float32Array | undefined;
  },
): Maps {
  const half = (c.size - 1) / 2;
  const out = Array.from({ length: c.filters }, (_, f) =>
    new Float64Array(n ** 3).fill(c.bias?.[f] ?? 0),
  );
  for (let a = 0; a < c.size; a++)
    for (let b = 0; b < c.size; b++)
      for (let d = 0; d < c.size; d++) {
        const [dz, dy, dx] = [
          (a - half) * c.dilation,
          (b - half) * c.dilation,
          (d - half) * c.dilation,
        ];
        maps.forEach((map, channel) => {
          for (let f = 0; f < c.filters; f++) {
            const at = (((a * c.size + b) * c.size + d) * maps.length + channel) * c.filters + f;
            const w = c.kernel[at] ?? 0;
            const target = out[f] as Float64Array;
            for (let z = Math.max(0, -dz); z < Math.min(n, n - dz); z++)
              for (let y = Math.max(0, -dy); y < Math.min(n, n - dy); y++) {
                const row = n * (y + n * z);
                const from = n * (y + dy + n * (z + dz)) + dx;
                for (let x = Math.max(0, -dx); x < Math.min(n, n - dx); x++)
                  target[row + x] = (target[row + x] as number) + w * (map[from + x] as number);
              }
          }
        });
      }
  return out;
}

const act = (name: string | undefined, v: number): number => {
  if (name === 'relu') return Math.max(0, v);
  if (name === 'elu') return v > 0 ? v : Math.exp(v) - 1;
  // Abramowitz and Stegun 7.1.26, error below 1.5e-7.
  const t = 1 / (1 + 0.3275911 * Math.abs(v / Math.SQRT2));
  const poly =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const erf = Math.sign(v) * (1 - poly * Math.exp((-v * v) / 2));
  return name === 'gelu' ? 0.5 * v * (1 + erf) : v;
};

function normalised(map: Float64Array): Float64Array {
  const mean = map.reduce((s, v) => s + v, 0) / map.length;
  const variance = map.reduce((s, v) => s + (v - mean) ** 2, 0) / map.length;
  return map.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
}

/** Largest difference of all logits; logits are some units wide. */
async function difference(net: MeshNet, n: number): Promise<number> {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  const input = Float32Array.from({ length: n ** 3 }, random);
  const session = await InferenceSession.create(meshNetToOnnx(net, false));
  const name = session.outputNames[0] ?? '';
  const answer = await session.run({ input: new Tensor('float32', input, [1, 1, n, n, n]) });
  const data = answer[name]?.data as Float32Array;
  await session.release();
  const expected = plainMeshNet(net, input, n);
  let worst = 0;
  expected.forEach((map, c) => {
    map.forEach((v, i) => {
      worst = Math.max(worst, Math.abs(v - (data[c * n ** 3 + i] ?? Number.NaN)));
    });
  });
  return worst;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'meshnet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A MeshNet folder as brainchop writes it, with pseudo-random weights. */
async function writeMeshNet(name: string, gn: boolean, activation: string): Promise<string> {
  const at = path.join(folder, name);
  await mkdir(at, { recursive: true });
  const layers = [
    {
      class_name: 'InputLayer',
      config: { name: 'input', batch_input_shape: [null, 256, 256, 256, 1] },
    },
    ...[1, 2, 4].flatMap((dilation, n) => [
      {
        class_name: 'Conv3D',
        config: {
          name: `conv${n}${gn ? '_gn' : ''}`,
          filters: 5,
          kernel_size: [3, 3, 3],
          strides: [1, 1, 1],
          dilation_rate: [dilation, dilation, dilation],
          padding: 'same',
          data_format: 'channels_last',
          activation: 'linear',
          use_bias: !gn,
        },
      },
      { class_name: 'Activation', config: { name: `act${n}`, activation } },
    ]),
    {
      class_name: 'Conv3D',
      config: {
        name: 'output',
        filters: 3,
        kernel_size: [1, 1, 1],
        strides: [1, 1, 1],
        dilation_rate: [1, 1, 1],
        padding: 'same',
        data_format: 'channels_last',
        activation: 'linear',
        use_bias: true,
      },
    },
  ];
  const weights: { name: string; shape: number[]; dtype: string }[] = [];
  let channels = 1;
  for (const { class_name: kind, config } of layers) {
    if (kind !== 'Conv3D' || !('filters' in config) || !config.kernel_size) continue;
    weights.push({
      name: `${config.name}/kernel`,
      shape: [...config.kernel_size, channels, config.filters],
      dtype: 'float32',
    });
    if (config.use_bias) {
      weights.push({ name: `${config.name}/bias`, shape: [config.filters], dtype: 'float32' });
    }
    channels = config.filters;
  }
  const count = weights.reduce((n, w) => n + w.shape.reduce((p, s) => p * s, 1), 0);
  const values = Float32Array.from({ length: count }, (_, n) => Math.sin(n * 7.3) * 0.3);
  await writeFile(path.join(at, 'model.bin'), new Uint8Array(values.buffer));
  await writeFile(
    path.join(at, 'model.json'),
    JSON.stringify({
      modelTopology: { model_config: { config: { layers } } },
      weightsManifest: [{ paths: ['model.bin'], weights }],
    }),
  );
  return at;
}

describe('a MeshNet as ONNX', () => {
  it.each([
    [false, 'elu'],
    [false, 'relu'],
    [true, 'gelu'],
  ])('computes what Keras defines (norm %s, %s)', async (gn, activation) => {
    const net = await readMeshNet(await writeMeshNet(`${gn}-${activation}`, gn, activation));
    expect(await difference(net, 9)).toBeLessThan(1e-3);
  });

  it('refuses what it does not know', async () => {
    const at = await writeMeshNet('odd', false, 'mish');
    const net = await readMeshNet(at);
    expect(() => meshNetToOnnx(net)).toThrow(expect.objectContaining({ code: 'model_refused' }));
    await writeFile(path.join(at, 'model.bin'), new Uint8Array(100));
    await expect(readMeshNet(at)).rejects.toMatchObject({ code: 'model_refused' });
  });

  const beside = fileURLToPath(new URL('../../../../../../shared/models', import.meta.url));
  const real = path.join(process.env.YUEPIAN_TEST_MODELS ?? beside, 'brainchop');
  it.skipIf(!existsSync(real))('computes what Keras defines, with published weights', async () => {
    for (const name of ['model20chan3cls', 'model21_104class', 'mindgrab']) {
      const net = await readMeshNet(path.join(real, name));
      expect([name, (await difference(net, 10)) < 1e-3]).toEqual([name, true]);
    }
  });
});
