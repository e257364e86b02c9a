import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print } from './figure.ts';
import { root } from './server.ts';

/** Image files of a phantom CT; made once per machine and kept in the temporary folder. */
export function phantomCt(slices: number): string[] {
  const folder = join(tmpdir(), `yuepian-bench-ct-${slices}`);
  if (!existsSync(folder)) {
    const started = performance.now();
    const making = `${folder}.making-${process.pid}`;
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, 'server/src/cli/main.ts'),
        'phantom',
        'ct-abdomen',
        '--slices',
        String(slices),
        '--out',
        making,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    if (status !== 0) throw new Error('the phantom could not be made');
    renameSync(making, folder);
    print({
      name: `phantom.ct${slices}`,
      value: (performance.now() - started) / 1000,
      unit: 's',
      n: 1,
      note: '512×512, written as DICOM, with its SEG',
    });
  }
  return dicomFiles(folder).filter((file) => !/seg/i.test(file));
}

function dicomFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.dcm'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
