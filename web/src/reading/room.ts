import {
  type MarkId,
  may,
  type Structure,
  type StructureLook,
  type StudyDetail,
  type User,
  type ViewState,
} from '@yuepian/contract';
import type { PatientPoint } from '@yuepian/geometry';
import type { CaseConnection, CaseContent, CaseDocument, ViewPatch } from '../case/index.ts';
import type {
  Engine,
  FrameSession,
  View,
  ViewKind,
  VolumeSession,
  Window,
} from '../engine/index.ts';
import { createStore, type Store } from '../ui/index.ts';
import { applyView, isVolumeVisible, viewDefaults } from './apply-view.ts';
import type { EngineKit } from './load-engine.ts';
import type { Layout, RoomState, Shown, Tool, VolumeView } from './room-state.ts';
import { RoomViews } from './room-views.ts';
import {
  firstTarget,
  isOtherContent,
  refreshed,
  structuresOf,
  successor,
  targetId,
} from './targets.ts';
import { throttle } from './throttle.ts';
import { draggedWindow } from './windows.ts';

/** How long a hand may rest before where it is goes into the document. */
const driftMs = 300;

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
  readonly views: RoomViews;
  readonly #stops: (() => void)[] = [];
  readonly #drift = throttle<ViewPatch>(driftMs, (v) => this.#writeDrift(v));
  #drifting: ViewPatch = {};
  /** The document is being told where the engine already is; the engine needs no telling back. */
  #isEcho = false;
  #hasArrived = false;
  #volume: VolumeSession | undefined;
  #frames: FrameSession | undefined;
  #sessionStops: (() => void)[] = [];
  #applied: CaseContent | undefined;
  #structures: readonly Structure[] = [];

  constructor({ kit, connection, study, me }: RoomParts) {
    this.engine = kit.engine;
    this.views = new RoomViews(kit.engine);
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
      failure: undefined,
    });
    void connection.arrived.then(() => {
      this.#hasArrived = true;
    });
    this.#stops.push(
      this.document.subscribe(() => this.#apply()),
      this.engine.onCrosshair((p) => this.#crosshairMoved(p)),
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
    const next = refreshed(study, shown) ?? successor(study, shown);
    if (!next) return;
    if (isOtherContent(shown, next)) {
      this.#show(next);
      return;
    }
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

  /** The view that was touched last. */
  get activeView(): View | undefined {
    return this.views.orAny(this.state.get().activeView);
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
    this.engine.setVolumeVisible(
      isVolumeVisible(this.document.content.view, structures.length > 0),
    );
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
      const hasModels = this.#structures.length > 0;
      applyView(this.engine, content.view, before?.view, { shown, hasModels });
      this.state.set({ window: this.engine.window });
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

  // --- acts --------------------------------------------------------------------------------------

  setTool(tool: Tool): void {
    this.views.dropDrafts();
    this.state.set({ tool });
  }

  setLayout(layout: Layout): void {
    this.#settle();
    this.document.setView({ layout });
  }

  /** One big view, or back to four. */
  toggleMaximised(kind: ViewKind): void {
    if (kind === 'frame') return;
    const now = this.document.content.view.layout ?? viewDefaults.layout;
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
    if (this.views.dropDrafts()) return true;
    const { selectedMark, tool } = this.state.get();
    if (selectedMark) this.state.set({ selectedMark: undefined });
    else if (tool !== 'navigate') this.setTool('navigate');
    else return false;
    return true;
  }

  reset(): void {
    this.straighten();
    for (const view of this.views.all()) view.fit();
    this.views.get('volume')?.orientTo('A');
  }

  /** All planes back to the patient's axes. */
  straighten(): void {
    for (const view of this.views.all()) view.resetOblique();
    this.views.geometryChanged();
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
    // Before the document is here, where the view happens to open would overwrite where it was left.
    if (!shown || !this.#hasArrived) return;
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
