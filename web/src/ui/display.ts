import { memory } from './memory.ts';
import { createStore, useStore } from './store.ts';

/** Who touches this screen: decides the size of every target and of text. */
export type PointerKind = 'mouse' | 'touch' | 'board';
export interface Display {
  /** What the person chose; `auto` follows the browser's primary pointer. */
  readonly choice: 'auto' | PointerKind;
  readonly pointer: PointerKind;
  /** Diagonal of a board in inches, said once. */
  readonly diagonalInches: number;
  /** Height of the small text in CSS pixels, for canvases, which know no CSS variables. */
  readonly smallText: number;
}

export const diagonalRange = { min: 20, max: 120, usual: 75 } as const;

/** CSS pixels per millimetre of a screen of `width` × `height` CSS pixels and this diagonal. */
export const pixelsPerMm = (width: number, height: number, diagonalInches: number): number =>
  Math.hypot(width, height) / (diagonalInches * 25.4);

const isChoice = (v: string | undefined): v is Display['choice'] =>
  v === 'auto' || v === 'mouse' || v === 'touch' || v === 'board';

/** This many CSS pixels across without scaling: a wall screen, not a tablet. */
const wallWidth = 3200;

/** What an untouched setting means. A tablet and a touch board both have a coarse pointer. */
export const pointerOf = (isCoarse: boolean, width: number, pixelRatio: number): PointerKind =>
  !isCoarse ? 'mouse' : width >= wallWidth && pixelRatio <= 1.25 ? 'board' : 'touch';

const detect = (): PointerKind =>
  pointerOf(matchMedia('(pointer: coarse)').matches, screen.width, devicePixelRatio);

function readDisplay(): Omit<Display, 'smallText'> {
  const stored = memory.read('pointer');
  const choice = isChoice(stored) ? stored : 'auto';
  const diagonal = Number(memory.read('diagonal'));
  return {
    choice,
    pointer: choice === 'auto' ? detect() : choice,
    diagonalInches:
      diagonal >= diagonalRange.min && diagonal <= diagonalRange.max
        ? diagonal
        : diagonalRange.usual,
  };
}

const store = createStore<Display>({
  choice: 'auto',
  pointer: 'mouse',
  diagonalInches: diagonalRange.usual,
  smallText: 12,
});

function apply(): void {
  const root = document.documentElement;
  const { pointer, diagonalInches } = store.get();
  root.dataset.pointer = pointer;
  const mm = pixelsPerMm(screen.width, screen.height, diagonalInches);
  root.style.setProperty('--mm', `${mm.toFixed(4)}px`);
  store.set({ smallText: smallTextSize() });
}

/** Reads the choice, or `?board=<inches>` of the address, and keeps the page's sizes right from then on. */
export function startDisplay(): void {
  const board = Number(new URLSearchParams(location.search).get('board'));
  if (board >= diagonalRange.min && board <= diagonalRange.max) {
    memory.write('pointer', 'board');
    memory.write('diagonal', String(board));
  }
  store.set(readDisplay());
  apply();
  store.subscribe(apply);
  matchMedia('(pointer: coarse)').addEventListener('change', () => store.set(readDisplay()));
  addEventListener('resize', () => {
    // Dragged to another screen, or zoomed.
    store.set(readDisplay());
    apply();
  });
}

export function setDisplay(choice: Display['choice'], diagonalInches: number): void {
  memory.write('pointer', choice);
  memory.write('diagonal', String(diagonalInches));
  store.set(readDisplay());
}

export const useDisplay = (): Display => useStore(store, (s) => s);

/** Diameter of the smallest thing to take hold of on this display, CSS pixels (12 mm on a board). */
export const targetSize = (_display?: Display): number =>
  rulerOf('width:var(--target);display:block');

function smallTextSize(): number {
  const ruler = document.createElement('span');
  ruler.style.cssText = 'position:absolute;visibility:hidden;font-size:var(--text-s)';
  // Also before there is a body: the page begins with its sizes.
  document.documentElement.append(ruler);
  const size = Number.parseFloat(getComputedStyle(ruler).fontSize);
  ruler.remove();
  return size;
}

function rulerOf(css: string): number {
  const ruler = document.createElement('span');
  ruler.style.cssText = `position:absolute;visibility:hidden;${css}`;
  document.body.append(ruler);
  const { width } = ruler.getBoundingClientRect();
  ruler.remove();
  return width;
}
