import {
  add,
  type PatientPoint,
  patientPoint,
  scale,
  subtract,
  toPatient,
  type Vec3,
} from '@yuepian/geometry';
import type { ClipPlane } from '../../engine/index.ts';

/** What of the 3D view is cut away, volume and models together. LPS mm. */
export type Clip =
  | { readonly kind: 'none' }
  /** What lies on the side of the normal stays. */
  | { readonly kind: 'plane'; readonly point: Vec3; readonly normal: Vec3 }
  | { readonly kind: 'box'; readonly low: Vec3; readonly high: Vec3 };

export const noClip: Clip = { kind: 'none' };

const axes: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

export function planesOf(clip: Clip): readonly ClipPlane[] {
  if (clip.kind === 'none') return [];
  if (clip.kind === 'plane') return [{ point: clip.point, normal: clip.normal }];
  return axes.flatMap((normal) => [
    { point: clip.low, normal },
    { point: clip.high, normal: scale(normal, -1) },
  ]);
}

/** Somewhere to take hold of: where it is, and along which line it moves. */
export interface Handle {
  readonly name: string;
  readonly at: PatientPoint;
  readonly along: Vec3;
}

export function handlesOf(clip: Clip): readonly Handle[] {
  if (clip.kind === 'none') return [];
  if (clip.kind === 'plane') {
    return [{ name: 'plane', at: asPoint(clip.point), along: clip.normal }];
  }
  const middle = scale(add(clip.low, clip.high), 0.5);
  return axes.flatMap((along, a) =>
    (['low', 'high'] as const).map((side) => {
      const at = middle.map((m, n) => (n === a ? (clip[side][n] as number) : m));
      return { name: `${side}${a}`, at: asPoint(at as unknown as Vec3), along };
    }),
  );
}

/** Thinnest box that can be clipped to, mm. */
const thinnest = 5;

/** The clip with one handle moved by so many mm along its line. */
export function moved(clip: Clip, handle: string, by: number): Clip {
  if (clip.kind === 'plane') {
    return { ...clip, point: add(clip.point, scale(clip.normal, by)) };
  }
  if (clip.kind === 'none') return clip;
  const axis = Number(handle.at(-1));
  const isLow = handle.startsWith('low');
  const at = (clip[isLow ? 'low' : 'high'][axis] as number) + by;
  const other = clip[isLow ? 'high' : 'low'][axis] as number;
  const limited = isLow ? Math.min(at, other - thinnest) : Math.max(at, other + thinnest);
  const next = clip[isLow ? 'low' : 'high'].map((v, n) => (n === axis ? limited : v));
  return { ...clip, [isLow ? 'low' : 'high']: next as unknown as Vec3 };
}

/** The box of a whole volume in patient axes, by its corners. */
export function boxOfVolume(size: Vec3, affine: Parameters<typeof toPatient>[0]): Clip {
  const corners = Array.from({ length: 8 }, (_, n) =>
    toPatient(affine, [n & 1 ? size[0] - 1 : 0, n & 2 ? size[1] - 1 : 0, n & 4 ? size[2] - 1 : 0]),
  );
  const low = axes.map((_, a) => Math.min(...corners.map((c) => c[a] as number)));
  const high = axes.map((_, a) => Math.max(...corners.map((c) => c[a] as number)));
  return { kind: 'box', low: low as unknown as Vec3, high: high as unknown as Vec3 };
}

/** How far along its line a handle went when the pointer went from one point of the view to another. */
export function travel(
  along: Vec3,
  from: Vec3,
  to: Vec3,
  screen: { readonly right: Vec3; readonly up: Vec3 },
): number {
  const d = subtract(to, from);
  // The line as it is seen: what points at the viewer moves with the pointer's upward way.
  const [x, y] = [product(along, screen.right), product(along, screen.up)];
  const seen = x * x + y * y;
  const [dx, dy] = [product(d, screen.right), product(d, screen.up)];
  return seen > 0.02 ? (dx * x + dy * y) / seen : dy;
}

const product = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const asPoint = (v: Vec3): PatientPoint => patientPoint(v[0], v[1], v[2]);
