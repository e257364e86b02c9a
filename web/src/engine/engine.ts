import type { FrameStack, StructureLook, VoiWindow, VolumeManifest } from '@yuepian/contract';
import type { PatientPoint, Vec3 } from '@yuepian/geometry';
import { probe } from './capabilities.ts';
import { DecodePool } from './decode-pool.ts';
import { Emitter } from './emitter.ts';
import { FrameLoading } from './frame-session.ts';
import { type FrameScene, FrameView } from './frame-view.ts';
import { FrameWindows } from './frame-windows.ts';
import { insidePoint } from './labels.ts';
import { Levels } from './levels.ts';
import { Models } from './models.ts';
import { Outlines } from './outlines.ts';
import { ownError } from './own-error.ts';
import { PlaneView } from './plane-view.ts';
import { defaultPreset, defaultWindowsFor, followsWindow, volumePresets } from './presets.ts';
import { centreOf, clampTo, emptyScene, type Scene, shownVolume } from './scene.ts';
import { SolidView } from './solid-view.ts';
import type {
  Capabilities,
  ClipPlane,
  Engine,
  EngineOptions,
  FrameSession,
  LabelMapInput,
  MeshData,
  Problem,
  Shape,
  Slab,
  StructureInput,
  Unsubscribe,
  View,
  ViewKind,
  VolumePreset,
  VolumeSession,
  Window,
} from './types.ts';
import { LoadingAhead, VolumeLoading } from './volume-session.ts';

let only: Promise<Engine> | undefined;

/**
 * The tab's one engine; asked for again it is the same one (graphics memory is not given back, so a
 * second must never exist). `options` of later calls replace the earlier ones.
 */
export function createEngine(options: EngineOptions): Promise<Engine> {
  current = options;
  only ??= Promise.resolve().then(() => new TheEngine());
  return only;
}
let current: EngineOptions = { onProblem: () => undefined };

class TheEngine implements Engine {
  readonly capabilities: Capabilities = probe();
  readonly volumePresets: readonly VolumePreset[] = volumePresets;
  readonly #pool = new DecodePool();
  readonly #planes = new Set<PlaneView>();
  readonly #solids = new Set<SolidView>();
  readonly #frameViews = new Set<FrameView>();
  readonly #crosshairMoved = new Emitter<PatientPoint>();
  readonly #scene: Scene;
  readonly #frames: FrameScene;
  readonly #outlines: Outlines;
  readonly #levels: Levels;
  #ahead: LoadingAhead | undefined;
  #volumeSession: VolumeLoading | undefined;
  #frameSession: FrameLoading | undefined;
  #frameWindows: FrameWindows | undefined;
  #defaultWindows: readonly VoiWindow[] = [];

  constructor() {
    const { capabilities } = this;
    this.#pool.warm();
    const models = new Models({
      pool: this.#pool,
      software: capabilities.software,
      changed: () => this.#modelsChanged(),
      came: () => this.#redrawSolids(),
      failed: (key, url, error) =>
        this.#problem({ code: 'mesh_failed', error, details: { key, url } }),
    });
    this.#scene = emptyScene(models, capabilities.software);
    this.#outlines = new Outlines({
      scene: this.#scene,
      pool: this.#pool,
      window: () => this.#levels.card?.stage.glWindow,
      max3dTextureSize: capabilities.max3dTextureSize,
      changed: () => this.#redrawPlanes(),
      failed: (url, error) => this.#problem({ code: 'labels_failed', error, details: { url } }),
    });
    this.#levels = new Levels({
      capabilities,
      scene: this.#scene,
      planes: this.#planes,
      solids: this.#solids,
      // Meshes and labels that came before the card.
      ready: () => this.#modelsChanged(),
      problem: (problem) => this.#problem(problem),
    });
    this.#frames = {
      frame: undefined,
      window: { centre: 128, width: 256 },
      inverted: false,
      scrollBy: (steps) => this.#frameSession?.show(this.#frameSession.index + steps),
    };
  }

  attach(element: HTMLElement, kind: ViewKind): View {
    if (kind === 'frame') {
      const view: FrameView = new FrameView({
        element,
        scene: this.#frames,
        onDetach: () => this.#frameViews.delete(view),
      });
      this.#frameViews.add(view);
      view.reset();
      return view;
    }
    if (kind === 'volume') {
      const view: SolidView = new SolidView({
        element,
        scene: this.#scene,
        card: this.#levels.card,
        sharpen: () => this.#levels.sharpen(),
        onDetach: () => this.#solids.delete(view),
      });
      this.#solids.add(view);
      return view;
    }
    const view: PlaneView = new PlaneView({
      element,
      kind,
      scene: this.#scene,
      card: this.#levels.card,
      moveCrosshair: (p) => this.#moveCrosshair(p, false),
      sharpen: () => this.#levels.sharpen(),
      onDetach: () => this.#planes.delete(view),
    });
    this.#planes.add(view);
    return view;
  }

  prepare(manifest: VolumeManifest): void {
    if (this.#volumeSession || this.#ahead?.manifest.id === manifest.id) return;
    this.#ahead?.drop();
    this.#ahead = new LoadingAhead(manifest, this.#pool, this.#finestLevel());
  }

  showVolume(manifest: VolumeManifest, options: { signal?: AbortSignal } = {}): VolumeSession {
    this.clear();
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const scene = this.#scene;
    const shown = shownVolume(
      { size: manifest.size, affine: manifest.affine },
      manifest.voxelType !== 'float32',
    );
    scene.shown = shown;
    this.#defaultWindows =
      manifest.windows.length > 0
        ? manifest.windows
        : defaultWindowsFor(manifest.modality, manifest.valueRange);
    const first = this.#defaultWindows[0];
    if (first) scene.window = { centre: first.centre, width: first.width };
    scene.windows = this.#defaultWindows;
    scene.inverted = manifest.invert;
    scene.slab = { mode: 'none', thickness: 0 };
    scene.preset = defaultPreset(manifest.modality);
    scene.crosshair = centreOf(shown);
    const session: VolumeLoading = new VolumeLoading({
      manifest,
      pool: this.#pool,
      host: {
        begin: (level, volume) =>
          this.#levels.begin(session, level, volume, () => this.#volumeSession === session),
      },
      finest: this.#finestLevel(),
      ahead: ahead?.take(manifest),
      signal: options.signal,
      onClose: () => {
        if (this.#volumeSession === session) this.clear();
      },
    });
    this.#volumeSession = session;
    this.#levels.expect();
    scene.hurried = this.capabilities.software;
    session.done
      .catch((error: unknown) => {
        if (this.#volumeSession !== session) return;
        this.#problem({ code: 'volume_failed', error: ownError(error), details: {} });
      })
      .finally(() => {
        if (this.#volumeSession !== session) return;
        scene.hurried = false;
        for (const v of this.#solids) v.settle();
      });
    for (const v of [...this.#planes, ...this.#solids]) v.reset();
    this.#crosshairMoved.emit(scene.crosshair);
    return session;
  }

  showFrames(stack: FrameStack, options: { signal?: AbortSignal } = {}): FrameSession {
    this.clear();
    const windows = new FrameWindows(stack);
    this.#frameWindows = windows;
    this.#frames.window = windows.window;
    const session: FrameLoading = new FrameLoading({
      stack,
      signal: options.signal,
      show: (pixels, index) => {
        if (this.#frameSession !== session) return;
        const frame = stack.frames[index];
        if (frame) windows.shown(frame, pixels);
        this.#frames.window = windows.window;
        this.#frames.frame = {
          pixels,
          spacing: frame?.pixelSpacing,
          invert: frame?.invert ?? false,
          edges: frame?.edges,
          windows: frame?.windows ?? [],
          luts: stack.voiLuts ?? [],
        };
        for (const v of this.#frameViews) v.changed();
      },
      hide: () => {
        if (this.#frameSession !== session) return;
        this.#frames.frame = undefined;
        for (const v of this.#frameViews) v.changed();
      },
      failed: (index, error) =>
        this.#problem({ code: 'frame_failed', error, details: { frame: index + 1 } }),
    });
    this.#frameSession = session;
    for (const v of this.#frameViews) v.reset();
    return session;
  }

  clear(): void {
    const session = this.#volumeSession;
    this.#volumeSession = undefined;
    session?.close();
    this.#frameSession?.close();
    this.#frameSession = undefined;
    this.#frames.frame = undefined;
    this.#frames.inverted = false;
    const scene = this.#scene;
    scene.models.clear();
    scene.clip = [];
    this.#outlines.clear();
    const texture = scene.shown?.texture;
    scene.shown = undefined;
    scene.crosshair = undefined;
    scene.hurried = false;
    for (const v of this.#solids) {
      v.texture();
      v.reset();
    }
    for (const v of this.#planes) v.reset();
    for (const v of this.#frameViews) v.reset();
    texture?.release();
    this.#levels.card?.stage.purge();
  }

  setStructures(structures: readonly StructureInput[], labelMap?: LabelMapInput): void {
    this.#scene.models.set(structures);
    this.#outlines.set(labelMap, this.#volumeSession?.manifest.levels ?? []);
  }

  updateLook(key: string, look: Partial<StructureLook>): void {
    this.#scene.models.look(key, look);
  }

  structureBounds(key: string): { centre: PatientPoint; radius: number } | undefined {
    return this.#scene.models.bounds(key);
  }

  structurePoint(key: string): PatientPoint | undefined {
    const { labels, models } = this.#scene;
    const structure = labels && models.labelled().find((s) => s.key === key);
    return (structure && insidePoint(labels, structure.labels)) ?? models.bounds(key)?.centre;
  }

  setMesh(key: string, mesh: MeshData | undefined): void {
    this.#scene.models.give(key, mesh);
  }

  meshOf(key: string): MeshData | undefined {
    return this.#scene.models.data(key);
  }

  setShapes(shapes: readonly Shape[]): void {
    this.#scene.models.setShapes(shapes);
  }

  setOffsets(offsets: ReadonlyMap<string, Vec3>): void {
    this.#scene.models.setOffsets(offsets);
  }

  setClip(planes: readonly ClipPlane[]): void {
    this.#scene.clip = planes;
    for (const v of this.#solids) v.look();
  }

  get crosshair(): PatientPoint | undefined {
    return this.#scene.crosshair;
  }

  jumpTo(p: PatientPoint): void {
    this.#moveCrosshair(p, true);
  }

  onCrosshair(listener: (p: PatientPoint) => void): Unsubscribe {
    return this.#crosshairMoved.on(listener);
  }

  get window(): Window {
    return this.#frameSession ? this.#frames.window : this.#scene.window;
  }

  setWindow(w: Window | undefined): void {
    if (w && (!Number.isFinite(w.centre) || !(w.width > 0))) return;
    if (this.#frameSession) {
      this.#frameWindows?.choose(w);
      this.#frames.window = this.#frameWindows?.window ?? this.#frames.window;
      for (const v of this.#frameViews) v.changed();
      return;
    }
    const next = w ?? this.#defaultWindows[0];
    if (!next) return;
    this.#scene.window = { centre: next.centre, width: next.width };
    this.#redrawPlanes();
    if (followsWindow(this.#scene.preset)) for (const v of this.#solids) v.look();
  }

  get defaultWindows(): readonly VoiWindow[] {
    return this.#frameSession ? (this.#frameWindows?.own ?? []) : this.#defaultWindows;
  }

  setInvert(invert: boolean): void {
    this.#scene.inverted = invert;
    this.#frames.inverted = invert;
    this.#redrawPlanes();
    for (const v of this.#frameViews) v.changed();
  }

  setSlab(s: Slab): void {
    this.#scene.slab = { mode: s.mode, thickness: Math.max(0, s.thickness) };
    this.#redrawPlanes();
  }

  setOutlines(on: boolean): void {
    this.#scene.outlines = on;
    this.#outlines.refresh();
    this.#redrawPlanes();
  }

  setVolumePreset(name: string): void {
    this.#scene.preset = name;
    for (const v of this.#solids) v.look();
  }

  setVolumeVisible(visible: boolean): void {
    this.#scene.volumeVisible = visible;
    for (const v of this.#solids) v.look();
  }

  setModelsVisible(visible: boolean): void {
    this.#scene.modelsVisible = visible;
    this.#modelsChanged();
  }

  #problem(problem: Problem): void {
    current.onProblem(problem);
  }

  /** Phones stop at the second level: their browsers are closed by the system above some 400 MB. */
  #finestLevel(): number {
    if (current.finestLevel !== undefined) return current.finestLevel;
    const memory = (navigator as Navigator & { deviceMemory?: number }).deviceMemory ?? 8;
    const phone = matchMedia('(pointer: coarse) and (max-width: 820px)').matches;
    return phone || memory <= 2 ? 1 : 0;
  }

  #moveCrosshair(p: PatientPoint, keepInSight: boolean): void {
    const { shown, crosshair } = this.#scene;
    if (!shown || !p.every(Number.isFinite)) return;
    const next = clampTo(shown, p);
    this.#scene.crosshair = next;
    for (const v of this.#planes) v.follow(keepInSight);
    const moved = !crosshair || next.some((x, a) => x !== crosshair[a]);
    if (moved) this.#crosshairMoved.emit(next);
  }

  #modelsChanged(): void {
    this.#outlines.refresh();
    this.#redrawSolids();
    if (this.#scene.outlines) this.#redrawPlanes();
  }

  #redrawSolids(): void {
    for (const v of this.#solids) v.invalidate();
  }

  #redrawPlanes(): void {
    for (const v of this.#planes) v.invalidate();
  }
}
