import { YuepianError } from '@yuepian/contract';
import {
  type LabelMap,
  type Segment,
  spacing,
  type Vec3,
  voxelMm3,
  voxelsMl,
} from '@yuepian/geometry';
import type { Mesh } from '../mesh.ts';
import { Pace } from '../pace.ts';
import { extractor } from './extract.ts';
import { fitVolumes, toPatientNet } from './fit.ts';
import { interpolated } from './interpolate.ts';
import {
  boxAround,
  chooseGrid,
  estimateQuads,
  type LabelMeasures,
  type MeshGrid,
  measureLabels,
} from './measure.ts';
import { surfaceNet } from './nets.ts';
import {
  cropped,
  fullSlices,
  type LabelGrid,
  reducedSlices,
  type SliceSource,
  wholeGrid,
} from './slices.ts';
import { smoothingPlan, smoothNet } from './smooth.ts';

export interface SurfaceOptions {
  /** Keys of the segments wanted; all by default. */
  readonly keys?: readonly string[];
  /**
   * Triangles that may be made before simplification. Above it, the labels are first averaged over
   * blocks of 2 or 4 voxels; what the blocks hold still places the surface between their centres.
   * Infinity keeps every voxel. Default 1,000,000.
   */
  readonly maxTriangles?: number;
  /** `none` gives the raw net: for tests and for looking at voxels. */
  readonly smoothing?: 'auto' | 'none';
  readonly onStep?: (step: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

export interface SegmentSurface extends Mesh {
  /** Label values it was made of. */
  readonly labels: readonly number[];
  /** Counted in the full label map, whatever grid the mesh was made on. */
  readonly voxels: number;
  /** From those voxels, not from the mesh. */
  readonly volumeMl: number;
  /** Voxels of the label map per voxel of the mesh's grid; above 1 it was averaged. */
  readonly reduction: Vec3;
  /** Layers made per slice where slices are much thicker than wide (shape interpolation). */
  readonly layersPerSlice: number;
}

/**
 * Closed surfaces of the segments of a label map, in LPS mm. Segments that own different labels
 * are meshed together and share the walls between them; one that overlaps another (skin, which owns
 * every label) gets a net of its own. Cavities inside `skin` and `body` are left out.
 * Every surface encloses its voxels' volume to 0.1 %, as long as it has more than a few voxels.
 * @returns one entry per segment that has a voxel, in the map's order.
 * @throws YuepianError `job_cancelled`, `invalid_request` for a map whose data does not fit its size.
 */
export async function surfaces(
  map: LabelMap,
  options: SurfaceOptions = {},
): Promise<SegmentSurface[]> {
  const pace = new Pace(options.signal, options.onStep);
  if (map.data.length !== map.size[0] * map.size[1] * map.size[2])
    throw new YuepianError('invalid_request', { reason: 'the labels do not fit the size' });
  const grid = wholeGrid(map);
  const measures = await measureLabels(grid, pace);
  const wanted = map.segments.filter(
    (s) =>
      (options.keys === undefined || options.keys.includes(s.key)) &&
      boxAround(measures, s.labels) !== undefined,
  );
  const made = new Map<Segment, SegmentSurface>();
  for (const group of groups(wanted)) {
    for (const part of splitBySize(group, grid, measures, options)) {
      for (const [segment, surface] of await meshGroup(part, grid, measures, options, pace))
        made.set(segment, surface);
    }
  }
  pace.step('surface', 1);
  return wanted.flatMap((s) => made.get(s) ?? []);
}

/** Sets of segments without a common label. */
function groups(segments: readonly Segment[]): Segment[][] {
  const sets: { used: Set<number>; members: Segment[] }[] = [];
  // Small sets of labels first: skin, which owns everything, ends up alone.
  for (const s of segments.toSorted((a, b) => a.labels.length - b.labels.length)) {
    const outer = isOuter(s.key);
    const home = outer
      ? undefined
      : sets.find(
          (g) =>
            g.members.length < 254 &&
            !g.members.some((m) => isOuter(m.key)) &&
            !s.labels.some((n) => g.used.has(n)),
        );
    if (home === undefined) sets.push({ used: new Set(s.labels), members: [s] });
    else {
      home.members.push(s);
      for (const n of s.labels) home.used.add(n);
    }
  }
  return sets.map((g) => g.members);
}

const isOuter = (key: string): boolean => key === 'skin' || key === 'body';

const quadBudget = (options: SurfaceOptions): number => (options.maxTriangles ?? 1_000_000) / 2;

interface Part {
  readonly members: readonly Segment[];
  readonly grid: LabelGrid;
  readonly segmentOf: Uint8Array;
  readonly on: MeshGrid;
}

/**
 * One part on one grid. Where that grid must be coarse, small segments are meshed apart at full
 * resolution: a stone of a few voxels may not drown in an average.
 */
function splitBySize(
  group: readonly Segment[],
  grid: LabelGrid,
  measures: LabelMeasures,
  options: SurfaceOptions,
): Part[] {
  const part = partOf(group, grid, measures, quadBudget(options));
  if (part === undefined) return [];
  const blocks = part.on.factor[0] * part.on.factor[1] * part.on.factor[2];
  if (blocks === 1 || group.length === 1) return [part];
  const voxels = (s: Segment): number =>
    s.labels.reduce((n, l) => n + (measures.voxels[l] as number), 0);
  const small = group.filter((s) => voxels(s) < 10_000 * blocks);
  if (small.length === 0) return [part];
  const big = group.filter((s) => !small.includes(s));
  return [big, small].flatMap(
    (members) => partOf(members, grid, measures, quadBudget(options)) ?? [],
  );
}

function partOf(
  members: readonly Segment[],
  grid: LabelGrid,
  measures: LabelMeasures,
  budget: number,
): Part | undefined {
  const box = boxAround(
    measures,
    members.flatMap((s) => s.labels),
  );
  if (box === undefined) return undefined;
  const segmentOf = new Uint8Array(256);
  members.forEach((s, n) => {
    for (const label of s.labels) segmentOf[label] = n + 1;
  });
  const view = cropped(grid, box.first, box.size);
  return {
    members,
    grid: view,
    segmentOf,
    on: chooseGrid(spacing(grid.affine), estimateQuads(view, segmentOf), budget),
  };
}

async function meshGroup(
  part: Part,
  whole: LabelGrid,
  measures: LabelMeasures,
  options: SurfaceOptions,
  pace: Pace,
): Promise<[Segment, SegmentSurface][]> {
  const { members } = part;
  const source = await sliceSource(part, options, pace);
  const net = await surfaceNet(source, pace);
  const voxels = members.map((s) =>
    s.labels.reduce((n, l) => n + (measures.voxels[l] as number), 0),
  );
  const gridMm3 = voxelMm3(source.affine);
  const targets = Float64Array.from([0, ...voxels.map((n) => n * voxelMm3(whole.affine))]);
  if (options.smoothing !== 'none')
    await smoothNet(
      net,
      smoothingPlan(net, targets, gridMm3, source.hasCoverage && layersOf(part, options) === 1),
      pace,
    );
  const patient = toPatientNet(net);
  await pace.breathe();
  if (options.smoothing !== 'none') fitVolumes(net, patient, targets);
  await pace.breathe();
  const meshes = extractor(net, patient);
  const result: [Segment, SegmentSurface][] = [];
  for (const [n, segment] of members.entries()) {
    const mesh = meshes.extract(segment.key, n + 1, isOuter(segment.key));
    if (mesh.indices.length === 0) continue;
    result.push([
      segment,
      {
        ...mesh,
        labels: segment.labels,
        voxels: voxels[n] as number,
        volumeMl: voxelsMl(voxels[n] as number, whole.affine),
        reduction: part.on.factor,
        layersPerSlice: layersOf(part, options),
      },
    ]);
    await pace.breathe();
  }
  return result;
}

/** Raw nets keep the slices they were given. */
const layersOf = (part: Part, options: SurfaceOptions): number =>
  options.smoothing === 'none' ? 1 : part.on.layers;

async function sliceSource(part: Part, options: SurfaceOptions, pace: Pace): Promise<SliceSource> {
  const { grid, segmentOf } = part;
  const { factor } = part.on;
  const layers = layersOf(part, options);
  // Layers first: they follow the contours of the full slices, and the average smooths them.
  const base = layers === 1 ? grid : await interpolated(grid, segmentOf, layers, pace);
  const numbers = layers === 1 ? segmentOf : identity;
  return factor.every((f) => f === 1)
    ? fullSlices(base, numbers)
    : reducedSlices(base, numbers, factor);
}

const identity = Uint8Array.from({ length: 256 }, (_, n) => n);
