import type { Vec3 } from '@yuepian/geometry';
import { mirrored, type TubePoint, tube } from '../core/curve.ts';
import { type Box, boxAround, Field } from '../core/field.ts';
import { type Noise, sheetNoise, valueNoise } from '../core/noise.ts';
import type { Random } from '../core/random.ts';
import {
  capsule,
  clamp,
  ellipse,
  ellipsoid,
  mix,
  type Sdf,
  smax,
  smin,
  smoothstep,
} from '../core/sdf.ts';
import { petrousRidge, tentorium } from './skull.ts';

export const tumourCentre: Vec3 = [-36, 24, 34];
const tumourRadius = 15;
/** Beyond this distance from its centre the tumour pushes nothing aside. */
const pushReach = 52;

/** Where a point of the deformed brain came from: the tumour has pushed its surroundings outwards. */
function unpushed(x: number, y: number, z: number, out: [number, number, number]): void {
  const dx = x - tumourCentre[0];
  const dy = y - tumourCentre[1];
  const dz = z - tumourCentre[2];
  const r = Math.sqrt(dx * dx + dy * dy + dz * dz);
  if (r >= pushReach || r < 1e-6) {
    out[0] = x;
    out[1] = y;
    out[2] = z;
    return;
  }
  const push = 9 * (1 - r / pushReach) ** 2;
  const f = Math.max(0.2, (r - push) / r);
  out[0] = tumourCentre[0] + dx * f;
  out[1] = tumourCentre[1] + dy * f;
  out[2] = tumourCentre[2] + dz * f;
}

/** Puts a shape of the healthy brain into the pushed one. */
const pushed = (f: Sdf): Sdf => {
  const p: [number, number, number] = [0, 0, 0];
  return (x, y, z) => {
    unpushed(x, y, z, p);
    return f(p[0], p[1], p[2]);
  };
};

export const brainBox: Box = { min: [-72, -88, -70], max: [72, 94, 88] };

export interface Brain {
  /** Smooth hull of the cerebrum; folds are cut in by `cortex`. */
  readonly hull: Field;
  /** Signed distance to the middle of the nearest sulcus. */
  readonly sulci: Field;
  /** Region of the deep nuclei, where no sulcus goes. */
  readonly deepParts: Field;
  /** Varies how deep sulci reach. */
  readonly depth: Noise;
  readonly cerebellum: Field;
  readonly stem: Field;
  readonly callosum: Field;
  readonly ventricles: Field;
  readonly caudate: Field;
  readonly putamen: Field;
  readonly pallidum: Field;
  readonly thalamus: Field;
  readonly hippocampus: Field;
  readonly tumour: Field;
  readonly tumourCore: Field;
  readonly oedema: Field;
}

/** Height of the Sylvian fissure: it climbs backwards. */
const sylvian = (x: number, y: number): number =>
  mix(-17, 26, (y + 34) / 74) + 2.4 * Math.sin(0.21 * x + 0.16 * y);

export function brain(random: Random, vaultField: Field): Brain {
  const sheets = sheetNoise(random, 18, 27, 24);
  const depthNoise = valueNoise(random, 22);
  const lumps = valueNoise(random, 14);
  const fine = valueNoise(random, 6);
  const box = brainBox;

  const hullShape: Sdf = (x, y, z) => {
    const inside = vaultField.at(x, y, z) + 3.2;
    if (inside > 12) return inside;
    const a = Math.abs(x);
    // Above the tentorium behind; above the stem in the middle.
    const tent = Math.min((tentorium(x, y) + 1 - z) * 0.86, (y - petrousRidge(x)) * 0.85);
    const base = Math.min(-3 - z, 17 - a, y + 22);
    let d = smax(inside, tent, 4);
    d = smax(d, base, 6);
    // Hemispheres: the falx comes down to the corpus callosum.
    const middle = ellipse(y - 5, z - 2, 45, 27);
    const bend = 1.3 * Math.sin(y * 0.09 + 0.6) * Math.sin(z * 0.11);
    const falx = smax(Math.abs(x - bend) - 0.55, -middle, 2);
    d = smax(d, -falx, 1.5);
    // Sylvian fissure: a flat cleft from the side inwards to the insula.
    const open = smoothstep(-42, -30, y) * smoothstep(46, 34, y);
    const cleft = Math.max(Math.abs(z - sylvian(x, y)) * 0.85 - 1.2 * open, 35 - a);
    return open > 0.05 ? smax(d, -cleft, 2.5) : d;
  };
  const hull = Field.of(box, 1.5, pushed(hullShape), 30, 1.4);

  const sulci = new Field(box, 1.5).map((_d, x0, y0, z0) => {
    if (hull.at(x0, y0, z0) > 3) return 20;
    const p: [number, number, number] = [0, 0, 0];
    unpushed(x0, y0, z0, p);
    const [x, y, z] = p;
    // Radial: on a line to the middle of a hemisphere the folds hardly change.
    const a = Math.abs(x) - 12;
    const rho = Math.sqrt((a / 56) ** 2 + ((y - 4) / 84) ** 2 + ((z - 14) / 58) ** 2);
    const f = 0.6 / Math.max(rho, 0.35) + 0.4;
    const side = x > 0 ? 0 : 300;
    const d = sheets(a * f + side, (y - 4) * f, (z - 14) * f);
    return clamp(d, -20, 20);
  });
  const deepParts = Field.of(
    { min: [-52, -60, -36], max: [52, 68, 46] },
    2.5,
    pushed((x, y, z) => ellipsoid(x, y - 4, z - 4, 36, 48, 27)),
    12,
  );

  const stem: Sdf = (x, y, z) => {
    const midbrain = capsule(x, y, z, [0, 13, 6], [0, 15, -14], 15, 15.5);
    const pons = ellipsoid(x, y - 9, z + 27, 18, 14.5, 14.5);
    const medulla = capsule(x, y, z, [0, 17, -36], [0, 29, -62], 10.5, 7.5);
    const cord = capsule(x, y, z, [0, 29, -62], [0, 34, -125], 6.8, 6);
    return smin(smin(smin(midbrain, pons, 6), medulla, 6), cord, 6);
  };

  const cerebellum: Sdf = (x, y, z) => {
    const inside = vaultField.at(x, y, z) + 3.5;
    if (inside > 10) return inside;
    let d = smax(inside, (z - tentorium(x, y) + 1.2) * 0.86, 5);
    d = smax(d, (petrousRidge(x) + 4 - y) * 0.85, 5);
    d = smax(d, 20 - y, 6);
    d = smax(d, -stem(x, y, z) + 1.5, 4);
    // Vallecula: the hemispheres part behind and below.
    const notch = Math.hypot(x, (y - 86) * 0.5, (z + 56) * 0.35) - 9;
    return smax(d, -notch, 8);
  };

  const horn = (lines: readonly (readonly TubePoint[])[]): Field => {
    const smooth = lines.flatMap((l) => [tube(l, 3), mirrored(tube(l, 3))]);
    const field = new Field(boxAround(smooth.flat(), 8), 1.25);
    for (const line of smooth) field.addTube(line, 6);
    return field;
  };
  const healthyVentricles = horn([
    [
      [13, -34, 4, 3],
      [13, -28, 13, 5.4],
      [10, -14, 20, 5.6],
      [10, 4, 23, 5],
      [14, 20, 22, 5.6],
      [23, 33, 15, 7.4],
      [25, 46, 10, 5],
      [21, 62, 8, 2.2],
    ],
    [
      [23, 33, 15, 6.4],
      [31, 26, 0, 4.2],
      [35, 10, -12, 2.8],
      [33, -4, -17, 2.2],
    ],
  ]);
  const ventricleShape: Sdf = (x, y, z) => {
    const lateral = smax(healthyVentricles.at(x, y, z), 0.9 - Math.abs(x), 1);
    const third = smax(Math.abs(x) - 2.2, ellipse(y - 5, z - 0, 14, 9), 2);
    const aqueduct = capsule(x, y, z, [0, 20, -2], [0, 29, -20], 1.5, 1.5);
    const fourth = smax(
      ellipsoid(x, y - 31, z + 31, 9, 8, 13),
      0.8 * (28 - y) - 0.2 * Math.abs(x) - 2,
      2,
    );
    return Math.min(lateral, third, aqueduct, fourth);
  };

  const callosum: Sdf = (x, y, z) => {
    const arch =
      Math.abs(ellipse(y - 4, z - 6, 40, 22)) - mix(4, 3, smoothstep(30, 10, Math.abs(y)));
    return smax(smax(arch, 8 - z + 0.16 * Math.abs(y - 4), 4), Math.abs(x) - 15, 6);
  };

  const paired = (f: Sdf, b: Box, step = 1.25): Field =>
    Field.of(
      b,
      step,
      pushed((x, y, z) => f(Math.abs(x), y, z) + 0.6 * lumps(x, y, z)),
      4,
    );
  const deep: Box = { min: [-46, -50, -30], max: [46, 46, 46] };

  const [cx, cy, cz] = tumourCentre;
  const around: Box = { min: [cx - 40, cy - 40, cz - 40], max: [cx + 40, cy + 40, cz + 40] };
  const mass: Sdf = (x, y, z) => {
    const lobes = smin(
      smin(
        Math.hypot(x - cx, y - cy, z - cz) - tumourRadius,
        Math.hypot(x - cx + 6, y - cy - 8, z - cz - 5) - 10,
        6,
      ),
      Math.hypot(x - cx - 5, y - cy + 8, z - cz + 7) - 9.5,
      6,
    );
    return lobes + 1.7 * lumps(x * 1.4, y * 1.4, z * 1.4) + 0.5 * fine(x, y, z);
  };

  return {
    hull,
    sulci,
    deepParts,
    depth: depthNoise,
    cerebellum: Field.of({ min: [-64, 6, -70], max: [64, 94, 18] }, 1.5, cerebellum, 20, 1.4),
    stem: Field.of({ min: [-26, -14, -116], max: [26, 46, 24] }, 1.5, stem, 5),
    callosum: Field.of({ min: [-20, -48, -4], max: [20, 54, 36] }, 1.25, pushed(callosum), 4),
    ventricles: Field.of(
      { min: [-44, -44, -52], max: [44, 70, 36] },
      1.25,
      pushed(ventricleShape),
      4,
    ),
    caudate: paired(
      (x, y, z) =>
        smin(
          ellipsoid(x - 15, y + 22, z - 9, 5.5, 11, 9),
          capsule(x, y, z, [18, -14, 17], [21, 18, 22], 4, 2.4),
          3,
        ),
      deep,
    ),
    putamen: paired((x, y, z) => ellipsoid(x - 27, y + 3, z - 3, 5.6, 17, 11), deep),
    pallidum: paired((x, y, z) => ellipsoid(x - 20, y - 0, z - 1, 3.8, 9, 6.5), deep),
    thalamus: paired((x, y, z) => ellipsoid(x - 11, y - 14, z - 7, 8.6, 15, 9.5), deep),
    hippocampus: paired((x, y, z) => capsule(x, y, z, [29, -6, -20], [27, 26, -6], 5, 4), {
      min: [-44, -20, -34],
      max: [44, 40, 10],
    }),
    tumour: Field.of(around, 1, mass, 6),
    tumourCore: Field.of(
      around,
      1,
      (x, y, z) => mass(x, y, z) + 4.2 + 2.2 * fine(x * 0.8, y * 0.8, z * 0.8),
      6,
    ),
    oedema: Field.of(
      around,
      1.5,
      (x, y, z) => mass(x, y, z) - 11 - 6 * lumps(x * 0.8, y * 0.8, z * 0.8),
      6,
    ),
  };
}

/**
 * Distance to the grey surface with its folds, from the smooth hull's distance: sulci are cut in as
 * thin clefts that end at a depth of their own.
 */
export function cortex(b: Brain): (d: number, x: number, y: number, z: number) => number {
  return (d, x, y, z) => {
    if (d < -26) return d;
    const reach = 15 + 5 * b.depth(x, y, z);
    const taper = -d > reach ? (-d - reach) * 0.7 : 0;
    const deep = smoothstep(5, -4, b.deepParts.at(x, y, z)) * 14;
    const fold = Math.abs(b.sulci.at(x, y, z)) - 0.75 + taper + deep;
    return smax(d, -fold, 1.6);
  };
}

/** The same for the leaves of the cerebellum: fine, nearly level sheets that wrap round its middle. */
export function folia(b: Brain): (d: number, x: number, y: number, z: number) => number {
  return (d, x, y, z) => {
    if (d < -24) return d;
    const angle = Math.atan2(z + 34, y - 22);
    const wave = angle * 21 + 0.05 * Math.abs(x) + 0.5 * b.depth(x * 1.4, y * 1.4, z * 1.4);
    // Every fifth fissure is a deep one.
    const s = Math.abs(Math.sin(wave)) * 1.75;
    const main = Math.abs(Math.sin(wave / 5)) * 7;
    const small = s - 0.36 + Math.max(0, -d - 7);
    const large = main - 0.7 + Math.max(0, -d - 20) * 0.7;
    return smax(smax(d, -small, 0.8), -large, 1);
  };
}
