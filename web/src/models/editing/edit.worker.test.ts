import { maskOfCrop } from '@yuepian/contract';
import { type Affine, patientPoint, type Vec3 } from '@yuepian/geometry';
import { Remesher } from '@yuepian/reconstruct';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { FromWorker, ToWorker } from './messages.ts';

const size: Vec3 = [30, 30, 30];
const affine: Affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
const mask = maskOfCrop(new Uint8Array(1000).fill(1), size, {
  first: [10, 10, 10],
  size: [10, 10, 10],
});

let say: (message: ToWorker) => void = () => undefined;
let heard: FromWorker[] = [];
beforeAll(async () => {
  vi.stubGlobal('addEventListener', (_: string, hear: (event: { data: ToWorker }) => void) => {
    say = (data) => hear({ data });
  });
  vi.stubGlobal('postMessage', (message: FromWorker) => heard.push(message));
  await import('./edit.worker.ts');
});
beforeEach(() => {
  heard = [];
});
afterAll(() => vi.unstubAllGlobals());

const open = (id: string): void => say({ kind: 'open', id, key: 'bone', size, affine, mask });
const stroke = (id: string, call: number, x: number): void =>
  say({
    kind: 'act',
    id,
    call,
    act: { tool: 'brush', stroke: [patientPoint(x, 15, 15)], radius: 3, plane: undefined },
  });
const surface = (id: string, call: number) =>
  vi.waitFor(() => {
    const found = heard.find((m) => m.kind === 'mesh' && m.id === id && m.call === call);
    if (found?.kind !== 'mesh') throw new Error('no surface yet');
    return found;
  });

test('a surface that cannot be made is said, and the next one is made all the same', async () => {
  open('a');
  const broken = vi.spyOn(Remesher.prototype, 'mesh').mockRejectedValueOnce(new Error('no room'));
  await vi.waitFor(() =>
    expect(heard).toContainEqual({
      kind: 'failed',
      id: 'a',
      call: 0,
      code: 'internal',
      details: {},
    }),
  );
  broken.mockRestore();
  stroke('a', 1, 20);
  expect((await surface('a', 1)).indices.length).toBeGreaterThan(0);
});

test('a structure that was laid aside still shows an undo', async () => {
  open('b');
  stroke('b', 2, 20);
  const edited = await vi.waitFor(() => {
    const found = heard.find((m) => m.kind === 'edited');
    if (found?.kind !== 'edited') throw new Error('not edited yet');
    return found;
  });
  await surface('b', 2);
  open('c');
  say({ kind: 'apply', id: 'b', call: 3, diff: edited.diff });
  const after = await surface('b', 3);
  // The cube again: nothing of the stroke, which reached to 23 mm.
  const xs = after.positions.filter((_, n) => n % 3 === 0);
  expect(Math.max(...xs)).toBeLessThan(20.5);
});
