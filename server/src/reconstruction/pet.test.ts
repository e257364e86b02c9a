import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readDataset } from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { readHeader, type SeriesFile } from './child/series-files.ts';
import { deriveSeries } from './child/volumes.ts';
import { realImage } from './testing.ts';

const archive = realImage('petct_acrin_nsclc/pt_ac.tar.gz');

async function filesIn(folder: string): Promise<SeriesFile[]> {
  const found: SeriesFile[] = [];
  for (const name of await readdir(folder)) {
    const file = {
      sopInstanceUid: name,
      read: async (length?: number) =>
        new Uint8Array(await readFile(path.join(folder, name))).subarray(0, length),
    };
    const { sopInstanceUid, series } = await readHeader(file);
    if (series.modality === 'PT') found.push({ ...file, sopInstanceUid });
  }
  return found;
}

describe.skipIf(!archive)('a real PET (ACRIN 6668, GE Discovery ST)', () => {
  it('is shown in the SUV that follows by hand from its header', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'yuepian-pet-'));
    try {
      const images = path.join(folder, 'images');
      mkdirSync(images);
      execFileSync('tar', ['xzf', archive ?? '', '-C', images]);
      const { main } = await deriveSeries(await filesIn(images), {
        seriesInstanceUid: 'pet',
        fingerprint: 'f',
        derived: path.join(folder, 'derived'),
        scratch: path.join(folder, 'scratch'),
        onStep: () => undefined,
      });
      // Weight 91 kg; 588 802 304 Bq at 07:21:00; series and first bed at 09:59:47, 9527 s later;
      // half-life 6588 s: 2^−1.446114 = 0.367009 of it is left, 216 095 521 Bq.
      const factor = 91_000 / 216_095_521;
      expect(main?.manifest).toMatchObject({ unit: 'SUVBW', voxelType: 'float32', warnings: [] });
      expect(main?.manifest.suvFactor).toBeCloseTo(factor, 12);
      expect(main?.manifest.windows[0]).toEqual({ centre: 5, width: 10, name: 'SUV 0–10' });

      // The hottest voxel of a slice is known from the header alone: Largest Image Pixel Value
      // 32767 × Rescale Slope 0.259688 = 8509.20 Bq/mL, by hand 3.5833 g/mL.
      const slice = readDataset(new Uint8Array(readFileSync(path.join(images, '0041.dcm'))));
      expect(slice.number('LargestImagePixelValue')).toBe(32767);
      expect(slice.number('RescaleSlope')).toBe(0.259688);
      const uid = slice.string('SOPInstanceUID');
      const k = main?.manifest.source.findIndex((s) => s.sopInstanceUid === uid) ?? -1;
      const plane = main?.volume.data.subarray(k * 128 * 128, (k + 1) * 128 * 128) ?? [];
      const hottest = Math.max(...plane);
      expect(hottest).toBeCloseTo(3.5833, 4);
      expect(hottest / factor).toBeCloseTo(8509.2, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
