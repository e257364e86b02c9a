import { gzipSync } from 'node:zlib';
import {
  decodeMask,
  encodeMask,
  maskOfCrop,
  maskVoxels,
  structure,
  structuresOfSeries,
  xorMasks,
} from '@yuepian/contract';
import { readDataset, readSegmentation } from '@yuepian/dicom';
import { fromGlb, meshVolume } from '@yuepian/reconstruct';
import { expect, it } from 'vitest';
import { openRoom } from '../testing-room.ts';
import { labelMapOf } from './child.ts';
import { exportFormats } from './protocol.ts';

it('structures that overlap keep all their voxels in one map of labels', () => {
  const size: [number, number, number] = [6, 4, 2];
  const on = {
    size,
    affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] as never,
    frameOfReferenceUid: '1.2',
  };
  const masks = [
    { key: 'skin', mask: Uint32Array.of(0, 40) },
    { key: 'bone', mask: Uint32Array.of(5, 15, 30, 44) },
    { key: 'liver', mask: Uint32Array.of(10, 12) },
  ];
  const map = labelMapOf(masks, on);
  for (const { key, mask } of masks) {
    const labels = map.segments.find((s) => s.key === key)?.labels ?? [];
    const bytes = map.data.map((label) => (labels.includes(label) ? 1 : 0));
    expect(maskOfCrop(bytes, size, { first: [0, 0, 0], size })).toEqual(mask);
  }
});

it('writes a changed structure as every kind of file, from what it is now', {
  timeout: 240_000,
}, async () => {
  await using room = await openRoom();
  await room.room.start();
  const done = room.nextJob((j) => j.kind === 'reconstruction' && j.state === 'done');
  const uids = await room.send();
  await done;
  const list = structuresOfSeries.parse(
    (await room.app.inject(`/api/series/${uids.series}/structures`)).json(),
  ).structures;
  const bone = list.find((s) => s.key === 'bone');
  const skin = list.find((s) => s.key === 'skin');
  if (!bone || !skin) throw new Error('no bone');
  // Half of it goes: the upper slices.
  const voxels = 96 * 96 * 40;
  const { rawPayload } = await room.app.inject(`/api/structures/${bone.id}/mask`);
  const { gunzipSync } = await import('node:zlib');
  const mask = decodeMask(gunzipSync(rawPayload), voxels);
  const half = 96 * 96 * 20;
  const upper = xorMasks(mask, clampedTo(mask, half));
  const edited = structure.parse(
    (
      await room.app.inject({
        method: 'POST',
        url: `/api/structures/${bone.id}/edits`,
        payload: {
          baseRevision: 0,
          diff: gzipSync(encodeMask(upper)).toString('base64'),
          tool: 'scissors',
        },
      })
    ).json(),
  );
  const files = new Map<string, Buffer>();
  for (const format of exportFormats) {
    const answer = await room.app.inject(
      `/api/structures/${bone.id}/export?format=${format}&language=zh`,
    );
    expect([format, answer.statusCode]).toEqual([format, 200]);
    files.set(format, answer.rawPayload);
  }
  const text = (format: string, length?: number): string =>
    files.get(format)?.toString('latin1', 0, length) ?? '';
  expect(text('stl', 80)).toMatch(/mm; axes LPS; bone/);
  expect(text('obj', 200)).toMatch(/units: mm[\s\S]*LPS/);
  expect(text('ply', 400)).toMatch(/mm[\s\S]*LPS/);
  expect(text('3mf', 2)).toBe('PK');
  const [mesh] = await fromGlb(files.get('glb') ?? Buffer.alloc(0));
  const ml = mesh ? meshVolume(mesh.positions, mesh.indices) / 1000 : 0;
  // From the voxels of now, not from the model that was made before.
  expect(ml / edited.volumeMl).toBeGreaterThan(0.98);
  expect(ml / edited.volumeMl).toBeLessThan(1.02);
  expect(edited.volumeMl / bone.volumeMl).toBeLessThan(0.7);
  const seg = readSegmentation(readDataset(files.get('seg') ?? Buffer.alloc(0)));
  expect(seg.segments).toHaveLength(1);

  const check = await room.app.inject(`/api/structures/${bone.id}/printable`);
  expect(check.json()).toEqual({ warnings: [] });
  const both = await room.app.inject(`/api/export/structures?format=seg&ids=${bone.id},${skin.id}`);
  expect(readSegmentation(readDataset(both.rawPayload)).segments).toHaveLength(2);
  expect(room.audited.filter((e) => e.action === 'export')).toHaveLength(exportFormats.length + 1);
  room.as('viewer');
  expect((await room.app.inject(`/api/structures/${bone.id}/export`)).statusCode).toBe(403);
  expect(maskVoxels(mask)).toBe(bone.voxels);
});

/** The part of a mask before a place. */
function clampedTo(mask: Uint32Array<ArrayBuffer>, end: number): Uint32Array<ArrayBuffer> {
  const edges: number[] = [];
  for (let n = 0; n < mask.length; n += 2) {
    const [from, to] = [mask[n] as number, Math.min(end, mask[n + 1] as number)];
    if (from < to) edges.push(from, to);
  }
  return Uint32Array.from(edges);
}
