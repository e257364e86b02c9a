import {
  type Millilitre,
  type PatientPoint,
  patientPoint,
  spacing,
  toPatient,
  type Vec3,
  voxelsMl,
} from '@yuepian/geometry';
import {
  type BoxGrid,
  boxAroundMask,
  checkBox,
  cropMaskBox,
  type MaskBox,
  voxelCount,
  voxelMm3,
} from '../interactive/box.ts';
import { partColumn } from './column.ts';
import { partHips } from './hips.ts';
import { type BoneKind, midline, type NamedGroup, nameGroups } from './names.ts';
import { contactsOf, type Piece, piecesOf } from './pieces.ts';
import { partRibs } from './ribroots.ts';
import { ribOrder } from './ribs.ts';
import { vaultOf } from './skull.ts';
import { type Fragments, fragmentsOf } from './watershed.ts';

/** One bone of a split. */
export interface Bone {
  /** Value in the labels. */
  readonly label: number;
  /**
   * `vertebra_1…n` from the top (`spine` where the mask shows no discs), `rib_left_1…`, `pelvis_left`, `femur_right`, `sacrum`, `skull`, …;
   * `bone_n` where no rule knew it. Unique.
   */
  readonly key: string;
  readonly kind: BoneKind;
  /**
   * Anatomical level (`L5`, `T12`, …) where it follows from counting up from the sacrum; it
   * assumes five lumbar vertebrae, which 5–10 % of people do not have.
   */
  readonly level?: string;
  readonly voxels: number;
  readonly volumeMl: Millilitre;
  readonly centre: PatientPoint;
}

/** Labels over a box: 0 none, else {@link Bone.label}. */
export interface BoneMap extends BoxGrid {
  readonly data: Uint8Array;
  /** Ordered by label. */
  readonly bones: readonly Bone[];
}

export interface BoneOptions {
  /** Where a neck counts as a border: depth of the neck over that of the thinner part. Default 0.9. */
  readonly neck?: number;
  /** Told between the steps, fraction 0…1. */
  readonly onStep?: (fraction: number) => void;
}

/** Coarsest voxel the watershed works on, mm; finer grids are halved first. */
const workingStep = 1.4;
/** Less than this, in mm³, is not worth a name of its own. */
const smallest = 150;
/** Unnamed pieces below this size, in mm³, are put together. */
const crumb = 2000;
/** Labels are bytes. So many are left for vertebrae; what is more than the rest goes with the crumbs. */
const forVertebrae = 60;
const mostOthers = 255 - forVertebrae - 1;

/**
 * Splits a mask of bone (marrow filled) into single bones: watershed of the distance transform cuts at
 * necks and joints, then rules of position and thickness in patient space put pieces together and name
 * them. A suggestion: every wrong split is one `mergeBones` or `cutBone`.
 * At most 254 bones are told apart; more stay in one `bone`.
 */
export function splitBones(mask: MaskBox, options: BoneOptions = {}): BoneMap {
  checkBox(mask);
  const data = new Uint8Array(mask.data.length);
  const box = boxAroundMask(mask);
  if (box === undefined) return { size: mask.size, affine: mask.affine, data, bones: [] };
  const part = cropMaskBox(mask, box);
  const { coarse, factor } = coarsened(part);
  const step = spacing(coarse.affine);
  const least = Math.min(...step) / 2;
  const told = options.onStep ?? (() => undefined);
  told(0.1);
  const cut = fragmentsOf(coarse.data, coarse.size, step, options.neck ?? 0.9, least);
  told(0.5);
  const first = piecesOf(cut, coarse, voxelMm3(coarse));
  const x0 = midline(first);
  const hips = partHips(cut, first, coarse, x0);
  const parted = hips === cut ? first : piecesOf(hips, coarse, voxelMm3(coarse));
  const f = partRibs(hips, parted, coarse, x0);
  const pieces = f === hips ? parted : piecesOf(f, coarse, voxelMm3(coarse));
  const vault = vaultOf(coarse.data, coarse);
  const groups = nameGroups(pieces, contactsOf(f, coarse.size), vault);
  told(0.7);
  const { labels, kinds } = labelled(f, coarse, groups, pieces);
  told(0.8);
  paste(mask, data, box.first, part, coarse.size, factor, labels);
  return listed({ size: mask.size, affine: mask.affine }, data, kinds);
}

/** A label and a kind for every group; vertebrae are parted anew at their discs. */
function labelled(
  f: Fragments,
  grid: BoxGrid,
  groups: readonly NamedGroup[],
  pieces: readonly Piece[],
): { labels: Uint8Array; kinds: Map<number, BoneKind> } {
  const kinds = new Map<number, BoneKind>();
  const labelOf = new Uint8Array(f.count);
  const add = (kind: BoneKind, members: readonly number[]): void => {
    const label = kinds.size + 1;
    kinds.set(label, kind);
    for (const p of members) labelOf[p] = label;
  };
  const spine = groups.filter((g) => g.kind === 'vertebra');
  const voxels = (g: NamedGroup): number => g.pieces.reduce((n, p) => n + (pieces[p]?.mm3 ?? 0), 0);
  const crumbs: number[] = [];
  for (const g of groups) {
    if (g.kind === 'vertebra') continue;
    if ((g.kind === 'bone' && voxels(g) < crumb) || kinds.size === mostOthers)
      crumbs.push(...g.pieces);
    else add(g.kind, g.pieces);
  }
  // A list of a hundred crumbs helps nobody: what no rule knew and is small is one.
  if (crumbs.reduce((sum, n) => sum + (pieces[n]?.mm3 ?? 0), 0) >= smallest) add('bone', crumbs);
  const labels = Uint8Array.from(f.ofVoxel, (n) => (n < 0 ? 0 : (labelOf[n] as number)));
  const parted = columnOf(f, grid, spine);
  if (parted === undefined) for (const g of spine) add('vertebra', g.pieces);
  else {
    // Where no disc shows nothing is known of what lies above it, either: that is one spine.
    const unknown = Math.max(0, ...parted.several);
    const first = kinds.size;
    const labelAt = (n: number): number =>
      first + (n <= unknown ? 1 : n - Math.max(0, unknown - 1));
    for (let n = 1; n <= parted.count && labelAt(n) < 255; n++)
      kinds.set(labelAt(n), n <= unknown ? 'spine' : 'vertebra');
    for (let i = 0; i < labels.length; i++) {
      const n = parted.level[i] as number;
      if (n > 0) labels[i] = labelAt(n);
    }
  }
  return { labels, kinds };
}

function columnOf(
  f: Fragments,
  grid: BoxGrid,
  groups: readonly NamedGroup[],
): ReturnType<typeof partColumn> {
  if (groups.length === 0) return undefined;
  const [isSpine, isCutOff] = [new Uint8Array(f.count), new Uint8Array(f.count)];
  for (const g of groups)
    for (const n of g.pieces) {
      isSpine[n] = 1;
      if (g.cutOff) isCutOff[n] = 1;
    }
  const of = (table: Uint8Array): Uint8Array =>
    Uint8Array.from(f.ofVoxel, (n) => (n < 0 ? 0 : (table[n] as number)));
  return partColumn(of(isSpine), f.depths, grid, of(isCutOff));
}

function coarsened(part: MaskBox): { coarse: MaskBox; factor: Vec3 } {
  const factor = spacing(part.affine).map((s) =>
    s < workingStep * 0.6 ? 2 : 1,
  ) as unknown as Vec3;
  if (factor.every((n) => n === 1)) return { coarse: part, factor };
  const size = part.size.map((n, a) => Math.ceil(n / (factor[a] as number))) as unknown as Vec3;
  const counts = new Uint8Array(voxelCount(size));
  const [nx, ny, nz] = part.size;
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, i++) {
        if (part.data[i] === 0) continue;
        const at =
          Math.floor(x / factor[0]) +
          size[0] * (Math.floor(y / factor[1]) + size[1] * Math.floor(z / factor[2]));
        counts[at] = (counts[at] as number) + 1;
      }
  const half = (factor[0] * factor[1] * factor[2]) / 2;
  const m = part.affine;
  const first = toPatient(m, factor.map((n) => (n - 1) / 2) as unknown as Vec3);
  const affine = [0, 1, 2].flatMap((r) => [
    ...[0, 1, 2].map((c) => (m[r * 4 + c] as number) * (factor[c] as number)),
    first[r] as number,
  ]) as unknown as MaskBox['affine'];
  return { coarse: { size, affine, data: counts.map((n) => (n >= half ? 1 : 0)) }, factor };
}

/** Every voxel of the mask takes the label of its coarse voxel, or of a neighbour of that. */
function paste(
  mask: MaskBox,
  data: Uint8Array,
  first: Vec3,
  part: MaskBox,
  size: Vec3,
  factor: Vec3,
  labels: Uint8Array,
): void {
  const [nx, ny, nz] = part.size;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (part.data[i] === 0) continue;
        const c = [
          Math.floor(x / factor[0]),
          Math.floor(y / factor[1]),
          Math.floor(z / factor[2]),
        ] as const;
        const own = labels[c[0] + size[0] * (c[1] + size[1] * c[2])] as number;
        const to = first[0] + x + mask.size[0] * (first[1] + y + mask.size[1] * (first[2] + z));
        data[to] = own !== 0 ? own : around(labels, size, c);
      }
    }
  }
}

function around(labels: Uint8Array, size: Vec3, c: readonly [number, number, number]): number {
  for (let dz = -1; dz <= 1; dz++)
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) {
        const [x, y, z] = [c[0] + dx, c[1] + dy, c[2] + dz];
        if (x < 0 || y < 0 || z < 0 || x >= size[0] || y >= size[1] || z >= size[2]) continue;
        const l = labels[x + size[0] * (y + size[1] * z)] as number;
        if (l !== 0) return l;
      }
  return 0;
}

/** Measures the labels and gives keys in order: numbered kinds from the top. */
export function listed(
  grid: BoxGrid,
  data: Uint8Array,
  kinds: ReadonlyMap<number, BoneKind>,
): BoneMap {
  const count = new Float64Array(256);
  const sums = new Float64Array(256 * 3);
  const [nx, ny] = grid.size;
  for (let i = 0; i < data.length; i++) {
    const l = data[i] as number;
    if (l === 0) continue;
    const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    count[l] = (count[l] as number) + 1;
    sums[l * 3] = (sums[l * 3] as number) + x;
    sums[l * 3 + 1] = (sums[l * 3 + 1] as number) + y;
    sums[l * 3 + 2] = (sums[l * 3 + 2] as number) + z;
  }
  const found = [...kinds]
    .filter(([label]) => (count[label] as number) > 0)
    .map(([label, kind]) => {
      const n = count[label] as number;
      const at = [0, 1, 2].map((a) => (sums[label * 3 + a] as number) / n) as unknown as Vec3;
      const p = toPatient(grid.affine, at);
      return { label, kind, voxels: n, centre: patientPoint(p[0], p[1], p[2]) };
    });
  const above = ribOrder(
    grid,
    data,
    found.filter((b) => b.kind.startsWith('rib')),
  );
  const hasSacrum = found.some((b) => b.kind === 'sacrum');
  const bones = found.map((b) => {
    const same = found.filter((o) => o.kind === b.kind).sort((p, q) => q.centre[2] - p.centre[2]);
    if (b.kind.startsWith('rib')) same.sort((p, q) => above(p.label) - above(q.label));
    const rank = same.indexOf(b) + 1;
    const level =
      b.kind === 'vertebra' && hasSacrum ? levelAboveSacrum(same.length - rank) : undefined;
    return {
      ...b,
      key: numberedKinds.has(b.kind) || same.length > 1 ? `${b.kind}_${rank}` : b.kind,
      volumeMl: voxelsMl(b.voxels, grid.affine),
      ...(level === undefined ? {} : { level }),
    };
  });
  return { ...grid, data, bones: bones.sort((a, b) => a.label - b.label) };
}

const numberedKinds: ReadonlySet<BoneKind> = new Set(['vertebra', 'rib_left', 'rib_right', 'bone']);

/** 0 is the vertebra right above the sacrum. */
function levelAboveSacrum(n: number): string | undefined {
  if (n < 5) return `L${5 - n}`;
  if (n < 17) return `T${17 - n}`;
  return n < 24 ? `C${24 - n}` : undefined;
}
