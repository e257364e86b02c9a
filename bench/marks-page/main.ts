import { type Mark, mark, volumeManifest } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createEngine, type View } from '../../web/src/engine/index.ts';
import {
  type DrawingTool,
  type MarkEditor,
  type MarksModel,
  MarksOverlay,
  noLiveInk,
} from '../../web/src/marks/index.ts';
import { attachPointers } from '../../web/src/pointer/index.ts';

/** What bench/marks.bench.ts and bench/ink.bench.ts call through the page. */
export interface MarksHarness {
  /** @param kind `spread`: over all slices; `one`: all on the middle slice. */
  fill(count: number, kind: 'spread' | 'one'): void;
  /** Scrolls (or pans) so many frames. ms per frame until its pixels are there; ms of script of marks. */
  frames(count: number, by: 'scroll' | 'pan'): Promise<{ frame: number[]; script: number[] }>;
  /** ms per hit-test. */
  hits(count: number): number;
  pick(tool: DrawingTool | undefined): void;
  /** ms from each pointer event to the frame that shows its ink. */
  latencies: number[];
  marks(): number;
}
declare global {
  interface Window {
    marksHarness: MarksHarness;
  }
}

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
};

const engine = await createEngine({ onProblem: (p) => console.error(p.code) });
const real = engine.attach(element('view'), 'axial');
const session = engine.showVolume(
  volumeManifest.parse(await (await fetch('/manifest/bench')).json()),
);
await session.done;

/** Steps taken so far, to and fro: at the last slice nothing would be drawn. */
let scrolled = 0;
let scripts = 0;
/** The same view, with the time that listeners of its frames take added up. */
const view = new Proxy(real, {
  get(target, key) {
    if (key === 'onRendered') {
      return (listener: Parameters<View['onRendered']>[0]) =>
        target.onRendered((p) => {
          const started = performance.now();
          listener(p);
          scripts += performance.now() - started;
        });
    }
    const value = Reflect.get(target, key) as unknown;
    return typeof value === 'function' ? value.bind(target) : value;
  },
});

let list: readonly Mark[] = [];
let tool: DrawingTool | undefined;
let editor: MarkEditor | undefined;
let next = 0;
const listeners = new Set<() => void>();
const changed = (marks: readonly Mark[]): void => {
  list = marks;
  for (const listener of listeners) listener();
};
const model: MarksModel = {
  list: () => list,
  subscribe: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  add: (added) => changed([...list, added]),
  change: () => undefined,
};
const colours = ['#4fd1c5', '#ff9f43', '#5cb8ff', '#f0e442'];
const compose = (kind: Mark['kind'], points: readonly Vec3[], z: number): Mark =>
  mark.parse({
    version: 2,
    id: `m${next++}`,
    kind,
    frameOfReferenceUid: '2.25.2',
    volumeId: 'bench',
    plane: { point: [0, 0, z], normal: [0, 0, -1] },
    points,
    label: '',
    colour: colours[next % 4],
    author: { id: `u${next % 4}`, name: 'A' },
    createdAt: new Date(0).toISOString(),
    hidden: false,
  });

createRoot(element('overlay')).render(
  createElement(MarksOverlay, {
    view,
    model,
    place: { space: 'patient', frameOfReferenceUid: '2.25.2', isSlice: true },
    handOf: () => ({ owner: 'u0', tool, colour: colours[0] ?? '' }),
    mayEdit: true,
    selected: undefined,
    onSelect: () => undefined,
    compose: (kind, { points, plane, stroke, width }, { colour }) => ({
      ...compose('arrow', [plane.point, plane.point], plane.point[2]),
      kind,
      points: points.map((p): [number, number, number] => [p[0], p[1], p[2]]),
      plane,
      colour,
      ...(stroke && { stroke }),
      ...(width !== undefined && { width }),
    }),
    groundOf: () => ({ volume: session.fullVolume(), unit: 'HU' }),
    language: 'zh',
    textSize: 13,
    live: noLiveInk,
    onEditor: (made) => {
      editor = made;
    },
  }),
);
attachPointers(element('view'), {
  begin: (sample) => editor?.begin(sample),
  pinch: () => undefined,
});

const latencies: number[] = [];
element('view').addEventListener('pointermove', ({ timeStamp, buttons }) => {
  if (buttons === 0) return;
  requestAnimationFrame(() => {
    // A task behind the frame's callbacks runs once its paint has been recorded.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => latencies.push(performance.now() - timeStamp);
    port2.postMessage(undefined);
  });
});

/** Reads a pixel of every canvas: only then the frame has really been painted. */
function readBack(): void {
  for (const canvas of document.querySelectorAll('canvas')) {
    if (canvas.width > 0 && canvas.dataset.testid !== 'wet-axial') {
      canvas.getContext('2d')?.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
    }
  }
}
const rendered = (change: () => void): Promise<void> =>
  new Promise((resolve) => {
    const stop = real.onRendered(() => {
      stop();
      queueMicrotask(resolve);
    });
    change();
  });

window.marksHarness = {
  fill(count, kind) {
    const p = real.projection();
    if (!p) throw new Error('nothing shown');
    const half = session.manifest.size[2] / 2;
    const marks: Mark[] = [];
    for (let n = 0; n < count; n++) {
      const z = kind === 'one' ? p.plane.point[2] : Math.round(((n * 0.618) % 1) * 2 * half - half);
      const [x, y] = [((n * 0.7548776662) % 1) * 160 - 80, ((n * 0.569840291) % 1) * 130 - 65];
      const round = n % 4 === 3;
      const points: Vec3[] = round
        ? [
            [x, y, z],
            [x + 6, y, z],
            [x, y + 4, z],
          ]
        : n % 4 === 2
          ? [
              [x, y, z],
              [x + 9, y + 2, z],
              [x + 4, y + 9, z],
            ]
          : [
              [x, y, z],
              [x + 12, y + 5, z],
            ];
      marks.push(compose(round ? 'ellipse' : n % 4 === 2 ? 'angle' : 'length', points, z));
    }
    changed(marks);
  },
  async frames(count, by) {
    const [frame, script]: [number[], number[]] = [[], []];
    for (let n = 0; n < count; n++) {
      const started = performance.now();
      scripts = 0;
      await rendered(() => {
        if (by === 'pan') real.pan(n % 2 ? 1 : -1, 0);
        else real.scroll(scrolled++ % 40 < 20 ? 1 : -1);
      });
      readBack();
      frame.push(performance.now() - started);
      script.push(scripts);
    }
    return { frame, script };
  },
  hits(count) {
    const p = real.projection();
    if (!p || !editor) throw new Error('nothing shown');
    const at = (n: number) =>
      [((n * 0.7548776662) % 1) * p.size[0], ((n * 0.569840291) % 1) * p.size[1]] as const;
    const samples = Array.from({ length: count }, (_, n) => ({
      at: at(n) as unknown as Parameters<MarkEditor['hitAt']>[0]['at'],
      role: 'mouse' as const,
    }));
    const started = performance.now();
    for (const sample of samples) editor.hitAt(sample);
    return (performance.now() - started) / count;
  },
  pick(chosen) {
    tool = chosen;
  },
  latencies,
  marks: () => list.length,
};
document.body.setAttribute('data-ready', '');
