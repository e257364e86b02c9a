import { parseArgs } from 'node:util';
import { ModelRegistry, reconstructFolder } from '../reconstruction/index.ts';
import { readSettings } from '../settings.ts';
import { Progress } from './progress.ts';
import { UsageError } from './usage.ts';

/** `reconstruct DIR --out DIR`: DICOM folder (or NIfTI file) to SEG, GLB, STL and report.json. */
export async function reconstruct(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string' }, modality: { type: 'string' }, model: { type: 'string' } },
  });
  const [input, ...rest] = positionals;
  if (!input || rest.length > 0) throw new UsageError('Say one DIR to reconstruct.');
  if (!values.out) throw new UsageError('Say where to write with --out DIR.');
  const { modality } = values;
  if (modality !== undefined && modality !== 'CT' && modality !== 'MR') {
    throw new UsageError(`--modality is CT or MR; "${modality}" is neither.`);
  }
  const registry = new ModelRegistry(readSettings(process.env).dataFolder);
  const model = values.model === undefined ? undefined : await registry.get(values.model);
  const progress = new Progress();
  const report = await reconstructFolder({
    input,
    output: values.out,
    ...(modality === undefined ? {} : { modality }),
    ...(model === undefined ? {} : { model }),
    onProgress: (step, fraction) => progress.show(step, fraction),
  }).finally(() => progress.end());
  for (const { key, volumeMl, triangles } of report.structures) {
    console.log(`${key.padEnd(24)}${volumeMl.toFixed(1).padStart(10)} mL ${triangles} triangles`);
  }
  console.log(`${values.out} written in ${report.seconds.toFixed(1)} s`);
  return 0;
}
