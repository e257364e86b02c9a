import { gzipSync } from 'node:zlib';
import { type Structure, structure } from '@yuepian/contract';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MeshData, Shape } from '../../engine/index.ts';
import type { EditSession } from '../editing/session.ts';
import { bandsOf } from './bands.ts';
import type { ToPlanWorker } from './messages.ts';
import { PlanDesk } from './plan.ts';

const mesh: MeshData = {
  positions: new Float32Array(9),
  normals: new Float32Array(9),
  indices: Uint32Array.of(0, 1, 2),
};
const liver = (url: string): Structure =>
  structure.parse({
    id: '0'.repeat(32),
    volumeId: '1'.repeat(32),
    key: 'liver',
    name: { zh: '肝', en: 'Liver' },
    colour: '#8a4632',
    opacity: 1,
    voxels: 1,
    volumeMl: 1,
    source: 'network',
    content: url,
    verified: false,
    sureness: {
      lowMl: 1,
      highMl: 2,
      url,
      size: [1, 1, 1],
      affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
    },
    openEdges: 0,
    meshUrl: '',
    levels: [],
    labels: [],
  });

/** Questions of the desk that wait for the worker's answer. */
let asked: (() => void)[] = [];
class Answering {
  onmessage: ((event: { data: unknown }) => void) | undefined;
  postMessage({ call, task }: ToPlanWorker): void {
    const result =
      task.kind === 'bands'
        ? { kind: 'bands', meshes: bandsOf(task.mesh, Float32Array.of(1, 1, 1)) }
        : { kind: 'margin', mesh, volumeMl: 3 };
    asked.push(() => this.onmessage?.({ data: { call, result } }));
  }
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal('Worker', Answering);
  vi.stubGlobal('fetch', async () => new Response(gzipSync(Uint8Array.of(200))));
});
afterEach(() => vi.unstubAllGlobals());

function room() {
  let shown: readonly Structure[] = [liver('/first')];
  let shapes: readonly Shape[] = [];
  let replaced: ReadonlySet<string> = new Set();
  const steps: { undo(): void; redo(): void }[] = [];
  const held = { size: [1, 1, 1], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] };
  const voxels = {
    voxelsOf: async () => held,
    edgesOf: () => Uint32Array.of(0, 1),
  } as unknown as EditSession;
  const desk = new PlanDesk(
    {
      engine: {
        meshOf: () => mesh,
        setShapes: (now) => {
          shapes = now;
        },
      },
      structures: () => shown,
      colourOf: () => '#ffffff',
      isVisible: () => true,
      cuts: () => [],
      addCut: () => undefined,
      removeCut: () => undefined,
      me: () => ({ id: 'a', name: 'A' }),
      push: (step) => steps.push(step),
      replaced: (keys) => {
        replaced = keys;
      },
      redraw: () => undefined,
    },
    voxels,
  );
  return {
    desk,
    steps,
    shapes: () => shapes.map((s) => s.key),
    replaced: () => [...replaced],
    show: (now: readonly Structure[]) => {
      shown = now;
    },
    /** Waits until the worker has been asked, then lets it answer. */
    answer: async () => {
      await vi.waitFor(() => expect(asked).not.toHaveLength(0));
      for (const answer of asked.splice(0)) answer();
    },
  };
}
const first = liver('/first');

async function withBands() {
  const r = room();
  const doing = r.desk.setSure(first, true);
  await r.answer();
  await doing;
  expect(r.shapes()).toEqual(['sure-3']);
  expect(r.replaced()).toEqual(['liver']);
  return r;
}

test('a surface is coloured by its margin, and one step takes it back', async () => {
  const r = await withBands();
  r.steps[0]?.undo();
  expect(r.shapes()).toEqual([]);
  expect(r.replaced()).toEqual([]);
  r.steps[0]?.redo();
  expect(r.shapes()).toEqual(['sure-3']);
});

test('the colours go when the structure is changed, and neither undo nor redo brings them back', async () => {
  const r = await withBands();
  const { sureness: _, ...edited } = first;
  r.show([edited]);
  await r.desk.sync();
  expect(r.shapes()).toEqual([]);
  expect(r.replaced()).toEqual([]);
  expect(r.desk.state.get().sureOf).toBeUndefined();
  r.steps[0]?.undo();
  r.steps[0]?.redo();
  expect(r.shapes()).toEqual([]);
  r.show([liver('/second')]);
  r.steps[0]?.redo();
  expect(r.shapes()).toEqual([]);
});

test('colours that arrive after the structure was changed are not shown', async () => {
  const r = room();
  const doing = r.desk.setSure(first, true);
  r.show([liver('/second')]);
  await r.answer();
  await doing;
  expect(r.shapes()).toEqual([]);
  expect(r.steps).toEqual([]);
});

test.each(['sure', 'margin'] as const)(
  '%s of a series that was left is not drawn',
  async (what) => {
    const r = room();
    const doing = what === 'sure' ? r.desk.setSure(first, true) : r.desk.setMargin(first, 5);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    r.desk.clear();
    await r.answer();
    await doing;
    expect(r.shapes()).toEqual([]);
    expect(r.steps).toEqual([]);
  },
);

test('a shell is made anew when its structure is changed, also when it comes back by undo', async () => {
  const r = room();
  const doing = r.desk.setMargin(first, 5);
  await r.answer();
  await doing;
  expect(r.desk.state.get().margin).toEqual({ key: 'liver', mm: 5, ml: 3 });

  r.show([{ ...first, voxels: 7 }]);
  await r.desk.sync();
  // What it was is gone at once; what it is now is on its way.
  expect(r.shapes()).toEqual([]);
  expect(r.desk.state.get().margin).toBeUndefined();
  await r.answer();
  await vi.waitFor(() => expect(r.shapes()).toEqual(['margin-liver']));
  expect(r.desk.state.get().margin).toEqual({ key: 'liver', mm: 5, ml: 3 });
  // Nobody did that: there is one step, and it takes the shell away.
  expect(r.steps).toHaveLength(1);
  r.steps[0]?.undo();
  expect(r.shapes()).toEqual([]);
  r.show([{ ...first, voxels: 8 }]);
  r.steps[0]?.redo();
  expect(r.shapes()).toEqual([]);
  await r.answer();
  await vi.waitFor(() => expect(r.shapes()).toEqual(['margin-liver']));
});

test('a shell goes with its structure', async () => {
  const r = room();
  const doing = r.desk.setMargin(first, 5);
  await r.answer();
  await doing;
  r.show([]);
  await r.desk.sync();
  expect(r.shapes()).toEqual([]);
  expect(r.desk.state.get().margin).toBeUndefined();
  expect(asked).toEqual([]);
});

test('a step of a series that was left draws nothing', async () => {
  const r = await withBands();
  const doing = r.desk.setMargin(first, 5);
  await r.answer();
  await doing;
  expect(r.shapes()).toEqual(['margin-liver', 'sure-3']);
  r.desk.clear();
  for (const step of [...r.steps].reverse()) step.undo();
  for (const step of r.steps) step.redo();
  expect(r.shapes()).toEqual([]);
  expect(r.desk.state.get()).toMatchObject({ margin: undefined, sureOf: undefined });
});
