import type { Vec3 } from '@yuepian/geometry';
import { mirrored, spline, type TubePoint, tube } from '../core/curve.ts';
import { Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import { capsule, clamp, ellipsoid, mix, smax, smin } from '../core/sdf.ts';

/** Centre of the left femoral head, LPS mm. The right one mirrors it. */
export const femoralHead: Vec3 = [88, -6, -160];
const headRadius = 24;
const socketRadius = 27;

// The left hip bone: rows from the iliac crest (v = 0) to the pelvic brim (v = 1); x, y, z, radius.
const crest: readonly TubePoint[] = [
  [47, 84, -70, 6.5],
  [58, 80, -38, 6.5],
  [82, 60, -8, 5.5],
  [108, 30, 5, 5.5],
  [126, 0, 1, 6],
  [134, -24, -14, 7],
  [133, -46, -42, 5.5],
  [124, -62, -74, 6.5],
];
const brim: readonly TubePoint[] = [
  [54, 70, -92, 8],
  [60, 58, -99, 8.5],
  [68, 40, -107, 10],
  [74, 24, -114, 11],
  [79, 8, -122, 11.5],
  [85, -10, -128, 11],
  [93, -30, -128, 9],
  [102, -46, -120, 7.5],
];

/** The wing as ribs of tube from crest to brim, thin in the middle, thick at both ends. */
function wing(): TubePoint[][] {
  const [upper, lower] = [spline(crest), spline(brim)];
  const [nu, nv] = [120, 14];
  return Array.from({ length: nu + 1 }, (_, iu) => {
    const u = iu / nu;
    const a = upper(u);
    const b = lower(u);
    // An S: the fossa bulges backwards and outwards, the part behind it inwards.
    const bulge =
      13 * Math.sin(Math.PI * clamp((u - 0.12) / 0.88, 0, 1)) -
      5 * Math.exp(-(((u - 0.12) / 0.1) ** 2));
    return Array.from({ length: nv + 1 }, (_, iv) => {
      const v = iv / nv;
      const s = 4 * v * (1 - v) * bulge;
      const at = (n: number) => mix(a[n] as number, b[n] as number, v);
      const r = mix(2.7, at(3), Math.abs(2 * v - 1) ** 2.4);
      return [at(0) + s * 0.62, at(1) + s * 0.7, at(2), r] as const;
    });
  });
}

/** Left and right hip bone in one field; the sides are told apart by x. */
export function pelvisField(rough: Noise): Field {
  const field = new Field({ min: [-150, -84, -244], max: [150, 102, 18] }, 1.5);
  for (const rib of wing()) field.addTube(rib, 4.5).addTube(mirrored(rib), 4.5);
  const [hx, hy, hz] = femoralHead;
  const bars: readonly (readonly TubePoint[])[] = [
    // Anterior and posterior columns of the hip joint.
    [
      [102, -46, -116, 7.5],
      [101, -40, -134, 9],
      [88, -32, -150, 9],
    ],
    [
      [68, 42, -104, 9],
      [78, 34, -128, 12],
      [82, 26, -150, 13],
      [74, 28, -176, 13],
      [64, 32, -198, 13.5],
      [56, 30, -216, 14],
    ],
    [
      [84, 2, -120, 12],
      [88, 0, -136, 15],
    ],
    // Ischial spine.
    [
      [78, 30, -156, 8],
      [62, 42, -160, 3.5],
    ],
    // Superior ramus, body of the pubis, inferior ramus to the ischium.
    [
      [76, -26, -156, 11],
      [58, -40, -158, 8.5],
      [40, -52, -160, 8],
      [24, -60, -166, 9],
      [13, -62, -176, 9.5],
      [11, -60, -190, 8.5],
      [18, -52, -202, 7],
      [32, -28, -213, 7],
      [46, 2, -219, 8.5],
      [55, 22, -219, 12],
    ],
  ];
  for (const bar of bars) {
    const points = tube(bar, 4);
    field.addTube(points, 7).addTube(mirrored(points), 7);
  }
  field.map((d, x, y, z) => {
    if (d > 12) return d;
    const a = Math.abs(x);
    const [px, py, pz] = [a - hx, y - hy, z - hz];
    const r = Math.hypot(px, py, pz);
    let out = d;
    if (r < 48) {
      // The socket: a cup round the head, open outwards, forwards and down.
      const facing = px * 0.74 - py * 0.32 - pz * 0.59;
      const cup = smax(r - 34, facing - 6, 5);
      out = smin(out, cup, 7);
      out = smax(out, -(r - socketRadius), 2);
    }
    // Symphysis: the pubic bones end 2 mm from the midline.
    out = smax(out, 2.2 - a, 2);
    return out + 0.3 * rough(x, y, z);
  });
  return field;
}

/** One femur: head, neck, trochanters, shaft. `side` +1 is the patient's left. */
export function femurField(side: 1 | -1, rough: Noise): Field {
  const [hx, hy, hz] = femoralHead;
  const box = { min: [58, -40, -250], max: [168, 46, -126] } as const;
  const f = (a: number, y: number, z: number): number => {
    const head = Math.hypot(a - hx, y - hy, z - hz) - headRadius;
    const neck = capsule(a, y * 1.0, z, [hx + 8, hy + 2, hz - 7], [126, 6, -190], 15.5, 16.5);
    const greater = ellipsoid(a - 137, y - 15, z + 176, 14.5, 17, 21);
    const crestLine = capsule(a, y, z, [138, 24, -180], [114, 24, -212], 8.5, 8);
    const lesser = ellipsoid(a - 113, y - 20, z + 216, 9.5, 9.5, 11);
    const shaft = capsule(a, y, z, [128, 7, -196], [121, 4, -275], 17.5, 14.5);
    let d = smin(head, neck, 7);
    d = smin(d, shaft, 10);
    d = smin(d, smin(greater, crestLine, 6), 8);
    d = smin(d, lesser, 8);
    return d;
  };
  const sided = {
    min: side > 0 ? box.min : ([-box.max[0], box.min[1], box.min[2]] as const),
    max: side > 0 ? box.max : ([-box.min[0], box.max[1], box.max[2]] as const),
  };
  return Field.of(sided, 1.5, (x, y, z) => f(side * x, y, z) + 0.3 * rough(x, y, z), 8);
}

/** Cartilage: the symphysis. */
export function symphysisField(): Field {
  return Field.of({ min: [-10, -76, -204], max: [10, -44, -156] }, 1.5, (x, y, z) =>
    smax(ellipsoid(x, y + 60, z + 181, 30, 10, 18), Math.abs(x) - 3.4, 2),
  );
}

/** Cartilage and capsule of the hip joints, and of the joints between sacrum and hip bones. */
export function hipJointField(): Field {
  const [hx, hy, hz] = femoralHead;
  return Field.of({ min: [-122, -42, -196], max: [122, 96, -56] }, 2, (x, y, z) => {
    const a = Math.abs(x);
    const hip = Math.hypot(a - hx, y - hy, z - hz) - 29.5;
    const sacroiliac = capsule(a, y, z * 0.7, [64, 34, -62], [50, 66, -60], 9, 9);
    return Math.min(hip, sacroiliac);
  });
}
