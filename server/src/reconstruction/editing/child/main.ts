import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { boxOfMask, cropOfMask, decodeMask } from '@yuepian/contract';
import { type Affine, affineFromSteps, stepI, stepJ, stepK, toPatient } from '@yuepian/geometry';
import { levelsOfDetail, surfaces, toGlb } from '@yuepian/reconstruct';
import { type ModelResult, type ModelTask, modelTask } from './protocol.ts';

/** One model of one edited structure, then the end. */
async function make(task: ModelTask): Promise<ModelResult> {
  const [nx, ny, nz] = task.size;
  const mask = decodeMask(await readFile(task.maskFile), nx * ny * nz);
  const box = boxOfMask(mask, task.size);
  if (!box) return { openEdges: 0, levels: [] };
  const [surface] = await surfaces({
    size: box.size,
    affine: movedTo(task.affine, box.first),
    frameOfReferenceUid: task.frameOfReferenceUid,
    data: cropOfMask(mask, task.size, box),
    segments: [{ key: task.key, labels: [1] }],
  });
  if (!surface) return { openEdges: 0, levels: [] };
  const levels: ModelResult['levels'] = [];
  const meshes = await levelsOfDetail(surface);
  for (const [lod, mesh] of meshes.entries()) {
    const bytes = await toGlb([mesh], { source: task.source, look: () => task.look });
    const file = path.join(task.scratch, `${lod}.glb`);
    await writeFile(file, bytes);
    levels.push({ file, triangles: mesh.indices.length / 3, bytes: bytes.byteLength });
  }
  return { openEdges: meshes.at(-1)?.openEdges ?? 0, levels };
}

const movedTo = (m: Affine, first: readonly [number, number, number]): Affine =>
  affineFromSteps(stepI(m), stepJ(m), stepK(m), toPatient(m, first));

process.on('disconnect', () => process.exit(1));
process.once('message', (raw) => {
  make(modelTask.parse(raw)).then(
    (result) => process.send?.(result, undefined, {}, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
