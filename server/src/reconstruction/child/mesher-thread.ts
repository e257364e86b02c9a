import { parentPort } from 'node:worker_threads';
import { YuepianError } from '@yuepian/contract';
import type { MeshAnswer, MeshTask } from './mesher.ts';
import { type Model, modelsOf } from './models.ts';

/** Makes models beside the thread that segments. */
async function work({ id, map, options }: MeshTask): Promise<MeshAnswer> {
  try {
    const models: Model[] = [];
    for await (const model of modelsOf(map, options)) models.push(model);
    return { id, models };
  } catch (error) {
    if (error instanceof YuepianError) return { id, code: error.code, details: error.details };
    return { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on('message', async (task: MeshTask) => parentPort?.postMessage(await work(task)));
