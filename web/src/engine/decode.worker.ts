import { decodePlanes, type SlabCoding, YuepianError } from '@yuepian/contract';
import { bytesPerVoxel } from '@yuepian/geometry';
import type { ZSTDDecoder } from 'zstddec';
import { fetchOk, free, gunzip, onFastLine, readBody } from './fetch-bytes.ts';
import type { WorkerReply, WorkerRequest } from './worker-messages.ts';

/** Compressed slabs are read into these, again and again. */
const packedRooms: ArrayBuffer[] = [];

/** Fetches, decompresses and un-filters off the page's thread. */
const running = new Map<number, AbortController>();
let decoder: Promise<ZSTDDecoder> | undefined;
/** After the first slice, which does without: its code and its compiling would hold that up. */
const zstd = (): Promise<ZSTDDecoder> => {
  decoder ??= import('zstddec').then(async ({ ZSTDDecoder }) => {
    const made = new ZSTDDecoder();
    await made.init();
    return made;
  });
  return decoder;
};
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
  const passBy = request.kind === 'slab' && request.full === true && onFastLine();
  const cache = passBy ? 'no-store' : 'default';
  const response = await fetchOk(request.url, signal, cache);
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
  const { room, coding, voxelType, rowLength } = request;
  // Fresh memory costs as much as filling it.
  const buffer = room && room.byteLength >= size ? room : new ArrayBuffer(size);
  const plain = await unpack(response, coding, size);
  signal.throwIfAborted();
  if (!coding.startsWith('delta-planes')) new Uint8Array(buffer, 0, size).set(plain);
  else if (voxelType === 'uint16')
    decodePlanes(plain, 'uint16', rowLength, new Uint16Array(buffer, 0, request.voxels));
  else decodePlanes(plain, 'int16', rowLength, new Int16Array(buffer, 0, request.voxels));
  free(plain.buffer);
  reply({ kind: 'slab', id: request.id, buffer, byteLength: size }, [buffer]);
}

/** @throws YuepianError pixel_data_short when there are not exactly `size` bytes; cannot_decode. */
async function unpack(
  response: Response,
  coding: SlabCoding,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, room } = await readBody(response, packedRooms.pop());
  if (!coding.endsWith('zstd')) return gunzip(bytes, size);
  const plain = (await zstd()).decode(bytes, size) as Uint8Array<ArrayBuffer>;
  packedRooms.push(room);
  if (plain.length === size) return plain;
  // The library answers what it cannot decode, or whose checksum is wrong, with nothing.
  if (plain.length === 0) throw new YuepianError('cannot_decode', { reason: 'zstd' });
  throw new YuepianError('pixel_data_short', { expected: size, actual: plain.length });
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
