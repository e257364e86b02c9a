import { describe, expect, it } from 'vitest';
import { PatchCanvas } from './patch-canvas.ts';

/** The parts of a canvas that a patch uses; a resize empties it and resets its transform. */
class FakeCanvas {
  style: Record<string, string> = { display: 'none' };
  width = 300;
  height = 150;
  transform: number[] = [];
  getContext = () => ({ setTransform: (...m: number[]) => (this.transform = m.map((v) => v + 0)) });
}
const patch = () => {
  const fake = new FakeCanvas();
  return { fake, made: new PatchCanvas(fake as unknown as HTMLCanvasElement) };
};
const size = [800, 500] as const;

describe('a canvas as large as what is on it', () => {
  it('covers whole tiles around the box, in device pixels, and never leaves the view', () => {
    const { fake, made } = patch();
    expect(made.cover([130, 10, 300, 120], size, 2)).toBe(true);
    expect(made.covered).toEqual([128, 0, 384, 128]);
    expect([fake.width, fake.height]).toEqual([512, 256]);
    expect(fake.transform).toEqual([2, 0, 0, 2, -256, 0]);
    made.cover([-50, 400, 900, 700], size, 2);
    expect(made.covered).toEqual([0, 384, 800, 500]);
  });

  it('is the same canvas while the box stays on its tiles, and only grows where it is told to keep', () => {
    const { made } = patch();
    made.cover([10, 10, 20, 20], size, 1);
    expect(made.cover([90, 90, 100, 100], size, 1)).toBe(false);
    expect(made.cover([200, 10, 210, 20], size, 1, true)).toBe(true);
    expect(made.covered).toEqual([0, 0, 256, 128]);
    made.cover([200, 10, 210, 20], size, 1);
    expect(made.covered).toEqual([128, 0, 256, 128]);
  });

  it('goes while nothing is on it, or all of it lies outside the view', () => {
    const { fake, made } = patch();
    made.cover([10, 10, 20, 20], size, 1);
    expect(fake.style.display).toBe('block');
    made.cover([900, 10, 950, 20], size, 1);
    expect([fake.style.display, made.covered]).toEqual(['none', undefined]);
    made.cover([10, 10, 20, 20], size, 1);
    made.cover(undefined, size, 1);
    expect(fake.style.display).toBe('none');
  });
});
