import { Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, YuepianError } from '@yuepian/contract';
import type { LabelMap } from '@yuepian/geometry';
import type { ModelOptions } from './models.ts';
import type { PackedModel } from './packed.ts';

export interface MeshTask {
  readonly id: number;
  readonly map: LabelMap;
  readonly options: Omit<ModelOptions, 'onStep'>;
}

export type MeshAnswer = { readonly id: number } & (
  | { readonly models: readonly PackedModel[] }
  | { readonly code: ErrorCode; readonly details: ErrorDetails }
  | { readonly failure: string }
);

interface Waiting {
  readonly resolve: (models: readonly PackedModel[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A second thread that makes models while the first one segments or makes others: skin and bone
 * take about the same time, and a preview must not hold up what comes after it.
 */
export class Mesher implements AsyncDisposable {
  #worker: Worker | undefined;
  #tasks = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** Starts the thread, so that its code is loaded by the time that there is something to mesh. */
  warm(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./mesher-thread.ts', import.meta.url));
    worker.on('message', (answer: MeshAnswer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('the meshing thread ended')));
    this.#worker = worker;
    return worker;
  }

  /**
   * @param map its labels are copied: the caller may go on writing to them. One byte a voxel.
   * @throws YuepianError of the computation; Error when the thread itself ends.
   */
  models(map: LabelMap, options: MeshTask['options'] = {}): Promise<readonly PackedModel[]> {
    const id = ++this.#tasks;
    const data = map.data.slice();
    const made = new Promise<readonly PackedModel[]>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.warm().postMessage({ id, map: { ...map, data }, options } satisfies MeshTask, [
      data.buffer,
    ]);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  #settle(answer: MeshAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('models' in answer) waiting?.resolve(answer.models);
    else if ('code' in answer) waiting?.reject(new YuepianError(answer.code, answer.details));
    else waiting?.reject(new Error(answer.failure));
  }

  #fail(worker: Worker, error: unknown): void {
    // An error is followed by the exit; by then a new thread may be at work.
    if (this.#worker !== worker) return;
    // What comes next gets a new thread: this one answers nobody any more.
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values())
      reject(error instanceof Error ? error : new Error(String(error)));
    this.#waiting.clear();
  }
}
