import type { Cut, Structure, StructureLook } from '@yuepian/contract';
import type { Engine, Projection, View, ViewKind } from '../engine/index.ts';
import type { PointerSample, Stroke } from '../pointer/index.ts';
import { EditPainter, type Outlined } from './editing/draw.ts';
import { type EditPort, EditSession, type HandTool } from './editing/session.ts';
import { EditHand } from './editing/strokes.ts';
import { flyTo, LookDesk } from './looks/looks.ts';
import { PartsDesk } from './parts/parts.ts';
import { beginCurve, type Curve } from './plan/curve.ts';
import { PlanDesk, type PlanPort } from './plan/plan.ts';

export interface DeskPort extends Omit<EditPort, 'engine' | 'push'> {
  readonly structures: () => readonly Structure[];
  readonly lookOf: (structure: Structure) => StructureLook;
  /** Whether the slices show outlines. */
  readonly hasOutlines: () => boolean;
  /** The hand takes up a tool of this room, or lays it down. */
  readonly takeHand: (isTaken: boolean) => void;
  /** Changes looks in the case document; the same gesture is one step. */
  readonly setLook: (
    keys: readonly string[],
    patch: Partial<StructureLook>,
    gesture: string,
  ) => void;
  readonly endGesture: () => void;
  /** Every view goes to a point; the 3D camera is brought there too. */
  readonly volumeView: () => View | undefined;
  /** Diameter of something to take hold of on this screen, CSS pixels. */
  readonly target: () => number;
  readonly view: (kind: ViewKind) => View | undefined;
  /** A length in words. */
  readonly lengthText: (mm: number) => string;
  readonly cases: Pick<PlanPort, 'cuts' | 'addCut' | 'removeCut' | 'me' | 'replaced'>;
  readonly engine: Engine;
  readonly push: (step: { undo(): void; redo(): void }) => void;
}

/** Everything people do to structures in an open study; the reading room holds one. */
export class ModelsDesk {
  readonly editing: EditSession;
  readonly hand: EditHand;
  readonly looks: LookDesk;
  readonly plan: PlanDesk;
  readonly parts: PartsDesk;
  readonly port: DeskPort;
  readonly #painter: EditPainter;
  #curve: Curve | undefined;

  constructor(port: DeskPort) {
    this.port = port;
    this.editing = new EditSession(port);
    this.hand = new EditHand(this.editing);
    this.#painter = new EditPainter(this.editing, this.hand);
    this.looks = new LookDesk({
      engine: port.engine,
      shownKeys: () => this.#visible().map((o) => o.structure.key),
      push: port.push,
      redraw: () => this.editing.redraw(),
      target: port.target,
    });
    this.plan = new PlanDesk(
      {
        ...port.cases,
        engine: port.engine,
        structures: port.structures,
        colourOf: (key) => this.#lookOf(key)?.colour ?? '#c0c0c0',
        isVisible: (key) => this.#lookOf(key)?.visible ?? false,
        push: port.push,
        redraw: () => this.editing.redraw(),
      },
      this.editing,
    );
    this.parts = new PartsDesk({
      colourOf: (key) => this.#lookOf(key)?.colour ?? '#c0c0c0',
      takeHand: port.takeHand,
      push: port.push,
      redraw: () => this.editing.redraw(),
      partBetween: (mask, seeds) => this.plan.voxels({ kind: 'part', mask, seeds }),
      isSaved: (id) => this.editing.isSaved(id),
      saved: (id) => this.editing.saved(id),
      maskOf: async (s) => {
        await this.editing.voxelsOf(s);
        return this.editing.edgesOf(s.id);
      },
      affine: () => port.manifest()?.affine,
    });
  }

  /** Whether the hand holds a tool of this room: its strokes are not for marks or the camera. */
  get isHandTaken(): boolean {
    return (
      this.editing.state.get().tool !== undefined ||
      this.plan.state.get().curveOf !== undefined ||
      this.parts.state.get().mode === 'cut'
    );
  }

  async edit(structure: Pick<Structure, 'id' | 'key'>, tool?: HandTool): Promise<void> {
    this.parts.cancelCut();
    this.port.takeHand(true);
    await this.editing.open(structure, tool);
  }

  setTool(tool: HandTool | undefined): void {
    this.parts.cancelCut();
    this.editing.setTool(tool);
    this.port.takeHand(tool !== undefined);
  }

  finish(): void {
    this.editing.finish();
    this.parts.cancelCut();
    this.port.takeHand(false);
  }

  /** The hand has taken up a tool of another room. */
  layDown(): void {
    this.editing.setTool(undefined);
    this.plan.setCurveOf(undefined);
    this.parts.cancelCut();
  }

  /** @param hasTool whether this hand is the one that took up a tool of this room. */
  begin(view: View, sample: PointerSample, hasTool = true): Stroke | undefined {
    const look = this.looks.begin(view, sample);
    if (look || !hasTool) return look;
    const part = this.parts.begin(view, sample);
    return part ?? this.#drawCurve(view, sample) ?? this.hand.begin(view, sample);
  }

  hover(view: ViewKind, at: readonly [number, number] | undefined): void {
    this.hand.hoverAt(view, at);
  }

  cancel(): boolean {
    const had = this.#curve !== undefined || this.plan.state.get().curveOf !== undefined;
    this.#curve = undefined;
    this.plan.setCurveOf(undefined);
    const hadParts = this.parts.cancel();
    return this.hand.cancel() || had || hadParts;
  }

  draw(context: CanvasRenderingContext2D, p: Projection, view: ViewKind): void {
    const outlined = this.port.hasOutlines() || this.isHandTaken ? this.#visible() : [];
    this.#painter.draw(context, p, view, outlined);
    if (view === 'volume') {
      this.looks.draw(context, p);
      this.plan.draw(context, p, this.port.lengthText);
    }
    this.parts.draw(context, p);
    if (this.#curve?.view === view) this.#curve.draw(context, p);
  }

  /** Only this one is shown; undo brings the others back. */
  isolate(key: string): void {
    const keys = this.port.structures().map((s) => s.key);
    const others = keys.filter((k) => k !== key);
    if (others.length > 0) this.port.setLook(others, { visible: false }, 'isolate');
    this.port.setLook([key], { visible: true }, 'isolate');
    this.port.endGesture();
  }

  /** The structure and what lies within so many mm of its surface; undo brings the others back. */
  async showNear(key: string, mm: number): Promise<void> {
    const near = new Set((await this.plan.measure(key, mm)).map((row) => row.key));
    near.add(key);
    const keys = this.port.structures().map((s) => s.key);
    const away = keys.filter((k) => !near.has(k));
    if (away.length > 0) this.port.setLook(away, { visible: false }, 'near');
    this.port.setLook([...near], { visible: true }, 'near');
    this.port.endGesture();
  }

  /** Plans a cut along the plane that a slice view shows now. */
  cutAt(key: string, kind: 'axial' | 'coronal' | 'sagittal'): void {
    const plane = this.port.view(kind)?.projection()?.plane;
    if (plane) this.plan.cut(key, 'plane', [plane.point], plane.normal);
  }

  /** The next stroke in any view is the curve of a cut. */
  cutByCurve(key: string): void {
    this.port.takeHand(true);
    this.editing.setTool(undefined);
    this.plan.setCurveOf(key);
  }

  /**
   * Both sides of a planned cut become structures. The plan stays: it has missed the structure then,
   * and one undo brings back both.
   */
  async makeParts(cut: Cut): Promise<void> {
    const structure = this.port.structures().find((s) => s.key === cut.structureKey);
    if (!structure) return;
    await this.parts.split(structure, (mask) => this.plan.voxels({ kind: 'side', mask, cut }));
  }

  #drawCurve(view: View, sample: PointerSample): Stroke | undefined {
    const { curveOf } = this.plan.state.get();
    if (curveOf === undefined || view.kind === 'frame') return undefined;
    return beginCurve(view, sample, {
      show: (curve) => {
        this.#curve = curve;
        this.editing.redraw();
      },
      done: (points, direction) => {
        this.plan.cut(curveOf, 'curve', points, direction);
        this.plan.setCurveOf(undefined);
        this.port.takeHand(false);
      },
    });
  }

  #lookOf(key: string): StructureLook | undefined {
    const structure = this.port.structures().find((s) => s.key === key);
    return structure && this.port.lookOf(structure);
  }

  /** The 3D camera comes to a structure. */
  flyTo(key: string): void {
    const bounds = this.port.engine.structureBounds(key);
    const view = this.port.volumeView();
    if (bounds && view) flyTo(view, bounds.centre, bounds.radius);
  }

  /** Looks changed: hidden structures no longer count for the middle. */
  looksChanged(): void {
    this.looks.refresh();
  }

  /** The structures changed on the server, or others are shown. */
  sync(): void {
    this.editing.sync(this.port.structures());
    this.looks.refresh();
    void this.plan.sync();
    this.editing.redraw();
  }

  clear(): void {
    this.editing.clear();
    this.looks.clear();
    this.plan.clear();
    this.parts.clear();
  }

  close(): void {
    this.editing.close();
    this.plan.close();
  }

  #visible(): Outlined[] {
    return this.port
      .structures()
      .map((structure) => ({ structure, look: this.port.lookOf(structure) }))
      .filter((o) => o.look.visible);
  }
}
