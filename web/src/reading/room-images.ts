import type { Structure, StructureLook, StudyDetail, ViewState } from '@yuepian/contract';
import type { CaseContent } from '../case/index.ts';
import type { Engine, FrameSession, VolumeSession } from '../engine/index.ts';
import type { Store } from '../ui/index.ts';
import { applyView, isVolumeVisible } from './apply-view.ts';
import type { RoomState, Shown } from './room-state.ts';
import type { ShownContent } from './shown-content.ts';
import {
  firstLook,
  firstTarget,
  isOtherContent,
  refreshed,
  structuresOf,
  successor,
  targetId,
} from './targets.ts';

export interface RoomImagesParts {
  readonly engine: Engine;
  readonly content: ShownContent;
  readonly state: Store<RoomState>;
  /** Whether what the document says came from the engine just now. */
  readonly isEcho: () => boolean;
  /** Another image comes on the screen: whatever was begun on the one before is dropped. */
  readonly onOtherImage: () => void;
  /** Other structures are shown, or they have changed. */
  readonly onStructures: (isOtherVolume: boolean) => void;
}

/** What is on the screen: opens what the document names and tells the engine what it says. */
export class RoomImages {
  readonly #engine: Engine;
  readonly #content: ShownContent;
  readonly #state: Store<RoomState>;
  readonly #isEcho: () => boolean;
  readonly #onOtherImage: () => void;
  readonly #onStructures: (isOtherVolume: boolean) => void;
  #volume: VolumeSession | undefined;
  #frames: FrameSession | undefined;
  #sessionStops: (() => void)[] = [];
  #applied: CaseContent | undefined;
  #structures: readonly Structure[] = [];
  #hiddenAtFirst = '';
  #replaced: ReadonlySet<string> = new Set();

  constructor({ engine, content, state, isEcho, onOtherImage, onStructures }: RoomImagesParts) {
    this.#engine = engine;
    this.#content = content;
    this.#state = state;
    this.#isEcho = isEcho;
    this.#onOtherImage = onOtherImage;
    this.#onStructures = onStructures;
  }

  get volume(): VolumeSession | undefined {
    return this.#volume;
  }

  get frames(): FrameSession | undefined {
    return this.#frames;
  }

  /** Shows what the study opens with. Called once the document has arrived, or could not. */
  open(): void {
    const target = firstTarget(this.#state.get().study, this.#content.content.view);
    if (target) this.#show(target);
  }

  /** The study changed on the server: new models, a series that became ready. */
  update(study: StudyDetail): void {
    const { shown } = this.#state.get();
    this.#state.set({ study });
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
    this.#state.set({ shown: next });
    if (next.kind === 'volume') this.#showStructures(next);
  }

  close(): void {
    this.#closeSessions();
    this.#engine.clear();
  }

  /** How a structure looks: as at first unless somebody changed it. */
  lookOf(s: Structure): StructureLook {
    return { ...firstLook(this.#state.get().shown, s), ...this.#content.content.looks[s.key] };
  }

  /** Structures that are drawn as the parts of a plan, and so not themselves. */
  setReplaced(keys: ReadonlySet<string>): void {
    if (keys.size === 0 && this.#replaced.size === 0) return;
    this.#replaced = keys;
    for (const s of this.#structures) this.#engine.updateLook(s.key, this.#drawnLook(s));
  }

  #drawnLook(s: Structure): StructureLook {
    const look = this.lookOf(s);
    return this.#replaced.has(s.key) ? { ...look, visible: false } : look;
  }

  #closeSessions(): void {
    for (const stop of this.#sessionStops) stop();
    this.#sessionStops = [];
    this.#volume?.close();
    this.#frames?.close();
    this.#volume = undefined;
    this.#frames = undefined;
  }

  #show(target: Shown): void {
    this.#onOtherImage();
    this.#closeSessions();
    this.#state.set((s) => ({
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
    this.#state.set({ window: this.#engine.window });
    this.#applied = undefined;
    this.apply();
  }

  #showVolume(target: Extract<Shown, { kind: 'volume' }>): void {
    const session = this.#engine.showVolume(target.manifest);
    this.#volume = session;
    this.#sessionStops.push(session.onProgress((progress) => this.#state.set({ progress })));
    this.#state.set({ progress: session.progress });
    session.done.catch((failure: unknown) => {
      if (this.#volume === session) this.#state.set({ failure });
    });
    this.#structures = [];
    this.#onStructures(true);
    this.#showStructures(target);
  }

  #showFrames(target: Extract<Shown, { kind: 'frames' }>): void {
    this.#structures = [];
    const session = this.#engine.showFrames(target.stack);
    this.#frames = session;
    this.#sessionStops.push(
      session.onChange((frame) => {
        if (frame.index !== this.#state.get().frame?.index) this.#onOtherImage();
        this.#state.set({ frame, window: this.#engine.window });
      }),
    );
    const { index, shownIndex, failure, playing, loaded } = session;
    this.#state.set({ frame: { index, shownIndex, failure, playing, loaded } });
  }

  #showStructures(target: Extract<Shown, { kind: 'volume' }>): void {
    const structures = structuresOf(target);
    const hidden = structures
      .filter((s) => !firstLook(target, s).visible)
      .map((s) => s.key)
      .join(' ');
    if (JSON.stringify(structures) === JSON.stringify(this.#structures)) {
      // A set that has become complete may change what is in sight at first.
      if (hidden !== this.#hiddenAtFirst) this.#applyLooks();
      this.#hiddenAtFirst = hidden;
      return;
    }
    this.#hiddenAtFirst = hidden;
    this.#structures = structures;
    this.#engine.setStructures(
      structures.map((s) => ({ ...s, ...this.#drawnLook(s) })),
      target.series.labelMap,
    );
    this.#engine.setVolumeVisible(
      isVolumeVisible(this.#content.content.view, structures.length > 0),
    );
    this.#onStructures(false);
  }

  /** From the document to the engine: whatever it says that the engine does not show yet. */
  apply(): void {
    const { content } = this.#content;
    const before = this.#applied;
    const { shown } = this.#state.get();
    if (content.view !== before?.view && this.#switchTarget(content.view)) return;
    this.#applied = content;
    if (!shown) return;
    if (shown.kind === 'volume' && content.looks !== before?.looks) this.#applyLooks();
    else if (content.cuts !== before?.cuts) this.#onStructures(false);
    if (content.view !== before?.view && !this.#isEcho()) {
      const hasModels = this.#structures.length > 0;
      applyView(this.#engine, content.view, before?.view, { shown, hasModels });
      this.#state.set({ window: this.#engine.window });
    }
    const { selectedMark } = this.#state.get();
    if (selectedMark && !content.marks.some((m) => m.id === selectedMark)) {
      this.#state.set({ selectedMark: undefined });
    }
  }

  /** An act, an undo or a redo may lead to another series. */
  #switchTarget(view: Partial<ViewState>): boolean {
    const { shown, study } = this.#state.get();
    if (!shown || view.seriesInstanceUid === undefined) return false;
    const wanted = firstTarget(study, view);
    if (!wanted || targetId(wanted) === targetId(shown)) return false;
    this.#show(wanted);
    return true;
  }

  #applyLooks(): void {
    for (const s of this.#structures) this.#engine.updateLook(s.key, this.#drawnLook(s));
    this.#onStructures(false);
  }
}
