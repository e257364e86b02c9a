import type { TubePoint } from '../core/curve.ts';
import { mirrored, tube } from '../core/curve.ts';
import { type Box, Field } from '../core/field.ts';
import type { Noise } from '../core/noise.ts';
import {
  capsule,
  clamp,
  ellipsoid,
  mix,
  roundBox,
  type Sdf,
  smax,
  smin,
  smoothstep,
} from '../core/sdf.ts';

/**
 * The frame of the MR phantom, LPS mm: x = 0 midline; y = 0 and z = 0 near the anterior commissure.
 * Sizes of an adult woman's head.
 */
export const bottom = -114;
export const top = 104;
/** What a scan covers: 256 × 256 mm, 216 mm long. */
export const covered: Box = { min: [-128, -136, -112], max: [128, 120, 104] };
export const headBox: Box = { min: [-104, -136, bottom - 4], max: [104, 118, top + 4] };

/** Tentorium over the cerebellum: highest in the middle in front, falling to the sides and back. */
export const tentorium = (x: number, y: number): number =>
  -16 + 30 * Math.exp(-((x / 36) ** 2)) * clamp((88 - y) / 62, 0, 1);

/** Inside of the skull, with the spinal canal. */
export const vault: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  // Wider behind than in front.
  const wide = 69 - 6 * clamp(-y / 80, 0, 1) + 2 * clamp(y / 50, 0, 1);
  let main = ellipsoid(x, y - 4, z - 20, wide, 88, 64);
  // Floors: over the eyes, beside and behind; in the middle the clivus slopes down to the canal.
  const side = mix(-2, -44, smoothstep(-44, -14, y)) - 4 * smoothstep(14, 40, a);
  const sella = mix(-3, -11, smoothstep(-46, -26, y));
  const clivus = mix(sella, -60, smoothstep(-10, 34, y));
  const floor = mix(clivus, side, smoothstep(9, 24, a));
  main = smax(main, floor - z, 10);
  const temporal = ellipsoid(a - 43, y + 14, z + 20, 25, 37, 26);
  const behind = ellipsoid(x, y - 48, z + 32, 55, 41, 34);
  const canal = capsule(x, y, z, [0, 24, -44], [0, 34, -125], 15, 11.5);
  const d = smin(smin(smin(main, temporal, 10), behind, 12), canal, 8);
  // The petrous ridges stand between middle and posterior fossa.
  const ridge = capsule(a, y, z, [19, 3, -36], [66, 34, -35], 8, 14);
  return smax(d, -ridge, 6);
};

/** Line of the petrous ridge in an axial plane: temporal lobe before it, cerebellum behind. */
export const petrousRidge = (x: number): number => 2 + (Math.abs(x) - 16) * 0.62;

/** Thickness of the vault's bone, mm: thin at the temples, thick behind and at the base. */
export const boneThickness = (x: number, y: number, z: number): number =>
  6.2 +
  1.6 * smoothstep(20, 95, y) -
  2.2 * smoothstep(48, 66, Math.abs(x)) * smoothstep(40, 0, z) +
  2 * smoothstep(-10, -40, z);

const face: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  const cheeks = ellipsoid(x, y + 42, z + 52, 63, 56, 62);
  const ramus = ellipsoid(a - 36, y - 2, z + 50, 33, 40, 44);
  const jaw = capsule(a, y, z, [40, -22, -84], [14, -80, -104], 21, 16);
  const chin = ellipsoid(x, y + 84, z + 104, 21, 20, 17);
  const muzzle = ellipsoid(x, y + 76, z + 72, 33, 33, 30);
  return smin(smin(smin(smin(cheeks, ramus, 16), jaw, 22), chin, 14), muzzle, 18);
};

const noseShape: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  const bridge = capsule(x, y, z, [0, -93, -6], [0, -114, -42], 6, 9);
  const wings = ellipsoid(a - 10, y + 103, z + 46, 9, 12, 8);
  return smin(bridge, wings, 8);
};

const ear: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  // A shell that stands off the head, tilted back, with a hollow in front.
  const off = a - 77 - (y - 8) * 0.3;
  const outline = Math.hypot((y - 13 - (z + 18) * 0.2) / 15, (z + 18) / 29) - 1;
  const shell = smax(Math.abs(off) - 3, outline * 15, 4);
  const hollow = ellipsoid(off - 3, y - 11, z + 16, 4, 8, 16);
  return smax(shell, -hollow, 2);
};

/** Outer skin of head and neck. */
export const headSkin: Sdf = (x, y, z) => {
  const a = Math.abs(x);
  const cranium = ellipsoid(x, y - 4, z - 17, 79 + 3 * clamp(y / 60, -1, 1), 101, 78);
  let d = smin(cranium, face(x, y, z), 26);
  // Orbits are hollows with the lids in them; the brow stands over them.
  const orbit = ellipsoid(a - 32, y + 108, z + 14, 20, 21, 14);
  d = smax(d, -orbit, 14);
  const lid = ellipsoid(a - 32, y + 77, z + 12, 17, 14.2, 13.5);
  d = smin(d, lid, 9);
  const slit = capsule(a, y, z, [22, -92, -15], [32, -93.5, -16], 0.9, 1.1);
  const slit2 = capsule(a, y, z, [32, -93.5, -16], [42, -89, -14.5], 1.1, 0.8);
  d = smax(d, -Math.min(slit, slit2), 2);
  d = smin(d, noseShape(x, y, z), 8);
  const lips = capsule(a, y, z, [0, -107, -73], [17, -101, -73], 5.2, 3);
  const mouth = capsule(a, y, z, [0, -115, -73.5], [20, -106, -73], 1.4, 1);
  d = smax(smin(d, lips, 6), -mouth, 2.5);
  const neck = smax(ellipsoid(x, y - 24, 0, 58, 62, 1e4), z + 44, 30);
  d = smin(d, neck, 34);
  return smin(d, ear(x, y, z), 4);
};

/** Calvaria, base, upper jaw and cheek bones as one shape; what lies inside the vault is cut out. */
export function skullField(vaultField: Field, rough: Noise): Field {
  return Field.of(
    { min: [-86, -112, -66], max: [86, 108, 100] },
    1.5,
    (x, y, z) => {
      const a = Math.abs(x);
      const inner = vaultField.at(x, y, z);
      if (inner > 45) return inner;
      const shell = inner - boneThickness(x, y, z);
      // The neck's canal has no skull round it.
      let d = z < -50 ? smax(shell, -54 - z, 3) : shell;
      const petrous = capsule(a, y, z, [19, 3, -38], [64, 32, -38], 8, 14);
      const clivus = capsule(x, y, z, [0, -14, -20], [0, 10, -52], 9, 7);
      const brow = capsule(a, y, z, [2, -88, 5], [48, -74, 1], 6.5, 6);
      const cheek = capsule(a, y, z, [48, -76, 0], [56, -66, -24], 5.5, 6.5);
      const arch = capsule(a, y, z, [56, -66, -26], [68, -10, -26], 5, 4);
      const body = ellipsoid(a - 24, y + 66, z + 40, 19, 24, 23);
      const alveolar = Math.hypot(Math.hypot(x / 0.92, (y + 60) / 1.06) - 28, (z + 61) * 0.7) - 5.5;
      const maxilla = smin(body, smax(alveolar, y + 52, 6), 6);
      const palate = roundBox(x, y + 66, z + 58, 24, 24, 3, 3);
      const nasal = capsule(a, y, z, [3, -94, -4], [4, -102, -22], 3, 2.5);
      const sphenoid = ellipsoid(x, y + 22, z + 18, 24, 17, 14);
      const pterygoid = capsule(a, y, z, [14, -28, -28], [16, -30, -54], 4, 3.5);
      d = smin(d, smin(petrous, clivus, 6), 6);
      d = smin(d, smin(smin(brow, cheek, 5), smin(arch, nasal, 3), 4), 6);
      d = smin(d, smin(smin(maxilla, palate, 4), smin(sphenoid, pterygoid, 4), 5), 6);
      d = smax(d, -inner, 1.5);
      // Sockets of the eyes: cones that meet behind.
      const socket = capsule(a, y, z, [32, -74, -12], [15, -34, -10], 18, 4);
      d = smax(d, -socket, 3);
      return d + 0.5 * rough(x, y, z);
    },
    5,
    1.5,
  );
}

/** Lower jaw with its joint, as one bar on each side. */
export function mandibleField(): Field {
  const side = tube(
    [
      [54, -6, -34, 5.5],
      [52, -10, -56, 6.5],
      [48, -18, -82, 8],
      [36, -48, -94, 8.5],
      [20, -76, -100, 8.5],
      [0, -86, -102, 9],
    ],
    4,
  );
  const coronoid = tube(
    [
      [50, -16, -76, 6],
      [52, -26, -48, 4],
      [53, -28, -36, 2.5],
    ],
    4,
  );
  const field = new Field({ min: [-66, -102, -116], max: [66, 8, -26] }, 1.75);
  for (const line of [side, coronoid]) field.addTube(line, 5).addTube(mirrored(line), 5);
  return field;
}

/** Teeth as two rows of pegs. */
export function teethField(): Field {
  const field = new Field({ min: [-40, -104, -96], max: [40, -44, -56] }, 1.5);
  for (let n = -7; n <= 7; n++) {
    if (n === 0) continue;
    const t = (n - Math.sign(n) * 0.5) / 7;
    const angle = t * 1.45;
    const x = 27 * Math.sin(angle);
    const y = -60 - 32 * Math.cos(angle);
    const r = Math.abs(n) > 4 ? 4.6 : 3.2;
    field.addTube(
      [
        [x, y, -60, r * 0.8],
        [x, y - 1, -71, r],
      ],
      4,
    );
    field.addTube(
      [
        [x, y + 1, -76, r],
        [x, y + 2, -88, r * 0.8],
      ],
      4,
    );
  }
  return field;
}

/** C1 to C3: rings round the canal and bodies in front of it. */
export function cervicalField(): Field {
  const levels: readonly (readonly [number, number])[] = [
    [-68, 0],
    [-84, 1],
    [-102, 1],
    [-120, 1],
  ];
  return Field.of({ min: [-44, -6, -118], max: [44, 88, -54] }, 1.75, (x, y, z) => {
    const a = Math.abs(x);
    let d = 40;
    for (const [z0, body] of levels) {
      const yc = 32 + (-z0 - 60) * 0.03;
      const dz = z - z0;
      const ring = Math.hypot(Math.hypot(x / 1.08, y - yc) - 17, dz * 0.8) - 4.6;
      const lateral = ellipsoid(a - 22, y - yc + 8, dz, 10, 9, 7.5);
      d = Math.min(d, smin(ring, lateral, 4));
      if (body) {
        d = Math.min(d, smax(ellipsoid(x, y - yc + 19, dz, 12, 9.5, 30), Math.abs(dz) - 6.8, 2));
        d = smin(d, capsule(x, y, dz, [0, yc + 17, -1], [0, yc + 34, -6], 4, 4.5), 4);
      } else {
        // The dens stands behind the arch of C1.
        d = Math.min(d, capsule(x, y, z, [0, yc - 17, -84], [0, yc - 15, -64], 6, 4.5));
      }
    }
    return d;
  });
}

/** Air: nose, sinuses, throat; ear canals and mastoid cells. */
export function airField(cells: Noise, skin: Field): Field {
  const throat: readonly TubePoint[] = [
    [0, -30, -34, 9],
    [0, -16, -48, 9.5],
    [0, -10, -70, 8],
    [0, -12, -92, 8.5],
    [0, -16, -124, 9],
  ];
  const field = new Field({ min: [-84, -118, -120], max: [84, 52, 32] }, 1.5);
  const line = tube(throat, 3);
  field.addTube(line, 5);
  return field.map((d, x, y, z) => {
    const a = Math.abs(x);
    let out = d;
    const passage = smax(ellipsoid(a - 6, y + 70, z + 38, 5.4, 40, 19), -(y + 110), 3);
    const turbinate = Math.min(
      capsule(a, y, z, [8, -84, -47], [8, -46, -46], 4.2, 3.6),
      capsule(a, y, z, [8, -76, -34], [8, -48, -34], 3.2, 2.8),
    );
    out = Math.min(out, smax(passage, 0.8 - turbinate, 2));
    const nostril = capsule(a, y, z, [7, -100, -52], [6, -98, -42], 3.8, 4);
    out = Math.min(out, nostril);
    out = Math.min(out, ellipsoid(a - 25, y + 65, z + 39, 14.5, 19.5, 18.5) + 1.2 * cells(x, y, z));
    out = Math.min(
      out,
      smax(ellipsoid(a - 10, y + 88.5, z - 8, 10, 3.4, 8) + 0.8 * cells(x, y, z), 1 - a, 1),
    );
    out = Math.min(out, smax(ellipsoid(x, y + 22, z + 20, 14, 12, 9), 0.7 - Math.abs(x - 2), 1));
    const ethmoid = ellipsoid(a - 9, y + 58, z + 12, 6.5, 22, 9);
    const mastoid = ellipsoid(a - 56, y - 26, z + 40, 9, 11, 14);
    const mosaic = 2.2 * Math.abs(cells(x * 1.7, y * 1.7, z * 1.7)) - 0.9;
    out = Math.min(out, smax(Math.min(ethmoid, mastoid), -mosaic * 2, 1));
    const canal = capsule(a, y, z, [80, 8, -22], [54, 6, -22], 3.2, 2.6);
    return Math.max(Math.min(out, canal), skin.at(x, y, z) - 1);
  });
}
