import type { Structure, StructureLook } from '@yuepian/contract';
import type { Engine, Projection, View, ViewKind } from '../engine/index.ts';
import type { PointerSample, Stroke } from '../pointer/index.ts';
import { EditPainter, type Outlined } from './editing/draw.ts';
import { type EditPort, EditSession, type HandTool } from './editing/session.ts';
import { EditHand } from './editing/strokes.ts';
import { flyTo, LookDesk } from './looks/looks.ts';

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
  readonly engine: Engine;
  readonly push: (step: { undo(): void; redo(): void }) => void;
}

/** Everything people do to structures in an open study; the reading room holds one. */
export class ModelsDesk {
  readonly editing: EditSession;
  readonly hand: EditHand;
  readonly looks: LookDesk;
  readonly port: DeskPort;
  readonly #painter: EditPainter;

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
  }

  /** Whether the hand holds a tool of this room: its strokes are not for marks or the camera. */
  get isHandTaken(): boolean {
    return this.editing.state.get().tool !== undefined;
  }

  async edit(structure: Pick<Structure, 'id' | 'key'>, tool?: HandTool): Promise<void> {
    this.port.takeHand(true);
    await this.editing.open(structure, tool);
  }

  setTool(tool: HandTool | undefined): void {
    this.editing.setTool(tool);
    this.port.takeHand(tool !== undefined);
  }

  finish(): void {
    this.editing.finish();
    this.port.takeHand(false);
  }

  begin(view: View, sample: PointerSample): Stroke | undefined {
    return this.looks.begin(view, sample) ?? this.hand.begin(view, sample);
  }

  hover(view: ViewKind, at: readonly [number, number] | undefined): void {
    this.hand.hoverAt(view, at);
  }

  cancel(): boolean {
    return this.hand.cancel();
  }

  draw(context: CanvasRenderingContext2D, p: Projection, view: ViewKind): void {
    const outlined = this.port.hasOutlines() || this.isHandTaken ? this.#visible() : [];
    this.#painter.draw(context, p, view, outlined);
    if (view === 'volume') this.looks.draw(context, p);
  }

  /** Only this one is shown; undo brings the others back. */
  isolate(key: string): void {
    const keys = this.port.structures().map((s) => s.key);
    const others = keys.filter((k) => k !== key);
    if (others.length > 0) this.port.setLook(others, { visible: false }, 'isolate');
    this.port.setLook([key], { visible: true }, 'isolate');
    this.port.endGesture();
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
    this.editing.redraw();
  }

  clear(): void {
    this.editing.clear();
    this.looks.clear();
  }

  close(): void {
    this.editing.close();
  }

  #visible(): Outlined[] {
    return this.port
      .structures()
      .map((structure) => ({ structure, look: this.port.lookOf(structure) }))
      .filter((o) => o.look.visible);
  }
}
