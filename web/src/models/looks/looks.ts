import { add, scale, subtract, type Vec3 } from '@yuepian/geometry';
import type { CameraState, Engine, Projection, View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import { createStore, type Store } from '../../ui/index.ts';
import { type Clip, handlesOf, moved, noClip, planesOf, travel } from './clip.ts';

export interface LookState {
  readonly clip: Clip;
  /** 0 in place; 1 doubles every distance from the middle. */
  readonly explode: number;
}

export interface LookPort {
  readonly engine: Pick<Engine, 'setClip' | 'setOffsets' | 'structureBounds'>;
  /** Keys of the structures that are drawn. */
  readonly shownKeys: () => readonly string[];
  readonly push: (step: { undo(): void; redo(): void }) => void;
  readonly redraw: () => void;
  /** Diameter of something to take hold of on this screen, CSS pixels. */
  readonly target: () => number;
}

/** How the 3D view shows what is there: cut open, taken apart. Local to this window. */
export class LookDesk {
  readonly state: Store<LookState>;
  readonly #port: LookPort;

  constructor(port: LookPort) {
    this.#port = port;
    this.state = createStore<LookState>({ clip: noClip, explode: 0 });
  }

  /** One step to undo. */
  setClip(clip: Clip): void {
    const before = this.state.get().clip;
    this.#show(clip);
    this.#step(
      () => this.#show(before),
      () => this.#show(clip),
    );
  }

  /** While a slider moves; `commitExplode` makes it a step. */
  explode(amount: number): void {
    this.state.set({ explode: amount });
    this.refresh();
  }

  commitExplode(before: number): void {
    const now = this.state.get().explode;
    if (before !== now)
      this.#step(
        () => this.explode(before),
        () => this.explode(now),
      );
  }

  /** Structures came, went or were hidden: the middle is another one. */
  refresh(): void {
    const { explode } = this.state.get();
    const { engine } = this.#port;
    const offsets = new Map<string, Vec3>();
    if (explode > 0) {
      const centres = this.#port.shownKeys().flatMap((key) => {
        const bounds = engine.structureBounds(key);
        return bounds ? [[key, bounds.centre] as const] : [];
      });
      const sum = centres.reduce<Vec3>((s, [, c]) => add(s, c), [0, 0, 0]);
      const middle = scale(sum, 1 / Math.max(1, centres.length));
      for (const [key, c] of centres) offsets.set(key, scale(subtract(c, middle), explode));
    }
    engine.setOffsets(offsets);
  }

  clear(): void {
    this.state.set({ clip: noClip, explode: 0 });
    this.#port.engine.setClip([]);
    this.#port.engine.setOffsets(new Map());
  }

  /** A handle of the clip under the pointer begins a drag. */
  begin(view: View, first: PointerSample): Stroke | undefined {
    if (view.kind !== 'volume') return undefined;
    const p = view.projection();
    const before = this.state.get().clip;
    if (!p) return undefined;
    const reach = this.#port.target() / 2;
    const handle = handlesOf(before)
      .map((h) => ({ h, c: p.toCanvas(h.at) }))
      .map(({ h, c }) => ({ h, d: Math.hypot(c[0] - first.at[0], c[1] - first.at[1]) }))
      .filter(({ d }) => d <= reach)
      .toSorted((a, b) => a.d - b.d)[0]?.h;
    if (!handle) return undefined;
    const start = p.toWorld(first.at);
    const at = (s: PointerSample): Clip =>
      moved(before, handle.name, travel(handle.along, start, p.toWorld(s.at), p.plane));
    view.setQuality('interactive');
    return {
      move: (s) => this.#show(at(s)),
      end: (s) => {
        view.setQuality('still');
        const after = at(s);
        this.#show(after);
        this.#step(
          () => this.#show(before),
          () => this.#show(after),
        );
      },
      cancel: () => {
        view.setQuality('still');
        this.#show(before);
      },
    };
  }

  draw(context: CanvasRenderingContext2D, p: Projection): void {
    const radius = this.#port.target() / 2;
    context.save();
    for (const { at, along } of handlesOf(this.state.get().clip)) {
      const c = p.toCanvas(at);
      const tip = p.toCanvas([0, 1, 2].map((a) => (at[a] ?? 0) + (along[a] ?? 0)) as never);
      const length = Math.hypot(tip[0] - c[0], tip[1] - c[1]) || 1;
      const [dx, dy] = [(tip[0] - c[0]) / length, (tip[1] - c[1]) / length];
      context.beginPath();
      context.arc(c[0], c[1], radius * 0.62, 0, 2 * Math.PI);
      context.fillStyle = 'rgb(13 15 18 / 72%)';
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = '#5ab0ff';
      context.stroke();
      context.beginPath();
      for (const way of [1, -1]) {
        const [x, y] = [c[0] + way * dx * radius * 0.4, c[1] + way * dy * radius * 0.4];
        const [bx, by] = [way * dx * radius * 0.22, way * dy * radius * 0.22];
        context.moveTo(x - bx - by, y - by + bx);
        context.lineTo(x, y);
        context.lineTo(x - bx + by, y - by - bx);
      }
      context.stroke();
    }
    context.restore();
  }

  #show(clip: Clip): void {
    this.state.set({ clip });
    this.#port.engine.setClip(planesOf(clip));
    this.#port.redraw();
  }

  #step(undo: () => void, redo: () => void): void {
    this.#port.push({ undo, redo });
  }
}

const flightMs = 160;

/** The 3D camera comes to a place, the way it looks; at once where motion is not wanted. */
export function flyTo(view: View, centre: Vec3, radius: number): void {
  const from = view.camera();
  if (!from) return;
  const to: CameraState = { ...from, centre: [...centre], halfExtent: Math.max(20, radius * 1.25) };
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    view.setCamera(to);
    return;
  }
  const start = performance.now();
  const step = (now: number): void => {
    const t = Math.min(1, (now - start) / flightMs);
    const s = t * t * (3 - 2 * t);
    const mix = (a: number, b: number): number => a + (b - a) * s;
    const [x, y, z] = [0, 1, 2].map((a) => mix(from.centre[a] ?? 0, to.centre[a] ?? 0));
    view.setCamera({
      ...to,
      centre: [x ?? 0, y ?? 0, z ?? 0],
      halfExtent: mix(from.halfExtent, to.halfExtent),
    });
    if (t < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
