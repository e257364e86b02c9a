import {
  type FrameStack,
  frameStack,
  type Structure,
  structure,
  volumeManifest,
} from '@yuepian/contract';
import { canvasPoint, type PatientPoint, type Vec3 } from '@yuepian/geometry';
import {
  createEngine,
  type Engine,
  type FrameSession,
  type Problem,
  type View,
  type ViewKind,
  type VolumeSession,
} from '../../../web/src/engine/index.ts';

/** What the tests call through the page. Plain data in and out. */
export interface Harness {
  engine: Engine;
  views: Record<ViewKind, View>;
  problems: Problem[];
  session: VolumeSession | undefined;
  frames: FrameSession | undefined;
  /** ms since navigation. */
  marks: Record<string, number>;
  show(url: string): Promise<VolumeSession>;
  showFrames(url: string): Promise<FrameSession>;
  structures(url: string): Promise<void>;
  /** Resolves after the view's next frame. */
  drawn(kind: ViewKind): Promise<void>;
  /** RGB under a CSS point of a view. */
  pixel(kind: ViewKind, x: number, y: number): number[];
  /** RGB of the pixel that shows a patient point. */
  pixelAt(kind: ViewKind, p: Vec3): number[];
  /** Random places of a view: where in the patient, and what is painted there. */
  samples(kind: ViewKind, n: number): { world: number[]; rgb: number[] }[];
  /** Brightness-weighted middle of a view's picture inside a box around a patient point, CSS px. */
  centroid(kind: ViewKind, p: Vec3, reach: number): [number, number];
  /** Runs `change`, waits for the frame it causes. */
  after(kind: ViewKind, change: () => void): Promise<void>;
  canvasOf(kind: ViewKind, p: Vec3): [number, number];
  attach(kind: ViewKind): void;
  detach(kind: ViewKind): void;
  pickAt(
    kind: ViewKind,
    x: number,
    y: number,
  ): { point: number[]; key: string | undefined } | undefined;
}
declare global {
  interface Window {
    harness: Harness;
  }
}

const kinds: readonly ViewKind[] = ['axial', 'coronal', 'sagittal', 'volume', 'frame'];
const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
};
const json = async (url: string): Promise<unknown> => (await fetch(url)).json();
const marks: Record<string, number> = {};
const problems: Problem[] = [];
const engine = await createEngine({ onProblem: (p) => problems.push(p) });
const views = Object.fromEntries(
  kinds.map((kind) => [kind, engine.attach(element(kind), kind)]),
) as Record<ViewKind, View>;

const canvasOf = (kind: ViewKind, p: Vec3): [number, number] => {
  const q = views[kind].projection()?.toCanvas(p as unknown as PatientPoint);
  if (!q) throw new Error('nothing shown');
  return [q[0], q[1]];
};
const pixel = (kind: ViewKind, x: number, y: number): number[] => {
  const canvas = views[kind].element.querySelector('canvas');
  const context = canvas?.getContext('2d');
  if (!canvas || !context) throw new Error('no canvas');
  const scale = canvas.width / Number.parseFloat(canvas.style.width);
  const data = context.getImageData(Math.floor(x * scale), Math.floor(y * scale), 1, 1).data;
  return [data[0] ?? 0, data[1] ?? 0, data[2] ?? 0];
};

window.harness = {
  engine,
  views,
  problems,
  session: undefined,
  frames: undefined,
  marks,
  async show(url) {
    const session = engine.showVolume(volumeManifest.parse(await json(url)));
    window.harness.session = session;
    session.onProgress((p) => {
      marks[`level${p.shown ?? 'none'}`] ??= performance.now();
    });
    return session;
  },
  async showFrames(url) {
    const stack: FrameStack = frameStack.parse(await json(url));
    element('frame').style.display = 'block';
    const session = engine.showFrames(stack);
    window.harness.frames = session;
    return session;
  },
  async structures(url) {
    const found = (await json(url)) as {
      structures: unknown[];
      labelMap?: { level: number; url: string };
    };
    const list: Structure[] = found.structures.map((s) => structure.parse(s));
    engine.setStructures(
      list.map((s) => ({ ...s, visible: true })),
      found.labelMap,
    );
  },
  drawn: (kind) =>
    new Promise((resolve) => {
      const off = views[kind].onRendered(() => {
        off();
        resolve();
      });
    }),
  pixel,
  pixelAt: (kind, p) => pixel(kind, ...canvasOf(kind, p)),
  samples: (kind, n) => {
    const projection = views[kind].projection();
    if (!projection) throw new Error('nothing shown');
    // A fixed sequence: the additive recurrence of the golden ratio fills the square evenly.
    return Array.from({ length: n }, (_, i) => {
      const x = Math.floor(projection.size[0] * ((0.5 + i * 0.7548776662) % 1)) + 0.5;
      const y = Math.floor(projection.size[1] * ((0.5 + i * 0.569840291) % 1)) + 0.5;
      return { world: [...projection.toWorld(canvasPoint(x, y))], rgb: pixel(kind, x, y) };
    });
  },
  centroid: (kind, p, reach) => {
    const canvas = views[kind].element.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) throw new Error('no canvas');
    const ratio = canvas.width / Number.parseFloat(canvas.style.width);
    const [cx, cy] = canvasOf(kind, p);
    const [x0, y0] = [Math.round((cx - reach) * ratio), Math.round((cy - reach) * ratio)];
    const n = Math.round(2 * reach * ratio);
    const { data } = context.getImageData(x0, y0, n, n);
    let [sum, sx, sy] = [0, 0, 0];
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        const v = data[(y * n + x) * 4] ?? 0;
        sum += v;
        sx += v * (x0 + x + 0.5);
        sy += v * (y0 + y + 0.5);
      }
    }
    return [sx / sum / ratio, sy / sum / ratio];
  },
  after: async (kind, change) => {
    const drawn = window.harness.drawn(kind);
    change();
    views[kind].setQuality('still');
    await drawn;
  },
  canvasOf,
  attach: (kind) => {
    views[kind] = engine.attach(element(kind), kind);
  },
  detach: (kind) => views[kind].detach(),
  pickAt: (kind, x, y) => {
    const found = views[kind].pick(canvasPoint(x, y));
    return found && { point: [...found.point], key: found.structureKey };
  },
};
document.body.setAttribute('data-ready', '');
