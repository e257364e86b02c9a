import { add, invert, scale, type Vec3 } from '@yuepian/geometry';
import { type Camera, mmPerPixel, right, type Screen } from './camera.ts';
import { finestStep, type Grid } from './grid.ts';
import type { Slab } from './types.ts';

/** Where device pixels lie in a grid's texture: coordinate = start + x·across + y·upwards, y up. */
export interface TexturePlane {
  readonly start: Vec3;
  readonly across: Vec3;
  readonly upwards: Vec3;
  /** Texture coordinates of 1 mm along the plane's normal. */
  readonly through: Vec3;
}

/** @param device size of the canvas in device pixels. */
export function texturePlane(
  g: Grid,
  c: Camera,
  s: Screen,
  device: readonly [number, number],
): TexturePlane {
  const inverse = invert(g.affine);
  const direction = (v: Vec3): Vec3 => [
    (inverse[0] * v[0] + inverse[1] * v[1] + inverse[2] * v[2]) / g.size[0],
    (inverse[4] * v[0] + inverse[5] * v[1] + inverse[6] * v[2]) / g.size[1],
    (inverse[8] * v[0] + inverse[9] * v[1] + inverse[10] * v[2]) / g.size[2],
  ];
  // Voxel centres lie at whole indices, texel centres at halves.
  const place = (p: Vec3): Vec3 =>
    add(direction(p), [
      (inverse[3] + 0.5) / g.size[0],
      (inverse[7] + 0.5) / g.size[1],
      (inverse[11] + 0.5) / g.size[2],
    ]);
  const k = (mmPerPixel(c, s) * s.size[1]) / device[1];
  const kx = (mmPerPixel(c, s) * s.size[0]) / device[0];
  const corner = add(
    c.centre,
    add(scale(right(c), (-kx * device[0]) / 2), scale(c.up, (-k * device[1]) / 2)),
  );
  return {
    start: place(corner),
    across: direction(scale(right(c), kx)),
    upwards: direction(scale(c.up, k)),
    through: direction(c.normal),
  };
}

/** How many samples a slab takes and how far apart they are in mm. Half a voxel apart, at most 400. */
export function slabSampling(g: Grid, slab: Slab): { samples: number; stepMm: number } {
  if (slab.mode === 'none' || !(slab.thickness > 0)) return { samples: 1, stepMm: 0 };
  const samples = Math.min(400, Math.max(2, Math.ceil(slab.thickness / (finestStep(g) / 2)) + 1));
  return { samples, stepMm: slab.thickness / (samples - 1) };
}
