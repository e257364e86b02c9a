import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mrHead } from '@yuepian/phantom';
import { compute } from '../server/src/reconstruction/networks/compute.ts';
import { ModelRegistry } from '../server/src/reconstruction/networks/registry.ts';
import { print } from './figure.ts';

const beside = fileURLToPath(new URL('../../shared/models', import.meta.url));
const weights = path.join(process.env.YUEPIAN_TEST_MODELS ?? beside, 'brainchop');

/** Structures of the synthetic head that a network's classes stand for; the truth is the shapes'. */
const truths: Readonly<Record<string, readonly string[]>> = {
  brain: ['white_matter', 'grey_matter'],
  ventricles: ['lateral_ventricle', 'third_ventricle', 'fourth_ventricle'],
};

function dice(
  a: Uint8Array,
  inA: ReadonlySet<number>,
  b: Uint8Array,
  inB: ReadonlySet<number>,
): number {
  let [na, nb, both] = [0, 0, 0];
  for (let n = 0; n < a.length; n++) {
    const [x, y] = [inA.has(a[n] as number), inB.has(b[n] as number)];
    if (x) na++;
    if (y) nb++;
    if (x && y) both++;
  }
  return (2 * both) / (na + nb);
}

/** Brain networks on a synthetic head of 1 mm: time from the voxels to the labels, and Dice. */
export default async function networks(): Promise<void> {
  if (!existsSync(weights)) {
    console.error(`no weights at ${weights}; set YUEPIAN_TEST_MODELS`);
    return;
  }
  const data = await mkdtemp(path.join(tmpdir(), 'networks-'));
  try {
    const registry = new ModelRegistry(data);
    const { volume, labelMap } = mrHead({ size: 256, slices: 216 });
    for (const name of ['model5_gw_ae', 'model20chan3cls', 'model30chan18cls']) {
      const { id } = await registry.add(path.join(weights, name));
      const { manifest, folder } = await registry.get(id);
      const started = performance.now();
      const before = process.cpuUsage();
      const { map, device } = await compute({
        volume,
        modality: 'MR',
        model: manifest,
        modelFolder: folder,
        onStep: () => undefined,
      });
      const value = (performance.now() - started) / 1000;
      const note = `${volume.size.join('×')}, ${device}, load and labels on the series’ grid included`;
      print({ name: `networks.${name}.seconds`, value, unit: 's', n: 1, note });
      const { user, system } = process.cpuUsage(before);
      // Says more than the clock where others use the processor too.
      print({
        name: `networks.${name}.processor`,
        value: (user + system) / 1e6,
        unit: 's',
        n: 1,
        note,
      });
      for (const [key, parts] of Object.entries(truths)) {
        const truth = new Set(labelMap.segments.find((s) => s.key === key)?.labels);
        const found = new Set(
          map.segments.filter((s) => parts.includes(s.key)).flatMap((s) => s.labels),
        );
        if (found.size === 0 || truth.size === 0) continue;
        const score = dice(map.data, found, labelMap.data, truth);
        const words = 'synthetic head, true labels; the networks were trained on real ones';
        print({ name: `networks.${name}.dice.${key}`, value: score, unit: '', n: 1, note: words });
      }
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
