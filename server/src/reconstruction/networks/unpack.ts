import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { zipItems } from '../../archive/index.ts';
import { refused } from './refusal.ts';

/**
 * The files of a zip, flat: folders inside are left away, so that no name leads out of `folder`.
 * @throws YuepianError broken_archive, model_refused.
 */
export async function unpack(zip: string, bytes: number, folder: string): Promise<void> {
  for await (const item of zipItems(zip, bytes)) {
    if ('problem' in item) throw item.problem;
    const name = path.posix.basename(item.name.replaceAll('\\', '/'));
    if (name.startsWith('.')) continue;
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(name)) throw refused('file_name', name);
    await pipeline(await item.open(), createWriteStream(path.join(folder, name)));
  }
}
