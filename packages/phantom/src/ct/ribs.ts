import { mirrored, spline, type TubePoint, tube } from '../core/curve.ts';
import { Field } from '../core/field.ts';
import { clamp, ellipse, mix, type Sdf } from '../core/sdf.ts';
import { fascia, skinBack, skinFront, top, wallThickness } from './body.ts';
import { vertebrae } from './spine.ts';

export interface RibPlan {
  readonly number: number;
  /** Degrees round the trunk from the back to where the bone ends. */
  readonly end: number;
  /** How much lower the front end lies than the head, mm. */
  readonly drop: number;
}

export const ribPlans: readonly RibPlan[] = [
  { number: 5, end: 150, drop: 92 },
  { number: 6, end: 147, drop: 98 },
  { number: 7, end: 143, drop: 104 },
  { number: 8, end: 136, drop: 104 },
  { number: 9, end: 127, drop: 100 },
  { number: 10, end: 114, drop: 90 },
  { number: 11, end: 86, drop: 62 },
  { number: 12, end: 52, drop: 34 },
];

/** The point of the chest wall at an angle and height, `depth` mm inside the fascia. */
function onWall(angle: number, z: number, depth: number): readonly [number, number] {
  const yc = (skinFront(z) + skinBack(z)) / 2;
  const [ux, uy] = [Math.sin(angle), Math.cos(angle)];
  let [low, high] = [20, 200];
  for (let n = 0; n < 30; n++) {
    const r = (low + high) / 2;
    if (fascia(ux * r, yc + uy * r, z) + depth < 0) low = r;
    else high = r;
  }
  return [ux * low, yc + uy * low];
}

function headOf(number: number): readonly [number, number] {
  const v = vertebrae.find((one) => one.name === `T${number}`);
  const [, y, z] = v?.frame.origin ?? [0, 50, 300];
  return [y, z + 9];
}

/** Centre line of a left rib: x, y, z and half its height. */
export function ribLine(plan: RibPlan): TubePoint[] {
  const [y0, z0] = headOf(plan.number);
  const half = plan.number === 12 ? 4.2 : 5.6;
  const points: TubePoint[] = [
    [17, y0 + 8, z0, 4.2],
    [27, y0 + 22, z0 - 1, 4.4],
    [36, y0 + 28, z0 - 3, half],
  ];
  const start = 30;
  const steps = 14;
  for (let n = 0; n <= steps; n++) {
    const t = n / steps;
    const degrees = mix(start, plan.end, t);
    const z = z0 - 6 - (plan.drop - 6) * (0.25 * t + 0.75 * t * t * (1.6 - 0.6 * t));
    const depth = 7 + 11 * clamp((48 - degrees) / 22, 0, 1);
    const [x, y] = onWall((degrees * Math.PI) / 180, z, depth);
    // The first point on the wall must lie outside the transverse process.
    if (x > 44) points.push([x, y, z, n === steps ? half * 0.9 : half]);
  }
  return tube(points, 3);
}

/** Ribs 5 to 12 of both sides as flat bars: about 12 mm high and 6.5 mm thick. */
export function ribField(): Field {
  const field = new Field({ min: [-160, -112, 70], max: [160, 112, top + 4] }, 1.5);
  for (const plan of ribPlans) {
    const line = ribLine(plan);
    for (const points of [line, mirrored(line)]) addFlatTube(field, points, 0.56);
  }
  return field;
}

/** Costal cartilages of ribs 6 to 10 up to the xiphoid, and the xiphoid itself. */
export function cartilageField(): Field {
  const field = new Field({ min: [-150, -116, 90], max: [150, -20, top + 4] }, 1.5);
  const ends = ribPlans
    .filter((p) => p.number >= 6 && p.number <= 10)
    .map((p) => ribLine(p).at(-1) as TubePoint);
  const arch = (from: TubePoint): TubePoint[] => {
    const points: TubePoint[] = [[from[0], from[1], from[2], 5.4]];
    const angle0 = Math.atan2(from[0], from[1]);
    for (let n = 1; n <= 6; n++) {
      const t = n / 6;
      const angle = mix(angle0, Math.PI - 0.12, t);
      const z = from[2] - 9 * Math.sin(Math.PI * t * 0.8) + (236 - from[2]) * t ** 1.7;
      const [x, y] = onWall(angle, z, 8);
      points.push([x, y, z, 5]);
    }
    return tube(points, 3);
  };
  for (const end of ends) {
    const line = arch(end);
    for (const points of [line, mirrored(line)]) addFlatTube(field, points, 0.7);
  }
  return field;
}

export function sternumField(): Field {
  const line = spline([
    [0, skinFront(206) + 26, 206, 5],
    [0, skinFront(222) + 24, 222, 9],
    [0, skinFront(240) + 22, 240, 15],
    [0, skinFront(280) + 22, 280, 17],
  ]);
  const f: Sdf = (x, y, z) => {
    const t = clamp((z - 206) / 74, 0, 1);
    const [, cy, , w] = line(t) as [number, number, number, number];
    return Math.max(ellipse(x, y - cy, w, 5.5), 206 - z);
  };
  return Field.of({ min: [-24, -104, 200], max: [24, -70, top + 4] }, 1.5, f);
}

/** Unites bars whose section is an ellipse: tall along z, thin across the wall. */
function addFlatTube(field: Field, points: readonly TubePoint[], flatness: number): void {
  for (let n = 1; n < points.length; n++) {
    const [a, b] = [points[n - 1] as TubePoint, points[n] as TubePoint];
    const reach = 6 + Math.max(a[3], b[3]);
    const [bx, by, bz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
    const inverse = 1 / (bx * bx + by * by + bz * bz || 1);
    // Across the wall: horizontal and square to the rib.
    const h = Math.hypot(bx, by) || 1;
    const [qx, qy] = [-by / h, bx / h];
    field.forEachNode(
      [Math.min(a[0], b[0]) - reach, Math.min(a[1], b[1]) - reach, Math.min(a[2], b[2]) - reach],
      [Math.max(a[0], b[0]) + reach, Math.max(a[1], b[1]) + reach, Math.max(a[2], b[2]) + reach],
      (index, x, y, z) => {
        const [px, py, pz] = [x - a[0], y - a[1], z - a[2]];
        const t = clamp((px * bx + py * by + pz * bz) * inverse, 0, 1);
        const [dx, dy, dz] = [px - bx * t, py - by * t, pz - bz * t];
        const across = dx * qx + dy * qy;
        const rest = Math.sqrt(Math.max(0, dx * dx + dy * dy + dz * dz - across * across));
        const r = mix(a[3], b[3], t);
        const d = ellipse(across, rest, r * flatness, r);
        if (d < (field.data[index] as number)) field.data[index] = d;
      },
    );
  }
}

/** Between fascia and pleura: the muscles among the ribs. */
export const chestWall: Sdf = (x, y, z) =>
  Math.max(fascia(x, y, z), -(fascia(x, y, z) + wallThickness(x, y, z)));
