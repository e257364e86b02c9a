import { add, dot, invert, scale, toPatient, type Vec3 } from '@yuepian/geometry';
import type { MaskBox } from '@yuepian/reconstruct';

/** A plane through the patient with its own axes; unit vectors. */
export interface CutPlane {
  readonly point: Vec3;
  readonly right: Vec3;
  readonly up: Vec3;
}

/** Where a structure is cut by a plane, sampled on a grid of the plane. */
export interface Cut {
  /** mm between samples. */
  readonly step: number;
  /** Place of sample (0, 0), LPS mm; sample (u, v) lies `u·step` to the right and `v·step` up. */
  readonly corner: Vec3;
  readonly width: number;
  readonly height: number;
  /** 1 inside. */
  readonly inside: Uint8Array;
  /** Pairs of points (u, v): the border, piece by piece. */
  readonly border: Float32Array;
}

const largest = 1200;

/**
 * A mask cut by a plane of any direction: nearest voxels on a grid as fine as the voxels, and the
 * border between inside and outside by marching squares. Undefined where the plane misses it.
 */
export function cutOf(mask: MaskBox, plane: CutPlane, spacing: number): Cut | undefined {
  const { size, affine, data } = mask;
  let [u0, u1, v0, v1] = [Infinity, -Infinity, Infinity, -Infinity];
  let [low, high] = [Infinity, -Infinity];
  const normal: Vec3 = [
    plane.right[1] * plane.up[2] - plane.right[2] * plane.up[1],
    plane.right[2] * plane.up[0] - plane.right[0] * plane.up[2],
    plane.right[0] * plane.up[1] - plane.right[1] * plane.up[0],
  ];
  for (let corner = 0; corner < 8; corner++) {
    const p = toPatient(affine, [
      corner & 1 ? size[0] - 0.5 : -0.5,
      corner & 2 ? size[1] - 0.5 : -0.5,
      corner & 4 ? size[2] - 0.5 : -0.5,
    ]);
    const d: Vec3 = [p[0] - plane.point[0], p[1] - plane.point[1], p[2] - plane.point[2]];
    const [u, v, w] = [dot(d, plane.right), dot(d, plane.up), dot(d, normal)];
    [u0, u1] = [Math.min(u0, u), Math.max(u1, u)];
    [v0, v1] = [Math.min(v0, v), Math.max(v1, v)];
    [low, high] = [Math.min(low, w), Math.max(high, w)];
  }
  if (low > 0 || high < 0) return undefined;
  const step = Math.max(spacing, (u1 - u0) / largest, (v1 - v0) / largest);
  // One empty sample around: every border is closed.
  const width = Math.ceil((u1 - u0) / step) + 3;
  const height = Math.ceil((v1 - v0) / step) + 3;
  const corner = add(plane.point, add(scale(plane.right, u0 - step), scale(plane.up, v0 - step)));
  const inside = sampled(mask, data, corner, plane, step, width, height);
  const border = borderOf(inside, width, height);
  return border.length > 0 ? { step, corner, width, height, inside, border } : undefined;
}

function sampled(
  { size, affine }: MaskBox,
  data: Uint8Array,
  corner: Vec3,
  plane: CutPlane,
  step: number,
  width: number,
  height: number,
): Uint8Array {
  const inverse = invert(affine);
  const start = toPatient(inverse, corner);
  const along = (v: Vec3): Vec3 => {
    const tip = toPatient(inverse, add(corner, scale(v, step)));
    return [tip[0] - start[0], tip[1] - start[1], tip[2] - start[2]];
  };
  const [du, dv] = [along(plane.right), along(plane.up)];
  const inside = new Uint8Array(width * height);
  const [nx, ny, nz] = size;
  for (let v = 0, at = 0; v < height; v++) {
    let x = start[0] + v * dv[0] + 0.5;
    let y = start[1] + v * dv[1] + 0.5;
    let z = start[2] + v * dv[2] + 0.5;
    for (let u = 0; u < width; u++, at++, x += du[0], y += du[1], z += du[2]) {
      if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) continue;
      inside[at] = data[(x | 0) + nx * ((y | 0) + ny * (z | 0))] as number;
    }
  }
  return inside;
}

/** Marching squares at one half: pieces between the middles of neighbouring samples. */
function borderOf(inside: Uint8Array, width: number, height: number): Float32Array {
  const pieces: number[] = [];
  for (let v = 0; v + 1 < height; v++) {
    for (let u = 0; u + 1 < width; u++) {
      const at = u + v * width;
      const code =
        (inside[at] as number) |
        ((inside[at + 1] as number) << 1) |
        ((inside[at + width + 1] as number) << 2) |
        ((inside[at + width] as number) << 3);
      if (code === 0 || code === 15) continue;
      for (const [a, b] of squares[code] ?? []) {
        pieces.push(u + (a[0] ?? 0), v + (a[1] ?? 0), u + (b[0] ?? 0), v + (b[1] ?? 0));
      }
    }
  }
  return Float32Array.from(pieces);
}

const [south, east, north, west] = [
  [0.5, 0],
  [1, 0.5],
  [0.5, 1],
  [0, 0.5],
] as const;
/** Corners from the lower left, counter-clockwise: bits 0 to 3. */
const squares: readonly (readonly (readonly [readonly number[], readonly number[]])[])[] = [
  [],
  [[west, south]],
  [[south, east]],
  [[west, east]],
  [[east, north]],
  [
    [west, south],
    [east, north],
  ],
  [[south, north]],
  [[west, north]],
  [[north, west]],
  [[north, south]],
  [
    [south, east],
    [north, west],
  ],
  [[north, east]],
  [[east, west]],
  [[east, south]],
  [[south, west]],
  [],
];

/** mm between samples that lose no voxel: the smallest step of the grid. */
export const finest = ({ affine: a }: MaskBox): number =>
  Math.min(
    Math.hypot(a[0], a[4], a[8]),
    Math.hypot(a[1], a[5], a[9]),
    Math.hypot(a[2], a[6], a[10]),
  );
