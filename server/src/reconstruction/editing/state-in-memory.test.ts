import { describe, expect, it, vi } from 'vitest';
import { actor, openEditing, run, study } from './testing-editing.ts';

const edit = (baseRevision: number) => ({
  baseRevision,
  diff: run(200, 210),
  tool: 'brush' as const,
  description: '',
  kind: 'edit' as const,
});

describe('the state of a structure in memory', () => {
  it('is that of the log also where the disk took the change but not the snapshot', async () => {
    await using room = await openEditing();
    const { editing, log } = room;
    const { id } = await room.begin();
    editing.store.setSnapshot = vi.fn(async () => {
      throw new Error('no room');
    });
    for (let n = 1; n < 52; n++) {
      expect((await editing.edit(id, edit(n), actor)).edited?.revision).toBe(n + 1);
    }
    expect(editing.store.setSnapshot).toHaveBeenCalledTimes(1);
    expect(log.some((line) => line.includes('no room'))).toBe(true);
  });

  it('is loaded once for all who ask, and never falls behind a change made meanwhile', async () => {
    await using room = await openEditing();
    const { id } = await room.begin();
    // As after a start: nothing is in memory.
    const { editing } = room.again();
    const read = editing.store.log.bind(editing.store);
    const [held, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = vi.spyOn(editing.store, 'log').mockImplementation(async (...of) => {
      const lines = await read(...of);
      reached.resolve();
      await held.promise;
      return lines;
    });
    const asked = [editing.state(id), editing.state(id), editing.edit(id, edit(1), actor)];
    await reached.promise;
    held.resolve();
    await Promise.all(asked);
    expect(slow).toHaveBeenCalledTimes(1);
    expect((await editing.edit(id, edit(2), actor)).edited?.revision).toBe(3);
  });

  it('does not come back from a load that was under way when its study was deleted', async () => {
    await using room = await openEditing();
    const { id } = await room.begin();
    const { editing } = room.again();
    const read = editing.store.log.bind(editing.store);
    const [held, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    vi.spyOn(editing.store, 'log').mockImplementationOnce(async (...of) => {
      const lines = await read(...of);
      reached.resolve();
      await held.promise;
      return lines;
    });
    const asked = editing.state(id);
    await reached.promise;
    await editing.forgetStudy(study);
    held.resolve();
    expect(await asked).toBeUndefined();
    expect(await editing.state(id)).toBeUndefined();
  });
});
