import type { User } from '@yuepian/contract';
import type { ViewKind } from '../engine/index.ts';
import { type LiveInk, noLiveInk, type WetBatch } from '../marks/index.ts';
import type { PointerSample } from '../pointer/index.ts';
import type { Store } from '../ui/index.ts';
import { isMarkTool, type RoomState, type Tool } from './room-state.ts';

/** Whose hand a pointer is, and what it holds. */
export interface HandTool {
  /** One person, or one island of tools of a board. */
  readonly owner: string;
  readonly tool: Tool;
  readonly colour: string;
  /** Who is to be named as the author, where that is not whoever is signed in. */
  readonly name?: string;
}

/** Tools that leave something behind, or take it away. */
const isChanging = (tool: Tool): boolean => isMarkTool(tool) || tool === 'eraser';

/** Undefined where nobody in particular holds a tool: then the one of the bar counts. */
export type ToolFor = (sample: PointerSample, view: ViewKind) => HandTool | undefined;

/**
 * The hands on this screen. Alone at a desk there is one, with the tool of the bar. A board with several
 * islands of tools sets `toolFor` and decides for each contact by who stands where.
 */
export class Hands {
  toolFor: ToolFor = () => undefined;
  /** Wet ink to and from the others; connect() plugs the live channel in, at any time. */
  readonly live: LiveInk;
  readonly #state: Store<RoomState>;
  readonly #me: User;
  readonly #listeners = new Set<(batch: WetBatch) => void>();
  #port: LiveInk = noLiveInk;
  #stop: () => void = () => undefined;
  /** Whose hands have been seen with a pen. */
  readonly #pens = new Set<string>();

  constructor(state: Store<RoomState>, me: User) {
    this.#state = state;
    this.#me = me;
    this.live = {
      send: (batch) => this.#port.send(batch),
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  /** @returns disconnect */
  connect(port: LiveInk): () => void {
    this.#stop();
    this.#port = port;
    this.#stop = port.subscribe((batch) => {
      for (const listener of this.#listeners) listener(batch);
    });
    return () => {
      if (this.#port !== port) return;
      this.#stop();
      this.#port = noLiveInk;
    };
  }

  /** This person went: whoever gets the same id later has not been seen with a pen. */
  forget(owner: string): void {
    this.#pens.delete(owner);
  }

  /**
   * Where a person has been seen with a pen, the pen draws and the finger navigates: `mayMark` is false
   * then, and the finger neither draws nor drags a mark away.
   */
  handOf(sample: PointerSample, view: ViewKind): HandTool & { readonly mayMark: boolean } {
    const hand = this.toolFor(sample, view) ?? {
      owner: this.#me.id,
      tool: this.#state.get().tool,
      colour: this.#me.colour.toLowerCase(),
    };
    // Over the glass it may only pass by on its way to its own person's place.
    if (sample.role === 'pen' && sample.buttons !== 0) this.#pens.add(hand.owner);
    const mayMark = sample.role !== 'finger' || !this.#pens.has(hand.owner);
    return { ...hand, mayMark, tool: !mayMark && isChanging(hand.tool) ? 'navigate' : hand.tool };
  }
}
