import type { Engine, View, ViewKind } from '../engine/index.ts';
import type { MarkEditor } from '../marks/index.ts';

/** The views that are on the screen, each with the editor of its marks. */
export class RoomViews {
  readonly #engine: Engine;
  readonly #views = new Map<ViewKind, View>();
  readonly #editors = new Map<ViewKind, MarkEditor>();
  readonly #geometry = new Set<() => void>();

  readonly #moved = new Set<() => void>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  attach(element: HTMLElement, kind: ViewKind): View {
    const view = watched(this.#engine.attach(element, kind), () => this.moved());
    this.#views.set(kind, view);
    return view;
  }

  detach(view: View): void {
    if (this.#views.get(view.kind) === view) this.#views.delete(view.kind);
    view.detach();
  }

  get(kind: ViewKind): View | undefined {
    return this.#views.get(kind);
  }

  /** The view of this kind, else any: keys and buttons always have something to act on. */
  orAny(kind: ViewKind): View | undefined {
    return this.#views.get(kind) ?? this.#views.values().next().value;
  }

  all(): Iterable<View> {
    return this.#views.values();
  }

  /** Planes other than this one, for crosshair lines. */
  otherPlanes(kind: ViewKind): View[] {
    return [...this.#views.values()].filter(
      (v) => v.kind !== kind && v.kind !== 'volume' && v.kind !== 'frame',
    );
  }

  setEditor(kind: ViewKind, editor: MarkEditor | undefined): void {
    if (editor) this.#editors.set(kind, editor);
    else this.#editors.delete(kind);
  }

  editor(kind: ViewKind): MarkEditor | undefined {
    return this.#editors.get(kind);
  }

  /** Drops what one person has begun by clicks and not finished. @returns whether there was anything */
  dropDraftsOf(owner: string): boolean {
    return [...this.#editors.values()].map((e) => e.cancelOf(owner)).some(Boolean);
  }

  /** Drops every unfinished mark, of one person only where they are named. @returns whether there was one */
  dropDrafts(owner?: string): boolean {
    return [...this.#editors.values()].map((e) => e.cancel(owner)).some(Boolean);
  }

  /** Another image is shown: what was begun on the one before is not finished on this one. */
  dropBegun(): void {
    for (const editor of this.#editors.values()) editor.drop();
  }

  /** Some plane turned or moved: crosshair lines in the other views lie elsewhere now. */
  onGeometry(listener: () => void): () => void {
    this.#geometry.add(listener);
    return () => this.#geometry.delete(listener);
  }

  /** A hand, a key or a button moved a view. Never from a frame that was drawn. */
  onMoved(listener: () => void): () => void {
    this.#moved.add(listener);
    return () => this.#moved.delete(listener);
  }

  moved(): void {
    for (const listener of [...this.#moved]) listener();
  }

  geometryChanged(): void {
    for (const listener of this.#geometry) listener();
  }
}

const moves: ReadonlySet<string | symbol> = new Set<keyof View>([
  'pan',
  'zoom',
  'scroll',
  'rotateOblique',
  'resetOblique',
  'orbit',
  'roll',
  'orientTo',
  'fit',
  'setCamera',
]);

/** The same view, telling whenever something moves it. */
function watched(view: View, moved: () => void): View {
  const functions = new Map<string | symbol, (...args: unknown[]) => unknown>();
  return new Proxy(view, {
    get(target, key) {
      const known = functions.get(key);
      if (known) return known;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, target, args);
        if (moves.has(key)) moved();
        return result;
      };
      functions.set(key, call);
      return call;
    },
  });
}
