import type { Random } from './random.ts';

export type Noise = (x: number, y: number, z: number) => number;

const side = 32;
const mask = side - 1;

/**
 * Smooth value noise, about −1…1, periodic after 32 wavelengths.
 * @param wavelength mm between independent values
 */
export function valueNoise(random: Random, wavelength: number): Noise {
  const table = new Float32Array(side * side * side);
  for (let i = 0; i < table.length; i++) table[i] = random.between(-1, 1);
  const scale = 1 / wavelength;
  return (x, y, z) => {
    const px = x * scale;
    const py = y * scale;
    const pz = z * scale;
    const ix = Math.floor(px);
    const iy = Math.floor(py);
    const iz = Math.floor(pz);
    const fx = px - ix;
    const fy = py - iy;
    const fz = pz - iz;
    const u = fx * fx * (3 - 2 * fx);
    const v = fy * fy * (3 - 2 * fy);
    const w = fz * fz * (3 - 2 * fz);
    const x0 = ix & mask;
    const x1 = (ix + 1) & mask;
    const y0 = (iy & mask) * side;
    const y1 = ((iy + 1) & mask) * side;
    const z0 = (iz & mask) * side * side;
    const z1 = ((iz + 1) & mask) * side * side;
    const a = mix(at(table, x0 + y0 + z0), at(table, x1 + y0 + z0), u);
    const b = mix(at(table, x0 + y1 + z0), at(table, x1 + y1 + z0), u);
    const c = mix(at(table, x0 + y0 + z1), at(table, x1 + y0 + z1), u);
    const d = mix(at(table, x0 + y1 + z1), at(table, x1 + y1 + z1), u);
    return mix(mix(a, b, v), mix(c, d, v), w);
  };
}

const at = (table: Float32Array, index: number): number => table[index] as number;
const mix = (a: number, b: number, t: number): number => a + (b - a) * t;

/**
 * Signed distance in mm to the zero set of a Gaussian random field whose wavelengths lie in a narrow
 * band: a labyrinth of evenly spaced, branching sheets, as sulci are. To first order: value divided
 * by slope.
 * @param low @param high wavelengths in mm
 */
export function sheetNoise(random: Random, low: number, high: number, waves = 20): Noise {
  const k = new Float64Array(waves * 4);
  for (let n = 0; n < waves; n++) {
    const [dx, dy, dz] = random.direction();
    const frequency = (2 * Math.PI) / random.between(low, high);
    k[n * 4] = dx * frequency;
    k[n * 4 + 1] = dy * frequency;
    k[n * 4 + 2] = dz * frequency;
    k[n * 4 + 3] = random.between(0, 2 * Math.PI);
  }
  // Where the field is flat, no sheet is near: the floor keeps the quotient from exploding.
  const floor = (0.35 * Math.PI * Math.sqrt(waves)) / (low + high);
  return (x, y, z) => {
    let value = 0;
    let gx = 0;
    let gy = 0;
    let gz = 0;
    for (let n = 0; n < k.length; n += 4) {
      const kx = k[n] as number;
      const ky = k[n + 1] as number;
      const kz = k[n + 2] as number;
      const phase = kx * x + ky * y + kz * z + (k[n + 3] as number);
      const s = Math.sin(phase);
      value += Math.cos(phase);
      gx += kx * s;
      gy += ky * s;
      gz += kz * s;
    }
    return value / Math.sqrt(gx * gx + gy * gy + gz * gz + floor * floor);
  };
}

/**
 * A tile of scanner noise, variance 1, with the short correlation of a reconstructed image. Read it
 * with a shifted start for every slice; `index & tileMask` wraps.
 */
export const tileSize = 1024;
export const tileMask = tileSize * tileSize - 1;
export function noiseTile(random: Random): Float32Array {
  const white = new Float32Array(tileSize * tileSize);
  for (let i = 0; i < white.length; i += 2) {
    const r = Math.sqrt(-2 * Math.log(Math.max(random.next(), 1e-12)));
    const angle = 2 * Math.PI * random.next();
    white[i] = r * Math.cos(angle);
    white[i + 1] = r * Math.sin(angle);
  }
  const tile = new Float32Array(white.length);
  // Centre 4, edge neighbours 2, corners 1: sum of squares 36.
  const n = (i: number): number => white[i & tileMask] as number;
  for (let i = 0; i < tile.length; i++) {
    const edges = n(i - 1) + n(i + 1) + n(i - tileSize) + n(i + tileSize);
    const corners =
      n(i - tileSize - 1) + n(i - tileSize + 1) + n(i + tileSize - 1) + n(i + tileSize + 1);
    tile[i] = (4 * n(i) + 2 * edges + corners) / 6;
  }
  return tile;
}
