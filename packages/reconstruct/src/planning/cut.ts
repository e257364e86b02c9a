import { type Cut, YuepianError } from '@yuepian/contract';
import {
  add,
  cross,
  dot,
  type Millilitre,
  millilitres,
  scale,
  subtract,
  toPatient,
  unit,
  type Vec3,
  voxelsMl,
} from '@yuepian/geometry';
import type { Manifold, ManifoldToplevel } from 'manifold-3d';
import { EdgeBands, type Point2 } from '../grid/polygon.ts';
import { checkBox, emptyMaskBox, type MaskBox } from '../interactive/box.ts';
import { type Mesh, meshVolume } from '../mesh.ts';
import { loadManifold, meshOfSolid, solidOf } from './manifold.ts';

/** The geometry of a cut; a `Cut` of the case document is one. */
export type CutGeometry = Pick<Cut, 'kind' | 'points' | 'direction'>;

/** The two sides. `front`: where the normal points; left of the curve, seen along the line of sight. */
export interface MeshParts {
  readonly front: Mesh | undefined;
  readonly back: Mesh | undefined;
  /** mL enclosed by the parts' meshes; their sum is the structure's mesh volume. */
  readonly frontMl: Millilitre;
  readonly backMl: Millilitre;
}

export interface MaskParts {
  readonly front: MaskBox;
  readonly back: MaskBox;
  /** mL from voxels. */
  readonly frontMl: Millilitre;
  readonly backMl: Millilitre;
}

/** Share of an organ that stays, in percent. NaN when there is no organ. */
export const remainingPercent = (keptMl: number, wholeMl: number): number =>
  wholeMl > 0 ? (100 * keptMl) / wholeMl : Number.NaN;

/**
 * Cuts a closed mesh in two closed meshes (manifold-3d): by a plane, or by the ruled surface of a
 * curve extruded along the line of sight, its ends prolonged straight.
 * @throws YuepianError `mesh_not_closed`, `invalid_request` for a curve without length.
 */
export async function planCut(mesh: Mesh, cut: CutGeometry): Promise<MeshParts> {
  checkCut(cut);
  const library = await loadManifold();
  const solid = solidOf(library, mesh);
  const [front, back] = splitSolid(library, solid, mesh, cut);
  const parts = [front, back].map((part) =>
    part.isEmpty() ? undefined : meshOfSolid(mesh.key, part),
  );
  for (const used of [solid, front, back]) used.delete();
  const ml = (m: Mesh | undefined): Millilitre =>
    millilitres(m === undefined ? 0 : meshVolume(m.positions, m.indices));
  return { front: parts[0], back: parts[1], frontMl: ml(parts[0]), backMl: ml(parts[1]) };
}

/** The same cut on the voxels: a voxel lies on the side of its centre. */
export function planMaskCut(mask: MaskBox, cut: CutGeometry): MaskParts {
  checkBox(mask);
  checkCut(cut);
  const isFront = sideOf(mask, cut);
  const [front, back] = [emptyMaskBox(mask), emptyMaskBox(mask)];
  const [nx, ny, nz] = mask.size;
  let [frontCount, backCount] = [0, 0];
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) {
        if (mask.data[at] === 0) continue;
        if (isFront(toPatient(mask.affine, [i, j, k]))) {
          front.data[at] = 1;
          frontCount++;
        } else {
          back.data[at] = 1;
          backCount++;
        }
      }
    }
  }
  const ml = (n: number): Millilitre => voxelsMl(n, mask.affine);
  return { front, back, frontMl: ml(frontCount), backMl: ml(backCount) };
}

function checkCut(cut: CutGeometry): void {
  const finite = [...cut.points, cut.direction].every((p) => p.every(Number.isFinite));
  const enough = cut.points.length >= (cut.kind === 'plane' ? 1 : 2);
  if (!finite || !enough || !(Math.hypot(...cut.direction) > 0))
    throw new YuepianError('invalid_request', { reason: 'the cut has no shape' });
}

function splitSolid(
  library: ManifoldToplevel,
  solid: Manifold,
  mesh: Mesh,
  cut: CutGeometry,
): [Manifold, Manifold] {
  const direction = unit(cut.direction);
  if (cut.kind === 'plane')
    return solid.splitByPlane(direction, dot(direction, cut.points[0] as Vec3));
  const { centre, radius } = boundingSphere(mesh, cut.points);
  const frame = sightFrame(direction, centre);
  const half = halfPlane(cut.points.map(frame.flat), radius);
  const section = new library.CrossSection([half.map(([x, y]) => [x, y])], 'EvenOdd');
  const block = section.extrude(4 * radius, 0, 0, [1, 1], true);
  const { right, up } = frame;
  // Column-major: the block's x, y and z run along right, up and toward the viewer.
  const cutter = block.transform([
    ...[right[0], right[1], right[2], 0],
    ...[up[0], up[1], up[2], 0],
    ...[-direction[0], -direction[1], -direction[2], 0],
    ...[centre[0], centre[1], centre[2], 1],
  ] as Parameters<Manifold['transform']>[0]);
  const parts = solid.split(cutter);
  for (const used of [section, block, cutter]) used.delete();
  return parts;
}

function sideOf(mask: MaskBox, cut: CutGeometry): (p: Vec3) => boolean {
  const direction = unit(cut.direction);
  if (cut.kind === 'plane') {
    const offset = dot(direction, cut.points[0] as Vec3);
    return (p) => dot(direction, p) >= offset;
  }
  const corners: Vec3[] = [];
  for (const i of [0, mask.size[0] - 1])
    for (const j of [0, mask.size[1] - 1])
      for (const k of [0, mask.size[2] - 1]) corners.push(toPatient(mask.affine, [i, j, k]));
  const { centre, radius } = sphereAround([...corners, ...cut.points]);
  const frame = sightFrame(direction, centre);
  const bands = new EdgeBands(halfPlane(cut.points.map(frame.flat), radius));
  return (p) => bands.contains(frame.flat(p));
}

interface SightFrame {
  readonly right: Vec3;
  readonly up: Vec3;
  readonly flat: (p: Vec3) => Point2;
}

/** Right and up of a viewer that looks along `direction`. */
function sightFrame(direction: Vec3, centre: Vec3): SightFrame {
  const helper: Vec3 = Math.abs(direction[2]) < 0.9 ? [0, 0, 1] : [0, 1, 0];
  const right = unit(cross(direction, helper));
  const up = cross(right, direction);
  return {
    right,
    up,
    flat: (p) => {
      const d = subtract(p, centre);
      return [dot(right, d), dot(up, d)];
    },
  };
}

/**
 * The side to the left of a curve as a polygon: the curve, its ends prolonged straight to a circle
 * far around the structure, and that circle's arc on the left.
 */
function halfPlane(curve: readonly Point2[], radius: number): Point2[] {
  const points = curve.filter((p, n) => {
    const before = curve[n - 1];
    return before === undefined || Math.hypot(p[0] - before[0], p[1] - before[1]) > 1e-6;
  });
  const [first, second] = [points[0], points[1]];
  const [last, previous] = [points.at(-1), points.at(-2)];
  if (!first || !second || !last || !previous)
    throw new YuepianError('invalid_request', { reason: 'the curve has no length' });
  const far = 4 * radius;
  const start = onCircle(first, [first[0] - second[0], first[1] - second[1]], far);
  const end = onCircle(last, [last[0] - previous[0], last[1] - previous[1]], far);
  const from = Math.atan2(end[1], end[0]);
  let turn = Math.atan2(start[1], start[0]) - from;
  if (turn <= 0) turn += 2 * Math.PI;
  const arc: Point2[] = [];
  for (let n = 1; n < 32; n++) {
    const a = from + (turn * n) / 32;
    arc.push([far * Math.cos(a), far * Math.sin(a)]);
  }
  return [start, ...points, end, ...arc];
}

/** Where a ray from a point within a circle round the origin leaves it. */
function onCircle(from: Point2, way: Point2, radius: number): Point2 {
  const length = Math.hypot(...way);
  const [x, y] = [way[0] / length, way[1] / length];
  const b = from[0] * x + from[1] * y;
  const c = from[0] ** 2 + from[1] ** 2 - radius ** 2;
  const t = -b + Math.sqrt(b * b - c);
  return [from[0] + t * x, from[1] + t * y];
}

function boundingSphere(mesh: Mesh, more: readonly Vec3[]): { centre: Vec3; radius: number } {
  const low = [0, 1, 2].map(() => Number.POSITIVE_INFINITY);
  const high = [0, 1, 2].map(() => Number.NEGATIVE_INFINITY);
  mesh.positions.forEach((v, n) => {
    low[n % 3] = Math.min(low[n % 3] as number, v);
    high[n % 3] = Math.max(high[n % 3] as number, v);
  });
  return sphereAround([low as unknown as Vec3, high as unknown as Vec3, ...more]);
}

function sphereAround(points: readonly Vec3[]): { centre: Vec3; radius: number } {
  const sum = points.reduce((a: Vec3, p) => add(a, p), [0, 0, 0]);
  const centre = scale(sum, 1 / points.length);
  const radius = points.reduce((r, p) => Math.max(r, Math.hypot(...subtract(p, centre))), 1);
  return { centre, radius };
}
