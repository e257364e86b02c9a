import { type CanvasPoint, canvasPoint } from '@yuepian/geometry';
import type { View } from '../../engine/index.ts';

/** Fingers that zoom turn a little without meaning it, degrees. */
export const twistSlack = 10;

/**
 * What of a twist of two fingers turns the picture: nothing until it is clearly meant, and from then on
 * all that comes, without a jump.
 */
export class Twist {
  #total = 0;
  #isMeant = false;

  /** @param degrees since the last report. @returns how far the picture turns by it */
  add(degrees: number): number {
    if (this.#isMeant) return degrees;
    this.#total += degrees;
    const beyond = Math.abs(this.#total) - twistSlack;
    if (beyond <= 0) return 0;
    this.#isMeant = true;
    return Math.sign(this.#total) * beyond;
  }

  /** The fingers were lifted. */
  end(): void {
    this.#total = 0;
    this.#isMeant = false;
  }
}

/**
 * Turns the picture of a plane or of 3D in its own plane; what lies under `at` stays there.
 * @param degrees clockwise on the screen
 */
export function spin(view: View, degrees: number, at?: CanvasPoint): void {
  if (view.kind === 'frame' || degrees === 0) return;
  if (view.kind === 'volume') {
    view.roll(degrees);
    return;
  }
  const before = view.projection();
  if (!before) return;
  const place = at ?? canvasPoint(before.size[0] / 2, before.size[1] / 2);
  const fixed = before.toWorld(place);
  // The camera turns the other way about the axis that points at the viewer, the picture clockwise.
  view.rotateOblique('normal', degrees);
  const now = view.projection()?.toCanvas(fixed);
  if (now) view.pan(place[0] - now[0], place[1] - now[1]);
}
