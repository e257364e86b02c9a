import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ctAbdomen, mrHead, phantomInstances } from '@yuepian/phantom';
import { Progress } from './progress.ts';
import { UsageError, wholeNumber } from './usage.ts';

const kinds = { 'ct-abdomen': ctAbdomen, 'mr-head': mrHead } as const;
type Kind = keyof typeof kinds;
const isKind = (text: string | undefined): text is Kind =>
  text !== undefined && Object.hasOwn(kinds, text);

/** `phantom KIND --out DIR`: a synthetic patient as DICOM files, with its truth as DICOM SEG. */
export async function phantom(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      slices: { type: 'string' },
      size: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const [kind, ...rest] = positionals;
  if (!isKind(kind) || rest.length > 0) throw new UsageError('Say ct-abdomen or mr-head.');
  if (!values.out) throw new UsageError('Say where to write with --out DIR.');
  const slices = wholeNumber('slices', values.slices);
  const size = wholeNumber('size', values.size);
  const seed = wholeNumber('seed', values.seed, 0);

  const patient = inRange(() =>
    kinds[kind]({
      ...(slices === undefined ? {} : { slices }),
      ...(size === undefined ? {} : { size }),
      ...(seed === undefined ? {} : { seed }),
    }),
  );
  const progress = new Progress();
  let files = 0;
  try {
    for (const { fileName, bytes } of phantomInstances(patient)) {
      const file = join(values.out, fileName);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      progress.show('write', Math.min(1, ++files / (patient.size[2] + 1)));
    }
  } finally {
    progress.end();
  }
  console.log(`${files} files in ${values.out}`);
  return 0;
}

/** Sizes no scanner would make are wrong use, not a fault. */
function inRange<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${error.message}.`);
    throw error;
  }
}
