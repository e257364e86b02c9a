import { readFile } from 'node:fs/promises';
import { YuepianError } from '@yuepian/contract';
import { fromGlb, toStl } from '@yuepian/reconstruct';

/** A structure's finest GLB as binary STL, LPS mm. @throws YuepianError not_found. */
export async function exportStructure(glb: string, key: string): Promise<Uint8Array> {
  const bytes = await readFile(glb).catch((cause: unknown) => {
    throw new YuepianError('not_found', { what: key }, { cause });
  });
  const [mesh] = await fromGlb(bytes);
  if (!mesh) throw new YuepianError('not_found', { what: key });
  return toStl(mesh);
}
