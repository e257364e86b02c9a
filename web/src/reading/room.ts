import {
  type CaseId,
  type Mark,
  type MarkId,
  may,
  type Structure,
  type StructureLook,
  type StudyDetail,
  type User,
} from '@yuepian/contract';
import type { PatientPoint } from '@yuepian/geometry';
import type { CaseConnection, CaseDocument, ViewPatch } from '../case/index.ts';
import type {
  Engine,
  FrameSession,
  View,
  ViewKind,
  VolumeSession,
  Window,
} from '../engine/index.ts';
import { text } from '../i18n/index.ts';
import { ModelsDesk } from '../models/index.ts';
import { keyboardPointer } from '../pointer/index.ts';
import { createStore, type Store, targetSize } from '../ui/index.ts';
import { viewDefaults } from './apply-view.ts';
import { Drifts } from './drifts.ts';
import { Hands } from './hands.ts';
import { History } from './history.ts';
import { Islands } from './islands/index.ts';
import type { EngineKit } from './load-engine.ts';
import { RoomImages } from './room-images.ts';
import { RoomMeeting } from './room-meeting.ts';
import {
  isMarkTool,
  type Layout,
  type RoomState,
  type Shown,
  startState,
  type Tool,
  type VolumeView,
} from './room-state.ts';
import { RoomViews } from './room-views.ts';
import { ShownContent } from './shown-content.ts';
import { structuresOf, targetId } from './targets.ts';
import { draggedWindow } from './windows.ts';

export interface RoomParts {
  readonly kit: EngineKit;
  readonly connection: CaseConnection;
  readonly study: StudyDetail;
  readonly me: User;
  readonly caseId: CaseId;
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
  /** Where everything that is decided is written. */
  readonly document: CaseDocument;
  /** What is shown: the document, and over it the lead's view or a past one. */
  readonly content: ShownContent;
  readonly connection: CaseConnection;
  readonly me: User;
  readonly caseId: CaseId;
  readonly views: RoomViews;
  readonly hands: Hands;
  /** Several people at this screen, each with tools of their own. */
  readonly islands: Islands;
  readonly history: History;
  /** What is done to structures. */
  readonly models: ModelsDesk;
  readonly meeting: RoomMeeting;
  /** May write into the case at all. */
  readonly mayChange: boolean;
  readonly #stops: (() => void)[] = [];
  readonly #drifts: Drifts;
  readonly #images: RoomImages;
  #hasArrived = false;

  constructor({ kit, connection, study, me, caseId }: RoomParts) {
    this.caseId = caseId;
    this.engine = kit.engine;
    this.views = new RoomViews(kit.engine);
    this.scaleBar = kit.scaleBar;
    this.connection = connection;
    this.document = connection.document;
    this.content = new ShownContent(connection.document);
    this.me = me;
    this.mayChange = may(me.role, 'annotate');
    this.state = createStore<RoomState>(startState(study));
    this.hands = new Hands(this.state, me);
    this.islands = this.#openIslands();
    this.history = new History(this.document);
    this.models = this.#openDesk();
    this.#drifts = new Drifts(this.document, () => this.#place());
    this.#images = new RoomImages({
      engine: this.engine,
      content: this.content,
      state: this.state,
      isEcho: () => this.#drifts.isEcho,
      onOtherImage: () => this.views.dropBegun(),
      onStructures: (isOther) => {
        if (!isOther) return this.models.sync();
        this.models.clear();
        this.history.left();
      },
    });
    if (this.islands.isOut) this.islands.activate(this.islands.state.get().active);
    void connection.arrived.then(() => {
      this.#hasArrived = true;
    });
    this.#stops.push(
      this.content.subscribe(() => this.#images.apply()),
      this.engine.onCrosshair((p) => this.#crosshairMoved(p)),
    );
    this.meeting = new RoomMeeting(this);
  }

  /** Shows what the study opens with. Called once the document has arrived, or could not. */
  open(): void {
    this.#images.open();
  }

  /** The study changed on the server: new models, a series that became ready. */
  update(study: StudyDetail): void {
    this.#images.update(study);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.meeting.close();
    this.#drifts.settle();
    this.models.close();
    this.history.close();
    this.content.close();
    this.#images.close();
    this.connection.close();
  }

  /** False for somebody who may only look, and for everybody while the past is shown. */
  get mayAnnotate(): boolean {
    return this.mayChange && this.state.get().replay === undefined;
  }

  /** What is on its way to the document goes there now. */
  settle(): void {
    this.#drifts.settle();
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
    this.#drifts.add({});
    this.setView({
      seriesInstanceUid: target.series.seriesInstanceUid,
      volumeId: targetId(target),
      window: undefined,
      crosshair: undefined,
      volumePreset: undefined,
      volumeVisible: undefined,
      invert: undefined,
    });
  }

  /** How a structure looks: its own colours unless somebody changed them. */
  lookOf(s: Structure): StructureLook {
    return this.#images.lookOf(s);
  }

  get volumeSession(): VolumeSession | undefined {
    return this.#images.volume;
  }

  get frameSession(): FrameSession | undefined {
    return this.#images.frames;
  }

  // --- acts --------------------------------------------------------------------------------------

  setTool(tool: Tool): void {
    if (this.islands.isOut) {
      this.islands.setActiveTool(tool);
      return;
    }
    this.views.dropDrafts();
    this.state.set({ tool });
    if (tool !== 'edit') this.models.layDown();
  }

  setLayout(layout: Layout): void {
    this.setView({ layout });
  }

  /** One big view, or back to four. */
  toggleMaximised(kind: ViewKind): void {
    if (kind === 'frame') return;
    const now = this.content.content.view.layout ?? viewDefaults.layout;
    this.setLayout(now === kind ? 'four' : (kind as VolumeView));
  }

  setWindow(window: Window): void {
    this.setView({ window: { centre: window.centre, width: window.width } });
  }

  setView(patch: ViewPatch, gesture?: string): void {
    this.views.moved();
    if (this.state.get().replay) {
      this.content.patchView(patch);
      return;
    }
    this.#drifts.settle();
    this.document.setView(patch, gesture);
  }

  setLook(
    keys: readonly string[],
    patch: Partial<StructureLook>,
    gesture?: string | undefined,
  ): void {
    this.views.moved();
    if (this.state.get().replay) this.meeting.lookAside(keys, patch);
    else this.document.setLook(keys, patch, gesture);
  }

  endGesture(): void {
    this.document.endGesture();
  }

  undo(): void {
    if (this.state.get().replay) return;
    this.#drifts.settle();
    this.history.undo();
  }

  redo(): void {
    if (this.state.get().replay) return;
    this.#drifts.settle();
    this.history.redo();
  }

  /** One step to undo, however many marks. */
  changeMarks(
    ids: readonly MarkId[],
    patch: Partial<Pick<Mark, 'label' | 'hidden' | 'colour'>>,
  ): void {
    if (this.mayAnnotate) this.document.changeMarks(ids, patch);
  }

  /** Marks that go with the same running gesture are one step to undo. */
  removeMark(id: MarkId, gesture?: string): void {
    if (this.mayAnnotate) this.document.removeMark(id, gesture);
  }

  /**
   * Drops what is being drawn, then the selection, then the tool. At a board: of the island that keys
   * act on, and of nobody else. @returns whether anything was
   */
  cancel(): boolean {
    const { selectedMark, tool } = this.state.get();
    const owner = this.islands.isOut ? this.islands.state.get().active : undefined;
    const holdsModels = !this.islands.isOut || tool === 'edit';
    if (this.views.dropDrafts(owner) || (holdsModels && this.models.cancel())) return true;
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

  /** Every view goes into a structure. */
  goTo(key: string): void {
    const point = this.engine.structurePoint(key);
    if (!point) return;
    this.state.set({ touched: key });
    this.jumpTo(point);
    this.models.flyTo(key);
  }

  // --- drifts: where the hand is -----------------------------------------------------------------

  jumpTo(p: PatientPoint): void {
    this.views.moved();
    this.engine.jumpTo(p);
  }

  dragWindow(dx: number, dy: number): void {
    this.views.moved();
    const window = draggedWindow(this.engine.window, dx, dy);
    this.engine.setWindow(window);
    this.state.set({ window: this.engine.window });
    this.#drifts.add({ window: { centre: window.centre, width: window.width } });
  }

  #crosshairMoved(p: PatientPoint): void {
    this.state.set({ crosshair: p });
    if (this.state.get().shown?.kind === 'volume')
      this.#drifts.add({ crosshair: [p[0], p[1], p[2]] });
  }

  #openIslands(): Islands {
    const { id, name, displayName, colour } = this.me;
    const islands = new Islands({
      me: { id, name: displayName || name, colour },
      onTool: (tool) => {
        this.state.set({ tool });
        if (this.models.isHandTaken && !islands.holds('edit')) this.models.layDown();
      },
      dropDrafts: (owner) => void this.views.dropDraftsOf(owner),
      left: (owner) => this.hands.forget(owner),
    });
    this.hands.toolFor = (sample, kind) => {
      if (!islands.isOut) return undefined;
      const box = this.views.get(kind)?.element.getBoundingClientRect();
      const isKey = sample.id === keyboardPointer || !box;
      const hand = islands.handAt(
        isKey ? undefined : [box.left + sample.at[0], box.top + sample.at[1]],
      );
      return hand && isMarkTool(hand.tool) && !this.mayAnnotate
        ? { ...hand, tool: 'navigate' }
        : hand;
    };
    return islands;
  }

  #openDesk(): ModelsDesk {
    const shown = () => this.state.get().shown;
    return new ModelsDesk({
      engine: this.engine,
      manifest: () => {
        const now = shown();
        return now?.kind === 'volume' ? now.manifest : undefined;
      },
      volume: () => this.volumeSession?.fullVolume(),
      push: (step) => this.history.push(step),
      forget: (id) => this.history.forget((step) => 'id' in step && step.id === id),
      structures: () => structuresOf(shown()),
      lookOf: (s) => this.lookOf(s),
      // The voxels of forty single bones would hold up the first slice.
      hasOutlines: () =>
        this.state.get().progress?.shown !== undefined &&
        (this.document.content.view.outlines ?? viewDefaults.outlines),
      takeHand: (isTaken) => {
        if (!isTaken && this.islands.isOut) this.islands.layDown('edit');
        else this.setTool(isTaken ? 'edit' : 'navigate');
      },
      setLook: (keys, patch, gesture) => this.setLook(keys, patch, gesture),
      endGesture: () => this.endGesture(),
      volumeView: () => this.views.get('volume'),
      view: (kind) => this.views.get(kind),
      lengthText: (mm) => text().plan.mm(mm),
      cases: {
        cuts: () => this.document.content.cuts,
        addCut: (cut) => {
          if (this.mayAnnotate) this.document.addCut(cut);
        },
        removeCut: (id) => {
          if (this.mayAnnotate) this.document.removeCut(id);
        },
        me: () => ({ id: this.me.id, name: this.me.displayName || this.me.name }),
        replaced: (keys) => this.#images.setReplaced(keys),
      },
      target: () => targetSize(),
    });
  }

  /** What a drifting place belongs to. */
  #place(): ViewPatch | undefined {
    const { shown } = this.state.get();
    // Before the document is here, where the view happens to open would overwrite where it was left.
    if (!shown || !this.#hasArrived || this.content.isOverlaid) return undefined;
    return { seriesInstanceUid: shown.series.seriesInstanceUid, volumeId: targetId(shown) };
  }
}
