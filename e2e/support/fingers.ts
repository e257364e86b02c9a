import type { CDPSession } from 'playwright-core';

export type At = readonly [number, number];
export interface Contact {
  readonly at: At;
  /** CSS pixels; a hand's side is wide. */
  readonly radius?: number;
  /** Its place among those down, where that is not its place in the list. */
  readonly id?: number;
}

/** Fingers as the browser gets them from a touch screen, of one hand or of several people. */
export class Fingers {
  readonly #cdp: CDPSession;
  constructor(cdp: CDPSession) {
    this.#cdp = cdp;
  }

  async #send(type: 'touchStart' | 'touchMove' | 'touchEnd', contacts: readonly Contact[]) {
    const touchPoints = contacts.map(({ at: [x, y], radius = 6, id }, n) => ({
      x,
      y,
      radiusX: radius,
      radiusY: radius,
      id: id ?? n,
    }));
    await this.#cdp.send('Input.dispatchTouchEvent', { type, touchPoints });
  }

  /** All go down together, move in steps from `from` to `to`, and lift. */
  async drag(from: readonly Contact[], to: readonly At[], steps = 12): Promise<void> {
    await this.down(from);
    await this.move(from, to, steps);
    await this.up();
  }

  /** Two fingers at both ends of a line turn about its middle, degrees clockwise. */
  async twist([x, y]: At, radius: number, degrees: number, steps = 12): Promise<void> {
    const at = (angle: number): readonly Contact[] => {
      const [dx, dy] = [radius * Math.cos(angle), radius * Math.sin(angle)];
      return [{ at: [x - dx, y - dy] }, { at: [x + dx, y + dy] }];
    };
    await this.down(at(0));
    for (let step = 1; step <= steps; step++) {
      await this.#send('touchMove', at((degrees * Math.PI * step) / steps / 180));
    }
    await this.up();
  }

  /** In one report, as of fingers that land together. Those already down are named again, first. */
  down(contacts: readonly Contact[]): Promise<void> {
    return this.#send('touchStart', contacts);
  }

  async move(from: readonly Contact[], to: readonly At[], steps = 12): Promise<void> {
    for (let step = 1; step <= steps; step++) {
      const part = step / steps;
      await this.#send(
        'touchMove',
        from.map(({ at: [x, y], radius }, n) => {
          const [endX, endY] = to[n] ?? [x, y];
          return {
            at: [x + (endX - x) * part, y + (endY - y) * part],
            ...(radius !== undefined && { radius }),
          };
        }),
      );
    }
  }

  /** These lift, the others stay down. */
  lift(contacts: readonly Contact[]): Promise<void> {
    return this.#send('touchEnd', contacts);
  }

  up(): Promise<void> {
    return this.#send('touchEnd', []);
  }
}

/**
 * A pen as the browser gets it from a digitiser.
 * @param beforeLift done while it rests at the last point.
 */
export async function pen(
  cdp: CDPSession,
  points: readonly At[],
  beforeLift: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const send = (type: 'mousePressed' | 'mouseMoved' | 'mouseReleased', [x, y]: At) =>
    cdp.send('Input.dispatchMouseEvent', {
      type,
      x,
      y,
      button: 'left',
      buttons: type === 'mouseReleased' ? 0 : 1,
      clickCount: 1,
      force: 0.6,
      pointerType: 'pen',
    });
  const [first, ...rest] = points;
  const last = points.at(-1);
  if (!first || !last) return;
  await send('mousePressed', first);
  for (const point of rest) await send('mouseMoved', point);
  await beforeLift();
  await send('mouseReleased', last);
}
