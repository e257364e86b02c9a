export type PatchBox = readonly [left: number, top: number, right: number, bottom: number];

/** CSS px */
const tile = 128;

/**
 * A canvas over a view that is only as large as what is on it, and is not there while nothing is. Whoever
 * puts the page together, a software renderer or the card of a board, pays for every pixel of every canvas
 * in each frame, also for empty ones.
 */
export class PatchCanvas {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D | null;
  #covered: PatchBox | undefined;

  constructor(canvas: HTMLCanvasElement, settings?: CanvasRenderingContext2DSettings) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d', settings);
  }

  /** What the canvas covers of the view, CSS px; undefined while it is not there. */
  get covered(): PatchBox | undefined {
    return this.#covered;
  }

  /**
   * Makes room; the context is in CSS pixels of the view then. With no box the canvas goes.
   * @param size of the view, CSS px. @param ratio device pixels per CSS px.
   * @param keep what it covered already: a growing line does not make a new canvas each time.
   * @returns whether the canvas was made anew, and so is empty
   */
  cover(
    box: PatchBox | undefined,
    size: readonly [number, number],
    ratio: number,
    keep = false,
  ): boolean {
    const { canvas, context } = this;
    const needed = box && roomFor(keep && this.#covered ? union(this.#covered, box) : box, size);
    if (!needed) {
      if (this.#covered) canvas.style.display = 'none';
      this.#covered = undefined;
      return false;
    }
    const [left, top, right, bottom] = needed;
    const [width, height] = [(right - left) * ratio, (bottom - top) * ratio].map(Math.round);
    const isSame =
      this.#covered?.every((edge, n) => edge === needed[n]) &&
      canvas.width === width &&
      canvas.height === height;
    if (isSame) return false;
    this.#covered = needed;
    Object.assign(canvas.style, {
      display: 'block',
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
    canvas.width = width ?? 0;
    canvas.height = height ?? 0;
    context?.setTransform(ratio, 0, 0, ratio, -left * ratio, -top * ratio);
    return true;
  }
}

/** Whole tiles within the view. */
function roomFor([left, top, right, bottom]: PatchBox, size: readonly [number, number]) {
  const from = (edge: number): number => Math.max(0, Math.floor(edge / tile) * tile);
  const to = (edge: number, end: number): number => Math.min(end, Math.ceil(edge / tile) * tile);
  const room: PatchBox = [from(left), from(top), to(right, size[0]), to(bottom, size[1])];
  return room[0] < room[2] && room[1] < room[3] ? room : undefined;
}

export const union = (a: PatchBox | undefined, b: PatchBox): PatchBox =>
  a ? [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])] : b;
