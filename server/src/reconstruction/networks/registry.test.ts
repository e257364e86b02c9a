import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sentence, YuepianError } from '@yuepian/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelRegistry } from './registry.ts';
import { goldenOf, type TestModel, thresholdNetwork, writeModel } from './testing.ts';

let data = '';
beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'models-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

const golden = goldenOf(100);

describe('an installed model', { timeout: 180_000 }, () => {
  it('is listed, verified and removed', async () => {
    const registry = new ModelRegistry(data);
    const added = await registry.add(await writeModel(path.join(data, 'in'), { golden }));
    expect(added).toMatchObject({ id: 'threshold', licence: 'Apache-2.0', engine: 'onnx' });
    expect(added.bytes).toBe(thresholdNetwork(100).length);
    expect((await registry.list()).map((m) => m.id)).toEqual(['threshold']);
    await registry.verify('threshold');
    await expect(registry.add(path.join(data, 'in'))).rejects.toMatchObject({
      code: 'already_exists',
    });

    // Somebody exchanged the weights: they are not run any more.
    await writeFile(path.join(registry.folder('threshold'), 'model.onnx'), thresholdNetwork(7));
    await expect(registry.verify('threshold')).rejects.toMatchObject({ code: 'model_changed' });

    await registry.remove('threshold');
    expect(await registry.list()).toEqual([]);
    await expect(registry.remove('threshold')).rejects.toMatchObject({ code: 'not_found' });
    expect(await readdir(path.join(data, 'tmp'))).toEqual([]);
  });

  /** What `goldenOf` gives for two classes after one more step. */
  const after1 = (step: (own: number, other: number) => number): Float32Array =>
    golden.map((v, n) => (n < 8 ? v : step(v, golden[n < 16 ? n + 8 : n - 8] ?? 0)));
  const softmax = after1((own, other) => 1 / (1 + Math.exp(other - own)));
  it.each([
    [['Softmax'], 'softmax', softmax],
    [['Softmax', 'Identity'], 'softmax', softmax],
    [['Sigmoid'], 'sigmoid', after1((own) => 1 / (1 + Math.exp(-own)))],
    [
      ['LogSoftmax'],
      undefined,
      after1((own, other) => own - Math.log(Math.exp(own) + Math.exp(other))),
    ],
    // One of its own making is told by its values: of the golden patch, or of a run where there is none.
    [['LogSoftmax', 'Exp'], 'softmax', softmax],
    [['LogSoftmax', 'Exp'], 'softmax', undefined],
  ] as const)('that ends in %j is noted to give %s', async (after, expected, patch) => {
    const registry = new ModelRegistry(data);
    const onnx = thresholdNetwork(100, 'Conv', 2, after);
    await registry.add(
      await writeModel(path.join(data, 'in'), { onnx, ...(patch ? { golden: patch } : {}) }),
    );
    const { manifest } = await registry.get('threshold');
    expect(manifest.tensor?.probabilities).toBe(expected);
  });

  const wrong = golden.slice();
  wrong[20] = (wrong[20] ?? 0) + 0.5;
  const one = { label: 1, key: 'bone', name: { zh: '骨', en: 'Bone' }, colour: '#e8dcc0' };
  const lies: readonly (readonly [string, string, Partial<TestModel>])[] = [
    ['its golden patch', 'golden', { golden: wrong }],
    ['its classes', 'classes', { manifest: { classCount: 3 } }],
    ['its axes', 'axes', { tensor: { axes: 'NDHWC' } }],
    ['its output', 'axes', { tensor: { output: 'argmax', tiling: undefined } }],
    [
      'its tensors’ names',
      'tensor_name',
      {
        manifest: {
          engine: {
            kind: 'onnx',
            file: 'model.onnx',
            sha256: '0'.repeat(64),
            input: 'input',
            output: 'logits',
          },
        },
      },
    ],
    ['its spacing', 'spacing', { tensor: { spacing: [0.1, 0.1, 0.1] } }],
    ['an operator', 'operator', { onnx: thresholdNetwork(100, 'Frobnicate') }],
    [
      'a label beyond the classes',
      'manifest',
      {
        manifest: { classes: [one, { ...one, label: 9, key: 'skin' }] },
      },
    ],
    ['what it finds', 'one_class', { onnx: thresholdNetwork(1e9) }],
    ['its file', 'not_onnx', { onnx: new TextEncoder().encode('no network at all') }],
  ];
  it.each(lies)('is refused when it lies about %s', async (_, cause, model) => {
    const registry = new ModelRegistry(data);
    const folder = await writeModel(path.join(data, 'in'), model);
    const failed = await registry.add(folder).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(YuepianError);
    const { code, details } = failed as YuepianError;
    expect(code).toBe('model_refused');
    // The digest is checked before the names are looked at.
    expect(details.cause).toBe(cause === 'tensor_name' ? 'checksum' : cause);
    for (const language of ['zh', 'en'] as const) {
      expect(sentence('model_refused', language, details)).not.toContain('?');
    }
    expect(sentence('model_refused', 'zh', details)).toMatch(/[\u4e00-\u9fff]/);
    expect(await registry.list()).toEqual([]);
    expect(await readdir(path.join(data, 'tmp'))).toEqual([]);
  });

  it('says what is missing from a folder that is none', async () => {
    const registry = new ModelRegistry(data);
    await expect(registry.add(path.join(data, 'nowhere'))).rejects.toMatchObject({
      code: 'not_found',
    });
    await writeFile(path.join(data, 'readme.zip'), 'no zip');
    await expect(registry.add(path.join(data, 'readme.zip'))).rejects.toMatchObject({
      code: 'broken_archive',
    });
  });
});
