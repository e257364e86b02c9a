import { YuepianError } from '@yuepian/contract';
import { free } from './fetch-bytes.ts';
import type { MeshData, WorkerReply, WorkerRequest } from './worker-messages.ts';

type Job<K extends 'slab' | 'mesh'> = Omit<Extract<WorkerRequest, { kind: K }>, 'id'>;
type Reply<K extends 'slab' | 'mesh'> = Extract<WorkerReply, { kind: K }>;

/**
 * Whose turn it is, in this order: the first slices; then what each structure needs to be seen at all
 * (its coarse surface, the labels); the finer voxels; finer surfaces. Forty single bones would else
 * hold up full resolution by a quarter of a minute.
 */
const turns = ['first', 'early', 'voxels', 'late'] as const;
export type Turn = (typeof turns)[number];
const rank = (task: Task): number => turns.indexOf(task.turn);

interface Task {
  readonly request: Exclude<WorkerRequest, { kind: 'abort' }>;
  readonly signal: AbortSignal;
  readonly turn: Turn;
  resolve(reply: WorkerReply): void;
  reject(error: unknown): void;
}

/**
 * Two workers: with one, decoding is the bottleneck; more than two fight the page for the cores of a
 * meeting-room computer. Each works on two requests, so that one decodes while the other arrives.
 */
const workers = 2;
const depth = 2;
/** Idle workers are closed: what their collectors have not picked up goes with them, some 300 MB. */
const idleMs = 2000;

export class DecodePool {
  readonly #lanes: { worker: Worker; busy: Map<number, Task> }[] = [];
  readonly #queue: Task[] = [];
  /** Memory of slabs that the page has copied, for the next ones. */
  readonly #rooms: ArrayBuffer[] = [];
  #next = 0;
  #holds = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Starts the workers before they are needed. */
  warm(): void {
    while (this.#lanes.length < workers) this.#openLane();
  }

  /** Nothing but the first slices is begun until the answer is called: they share two cores with nobody. */
  hold(): () => void {
    this.#holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      this.#pump();
    };
  }

  slab(job: Job<'slab'>, turn: Turn, signal: AbortSignal): Promise<Reply<'slab'>> {
    return this.#ask(job, 'slab', turn, signal);
  }

  /** The page has copied what it wanted of a slab. */
  giveBack(buffer: ArrayBuffer): void {
    if (this.#rooms.length < workers * depth) this.#rooms.push(buffer);
    else free(buffer);
  }

  mesh(job: Job<'mesh'>, turn: Turn, signal: AbortSignal): Promise<MeshData> {
    return this.#ask(job, 'mesh', turn, signal);
  }

  #ask<K extends 'slab' | 'mesh'>(
    job: Job<K>,
    kind: K,
    turn: Turn,
    signal: AbortSignal,
  ): Promise<Reply<K>> {
    const settled = new AbortController();
    return new Promise<Reply<K>>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const request = { ...job, id: ++this.#next } as Task['request'];
      const task: Task = {
        request,
        signal,
        turn,
        resolve: (reply) => {
          if (reply.kind === kind) resolve(reply as Reply<K>);
          else reject(new YuepianError('internal', { id: 'worker' }));
        },
        reject,
      };
      // Listens no longer than the task lives: a model's signal outlives many of its meshes.
      signal.addEventListener('abort', () => this.#abort(task), {
        once: true,
        signal: settled.signal,
      });
      const after = this.#queue.findLastIndex((t) => rank(t) <= rank(task));
      this.#queue.splice(after + 1, 0, task);
      this.#pump();
    }).finally(() => settled.abort());
  }

  #abort(task: Task): void {
    const waiting = this.#queue.indexOf(task);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
    } else {
      const lane = this.#lanes.find((l) => l.busy.has(task.request.id));
      const message: WorkerRequest = { kind: 'abort', id: task.request.id };
      lane?.worker.postMessage(message);
    }
    task.reject(task.signal.reason);
  }

  #pump(): void {
    for (;;) {
      const task = this.#queue[0];
      if (!task || (this.#holds > 0 && task.turn !== 'first')) return;
      const lane = this.#freeLane();
      if (!lane) return;
      this.#queue.shift();
      lane.busy.set(task.request.id, task);
      const room = task.request.kind === 'slab' ? this.#rooms.pop() : undefined;
      if (room) lane.worker.postMessage({ ...task.request, room }, [room]);
      else lane.worker.postMessage(task.request);
    }
  }

  #freeLane(): { worker: Worker; busy: Map<number, Task> } | undefined {
    const least = this.#lanes.toSorted((a, b) => a.busy.size - b.busy.size)[0];
    if (least && least.busy.size === 0) return least;
    if (this.#lanes.length < workers) return this.#openLane();
    return least && least.busy.size < depth ? least : undefined;
  }

  #restLater(): void {
    clearTimeout(this.#idle);
    if (this.#lanes.some((l) => l.busy.size > 0)) return;
    this.#idle = setTimeout(() => {
      if (this.#lanes.some((l) => l.busy.size > 0)) return;
      for (const { worker } of this.#lanes.splice(0)) worker.terminate();
      for (const room of this.#rooms.splice(0)) free(room);
    }, idleMs);
  }

  #openLane(): { worker: Worker; busy: Map<number, Task> } {
    const worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module' });
    const lane = { worker, busy: new Map<number, Task>() };
    worker.addEventListener('message', (event: MessageEvent<WorkerReply>) => {
      const reply = event.data;
      const task = lane.busy.get(reply.id);
      lane.busy.delete(reply.id);
      if (task) settle(task, reply);
      this.#pump();
      this.#restLater();
    });
    worker.addEventListener('error', (event) => {
      // The worker could not start or died: everything it had is lost; a new one takes its place.
      const at = this.#lanes.indexOf(lane);
      if (at < 0) return;
      this.#lanes.splice(at, 1);
      const lost = [...lane.busy.values()];
      lane.busy.clear();
      worker.terminate();
      for (const task of lost) {
        task.reject(new YuepianError('cannot_decode', { reason: event.message || 'worker' }));
      }
      // What waits goes to a new worker, and fails in its turn where none can start.
      this.#pump();
    });
    this.#lanes.push(lane);
    return lane;
  }
}

function settle(task: Task, reply: WorkerReply): void {
  if (reply.kind === 'error') task.reject(new YuepianError(reply.code, reply.details));
  else if (reply.kind === 'aborted') task.reject(task.signal.reason);
  else task.resolve(reply);
}
