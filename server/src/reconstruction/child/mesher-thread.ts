import { parentPort } from 'node:worker_threads';
import { YuepianError } from '@yuepian/contract';
import { classicalGlb } from './look.ts';
import type { MeshAnswer, MeshTask } from './mesher.ts';
import { modelsOf } from './models.ts';
import { type PackedModel, packed } from './packed.ts';

/** Makes models beside the thread that segments. */
async function work({ id, map, options }: MeshTask): Promise<MeshAnswer> {
  try {
    const models: PackedModel[] = [];
    for await (const model of modelsOf(map, options))
      models.push(await packed(model, classicalGlb));
    return { id, models };
  } catch (error) {
    if (error instanceof YuepianError) return { id, code: error.code, details: error.details };
    return { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on('message', async (task: MeshTask) => {
  const answer = await work(task);
  const files = 'models' in answer ? answer.models.flatMap((m) => m.levels) : [];
  parentPort?.postMessage(
    answer,
    files.map(({ glb }) => glb.buffer),
  );
});
