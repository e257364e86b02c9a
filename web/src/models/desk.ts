import type { Structure, StructureLook } from '@yuepian/contract';
import type { Projection, View, ViewKind } from '../engine/index.ts';
import type { PointerSample, Stroke } from '../pointer/index.ts';
import { EditPainter, type Outlined } from './editing/draw.ts';
import { type EditPort, EditSession, type HandTool } from './editing/session.ts';
import { EditHand } from './editing/strokes.ts';

export interface DeskPort extends EditPort {
  readonly structures: () => readonly Structure[];
  readonly lookOf: (structure: Structure) => StructureLook;
  /** Whether the slices show outlines. */
  readonly hasOutlines: () => boolean;
  /** The hand takes up a tool of this room, or lays it down. */
  readonly takeHand: (isTaken: boolean) => void;
}

/** Everything people do to structures in an open study; the reading room holds one. */
export class ModelsDesk {
  readonly editing: EditSession;
  readonly hand: EditHand;
  readonly port: DeskPort;
  readonly #painter: EditPainter;

  constructor(port: DeskPort) {
    this.port = port;
    this.editing = new EditSession(port);
    this.hand = new EditHand(this.editing);
    this.#painter = new EditPainter(this.editing, this.hand);
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
    return this.hand.begin(view, sample);
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
  }

  /** The structures changed on the server, or others are shown. */
  sync(): void {
    this.editing.sync(this.port.structures());
    this.editing.redraw();
  }

  clear(): void {
    this.editing.clear();
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
