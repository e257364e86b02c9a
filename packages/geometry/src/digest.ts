import type { Vec3 } from './units.ts';
import { dot, norm, unit } from './vector.ts';

/** One pane, as far as it decides which anatomy is seen; pan and zoom do not count. */
export interface ShownPane {
  /** axial, coronal, sagittal, oblique, volume or frame. */
  readonly kind: string;
  /** Any point of the slice plane, LPS mm; the middle of the picture for a 3D pane or a frame. */
  readonly point: Vec3;
  /** Towards the viewer, LPS. */
  readonly normal: Vec3;
  readonly up: Vec3;
  /** A slice pane differs by its plane; a 3D pane by its direction only. */
  readonly isSlice: boolean;
  /** Which image of the series a pane of single images shows. */
  readonly image?: string;
}

/** What a screen shows to its reader. */
export interface ShownView {
  readonly seriesInstanceUid: string;
  readonly volumeId: string;
  /** Changes when the volume is built anew, or with the level shown. */
  readonly revision: string;
  readonly panes: readonly ShownPane[];
  readonly window: { readonly centre: number; readonly width: number };
  readonly invert: boolean;
  /** `thickness` in mm; it counts only when the mode is not none. */
  readonly slab: { readonly mode: string; readonly thickness: number };
  /** Only structures that are seen: visible and with an opacity above zero. */
  readonly structures: readonly { readonly key: string; readonly opacity: number }[];
}

/** Hashes of 8 hexadecimal digits a part; `hash` over all of them. */
export interface ViewDigest {
  readonly hash: string;
  readonly series: string;
  readonly window: string;
  readonly slab: string;
  readonly structures: string;
  readonly plane: Readonly<Partial<Record<string, string>>>;
  readonly orientation: Readonly<Partial<Record<string, string>>>;
}
export type ViewDigestPart = 'series' | 'plane' | 'orientation' | 'window' | 'slab' | 'structures';

/** Steps below which two views count as the same. */
export const digestSteps = {
  /** mm; far below a slice, far above what a camera loses on its way through single precision. */
  position: 0.05,
  /** Of a unit vector's component: about half a degree. */
  direction: 0.01,
  /** HU or stored units of a window; a grey level of an ordinary screen is wider. */
  window: 0.5,
  /** mm of slab thickness. */
  thickness: 0.05,
  opacity: 0.02,
} as const;

/**
 * The grid is shifted by the golden section, so that the round numbers of clinical data (whole and
 * half millimetres, unit vectors) lie inside a step and not on the edge between two, where rounding
 * noise of 1e-9 would tell two equal views apart.
 */
const shift = 0.38196601125;
const steps = (value: number, step: number): number => Math.floor(value / step + shift);

/** Pure and the same on every machine: only additions, multiplications and rounding of doubles. */
export function viewDigest(view: ShownView): ViewDigest {
  const { position, direction, window, thickness, opacity } = digestSteps;
  const vector = (v: Vec3): string => v.map((c) => steps(c, direction)).join(',');
  const plane: Partial<Record<string, string>> = {};
  const orientation: Partial<Record<string, string>> = {};
  for (const pane of [...view.panes].sort((a, b) => compare(a.kind, b.kind))) {
    if (!(norm(pane.normal) > 0) || !(norm(pane.up) > 0)) continue;
    const normal = unit(pane.normal);
    orientation[pane.kind] = hashOf(`${vector(normal)};${vector(unit(pane.up))}`);
    // Distance of the plane from the origin: the same wherever the picture is moved to.
    if (pane.image !== undefined) plane[pane.kind] = hashOf(pane.image);
    else if (pane.isSlice) plane[pane.kind] = hashOf(`${steps(dot(normal, pane.point), position)}`);
  }
  const parts = {
    series: hashOf(`${view.seriesInstanceUid};${view.volumeId};${view.revision}`),
    window: hashOf(
      `${steps(view.window.centre, window)};${steps(view.window.width, window)};${view.invert}`,
    ),
    slab: hashOf(
      view.slab.mode === 'none'
        ? 'none'
        : `${view.slab.mode};${steps(view.slab.thickness, thickness)}`,
    ),
    structures: hashOf(
      [...view.structures]
        .sort((a, b) => compare(a.key, b.key))
        .map((s) => `${s.key}\u0000${steps(s.opacity, opacity)}`)
        .join('\u0001'),
    ),
  };
  return {
    hash: hashOf(JSON.stringify([parts, plane, orientation])),
    ...parts,
    plane,
    orientation,
  };
}

/**
 * What two screens show differently. Panes are compared where both have one of that kind: a phone
 * with one pane sees the same as a board with four when that pane is the same.
 */
export function differingParts(a: ViewDigest, b: ViewDigest): ViewDigestPart[] {
  if (a.hash === b.hash) return [];
  const panes = (p: ViewDigest['plane'], q: ViewDigest['plane']): boolean =>
    Object.entries(p).some(
      ([kind, hash]) => Object.hasOwn(q, kind) && q[kind] !== undefined && q[kind] !== hash,
    );
  const different: Record<ViewDigestPart, boolean> = {
    series: a.series !== b.series,
    plane: panes(a.plane, b.plane),
    orientation: panes(a.orientation, b.orientation),
    window: a.window !== b.window,
    slab: a.slab !== b.slab,
    structures: a.structures !== b.structures,
  };
  return (Object.keys(different) as ViewDigestPart[]).filter((part) => different[part]);
}

/** By UTF-16 code units: the same order in every language setting. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** FNV-1a, 32 bit, over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/). */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit16 = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit16 & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit16 >>> 8), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
