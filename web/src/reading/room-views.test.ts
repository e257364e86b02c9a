import { expect, it } from 'vitest';
import type { Engine, View } from '../engine/index.ts';
import { RoomViews } from './room-views.ts';

/** As the engine's views: what they hold is private, so the wrapper must call them as themselves. */
class Picture {
  readonly kind = 'axial';
  #turned = 0;
  orbit(dx: number): void {
    this.#turned += dx;
  }
  pan(): void {}
  camera(): number {
    return this.#turned;
  }
  get size(): number {
    return this.#turned * 2;
  }
  detach(): void {}
}

it('tells when a view is moved, and not when it is read', () => {
  const engine = { attach: () => new Picture() as unknown as View } as unknown as Engine;
  const views = new RoomViews(engine);
  let moved = 0;
  const stop = views.onMoved(() => moved++);
  const view = views.attach({} as HTMLElement, 'axial');
  view.camera();
  expect(moved).toBe(0);
  view.orbit(3, 0);
  view.pan(1, 1);
  expect(moved).toBe(2);
  expect(view.camera()).toBe(3);
  expect((view as unknown as Picture).size).toBe(6);
  expect(views.get('axial')).toBe(view);
  views.detach(view);
  expect(views.get('axial')).toBeUndefined();
  stop();
  view.pan(1, 1);
  expect(moved).toBe(2);
});
