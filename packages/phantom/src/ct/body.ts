import { keyframes } from '../core/curve.ts';
import { type Box, Field } from '../core/field.ts';
import { clamp, type Sdf, smax, smin, superellipse } from '../core/sdf.ts';

/**
 * The frame of the CT phantom, LPS mm: x = 0 midline, z = 0 at the disc L4/L5 and about the top of
 * the iliac crests. Dimensions are those of a man of 175 cm and 74 kg; vertebral and pelvic sizes
 * after Panjabi et al. (Spine 17(3), 1992) and general anthropometry.
 */
export const bottom = -240;
export const top = 262;
/** What a scan covers: 40 × 40 cm, 50 cm long. */
export const covered: Box = { min: [-200, -192, -238], max: [200, 208, 262] };
export const trunkBox: Box = { min: [-186, -130, bottom - 6], max: [186, 138, top + 6] };

/** Columns of numbers by height as a table of 1 mm, so that a formula can read them at every node. */
export function profile(
  rows: readonly (readonly number[])[],
): (column: number, z: number) => number {
  const f = keyframes(rows);
  const [low, high] = [bottom - 20, top + 20];
  const table = Array.from({ length: high - low + 2 }, (_, n) => f(low + n));
  return (column, z) => {
    const t = clamp(z - low, 0, high - low);
    const n = Math.floor(t);
    const a = table[n]?.[column] ?? 0;
    return a + ((table[n + 1]?.[column] ?? a) - a) * (t - n);
  };
}

// z: half width, front, back, y of the greatest width, exponent of the superellipse
const contour = profile([
  [280, 157, -106, 113, 4, 2.55],
  [230, 160, -110, 114, 5, 2.55],
  [170, 158, -113, 112, 5, 2.5],
  [110, 151, -114, 108, 4, 2.45],
  [60, 146, -115, 104, 3, 2.4],
  [10, 152, -114, 106, 5, 2.35],
  [-40, 163, -109, 112, 7, 2.4],
  [-90, 171, -103, 119, 9, 2.45],
  [-140, 175, -97, 123, 9, 2.5],
  [-190, 174, -92, 119, 7, 2.5],
  [-250, 170, -88, 106, 5, 2.6],
]);

export const skinFront = (z: number): number => contour(1, z);
export const skinBack = (z: number): number => contour(2, z);

/** 0 at the middle of the back, π at the middle of the front. */
const angleOf = (x: number, y: number, z: number): number => {
  const yc = contour(3, z);
  const depth = y < yc ? yc - contour(1, z) : contour(2, z) - yc;
  return Math.atan2(Math.abs(x) / contour(0, z), (y - yc) / depth);
};

/** Values given at anchor angles, blended round the trunk. */
function around(anchors: readonly number[], table: (column: number, z: number) => number) {
  return (angle: number, z: number): number => {
    let n = 0;
    while (n < anchors.length - 2 && angle > (anchors[n + 1] as number)) n++;
    const [a, b] = [anchors[n] as number, anchors[n + 1] as number];
    const t = clamp((angle - a) / (b - a), 0, 1);
    const s = t * t * (3 - 2 * t);
    return table(n, z) * (1 - s) + table(n + 1, z) * s;
  };
}

const degrees = (values: readonly number[]): number[] => values.map((v) => (v * Math.PI) / 180);

/** Outer skin. */
const skinShape: Sdf = (x, y, z) => {
  const yc = contour(3, z);
  const depth = y < yc ? yc - contour(1, z) : contour(2, z) - yc;
  let d = superellipse(x, y - yc, contour(0, z), depth, contour(4, z));
  if (d > 20) return d;
  // Nobody is quite even, nor quite the same on both sides.
  d +=
    1.3 * Math.sin(x * 0.031 + 1) * Math.sin(y * 0.037 + z * 0.017) +
    0.9 * Math.sin(z * 0.043 + x * 0.02);
  // Furrow of the spine between the back muscles, fading towards the sacrum.
  const back = contour(2, z);
  const furrow = 7 * Math.exp(-(((z - 40) / 90) ** 2)) * Math.exp(-((x / 16) ** 2));
  if (y > yc) d += furrow;
  // Natal cleft and, below the perineum, the gap between the thighs.
  const opening = clamp((-86 - z) / 70, 0, 1);
  const cleft =
    Math.hypot(x * 1.25, Math.max(0, back - y - 26 * opening)) - 2.5 * Math.min(1, 2 * opening);
  if (z < -86) d = smax(d, -Math.max(cleft, 40 - y), 1 + 9 * opening);
  const gap = Math.abs(x) - clamp((-206 - z) * 0.42, -6, 14);
  if (z < -190) d = smax(d, -gap, 14);
  return d;
};

/** The navel dents the skin, not the wall behind it. */
function withNavel(d: number, x: number, y: number, z: number): number {
  if (y > 0 || Math.abs(x) > 16 || Math.abs(z - 2) > 18) return d;
  const dent = Math.hypot(x, (z - 2) * 0.8, (y - contour(1, z)) * 0.7) - 6;
  return smax(d, -dent, 7);
}

// z: thickness of the fat under the skin at the back, beside it, at the side, in front
const fatTable = profile([
  [280, 8, 10, 8, 9],
  [200, 8, 11, 9, 10],
  [130, 9, 14, 10, 13],
  [60, 10, 20, 15, 18],
  [0, 12, 28, 20, 22],
  [-60, 16, 28, 23, 22],
  [-120, 17, 26, 23, 18],
  [-180, 17, 23, 19, 13],
  [-250, 13, 13, 13, 9],
]);
const fatAround = around(degrees([0, 42, 95, 180]), fatTable);

// z: thickness of the wall from fascia to cavity at 0, 35, 62, 95, 180 degrees from the back
const wallTable = profile([
  [280, 46, 34, 21, 17, 17],
  [190, 46, 36, 21, 17, 15],
  [130, 48, 40, 21, 17, 12],
  [60, 52, 44, 22, 17, 11],
  [0, 52, 42, 23, 16, 11],
  [-60, 48, 38, 24, 16, 11],
]);
const wallAround = around(degrees([0, 35, 62, 95, 180]), wallTable);

// z: half width, front, back, y of the greatest width, exponent
const pelvic = profile([
  [30, 122, -82, 46, -6, 2.3],
  [-20, 114, -80, 36, -10, 2.2],
  [-60, 94, -77, 42, -14, 2.1],
  [-100, 70, -74, 60, -6, 2],
  [-140, 57, -68, 66, 0, 2],
  [-170, 48, -54, 60, 4, 2],
  [-195, 36, -34, 50, 8, 2],
  [-220, 22, -10, 36, 10, 2],
]);

/** Chest cavity above the diaphragm, abdominal and pelvic cavity below; `upper` is fascia + wall. */
function cavityShape(upper: number, x: number, y: number, z: number): number {
  if (z > 40) return upper;
  const yc = pelvic(3, z);
  const depth = y < yc ? yc - pelvic(1, z) : pelvic(2, z) - yc;
  const lower = superellipse(x, y - yc, pelvic(0, z), depth, pelvic(4, z));
  const t = clamp((z + 20) / 60, 0, 1);
  const d = lower + (upper - lower) * t * t * (3 - 2 * t);
  return z < -195 ? smax(d, -206 - z, 12) : d;
}

interface Coats {
  readonly skin: Field;
  readonly fascia: Field;
  readonly wall: Field;
  readonly cavity: Field;
}
let known: Coats | undefined;

/** The nested coats of the trunk on one lattice: everything else asks them where it is. */
function coats(): Coats {
  if (known) return known;
  const make = () => new Field(trunkBox, 3);
  const all = { skin: make(), fascia: make(), wall: make(), cavity: make() };
  const { nx, ny, nz, step, origin } = all.skin;
  const [skinData, fasciaData] = [all.skin.data, all.fascia.data];
  const plane = nx * ny;
  // Coats change slowly with height: every other plane is enough, the rest lies between.
  for (let k = 0; k < nz; k += 2) {
    const z = origin[2] + k * step;
    for (let j = 0; j < ny; j++) {
      const y = origin[1] + j * step;
      for (let i = 0; i < nx; i++) {
        const x = origin[0] + i * step;
        const n = i + nx * j + plane * k;
        const d = skinShape(x, y, z);
        skinData[n] = withNavel(d, x, y, z);
        if (d > 12) {
          fasciaData[n] = d + 12;
          all.wall.data[n] = 20;
          all.cavity.data[n] = d + 30;
          continue;
        }
        const angle = angleOf(x, y, z);
        // Fat is never quite even.
        const uneven = 1.4 * Math.sin(x * 0.045 + z * 0.031) * Math.cos(y * 0.05 - z * 0.023);
        const fascia = d + fatAround(angle, z) + uneven;
        const thickness = wallAround(angle, z);
        fasciaData[n] = fascia;
        all.wall.data[n] = thickness;
        all.cavity.data[n] = cavityShape(fascia + thickness, x, y, z);
      }
    }
  }
  for (const { data } of Object.values(all)) {
    for (let k = 1; k < nz; k += 2) {
      const above = k + 1 < nz ? plane : -plane;
      for (let n = k * plane; n < (k + 1) * plane; n++) {
        data[n] = ((data[n - plane] as number) + (data[n + above] as number)) / 2;
      }
    }
  }
  known = all;
  return all;
}

/** Outer skin. */
export const skin: Sdf = (x, y, z) => coats().skin.at(x, y, z);
/** Inner border of the fat under the skin. */
export const fascia: Sdf = (x, y, z) => coats().fascia.at(x, y, z);
/** Thickness of the wall from fascia to cavity, mm. */
export const wallThickness: Sdf = (x, y, z) => coats().wall.at(x, y, z);
/** Inner border of the wall: chest cavity above the diaphragm, abdominal and pelvic cavity below. */
export const cavity: Sdf = (x, y, z) => coats().cavity.at(x, y, z);
export const skinField = (): Field => coats().skin;

/** Height of the diaphragm over a place of the trunk; cavity is the (negative) depth inside the wall. */
function diaphragmHeight(x: number, y: number, wall: number): number {
  // Two domes, the right higher, with the central tendon between them; deep gutters at the back.
  const right = 233 - ((x + 72) / 9.5) ** 2 / 6 - ((y + 12) / 10) ** 2 / 4.5;
  const left = 221 - ((x - 74) / 9.5) ** 2 / 6 - ((y + 8) / 10) ** 2 / 4.5;
  const dome = -smin(-Math.max(right, 170), -Math.max(left, 170), 22);
  const gutter = y > 0 ? 128 : 128 + 62 * Math.min(1, -y / 85);
  const rise = 1 - Math.exp(Math.min(0, wall) / 17);
  return gutter + (dome - gutter) * rise;
}

let diaphragm: Field | undefined;
/** Below the diaphragm: negative. */
export const underDiaphragm: Sdf = (x, y, z) => {
  if (z < 112) return -20;
  diaphragm ??= new Field({ ...trunkBox, min: [trunkBox.min[0], trunkBox.min[1], 108] }, 3).map(
    (_d, ...p) => diaphragmShape(...p),
  );
  return diaphragm.at(x, y, z);
};
const diaphragmShape: Sdf = (x, y, z) => {
  const wall = cavity(x, y, z);
  const h = diaphragmHeight(x, y, wall);
  // Steep at the wall: divide by the slope, which follows from the exponential.
  const steep = (Math.max(0, h - 110) / 17) * Math.exp(Math.min(0, wall) / 17);
  return (z - h) / Math.sqrt(1.3 + steep * steep);
};
