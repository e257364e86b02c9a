import { decodePlanes, YuepianError } from '@yuepian/contract';
import { bytesPerVoxel } from '@yuepian/geometry';
import { fetchOk, gunzip } from './fetch-bytes.ts';
import type { WorkerReply, WorkerRequest } from './worker-messages.ts';

/** Fetches, gunzips and un-filters off the page's thread. */
const running = new Map<number, AbortController>();
/** Planes of slabs at work, used again: fresh memory costs as much as filling it. */
const scratch: Uint8Array<ArrayBuffer>[] = [];
const reply = (message: WorkerReply, transfer: Transferable[] = []): void =>
  self.postMessage(message, { transfer });

self.addEventListener('message', (event: MessageEvent<WorkerRequest>) => {
  const request = event.data;
  if (request.kind === 'abort') {
    running.get(request.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(request.id, controller);
  void answer(request, controller.signal)
    .catch((error: unknown) => fail(request.id, controller.signal, error))
    .finally(() => running.delete(request.id));
});

async function answer(
  request: Exclude<WorkerRequest, { kind: 'abort' }>,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetchOk(request.url, signal);
  if (request.kind === 'mesh') {
    // Only when there are models: the glTF reader would hold up the first slice.
    const { readMesh } = await import('./glb.ts');
    const mesh = await readMesh(new Uint8Array(await response.arrayBuffer()));
    reply({ kind: 'mesh', id: request.id, ...mesh }, [
      mesh.positions.buffer,
      mesh.normals.buffer,
      mesh.indices.buffer,
    ]);
    return;
  }
  const size = request.voxels * bytesPerVoxel[request.voxelType];
  if (request.coding === 'gzip') {
    const bytes = new Uint8Array(size);
    await gunzip(response, bytes);
    signal.throwIfAborted();
    reply({ kind: 'slab', id: request.id, buffer: bytes.buffer, byteOffset: 0, byteLength: size }, [
      bytes.buffer,
    ]);
    return;
  }
  const spare = scratch.pop();
  const room = spare && spare.length >= size ? spare : new Uint8Array(size);
  const bytes = room.subarray(0, size);
  await gunzip(response, bytes);
  signal.throwIfAborted();
  const type = request.voxelType === 'uint16' ? 'uint16' : 'int16';
  const buffer = decodePlanes(bytes, type, request.rowLength).buffer as ArrayBuffer;
  scratch.push(room);
  reply({ kind: 'slab', id: request.id, buffer, byteOffset: 0, byteLength: size }, [buffer]);
}

function fail(id: number, signal: AbortSignal, error: unknown): void {
  if (signal.aborted) {
    reply({ kind: 'aborted', id });
  } else if (error instanceof YuepianError) {
    reply({ kind: 'error', id, code: error.code, details: { ...error.details } });
  } else {
    const reason = error instanceof Error ? error.message : String(error);
    reply({ kind: 'error', id, code: 'cannot_decode', details: { reason } });
  }
}
