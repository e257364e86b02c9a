import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import {
  assembleVolume,
  contoursToLabelMap,
  readDataset,
  readRtStructureSet,
  rectify,
} from '@yuepian/dicom';
import { maskFromLabels } from '@yuepian/reconstruct';
import { findVolumes } from '../server/src/reconstruction/child/folder-input.ts';
import { boxTrial } from './box.ts';

/** The thigh sarcoma with tumour contours drawn by hand (GTV), on CT and on MR. */
export async function sarcomaTrials(data: string): Promise<void> {
  const packed = join(data, 'sts001_ct_mr_pet_rtstruct', 'dicom.tar.gz');
  if (!existsSync(packed)) {
    console.error(`box: ${packed} is not there; the sarcoma was not measured`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sarcoma-'));
  try {
    if (spawnSync('tar', ['xzf', packed, '-C', folder]).status !== 0)
      throw new Error(`${packed} cannot be unpacked`);
    for (const kind of ['CT', 'MR_T1']) {
      const [found] = await findVolumes(join(folder, kind, 'image'), () => undefined);
      if (!found) throw new Error(`no volume in ${kind}`);
      const stored = await assembleVolume(found.plan, found.frames.source(found.plan.slices), {});
      await found.frames.close();
      const volume = rectify(stored, found.plan);
      const bytes = await readFile(join(folder, kind, 'mask', 'RS.dcm'));
      const set = readRtStructureSet(readDataset(bytes, { inflateRaw: inflateRawSync }));
      const drawn = set.structures
        .filter((s) => s.contours.length > 0)
        .map((s) => ({ ...s, key: s.name }));
      const map = contoursToLabelMap(drawn, volume);
      for (const segment of map.segments)
        boxTrial({
          name: `sarcoma.${kind}.${segment.key}`,
          volume,
          reference: maskFromLabels(map, segment.labels),
          hint: 'tumour',
          note: 'contours drawn by hand',
        });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
