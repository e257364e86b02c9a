import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeMask } from '@yuepian/contract';
import { levelsOfDetail, toGlb } from '@yuepian/reconstruct';
import { answerOnce } from './answer.ts';
import { type ModelResult, type ModelTask, modelTask } from './protocol.ts';
import { surfaceOf } from './surface.ts';

/** One model of one edited structure, then the end. */
async function make(task: ModelTask): Promise<ModelResult> {
  const [nx, ny, nz] = task.size;
  const mask = decodeMask(await readFile(task.maskFile), nx * ny * nz);
  const surface = await surfaceOf(mask, task);
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

answerOnce(modelTask, make);
