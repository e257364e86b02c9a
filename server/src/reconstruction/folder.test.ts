import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readDataset, readSegmentation } from '@yuepian/dicom';
import { fromGlb } from '@yuepian/reconstruct';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconstructFolder } from './folder.ts';
import { realImage, writeBody } from './testing.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('reconstructFolder', () => {
  it('writes SEG, GLB, STL and a report that agree with each other', async () => {
    const input = path.join(folder, 'in');
    await writeBody(path.join(input, 'CT'));
    await writeFile(path.join(input, 'DICOMDIR'), 'not a directory, and no DICOM either');
    await writeFile(path.join(input, 'CT', 'readme.txt'), '');
    const output = path.join(folder, 'out');
    const steps: [string, number][] = [];
    const result = await reconstructFolder({
      input,
      output,
      onProgress: (step, fraction) => steps.push([step, fraction]),
    });

    expect(JSON.parse(await readFile(path.join(output, 'report.json'), 'utf8'))).toEqual(result);
    const keys = result.structures.map((s) => s.key);
    expect(keys).toEqual(['skin', 'bone', 'lung_left', 'lung_right']);
    // The lung of the patient's left lies at positive x.
    const [left] = await fromGlb(await readFile(path.join(output, 'lung_left.glb')));
    expect(Math.min(...(left?.positions.filter((_, n) => n % 3 === 0) ?? [0]))).toBeGreaterThan(0);
    // At 4 mm a voxel more or less around the rim is a sixth of it.
    const spineMl = (Math.PI * 22 ** 2 * 36 * 4) / 1000;
    const bone = result.structures.find((s) => s.key === 'bone')?.volumeMl ?? 0;
    expect(Math.abs(bone / spineMl - 1)).toBeLessThan(0.2);
    expect(result.series).toMatchObject({ modality: 'CT', size: [96, 96, 40] });
    expect(await readdir(output)).toEqual(
      ['report.json', 'segmentation.dcm', ...keys.flatMap((k) => [`${k}.glb`, `${k}.stl`])].sort(),
    );
    const segmentation = readSegmentation(
      readDataset(await readFile(path.join(output, 'segmentation.dcm'))),
    );
    expect(segmentation.segments.map((s) => s.key)).toEqual(keys);
    for (const { key, triangles, openEdges, seconds, volumeMl } of result.structures) {
      expect([openEdges, seconds > 0, volumeMl > 0]).toEqual([0, true, true]);
      const [mesh] = await fromGlb(await readFile(path.join(output, `${key}.glb`)));
      expect(mesh?.indices.length).toBe(triangles * 3);
      const stl = await readFile(path.join(output, `${key}.stl`));
      expect(stl.readUInt32LE(80)).toBe(triangles);
      expect(stl.length).toBe(84 + 50 * triangles);
    }
    expect(steps.at(-1)).toEqual(['done', 1]);
    const fractions = steps.map(([, f]) => f);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  it('takes the biggest volume and names the others', async () => {
    await writeBody(path.join(folder, 'in', 'a'), { size: 32, slices: 20, name: 'small' });
    await writeBody(path.join(folder, 'in', 'b'), { modality: 'MR', name: 'big' });
    const result = await reconstructFolder({
      input: path.join(folder, 'in'),
      output: path.join(folder, 'out'),
    });
    expect(result.series.modality).toBe('MR');
    expect(result.others).toEqual([expect.stringMatching(/CT small 32×32×20/)]);
    expect(result.structures.map((s) => s.key)).toContain('skin');
  });

  it('says what is wrong with the input', async () => {
    const output = path.join(folder, 'out');
    await expect(
      reconstructFolder({ input: path.join(folder, 'nowhere'), output }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await mkdir(path.join(folder, 'empty'));
    await expect(
      reconstructFolder({ input: path.join(folder, 'empty'), output }),
    ).rejects.toMatchObject({ code: 'not_a_volume' });
    await writeFile(path.join(folder, 'broken.nii.gz'), 'no gzip');
    await expect(
      reconstructFolder({ input: path.join(folder, 'broken.nii.gz'), output }),
    ).rejects.toMatchObject({ code: 'truncated' });
    // Nothing was begun that would have to be cleaned up.
    expect(await readdir(folder)).not.toContain('out');
  });

  const torso = realImage('torso_ct_totalseg/example_ct.nii.gz');
  it.skipIf(!torso)('reads a real NIfTI torso', async () => {
    const result = await reconstructFolder({
      input: torso ?? '',
      output: path.join(folder, 'out'),
    });
    expect(result.series.modality).toBe('CT');
    const bone = result.structures.find((s) => s.key === 'bone');
    expect(bone?.volumeMl).toBeGreaterThan(300);
    expect(bone?.volumeMl).toBeLessThan(3000);
  });
});
