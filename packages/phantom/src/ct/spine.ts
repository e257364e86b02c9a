import type { Vec3 } from '@yuepian/geometry';
import { keyframes } from '../core/curve.ts';
import { Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import {
  capsule,
  clamp,
  ellipse,
  frameAlong,
  type LocalFrame,
  mix,
  roundBox,
  type Sdf,
  smax,
  smin,
} from '../core/sdf.ts';
import { profile, top } from './body.ts';

export interface Vertebra {
  readonly name: string;
  readonly frame: LocalFrame;
  /** Body height, half width, half depth. */
  readonly height: number;
  readonly width: number;
  readonly depth: number;
  /** 1 = lumbar, 0 = thoracic; between at the junction. */
  readonly lumbar: number;
}

// z of the body's centre, y of its centre, height of the body
const column: readonly (readonly [string, number, number, number])[] = [
  ['L5', -43, 17, 27],
  ['L4', -7, 9, 28],
  ['L3', 29, 8, 28],
  ['L2', 64, 12, 27.5],
  ['L1', 98, 20, 26.5],
  ['T12', 130, 29, 25],
  ['T11', 160, 37, 23.5],
  ['T10', 188.5, 43, 22.5],
  ['T9', 216, 47.5, 22],
  ['T8', 243, 50, 21.5],
  ['T7', 269.5, 51, 21],
  ['T6', 295.5, 51, 20.5],
  ['T5', 321, 50, 20],
];
const spineY = profile(column.map(([, z, y]) => [z, y]));

/** y of the vertebral bodies' centres at a height. */
export const spineCentre = (z: number): number => spineY(0, z);

export const vertebrae: readonly Vertebra[] = column.map(([name, z, y, height], n) => {
  const slope = (spineCentre(z + 6) - spineCentre(z - 6)) / 12;
  // L5 leans further forward than the curve of the centres says: the lumbosacral angle.
  const lean = n === 0 ? -0.33 : slope;
  const lumbar = clamp((5.6 - n) / 1.6, 0, 1);
  return {
    name,
    frame: frameAlong([0, y, z], [0, lean, 1], [1, 0, 0]),
    height,
    width: mix(14.5 + (12 - n) * 0.5, 25 - n * 0.75, lumbar),
    depth: mix(15 + Math.max(0, 8 - n) * 0.2, 17.5 - n * 0.2, lumbar),
    lumbar,
  };
});

const local = (f: LocalFrame, x: number, y: number, z: number): Vec3 => {
  const d: Vec3 = [x - f.origin[0], y - f.origin[1], z - f.origin[2]];
  const along = (a: Vec3) => d[0] * a[0] + d[1] * a[1] + d[2] * a[2];
  return [along(f.u), along(f.v), along(f.w)];
};

/** Body of a vertebra: waisted cylinder, flat behind, rims at the endplates. */
function bodyDistance(v: Vertebra, a: number, b: number, c: number): number {
  const t = clamp((2 * c) / v.height, -1, 1);
  const waist = 0.89 + 0.11 * t * t * t * t;
  const oval = ellipse(a, b, v.width * waist, v.depth * waist);
  // The back of a body is flat to hollow.
  const back = b - v.depth * (0.86 + 0.0006 * a * a);
  return smax(smax(oval, back, 5), Math.abs(c) - v.height / 2, 2.5);
}

function canalDistance(v: Vertebra, a: number, b: number): number {
  const [rx, ry] = [mix(9.5, 12.5, v.lumbar), mix(9, 9.5, v.lumbar)];
  return ellipse(a, b - v.depth * 0.86 - ry + 0.5, rx, ry);
}

/** A bar of the arch: ends and radii in the vertebra's axes; `tall` stretches its section upwards. */
interface Bar {
  readonly a: Vec3;
  readonly b: Vec3;
  readonly ra: number;
  readonly rb: number;
  readonly tall: number;
}

interface Arch {
  readonly pedicle: Bar;
  readonly lamina: Bar;
  readonly transverse: Bar;
  readonly superior: Bar;
  readonly inferior: Bar;
  /** Thoracic: a long slanting bar; lumbar vertebrae have a hatchet instead. */
  readonly spinous: Bar | undefined;
}

const archOf = (v: Vertebra): Arch => {
  const { lumbar, height, width } = v;
  const back = v.depth * 0.86;
  const canal = mix(9.5, 12.5, lumbar);
  const bar = (a: Vec3, b: Vec3, ra: number, rb: number, tall = 1): Bar => ({ a, b, ra, rb, tall });
  const isLumbar = lumbar > 0.5;
  return {
    pedicle: bar(
      [canal + 3, back - 4, 3],
      [canal + 4, back + 9, 2.6],
      mix(3.6, 5, lumbar),
      mix(3.6, 4.8, lumbar),
      1.6,
    ),
    lamina: bar([canal + 3.5, back + 12, -0.6], [1, back + 22, -2.6], 3.6, 3.4, 2.2),
    transverse: isLumbar
      ? bar([canal + 4, back + 9, 2], [width + 17, back + 14, 4], 4.6, 3.4, 1.25)
      : bar([canal + 4, back + 10, 3], [29, back + 23, 7], 5, 5.2),
    superior: bar([canal + 4.5, back + 10, 4], [canal + 6, back + 12.5, height / 2 + 8], 4.8, 4),
    inferior: bar(
      [canal + 1.5, back + 17, -8],
      [canal + 1, back + 18.5, -height / 2 - 8],
      4.8,
      4.2,
    ),
    spinous: isLumbar ? undefined : bar([0, back + 21, -6], [0, back + 40, -24], 4.2, 3.6),
  };
};
const arches = new Map(vertebrae.map((v) => [v, archOf(v)]));

const barDistance = (p: Bar, a: number, b: number, c: number): number =>
  capsule(a, b, c / p.tall, p.a, p.b, p.ra, p.rb);

/** Arch and processes, by the absolute distance a from the midline. */
function archDistance(v: Vertebra, a: number, b: number, c: number): number {
  const arch = arches.get(v) as Arch;
  const back = v.depth * 0.86;
  const spinous = arch.spinous
    ? barDistance(arch.spinous, a, b, c)
    : roundBox(
        a,
        b - back - 34,
        c + 8 + (b - back - 34) * 0.12,
        3 + 1.4 * clamp((b - back - 40) / 8, 0, 1),
        15.5,
        10.5 + 2 * clamp((b - back - 36) / 12, -1, 1),
        3,
      );
  let d = smin(barDistance(arch.pedicle, a, b, c), barDistance(arch.lamina, a, b, c), 4);
  d = smin(d, spinous, 6);
  d = smin(d, barDistance(arch.transverse, a, b, c), 5);
  const facets = smin(barDistance(arch.superior, a, b, c), barDistance(arch.inferior, a, b, c), 1);
  return smin(d, facets, 4);
}

/** Signed distance to the surface of one vertebra, mm, from a place among the shapes. */
export function vertebraDistance(v: Vertebra, x: number, y: number, z: number): number {
  const { origin: o, v: fv, w: fw } = v.frame;
  // The frames only lean forwards and back: u is x itself.
  const a = Math.abs(x);
  const b = (y - o[1]) * fv[1] + (z - o[2]) * fv[2];
  const c = (y - o[1]) * fw[1] + (z - o[2]) * fw[2];
  if (Math.abs(c) > 48) return 40;
  const body = bodyDistance(v, a, b, c);
  const arch = archDistance(v, a, b, c);
  return smax(smin(body, arch, 3), -canalDistance(v, a, b), 1.2);
}

/** All vertebrae, without the sacrum. */
export function spineField(rough: Noise): Field {
  const f: Sdf = (x, y, z) => {
    const yc = spineCentre(z);
    const coarse = Math.hypot(
      Math.max(0, Math.abs(x) - 34),
      Math.max(0, Math.abs(y - yc - 22) - 46),
    );
    if (coarse > 14) return coarse;
    let d = 40;
    for (const v of vertebrae) {
      const dz = z - v.frame.origin[2];
      if (dz > -46 && dz < 30) d = Math.min(d, vertebraDistance(v, x, y, z));
    }
    return d + 0.35 * rough(x, y, z);
  };
  return Field.of({ min: [-54, -22, -82], max: [54, 118, top + 4] }, 1.25, f, 4, 1.4);
}

/** Discs between the bodies and the one on the sacrum. */
export function discField(): Field {
  const gaps = vertebrae.map((v, n) => {
    const below = vertebrae[n - 1];
    const lower: Vec3 = below ? below.frame.origin : [0, 25, -66];
    const lowerAxis = below ? below.frame.w : sacralAxis;
    const lowerTop = (below?.height ?? 14) / 2;
    const p = lower.map((q, i) => q + (lowerAxis[i] ?? 0) * lowerTop);
    const q = v.frame.origin.map((o, i) => o - (v.frame.w[i] ?? 0) * (v.height / 2));
    const mid = p.map((a, i) => (a + (q[i] as number)) / 2) as unknown as Vec3;
    const gap = Math.hypot(...p.map((a, i) => (q[i] as number) - a));
    const axis = lowerAxis.map((a, i) => a + (v.frame.w[i] ?? 0)) as unknown as Vec3;
    return { frame: frameAlong(mid, axis, [1, 0, 0]), gap, width: v.width, depth: v.depth };
  });
  const f: Sdf = (x, y, z) => {
    let d = 40;
    for (const g of gaps) {
      if (Math.abs(z - g.frame.origin[2]) > 26) continue;
      const [a, b, c] = local(g.frame, x, y, z);
      const oval = smax(ellipse(a, b, g.width + 0.8, g.depth + 0.8), b - g.depth * 0.9, 4);
      d = Math.min(d, smax(oval, Math.abs(c) - g.gap / 2 - 1, 2));
    }
    return d;
  };
  return Field.of({ min: [-34, -20, -72], max: [34, 78, top + 4] }, 1.5, f, 4);
}

/** What fills the canal: epidural fat, the thecal sac and, above L1, the cord. */
export function canalFields(): { readonly fat: Field; readonly sac: Field; readonly cord: Field } {
  const place = (z: number): Vertebra => {
    let best = vertebrae[0] as Vertebra;
    for (const v of vertebrae) {
      if (Math.abs(v.frame.origin[2] - z) < Math.abs(best.frame.origin[2] - z)) best = v;
    }
    return best;
  };
  const centre = (z: number): number => spineCentre(z) + place(z).depth * 0.86 + 9;
  const box = { min: [-18, 0, -64], max: [18, 96, top + 4] } as const;
  const round =
    (rx: number, ry: number, low: number): Sdf =>
    (x, y, z) =>
      smax(ellipse(x, y - centre(z), rx, ry), low - z, 3);
  return {
    fat: Field.of(box, 1.5, round(11.5, 9.5, -70)),
    sac: Field.of(box, 1.5, round(8.5, 7.2, -70)),
    cord: Field.of(box, 1.5, round(4.8, 3.6, 92)),
  };
}

// Middle of the sacrum and coccyx from the promontory down: y, z, half width, half thickness.
const sacralKeys = keyframes([
  [0, 24, -66, 52, 17],
  [0.18, 38, -84, 50, 16],
  [0.36, 52, -104, 42, 13],
  [0.54, 62, -124, 32, 10.5],
  [0.72, 68, -144, 23, 8.5],
  [0.84, 68, -158, 14, 6.5],
  [0.93, 63, -171, 7, 4.5],
  [1, 55, -183, 4.5, 3.5],
]);
const sacralAxis: Vec3 = [0, -0.62, 0.78];
const sacral = Array.from({ length: 61 }, (_, n) => sacralKeys(n / 60));

/** Position along the sacral line nearest to a point of the midsagittal plane, in samples (0…60). */
function nearestOnSacrum(y: number, z: number): number {
  let best = 1e9;
  let at = 0;
  for (let n = 0; n < 60; n++) {
    const [p, q] = [sacral[n] as number[], sacral[n + 1] as number[]];
    const by = (q[0] as number) - (p[0] as number);
    const bz = (q[1] as number) - (p[1] as number);
    const py = y - (p[0] as number);
    const pz = z - (p[1] as number);
    const t = clamp((py * by + pz * bz) / (by * by + bz * bz), 0, 1);
    const d = (py - t * by) ** 2 + (pz - t * bz) ** 2;
    if (d < best) {
      best = d;
      at = n + t;
    }
  }
  return at;
}

/** Sacrum with alae, foramina, canal and median crest; coccyx. */
export function sacrumField(rough: Noise): Field {
  const f: Sdf = (x, y, z) => {
    const at = nearestOnSacrum(y, z);
    const n = Math.min(59, Math.floor(at));
    const f = at - n;
    const [p, q] = [sacral[n] as number[], sacral[n + 1] as number[]];
    const cy = mix(p[0] as number, q[0] as number, f);
    const cz = mix(p[1] as number, q[1] as number, f);
    const w = mix(p[2] as number, q[2] as number, f);
    const h = mix(p[3] as number, q[3] as number, f);
    const [ny, nz] = normalAt(n);
    const off = (y - cy) * ny + (z - cz) * nz;
    const best = (y - cy) ** 2 + (z - cz) ** 2;
    const along = Math.sqrt(Math.max(0, best - off * off));
    const a = Math.abs(x);
    const t = at / 60;
    // Alae are thinner than the body and swing forward at the top.
    const side = clamp((a - 22) / 28, 0, 1);
    const thick = h * mix(1, 0.74, side * (1 - t));
    const forward = off + 5 * side * (1 - t);
    // Wider in front than behind; the hip bones are cut out of it later, leaving the joint's gap.
    const reach = w + (14 - 0.42 * (off + h)) * (1 - t);
    let d = smax(a - reach, Math.abs(forward) - thick, 9);
    if (at <= 0 || at >= 60) d = Math.max(d, along - 1);
    // The alae fall away beside the body of S1, and sweep down to S3.
    d = smax(d, (z + 54 + 0.5 * Math.max(0, a - 20) + 0.35 * (y - 20)) * 0.8, 9);
    const crest = capsule(x, off, 0, [0, h - 2, 0], [0, h + 8 - 8 * t, 0], 4, 2.5);
    if (t > 0.08 && t < 0.75) d = smin(d, crest, 5);
    if (t < 0.7) {
      const canal = ellipse(x, off - h * 0.5, mix(12, 5, t / 0.7), mix(6, 3, t / 0.7));
      d = smax(d, -canal, 1.5);
      // Foramina between the fused bodies: a row of holes on each side, front to back.
      const hole = (t - 0.2) / 0.15;
      const nearest = Math.round(clamp(hole, 0, 3));
      const q = Math.hypot(a - (21 - 2.6 * nearest), (hole - nearest) * 19) - 4.2;
      d = smax(d, -q, 2);
    }
    return d + 0.35 * rough(x, y, z);
  };
  return Field.of({ min: [-72, -4, -194], max: [72, 102, -42] }, 1.25, f, 4, 1.5);
}

function normalAt(n: number): readonly [number, number] {
  const [p, q] = [sacral[Math.max(0, n - 2)] as number[], sacral[Math.min(60, n + 2)] as number[]];
  const ty = (q[0] as number) - (p[0] as number);
  const tz = (q[1] as number) - (p[1] as number);
  const l = Math.hypot(ty, tz) || 1;
  // Turned to the back: behind the sacrum is positive.
  return [-tz / l, ty / l];
}

/** Distance to the nearest endplate, for the denser bone there. */
export function endplateDistance(x: number, y: number, z: number): number {
  let best = 40;
  for (const v of vertebrae) {
    if (Math.abs(z - v.frame.origin[2]) > 24) continue;
    const [, b, c] = local(v.frame, x, y, z);
    if (b > v.depth) continue;
    best = Math.min(best, Math.abs(Math.abs(c) - v.height / 2));
  }
  return best;
}
