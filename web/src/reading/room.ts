import {
  type MarkId,
  may,
  type Structure,
  type StructureLook,
  type StudyDetail,
  type User,
  type ViewState,
} from '@yuepian/contract';
import { type PatientPoint, patientPoint, toVoxel, type Vec3 } from '@yuepian/geometry';
import type { CaseConnection, CaseContent, CaseDocument, ViewPatch } from '../case/index.ts';
import type {
  Engine,
  FrameSession,
  View,
  ViewKind,
  VolumePreset,
  VolumeSession,
  Window,
} from '../engine/index.ts';
import type { MarkEditor } from '../marks/index.ts';
import { createStore, type Store } from '../ui/index.ts';
import { type EngineKit, lastingProblems, whenProblem } from './load-engine.ts';
import type { Layout, RoomState, Shown, Tool, VolumeView } from './room-state.ts';
import { firstTarget, refreshed, targetId } from './targets.ts';
import { throttle } from './throttle.ts';
import { draggedWindow } from './windows.ts';

/** How long a hand may rest before where it is goes into the document. */
const driftMs = 300;

const defaults = {
  layout: 'four',
  slab: { mode: 'none', thickness: 10 },
  modelsVisible: true,
  outlines: true,
} as const satisfies Partial<ViewState>;

export interface RoomParts {
  readonly kit: EngineKit;
  readonly connection: CaseConnection;
  readonly study: StudyDetail;
  readonly me: User;
}

/**
 * One open study: ties the engine (pixels), the case document (what is kept) and the state of this
 * window together. Everything a person decides goes into the document first and from there to the
 * engine, so undo, another tab and a second person need no path of their own.
 */
export class Room {
  readonly state: Store<RoomState>;
  readonly engine: Engine;
  readonly scaleBar: EngineKit['scaleBar'];
  readonly document: CaseDocument;
  readonly connection: CaseConnection;
  readonly me: User;
  readonly mayAnnotate: boolean;
  readonly #views = new Map<ViewKind, View>();
  readonly #editors = new Map<ViewKind, MarkEditor>();
  readonly #geometry = new Set<() => void>();
  readonly #stops: (() => void)[] = [];
  readonly #drift = throttle<ViewPatch>(driftMs, (v) => this.#writeDrift(v));
  #drifting: ViewPatch = {};
  /** The document is being told where the engine already is; the engine needs no telling back. */
  #isEcho = false;
  #volume: VolumeSession | undefined;
  #frames: FrameSession | undefined;
  #sessionStops: (() => void)[] = [];
  #applied: CaseContent | undefined;
  #structures: readonly Structure[] = [];

  constructor({ kit, connection, study, me }: RoomParts) {
    this.engine = kit.engine;
    this.scaleBar = kit.scaleBar;
    this.connection = connection;
    this.document = connection.document;
    this.me = me;
    this.mayAnnotate = may(me.role, 'annotate');
    this.state = createStore<RoomState>({
      study,
      shown: undefined,
      tool: 'navigate',
      activeView: 'axial',
      selectedMark: undefined,
      presenting: false,
      panelOpen: true,
      phoneView: 'axial',
      progress: undefined,
      frame: undefined,
      window: undefined,
      crosshair: undefined,
      touched: undefined,
      problems: lastingProblems(),
      failure: undefined,
    });
    this.#stops.push(
      this.document.subscribe(() => this.#apply()),
      this.engine.onCrosshair((p) => this.#crosshairMoved(p)),
      whenProblem((p) => this.state.set((s) => ({ problems: [...s.problems, p] }))),
    );
  }

  /** Shows what the study opens with. Called once the document has arrived, or could not. */
  open(): void {
    const target = firstTarget(this.state.get().study, this.document.content.view);
    if (target) this.#show(target);
  }

  /** The study changed on the server: new models, a series that became ready. */
  update(study: StudyDetail): void {
    const { shown } = this.state.get();
    this.state.set({ study });
    if (!shown) {
      this.open();
      return;
    }
    const next = refreshed(study, shown);
    if (!next) return;
    this.state.set({ shown: next });
    if (next.kind === 'volume') this.#showStructures(next);
  }

  close(): void {
    for (const stop of [...this.#stops, ...this.#sessionStops]) stop();
    this.#drift.flush();
    this.#volume?.close();
    this.#frames?.close();
    this.engine.clear();
    this.connection.close();
  }

  // --- views -------------------------------------------------------------------------------------

  attach(element: HTMLElement, kind: ViewKind): View {
    const view = this.engine.attach(element, kind);
    this.#views.set(kind, view);
    return view;
  }

  detach(view: View): void {
    if (this.#views.get(view.kind) === view) this.#views.delete(view.kind);
    view.detach();
  }

  view(kind: ViewKind): View | undefined {
    return this.#views.get(kind);
  }

  get activeView(): View | undefined {
    return this.#views.get(this.state.get().activeView) ?? this.#views.values().next().value;
  }

  setEditor(kind: ViewKind, editor: MarkEditor | undefined): void {
    if (editor) this.#editors.set(kind, editor);
    else this.#editors.delete(kind);
  }

  editor(kind: ViewKind): MarkEditor | undefined {
    return this.#editors.get(kind);
  }

  /** Some plane turned or moved: crosshair lines in the other views lie elsewhere now. */
  onGeometry(listener: () => void): () => void {
    this.#geometry.add(listener);
    return () => this.#geometry.delete(listener);
  }

  geometryChanged(): void {
    for (const listener of this.#geometry) listener();
  }

  /** Planes other than this one, for crosshair lines. */
  otherPlanes(kind: ViewKind): View[] {
    return [...this.#views.values()].filter(
      (v) => v.kind !== kind && v.kind !== 'volume' && v.kind !== 'frame',
    );
  }

  // --- what is shown -----------------------------------------------------------------------------

  /** A person chooses another series; window and slab start afresh, as they belong to its pixels. */
  choose(target: Shown): void {
    const { shown } = this.state.get();
    if (shown && targetId(shown) === targetId(target)) return;
    this.#drifts({});
    this.#settle();
    this.document.setView({
      seriesInstanceUid: target.series.seriesInstanceUid,
      volumeId: targetId(target),
      window: undefined,
      crosshair: undefined,
      volumePreset: undefined,
      volumeVisible: undefined,
      invert: undefined,
    });
  }

  #show(target: Shown): void {
    for (const stop of this.#sessionStops) stop();
    this.#sessionStops = [];
    this.#volume?.close();
    this.#frames?.close();
    this.#volume = undefined;
    this.#frames = undefined;
    this.state.set((s) => ({
      shown: target,
      failure: undefined,
      progress: undefined,
      frame: undefined,
      crosshair: undefined,
      selectedMark: undefined,
      activeView:
        target.kind === 'frames' ? 'frame' : s.activeView === 'frame' ? 'axial' : s.activeView,
      problems: lastingProblems(),
    }));
    if (target.kind === 'volume') this.#showVolume(target);
    else this.#showFrames(target);
    this.state.set({ window: this.engine.window });
    this.#applied = undefined;
    this.#apply();
  }

  #showVolume(target: Extract<Shown, { kind: 'volume' }>): void {
    const session = this.engine.showVolume(target.manifest);
    this.#volume = session;
    this.#sessionStops.push(session.onProgress((progress) => this.state.set({ progress })));
    this.state.set({ progress: session.progress });
    session.done.catch((failure: unknown) => {
      if (this.#volume === session) this.state.set({ failure });
    });
    this.#structures = [];
    this.#showStructures(target);
  }

  #showFrames(target: Extract<Shown, { kind: 'frames' }>): void {
    this.#structures = [];
    const session = this.engine.showFrames(target.stack);
    this.#frames = session;
    this.#sessionStops.push(
      session.onChange((frame) =>
        this.state.set((s) =>
          s.frame?.index === frame.index &&
          s.frame.playing === frame.playing &&
          s.frame.loaded === frame.loaded
            ? {}
            : { frame, ...(s.frame?.index !== frame.index && { window: this.engine.window }) },
        ),
      ),
    );
    this.state.set({ frame: { index: session.index, playing: session.playing, loaded: 0 } });
  }

  #showStructures(target: Extract<Shown, { kind: 'volume' }>): void {
    const structures = structuresOf(target);
    if (JSON.stringify(structures) === JSON.stringify(this.#structures)) return;
    this.#structures = structures;
    this.engine.setStructures(
      structures.map((s) => ({ ...s, ...this.lookOf(s) })),
      target.series.labelMap,
    );
    this.engine.setVolumeVisible(this.volumeVisible(this.document.content.view));
  }

  /** How a structure looks: its own colours unless somebody changed them. */
  lookOf(s: Structure): StructureLook {
    return {
      visible: true,
      opacity: s.opacity,
      colour: s.colour,
      ...this.document.content.looks[s.key],
    };
  }

  /** Models say more than the volume; where there are none, the volume is what there is to see. */
  volumeVisible(view: Partial<ViewState>): boolean {
    return view.volumeVisible ?? this.#structures.length === 0;
  }

  volumePreset(view: Partial<ViewState>): string {
    return view.volumePreset ?? defaultPreset(this.engine.volumePresets, this.state.get().shown);
  }

  get volumeSession(): VolumeSession | undefined {
    return this.#volume;
  }

  get frameSession(): FrameSession | undefined {
    return this.#frames;
  }

  // --- from the document to the engine -----------------------------------------------------------

  #apply(): void {
    const { content } = this.document;
    const before = this.#applied;
    const { shown } = this.state.get();
    if (content.view !== before?.view && this.#switchTarget(content.view)) return;
    this.#applied = content;
    if (!shown) return;
    if (shown.kind === 'volume' && content.looks !== before?.looks) this.#applyLooks();
    if (content.view !== before?.view && !this.#isEcho) {
      this.#applyView(content.view, before?.view);
    }
    const { selectedMark } = this.state.get();
    if (selectedMark && !content.marks.some((m) => m.id === selectedMark)) {
      this.state.set({ selectedMark: undefined });
    }
  }

  /** An act, an undo or a redo may lead to another series. */
  #switchTarget(view: Partial<ViewState>): boolean {
    const { shown, study } = this.state.get();
    if (!shown || view.seriesInstanceUid === undefined) return false;
    const wanted = firstTarget(study, view);
    if (!wanted || targetId(wanted) === targetId(shown)) return false;
    this.#show(wanted);
    return true;
  }

  #applyLooks(): void {
    for (const s of this.#structures) this.engine.updateLook(s.key, this.lookOf(s));
  }

  /** @param before what the engine shows already; undefined for a new series: then everything is told. */
  #applyView(view: Partial<ViewState>, before: Partial<ViewState> | undefined): void {
    const { engine } = this;
    const isNew = (key: keyof ViewState): boolean =>
      before === undefined || JSON.stringify(view[key]) !== JSON.stringify(before[key]);
    const window = view.window ?? (isNew('window') ? engine.defaultWindows[0] : undefined);
    if (window && !isEqualWindow(window, engine.window)) {
      engine.setWindow(window);
      this.state.set({ window: engine.window });
    }
    if (isNew('invert')) engine.setInvert(view.invert ?? this.#startsInverted());
    if (this.state.get().shown?.kind !== 'volume') return;
    if (isNew('slab')) engine.setSlab(view.slab ?? defaults.slab);
    if (isNew('volumePreset')) engine.setVolumePreset(this.volumePreset(view));
    if (isNew('volumeVisible')) engine.setVolumeVisible(this.volumeVisible(view));
    if (isNew('modelsVisible')) {
      engine.setModelsVisible(view.modelsVisible ?? defaults.modelsVisible);
    }
    if (isNew('outlines')) engine.setOutlines(view.outlines ?? defaults.outlines);
    const { crosshair } = view;
    if (crosshair && isNew('crosshair') && this.#isInside(crosshair)) {
      engine.jumpTo(patientPoint(...crosshair));
    }
  }

  #startsInverted(): boolean {
    const { shown } = this.state.get();
    return shown?.kind === 'volume' ? shown.manifest.invert : false;
  }

  /** A crosshair of another series may lie outside of this one. */
  #isInside(p: Vec3): boolean {
    const { shown } = this.state.get();
    return shown?.kind === 'volume' && isInside(shown, patientPoint(...p));
  }

  // --- acts --------------------------------------------------------------------------------------

  setTool(tool: Tool): void {
    for (const editor of this.#editors.values()) editor.cancel();
    this.state.set({ tool });
  }

  setLayout(layout: Layout): void {
    this.#settle();
    this.document.setView({ layout });
  }

  /** One big view, or back to four. */
  toggleMaximised(kind: ViewKind): void {
    if (kind === 'frame') return;
    const now = this.document.content.view.layout ?? defaults.layout;
    this.setLayout(now === kind ? 'four' : (kind as VolumeView));
  }

  setWindow(window: Window): void {
    this.#settle();
    this.document.setView({ window: { centre: window.centre, width: window.width } });
  }

  setView(patch: ViewPatch, gesture?: string): void {
    this.#settle();
    this.document.setView(patch, gesture);
  }

  setLook(keys: readonly string[], patch: Partial<StructureLook>, gesture?: string): void {
    this.document.setLook(keys, patch, gesture);
  }

  endGesture(): void {
    this.document.endGesture();
  }

  undo(): void {
    this.#settle();
    this.document.undo();
  }

  redo(): void {
    this.#settle();
    this.document.redo();
  }

  removeMark(id: MarkId): void {
    if (this.mayAnnotate) this.document.removeMark(id);
  }

  /** Drops what is being drawn, then the selection, then the tool. @returns whether anything was */
  cancel(): boolean {
    const dropped = [...this.#editors.values()].map((e) => e.cancel()).some(Boolean);
    if (dropped) return true;
    const { selectedMark, tool } = this.state.get();
    if (selectedMark) this.state.set({ selectedMark: undefined });
    else if (tool !== 'navigate') this.setTool('navigate');
    else return false;
    return true;
  }

  reset(): void {
    this.straighten();
    for (const view of this.#views.values()) view.fit();
    this.#views.get('volume')?.orientTo('A');
  }

  /** All planes back to the patient's axes. */
  straighten(): void {
    for (const view of this.#views.values()) view.resetOblique();
    this.geometryChanged();
  }

  /** Every view goes to the middle of a structure. */
  goTo(key: string): void {
    const bounds = this.engine.structureBounds(key);
    if (!bounds) return;
    this.state.set({ touched: key });
    this.engine.jumpTo(bounds.centre);
  }

  // --- drifts: where the hand is -----------------------------------------------------------------

  jumpTo(p: PatientPoint): void {
    this.engine.jumpTo(p);
  }

  dragWindow(dx: number, dy: number): void {
    const window = draggedWindow(this.engine.window, dx, dy);
    this.engine.setWindow(window);
    this.state.set({ window: this.engine.window });
    this.#drifts({ window: { centre: window.centre, width: window.width } });
  }

  #crosshairMoved(p: PatientPoint): void {
    this.state.set({ crosshair: p });
    if (this.state.get().shown?.kind === 'volume') this.#drifts({ crosshair: [p[0], p[1], p[2]] });
  }

  #drifts(patch: ViewPatch): void {
    const { shown } = this.state.get();
    if (!shown) return;
    // The place means nothing without the series it is in.
    this.#drifting = {
      ...this.#drifting,
      ...patch,
      seriesInstanceUid: shown.series.seriesInstanceUid,
      volumeId: targetId(shown),
    };
    this.#drift(this.#drifting);
  }

  #writeDrift(patch: ViewPatch): void {
    this.#drifting = {};
    this.#isEcho = true;
    try {
      this.document.driftView(patch);
    } finally {
      this.#isEcho = false;
    }
  }

  /** Writes what is still drifting, so that an act is the last thing in the document. */
  #settle(): void {
    this.#drift.flush();
  }
}

export const structuresOf = (shown: Shown | undefined): readonly Structure[] =>
  shown?.kind === 'volume'
    ? shown.series.structures.filter((s) => s.volumeId === shown.manifest.id)
    : [];

export const viewDefaults = defaults;

/** Whether a point lies inside the volume's box. */
export function isInside(shown: Extract<Shown, { kind: 'volume' }>, p: PatientPoint): boolean {
  const { affine, size } = shown.manifest;
  const v = toVoxel(affine, p);
  return v.every((x, axis) => x >= -0.5 && x <= (size[axis] ?? 0) - 0.5);
}

const isEqualWindow = (a: Window, b: Window): boolean =>
  a.centre === b.centre && a.width === b.width;

function defaultPreset(presets: readonly VolumePreset[], shown: Shown | undefined): string {
  const modality = shown?.series.modality ?? '';
  return (presets.find((p) => p.modalities[0] === modality) ?? presets[0])?.name ?? '';
}
