import { availableMemory } from 'node:process';
import { YuepianError } from '@yuepian/contract';

/** What a run needs beside its voxels: code, headers, slabs in flight, meshes. */
const baseBytes = 250 * 2 ** 20;

/**
 * Refuses work that would not fit, before it starts: a process that runs out of memory is killed by
 * the system without a word, and may take others with it.
 * @param voxelBytes what the voxels and everything beside them will take at most.
 * @param limit a smaller budget than what the system has free.
 * @throws YuepianError out_of_memory
 */
export function checkMemory(voxelBytes: number, limit = Number.POSITIVE_INFINITY): void {
  const needed = voxelBytes + baseBytes;
  // Counts what the system could free and the container's own limit.
  const available = Math.min(limit, availableMemory());
  if (needed > available) {
    throw new YuepianError('out_of_memory', { needed: size(needed), available: size(available) });
  }
}

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
