import type { FrameStack, VoiWindow } from '@yuepian/contract';
import type { FramePixels } from './frame-session.ts';
import type { Window } from './types.ts';

type Entry = FrameStack['frames'][number];

/** All values there are: for an image that brings no window of its own. */
export function fullWindow([low, high]: readonly [number, number]): Window {
  return { centre: (low + high + 1) / 2, width: high - low + 1 };
}

/**
 * The window of single images. Each has its own in the file, made for its own exposure: that one holds
 * until somebody chooses another, which then holds for the whole stack.
 */
export class FrameWindows {
  readonly #full = new Map<string, Window>();
  #chosen: Window | undefined;
  #own: readonly VoiWindow[];

  constructor(stack: FrameStack) {
    this.#own = stack.frames[0]?.windows ?? [];
  }

  /** Of the shown image, first = default. */
  get own(): readonly VoiWindow[] {
    return this.#own;
  }

  get window(): Window {
    const { centre, width } = this.#chosen ?? this.#own[0] ?? { centre: 128, width: 256 };
    return { centre, width };
  }

  /** @param window undefined: nobody has chosen any more. */
  choose(window: Window | undefined): void {
    this.#chosen = window;
  }

  /** An image without a window shows all its values; a run of frames is as bright as its first. */
  shown({ sopInstanceUid, windows }: Entry, pixels: FramePixels): void {
    const full = this.#full.get(sopInstanceUid) ?? fullWindow(pixels.range);
    this.#full.set(sopInstanceUid, full);
    this.#own = windows.length > 0 ? windows : [{ name: 'auto', ...full }];
  }
}
