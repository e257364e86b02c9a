import { YuepianError } from '@yuepian/contract';
import {
  add,
  cross,
  dot,
  invert,
  type LabelMap,
  norm,
  scale,
  stepI,
  stepJ,
  stepK,
  subtract,
  toPatient,
  unit,
  type Vec3,
} from '@yuepian/geometry';
import type { Dataset } from './dataset.ts';
import { Combinations, type SegmentationGrid } from './write/segmentationGrid.ts';

export const rtStructureSetStorage = '1.2.840.10008.5.1.4.1.1.481.3';

/** A closed polygon in one plane, LPS mm; the last point joins the first. */
export type Contour = readonly Vec3[];

export interface RtStructure {
  readonly number: number;
  readonly name: string;
  /** `#rrggbb`, when the object recommends one. */
  readonly colour?: string;
  readonly frameOfReferenceUid: string;
  /** Closed planar contours. */
  readonly contours: readonly Contour[];
  /** Points, lines and open or bent contours: they enclose nothing and are not filled. */
  readonly leftOut: number;
}

export interface RtStructureSet {
  readonly sopInstanceUid: string;
  readonly label: string;
  readonly manufacturer: string;
  /** Series it was drawn on, as far as it says. */
  readonly seriesInstanceUids: readonly string[];
  readonly frameOfReferenceUid: string;
  readonly structures: readonly RtStructure[];
}

/** Reads an RT Structure Set (PS3.3 A.19): its regions and their contours. */
export function readRtStructureSet(dataset: Dataset): RtStructureSet {
  const frames = dataset.sequence('x30060010');
  const contours = new Map(
    dataset.sequence('x30060039').map((item) => [item.number('x30060084') ?? -1, item]),
  );
  const first = frames[0]?.string('x00200052') ?? '';
  return {
    sopInstanceUid: dataset.string('x00080018'),
    label: dataset.string('x30060002') || dataset.string('x0008103e'),
    manufacturer: dataset.string('x00080070'),
    seriesInstanceUids: frames
      .flatMap((f) => f.sequence('x30060012'))
      .flatMap((study) => study.sequence('x30060014'))
      .map((series) => series.string('x0020000e'))
      .filter((uid) => uid !== ''),
    frameOfReferenceUid: first || dataset.string('x00200052'),
    structures: dataset.sequence('x30060020').map((roi) => {
      const number = roi.number('x30060022') ?? -1;
      return {
        number,
        name: roi.string('x30060026'),
        frameOfReferenceUid: roi.string('x30060024') || first,
        ...readContours(contours.get(number)),
      };
    }),
  };
}

function readContours(
  item: Dataset | undefined,
): Pick<RtStructure, 'contours' | 'leftOut' | 'colour'> {
  const [r, g, b] = item?.numbers('x3006002a') ?? [];
  const found: Contour[] = [];
  let leftOut = 0;
  for (const contour of item?.sequence('x30060040') ?? []) {
    const kind = contour.string('x30060042');
    const points = pointsOf(contour.numbers('x30060050'));
    // CLOSEDPLANAR_XOR is filled by the same even-odd rule (PS3.3 C.8.8.6.3).
    const closed = /^CLOSED_?PLANAR(_XOR)?$/.test(kind);
    if (closed && points.length >= 3 && isPlanar(points)) found.push(points);
    else leftOut++;
  }
  const channel = (v: number): string =>
    Math.max(0, Math.min(255, Math.round(v)))
      .toString(16)
      .padStart(2, '0');
  return {
    contours: found,
    leftOut,
    ...(r !== undefined && g !== undefined && b !== undefined
      ? { colour: `#${channel(r)}${channel(g)}${channel(b)}` }
      : {}),
  };
}

function pointsOf(values: readonly number[]): Vec3[] {
  const points: Vec3[] = [];
  for (let n = 0; n + 2 < values.length; n += 3) {
    const p: Vec3 = [values[n] as number, values[n + 1] as number, values[n + 2] as number];
    if (p.every(Number.isFinite)) points.push(p);
  }
  return points;
}

/** Twice the area of a polygon, as a vector along its normal (Newell). */
function areaVector(points: Contour): Vec3 {
  let sum: Vec3 = [0, 0, 0];
  const origin = points[0] as Vec3;
  for (let n = 1; n + 1 < points.length; n++) {
    const a = subtract(points[n] as Vec3, origin);
    const b = subtract(points[n + 1] as Vec3, origin);
    sum = add(sum, cross(a, b));
  }
  return sum;
}

/** Points that leave their plane by more than this are no planar contour. */
const planarMm = 0.5;

function isPlanar(points: Contour): boolean {
  const area = areaVector(points);
  if (!(norm(area) > 0)) return false;
  const normal = unit(area);
  const origin = points[0] as Vec3;
  return points.every((p) => Math.abs(dot(normal, subtract(p, origin))) < planarMm);
}

/**
 * Regions as labels on a grid: a voxel belongs to a region when its centre lies inside an odd number
 * of the contours of the nearest plane, at most half a plane's distance away. Overlapping regions
 * share voxels through labels of their own, as in a segmentation.
 * @throws YuepianError cannot_decode for more than 255 combinations of regions.
 */
export function contoursToLabelMap(
  structures: readonly (RtStructure & { readonly key: string })[],
  grid: SegmentationGrid & { readonly frameOfReferenceUid: string },
): LabelMap {
  const [nx, ny, nz] = grid.size;
  const data = new Uint8Array(nx * ny * nz);
  const combinations = new Combinations();
  structures.forEach((structure, bit) => {
    const step = combinations.stepsFor(bit);
    fill(structure.contours, grid, (at) => {
      data[at] = step(data[at] as number);
    });
  });
  return {
    size: grid.size,
    affine: grid.affine,
    frameOfReferenceUid: grid.frameOfReferenceUid,
    data,
    segments: structures.map(({ key }, bit) => ({ key, labels: combinations.labelsWith(bit) })),
  };
}

interface Plane {
  readonly d: number;
  readonly contours: Contour[];
}

function fill(
  contours: readonly Contour[],
  grid: SegmentationGrid,
  visit: (index: number) => void,
): void {
  const [first] = contours;
  if (!first) return;
  const normal = unit(areaVector(first));
  const planes = planesOf(contours, normal);
  const reach = reachOf(planes, grid, normal);
  const m = grid.affine;
  const [nx, ny, nz] = grid.size;
  const row = stepI(m);
  const rowRise = dot(normal, row);
  const box = boxOf(contours, grid, reach, normal);
  // Rows that lie in the planes are cut by the edges once for all their voxels.
  const flat = Math.abs(rowRise) * nx < 0.05 * Math.max(reach, 1e-6);
  const inPlane = [stepI(m), stepJ(m), stepK(m)]
    .map((step) => subtract(step, scale(normal, dot(normal, step))))
    .reduce((best, step) => (norm(step) > norm(best) ? step : best));
  for (let k = box.low[2]; k <= Math.min(nz - 1, box.high[2]); k++) {
    for (let j = box.low[1]; j <= Math.min(ny - 1, box.high[1]); j++) {
      const start = toPatient(m, [0, j, k]);
      const base = nx * (j + ny * k);
      if (flat) {
        const plane = nearest(planes, dot(normal, start) + (rowRise * nx) / 2, reach);
        if (!plane) continue;
        for (const [from, to] of spans(plane.contours, start, row, normal)) {
          const end = Math.min(nx - 1, Math.floor(to));
          for (let i = Math.max(0, Math.ceil(from)); i <= end; i++) visit(base + i);
        }
        continue;
      }
      for (let i = box.low[0]; i <= Math.min(nx - 1, box.high[0]); i++) {
        const p = add(start, scale(row, i));
        const plane = nearest(planes, dot(normal, p), reach);
        if (!plane) continue;
        const inside = spans(plane.contours, p, inPlane, normal).some(([a, b]) => a <= 0 && b >= 0);
        if (inside) visit(base + i);
      }
    }
  }
}

function planesOf(contours: readonly Contour[], normal: Vec3): Plane[] {
  const planes: Plane[] = [];
  const sorted = contours
    .map((contour) => ({ contour, d: dot(normal, contour[0] as Vec3) }))
    .sort((a, b) => a.d - b.d);
  for (const { contour, d } of sorted) {
    const last = planes.at(-1);
    if (last && d - last.d < 0.01) last.contours.push(contour);
    else planes.push({ d, contours: [contour] });
  }
  return planes;
}

/** Half the distance of the planes; of a single plane half the grid's own. */
function reachOf(planes: readonly Plane[], grid: SegmentationGrid, normal: Vec3): number {
  let gap = Number.POSITIVE_INFINITY;
  for (let n = 1; n < planes.length; n++) {
    gap = Math.min(gap, (planes[n]?.d ?? 0) - (planes[n - 1]?.d ?? 0));
  }
  const own = [stepI, stepJ, stepK].reduce(
    (sum, step) => sum + Math.abs(dot(normal, step(grid.affine))),
    0,
  );
  // Planes wider apart than the slices are spread over them; none is stretched over a real gap.
  return Number.isFinite(gap) ? Math.max(gap, own) / 2 + 1e-3 : own / 2 + 1e-3;
}

function nearest(planes: readonly Plane[], d: number, reach: number): Plane | undefined {
  let [low, high] = [0, planes.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((planes[middle]?.d ?? 0) <= d) low = middle;
    else high = middle;
  }
  const [a, b] = [planes[low], planes[high]];
  const best = a && b && Math.abs(a.d - d) <= Math.abs(b.d - d) ? a : b;
  return best && Math.abs(best.d - d) <= reach ? best : undefined;
}

/** Pieces of the line start + t·step inside the contours, even-odd, as pairs of t. */
function spans(
  contours: readonly Contour[],
  start: Vec3,
  step: Vec3,
  normal: Vec3,
): [number, number][] {
  const along = scale(step, 1 / dot(step, step));
  const side = cross(normal, step);
  const cuts: number[] = [];
  for (const contour of contours) {
    let previous = contour.at(-1) as Vec3;
    let a = dot(side, subtract(previous, start));
    for (const point of contour) {
      const b = dot(side, subtract(point, start));
      // Half open, so that a corner on the line counts once.
      if (a < 0 !== b < 0) {
        const t = a / (a - b);
        const p = add(previous, scale(subtract(point, previous), t));
        cuts.push(dot(along, subtract(p, start)));
      }
      previous = point;
      a = b;
    }
  }
  cuts.sort((x, y) => x - y);
  const found: [number, number][] = [];
  for (let n = 0; n + 1 < cuts.length; n += 2) {
    found.push([cuts[n] as number, cuts[n + 1] as number]);
  }
  return found;
}

function boxOf(
  contours: readonly Contour[],
  grid: SegmentationGrid,
  reach: number,
  normal: Vec3,
): { low: Vec3; high: Vec3 } {
  const inverse = invert(grid.affine);
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = low.map((v) => -v);
  for (const contour of contours) {
    for (const p of contour) {
      for (const off of [-reach, reach]) {
        const v = toPatient(inverse, add(p, scale(normal, off)));
        for (const n of [0, 1, 2] as const) {
          low[n] = Math.min(low[n] as number, v[n]);
          high[n] = Math.max(high[n] as number, v[n]);
        }
      }
    }
  }
  if (low.some((v) => !Number.isFinite(v))) {
    throw new YuepianError('cannot_decode', { reason: 'a contour without a place' });
  }
  return {
    low: low.map((v) => Math.max(0, Math.floor(v))) as unknown as Vec3,
    high: high.map((v) => Math.ceil(v)) as unknown as Vec3,
  };
}
