import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assembleVolume, rectify } from '@yuepian/dicom';
import { type BoneMap, maskFromLabels, segment, splitBones } from '@yuepian/reconstruct';
import { expect, it, vi } from 'vitest';
import { findVolumes } from '../child/folder-input.ts';
import { realImage } from '../testing.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Single bones of a real CT as a user gets them: bone by threshold, then split. */
async function bonesOf(archive: string): Promise<BoneMap> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bones-'));
  try {
    execFileSync('tar', ['xzf', archive, '-C', folder]);
    const [found] = await findVolumes(folder, () => undefined);
    if (!found) throw new Error(`no volume in ${archive}`);
    const stored = await assembleVolume(found.plan, found.frames.source(found.plan.slices), {});
    await found.frames.close();
    const map = await segment(rectify(stored, found.plan), { modality: 'CT' });
    return splitBones(
      maskFromLabels(map, map.segments.find((s) => s.key === 'bone')?.labels ?? []),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const head = realImage('head_ct_ge/dicom.tar.gz');
it.skipIf(head === undefined)('finds a skull and nothing of a trunk in a head', async () => {
  const { bones } = await bonesOf(head ?? '');
  const all = bones.reduce((n, b) => n + b.voxels, 0);
  const skull = bones.find((b) => b.kind === 'skull');
  expect((skull?.voxels ?? 0) / all).toBeGreaterThan(0.8);
  for (const { kind, level } of bones) {
    expect(['skull', 'mandible', 'vertebra', 'bone']).toContain(kind);
    expect(level).toBeUndefined();
  }
  expect(bones.length).toBeLessThan(10);
});

const chest = realImage('chest_ct_nlst/dicom.tar.gz');
it.skipIf(chest === undefined)('finds ribs and no head, hip or level in a chest', async () => {
  const { bones } = await bonesOf(chest ?? '');
  for (const { kind, level } of bones) {
    expect(['rib_left', 'rib_right', 'sternum', 'spine', 'vertebra', 'bone']).toContain(kind);
    expect(level).toBeUndefined();
  }
  for (const side of ['rib_left', 'rib_right'])
    expect(bones.filter((b) => b.kind === side).length).toBeGreaterThanOrEqual(5);
  // Shoulder blades, collar bones and what hangs together with them: no rib is that big.
  for (const b of bones.filter((one) => one.kind.startsWith('rib')))
    expect(b.volumeMl, b.key).toBeLessThan(20);
  expect(bones.length).toBeLessThan(30);
});
