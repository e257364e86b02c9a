import { affineFromSteps, type Vec3, type Volume } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { pickSurface, pickVolume, type Surface } from './picking.ts';
import { opacityAt, type Transfer } from './presets.ts';

/** A square of 2r mm across the y axis at y. */
function pane(key: string, y: number, opacity: number, r = 20): Surface {
  return {
    key,
    opacity,
    positions: new Float32Array([-r, y, -r, r, y, -r, r, y, r, -r, y, r]),
    indices: new Uint32Array([0, 1, 2, 0, 2, 3]),
    centre: [0, y, 0],
    radius: Math.SQRT2 * r,
  };
}
const fromFront = { origin: [1, -500, 2] as Vec3, direction: [0, 1, 0] as Vec3 };

describe('surfaces', () => {
  it('the nearest solid one is meant, behind any glass', () => {
    const hit = pickSurface(fromFront, [
      pane('far', 50, 1),
      pane('glass', -80, 0.35),
      pane('near', 10, 1),
    ]);
    expect(hit?.key).toBe('near');
    expect(hit?.point).toEqual([1, 10, 2]);
    expect(hit?.distance).toBeCloseTo(510, 6);
  });

  it('glass is meant where there is nothing else; the invisible never', () => {
    expect(pickSurface(fromFront, [pane('b', 5, 0.2), pane('a', -5, 0.2)])?.key).toBe('a');
    expect(pickSurface(fromFront, [pane('gone', 0, 0)])).toBeUndefined();
  });

  it('beside and behind the eye is nothing', () => {
    expect(pickSurface({ ...fromFront, origin: [30, -500, 0] }, [pane('a', 0, 1)])).toBeUndefined();
    expect(pickSurface(fromFront, [pane('behind', -600, 1)])).toBeUndefined();
  });
});

const volume: Volume = {
  size: [20, 20, 20],
  affine: affineFromSteps([2, 0, 0], [0, 2, 0], [0, 0, 2], [-19, -19, -19]),
  frameOfReferenceUid: '1',
  data: Int16Array.from({ length: 8000 }, (_, i) => {
    const j = Math.floor(i / 20) % 20;
    return j >= 8 && j < 12 ? 1000 : j === 15 ? 2000 : 0;
  }),
};
const solid: Transfer = {
  colour: [],
  opacity: [
    [500, 0],
    [900, 0.9],
  ],
  blend: 'composite',
  shade: true,
  ambient: 0,
  diffuse: 1,
  specular: 0,
  specularPower: 1,
};

describe('volumes', () => {
  it('are met where the light is half gone', () => {
    const hit = pickVolume(fromFront, volume, solid);
    // The slab begins at the edge of voxel 8: −19 + 16 − 1.
    expect(Math.abs((hit?.point[1] ?? 99) - -4)).toBeLessThan(1.1);
    expect(hit?.point[0]).toBeCloseTo(1, 9);
  });

  it('as a maximum projection are met at the brightest voxel', () => {
    const hit = pickVolume(fromFront, volume, { ...solid, blend: 'max' });
    expect(Math.abs((hit?.point[1] ?? 99) - (-19 + 30))).toBeLessThanOrEqual(1);
  });

  it('are missed beside their box and where they are clear', () => {
    expect(pickVolume({ ...fromFront, origin: [50, -500, 0] }, volume, solid)).toBeUndefined();
    const glass: Transfer = { ...solid, opacity: [[0, 0]] };
    expect(pickVolume(fromFront, volume, glass)).toBeUndefined();
  });
});

it('opacity is linear between the points and constant outside', () => {
  expect(opacityAt(solid, 400)).toBe(0);
  expect(opacityAt(solid, 700)).toBeCloseTo(0.45, 12);
  expect(opacityAt(solid, 5000)).toBe(0.9);
});
