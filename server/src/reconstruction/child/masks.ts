import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeMask, masksOfLabels } from '@yuepian/contract';
import type { LabelMap } from '@yuepian/geometry';
import { maskFile } from '../derived.ts';

const compress = promisify(gzip);

/**
 * The voxels of each segment at full resolution, apart from each other, so that one of them can be
 * opened for editing without the map of all (131 MB for 512×512×500).
 * @returns names of the files, below the volume's folder.
 */
export async function writeMasks(
  map: LabelMap,
  digest: string,
  write: (name: string, content: Uint8Array) => Promise<void>,
): Promise<string[]> {
  const masks = masksOfLabels(map.data, map.segments);
  const names: string[] = [];
  for (const [n, { key }] of map.segments.entries()) {
    const edges = masks[n];
    if (!edges) continue;
    const name = maskFile(key, digest);
    await write(name, await compress(encodeMask(edges), { level: 1 }));
    names.push(path.basename(name));
  }
  return names;
}
