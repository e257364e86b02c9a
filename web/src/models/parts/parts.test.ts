import { gunzipSync, gzipSync } from 'node:zlib';
import {
  decodeMask,
  encodeMask,
  type MaskEdges,
  postTogether,
  type Structure,
  structure,
  xorMasks,
} from '@yuepian/contract';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { PartsDesk, type PartsPort } from './parts.ts';

const size = [10, 1, 1] as const;
const affine = [10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 10, 0] as const;
const idOf = (n: number): string => String(n).repeat(32);
const volumeId = 'a'.repeat(32);

interface Kept {
  mask: MaskEdges;
  revision: number;
  isHidden: boolean;
}
/** What the structures of the server are, by number. */
let kept: Kept[] = [];
const described = (n: number): Structure =>
  structure.parse({
    id: idOf(n),
    volumeId,
    key: 'bone',
    name: { zh: `骨${n}`, en: `Bone ${n}` },
    colour: '#e8dcc0',
    opacity: 1,
    voxels: 1,
    volumeMl: 1,
    source: 'drawn',
    content: 'c',
    verified: false,
    openEdges: 0,
    meshUrl: '',
    levels: [],
    labels: [],
    edited: { revision: kept[n]?.revision ?? 0, by: 'A', at: '2026-01-01', from: 'drawn' },
  });
/** The body of the last request that changed anything, and how many there were. */
let sent: z.output<typeof postTogether>[] = [];
const edges = (packed: string): MaskEdges =>
  decodeMask(gunzipSync(Buffer.from(packed, 'base64')), 10);

/** As the server: all of a request, or nothing of it. */
async function answer(path: string, init?: RequestInit): Promise<Response> {
  const n = Number(path.split('/')[3]?.[0]);
  const one = kept[n];
  if (path.endsWith('/mask') && one) {
    const head = { structureId: idOf(n), volumeId, size, revision: one.revision };
    return new Response(gzipSync(encodeMask(one.mask)), {
      headers: { 'x-mask': JSON.stringify(head) },
    });
  }
  if (!path.endsWith(`/volumes/${volumeId}/changes`)) throw new Error(path);
  const wish = postTogether.parse(JSON.parse(String(init?.body)));
  sent.push(wish);
  const next = kept.map((k) => ({ ...k }));
  for (const change of wish.changes) {
    const own = next[Number(change.id[0])];
    if (!own || (change.baseRevision !== undefined && change.baseRevision !== own.revision))
      return Response.json({ error: { code: 'edit_stale', details: {} } }, { status: 409 });
    if ('diff' in change) own.mask = xorMasks(own.mask, edges(change.diff));
    else own.isHidden = change.hidden;
    own.revision++;
  }
  if (wish.begin) next.push({ mask: edges(wish.begin.mask ?? ''), revision: 1, isHidden: false });
  kept = next;
  return Response.json({
    ...(wish.begin ? { begun: described(kept.length - 1) } : {}),
    changed: wish.changes.map((c) => described(Number(c.id[0]))),
  });
}

beforeEach(() => {
  const begun = (...edges: number[]) => ({
    mask: Uint32Array.from(edges),
    revision: 0,
    isHidden: false,
  });
  kept = [begun(0, 4), begun(2, 6)];
  sent = [];
  vi.stubGlobal('fetch', answer);
});
afterEach(() => vi.unstubAllGlobals());

function parts(change: Partial<PartsPort> = {}) {
  const hand: boolean[] = [];
  const steps: { undo(): void; redo(): void }[] = [];
  const desk = new PartsDesk({
    colourOf: () => '#e8dcc0',
    takeHand: (isTaken) => hand.push(isTaken),
    push: (step) => steps.push(step),
    redraw: () => undefined,
    partBetween: async () => undefined,
    isSaved: () => true,
    saved: async () => undefined,
    maskOf: async (s) => kept[Number(s.id[0])]?.mask,
    affine: () => affine as unknown as ReturnType<PartsPort['affine']>,
    ...change,
  });
  return { desk, hand, steps };
}
const name = { zh: '骨', en: 'Bone' };

test('two become one: the voxels of either, counted once', async () => {
  const { desk, steps } = parts();
  desk.beginMerge(described(0));
  desk.pick(described(1));
  // Six voxels of 1 mL; 4 + 4 would count the two they share twice.
  await vi.waitFor(() => expect(desk.state.get().mergedMl).toBe(6));
  await desk.merge(name);
  expect(kept.map((k) => k.isHidden)).toEqual([true, true, false]);
  expect(kept[2]?.mask).toEqual(Uint32Array.of(0, 6));
  expect(steps).toHaveLength(1);
  expect(desk.state.get()).toMatchObject({ mode: undefined, isBusy: false });
});

test('nothing is merged while strokes are on their way to the server', async () => {
  const { desk, steps } = parts({ isSaved: (id) => id !== idOf(1) });
  desk.beginMerge(described(0));
  desk.pick(described(1));
  await desk.merge(name);
  expect(kept).toHaveLength(2);
  expect(kept.every((k) => !k.isHidden && k.revision === 0)).toBe(true);
  expect(steps).toEqual([]);
  expect(desk.state.get()).toMatchObject({ mode: 'merge', isBusy: false });
});

test('a merge is one request, and its undo and redo are', async () => {
  const { desk, steps } = parts();
  desk.beginMerge(described(0));
  desk.pick(described(1));
  await desk.merge(name);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.begin).toMatchObject({ key: 'bone', name, source: 'joined by hand' });
  steps[0]?.undo();
  await vi.waitFor(() => expect(kept.map((k) => k.isHidden)).toEqual([false, false, true]));
  steps[0]?.redo();
  await vi.waitFor(() => expect(kept.map((k) => k.isHidden)).toEqual([true, true, false]));
  expect(sent).toHaveLength(3);
});

test('a merge of a part that somebody changed meanwhile changes nothing', async () => {
  vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
    const other = kept[1];
    if (path.endsWith('/changes') && other) other.revision++;
    return answer(path, init);
  });
  const { desk, steps } = parts();
  desk.beginMerge(described(0));
  desk.pick(described(1));
  await desk.merge(name);
  expect(kept.map((k) => k.isHidden)).toEqual([false, false]);
  expect(steps).toEqual([]);
});

test('a cut is one request: a part begins with what the whole loses; undone and redone to the voxel', async () => {
  const { desk, steps } = parts();
  desk.beginCut(described(0));
  expect(await desk.split(described(0), async () => Uint32Array.of(1, 3))).toBe(true);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.begin?.source).toBe('cut from Bone 0 / 骨0');
  expect(kept.map((k) => k.mask)).toEqual([
    Uint32Array.of(0, 1, 3, 4),
    Uint32Array.of(2, 6),
    Uint32Array.of(1, 3),
  ]);
  steps[0]?.undo();
  await vi.waitFor(() => expect(kept[2]?.isHidden).toBe(true));
  expect(kept[0]?.mask).toEqual(Uint32Array.of(0, 4));
  steps[0]?.redo();
  await vi.waitFor(() => expect(kept[2]?.isHidden).toBe(false));
  expect(kept[0]?.mask).toEqual(Uint32Array.of(0, 1, 3, 4));
  expect(sent).toHaveLength(3);
});

test('a cut that fails leaves the tool in the hand for another try', async () => {
  const { desk, hand } = parts();
  desk.beginCut(described(0));
  expect(await desk.split(described(0), async () => undefined)).toBe(false);
  expect(desk.state.get()).toMatchObject({ mode: 'cut', isBusy: false, first: { id: idOf(0) } });
  // The whole of it is no part.
  expect(await desk.split(described(0), async (mask) => mask.edges)).toBe(false);
  expect(desk.state.get()).toMatchObject({ mode: 'cut', isBusy: false });
  expect(hand).toEqual([true]);
});

test('nothing else begins while one is at work', async () => {
  const { desk } = parts();
  desk.beginMerge(described(0));
  desk.pick(described(1));
  const doing = desk.merge(name);
  desk.beginCut(described(1));
  expect(desk.state.get()).toMatchObject({ mode: 'merge', isBusy: true });
  desk.beginMerge(described(1));
  expect(desk.state.get().first?.id).toBe(idOf(0));
  expect(await desk.split(described(0), async () => Uint32Array.of(0, 1))).toBe(false);
  await doing;
  expect(kept).toHaveLength(3);
});

test('undo waits for strokes that are taken back just before it', async () => {
  let arrive: () => void = () => undefined;
  const arriving = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const waits: string[] = [];
  const { desk, steps } = parts({
    saved: (id) => {
      waits.push(id);
      return arriving;
    },
  });
  desk.beginMerge(described(0));
  desk.pick(described(1));
  await desk.merge(name);
  steps[0]?.undo();
  await vi.waitFor(() => expect(waits).toEqual([idOf(0), idOf(1), idOf(2)]));
  expect(kept.map((k) => k.isHidden)).toEqual([true, true, false]);
  arrive();
  await vi.waitFor(() => expect(kept.map((k) => k.isHidden)).toEqual([false, false, true]));
});

test('another tool in the hand drops a cut, and takes no hand for it', () => {
  const { desk, hand } = parts();
  desk.beginCut(described(0));
  desk.cancelCut();
  expect(desk.state.get().mode).toBeUndefined();
  expect(hand).toEqual([true]);
  desk.beginMerge(described(0));
  desk.cancelCut();
  expect(desk.state.get().mode).toBe('merge');
});
