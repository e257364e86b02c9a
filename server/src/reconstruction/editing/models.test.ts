import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openEditing, study, type TestEditing } from './testing-editing.ts';

/** The model of what was begun is being made: its scratch folder is there. */
function whenMaking({ derived }: TestEditing): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const scratch = derived.scratch.bind(derived);
  vi.spyOn(derived, 'scratch').mockImplementation(async () => {
    const folder = await scratch();
    resolve();
    return folder;
  });
  return promise;
}

describe('the model of a structure that people change', () => {
  it('does not come back after its patient was deleted', async () => {
    await using room = await openEditing();
    const making = whenMaking(room);
    await room.begin();
    await making;
    await room.editing.forgetStudy(study);
    await room.models.forget(study);
    const folder = room.derived.folder(room.manifest.id);
    await room.derived.remove(room.manifest.id);
    // What still waited would write now; stopping waits for all that runs.
    await room.models.stop();
    expect(existsSync(folder)).toBe(false);
    expect(room.made).toEqual([]);
  });

  it('is not begun for a volume that was removed meanwhile', async () => {
    await using room = await openEditing();
    const asked = Promise.withResolvers<void>();
    const { id } = await room.begin();
    await rm(room.derived.folder(room.manifest.id), { recursive: true });
    const manifest = room.derived.manifest.bind(room.derived);
    vi.spyOn(room.derived, 'manifest').mockImplementation(async (of) => {
      asked.resolve();
      return manifest(of);
    });
    await asked.promise;
    await room.models.stop();
    expect(id).toContain('bone');
    expect(existsSync(path.join(room.derived.folder(room.manifest.id), 'edited'))).toBe(false);
  });

  it('is made after a full disk had no room even for a scratch folder', async () => {
    await using room = await openEditing();
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const refused = Promise.withResolvers<void>();
    vi.spyOn(room.derived, 'scratch').mockImplementationOnce(async () => {
      refused.resolve();
      throw full;
    });
    const { id } = await room.begin();
    await refused.promise;
    await vi.waitUntil(() => room.log.some((line) => line.includes('no space left')));
    const state = await room.editing.state(id);
    if (!state) throw new Error('no state');
    room.models.later(state, room.manifest);
    await vi.waitUntil(() => room.made.length > 0, { timeout: 20_000 });
    expect(room.made).toEqual([1]);
  });
});
