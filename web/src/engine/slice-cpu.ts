import { greyCurve } from '@yuepian/contract';
import { add, scale, type Vec3, type Volume } from '@yuepian/geometry';
import type { Scene } from './scene.ts';
import type { SliceScene } from './slice-pass.ts';
import { slabSampling, texturePlane } from './slice-plan.ts';

/** Pixels computed at most; the rest is scaled up, so that a plain CPU scrolls at a usable pace. */
const pixelLimit = 640 * 640;
/** Pixels computed for a voxel's edge at most: between two voxels there is nothing more to see. */
const pixelsPerVoxel = 3;

/** A plane without a graphics card: trilinear like the shader, slab included, outlines left out. */
export function paintSlice(
  context: CanvasRenderingContext2D,
  slice: SliceScene | undefined,
  scene: Scene,
): void {
  const { width, height } = context.canvas;
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  const volume = scene.shown?.volume;
  if (!slice || !volume) return;
  const limit = Math.min(pixelLimit, (pixelsPerVoxel * Math.max(...volume.size)) ** 2);
  const reduce = Math.min(1, Math.sqrt(limit / (width * height)));
  const size: [number, number] = [
    Math.max(1, Math.round(width * reduce)),
    Math.max(1, Math.round(height * reduce)),
  ];
  const image = new ImageData(size[0], size[1]);
  fill(image, slice, volume, size, scene.shown?.wholeNumbers ?? true);
  const small = new OffscreenCanvas(size[0], size[1]);
  small.getContext('2d', { willReadFrequently: true })?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, width, height);
}

function fill(
  image: ImageData,
  slice: SliceScene,
  volume: Volume,
  size: readonly [number, number],
  wholeNumbers: boolean,
): void {
  const plane = texturePlane(volume, slice.camera, slice.screen, size);
  const { samples, stepMm } = slabSampling(volume, slice.slab);
  const curve = greyCurve({ ...slice.window, function: slice.curve }, wholeNumbers);
  const pixels = new Uint32Array(image.data.buffer);
  const through = scale(plane.through, stepMm);
  const { mode } = slice.slab;
  for (let y = 0; y < size[1]; y++) {
    const row = add(plane.start, scale(plane.upwards, size[1] - y - 0.5));
    for (let x = 0; x < size[0]; x++) {
      const t = add(row, scale(plane.across, x + 0.5));
      let best = mode === 'min' ? Infinity : mode === 'max' ? -Infinity : 0;
      let hits = 0;
      for (let s = 0; s < samples; s++) {
        const value = trilinear(volume, add(t, scale(through, s - (samples - 1) / 2)));
        if (value === undefined) continue;
        hits++;
        if (mode === 'max') best = Math.max(best, value);
        else if (mode === 'min') best = Math.min(best, value);
        else best += value;
      }
      let grey = 0;
      if (hits > 0) {
        const value = mode === 'max' || mode === 'min' ? best : best / hits;
        grey = curve(value);
        if (slice.inverted) grey = 1 - grey;
      }
      const g = Math.round(grey * 255);
      pixels[y * size[0] + x] = 0xff000000 | (g << 16) | (g << 8) | g;
    }
  }
}

/** @param t texture coordinate, 0…1 over the volume's box. */
function trilinear(v: Volume, t: Vec3): number | undefined {
  const [nx, ny, nz] = v.size;
  if (t[0] < 0 || t[1] < 0 || t[2] < 0 || t[0] > 1 || t[1] > 1 || t[2] > 1) return undefined;
  const clamp = (x: number, n: number): number => Math.min(n - 1, Math.max(0, x));
  const [x, y, z] = [
    clamp(t[0] * nx - 0.5, nx),
    clamp(t[1] * ny - 0.5, ny),
    clamp(t[2] * nz - 0.5, nz),
  ];
  const [i, j, k] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  const [fx, fy, fz] = [x - i, y - j, z - k];
  const di = i + 1 < nx ? 1 : 0;
  const dj = j + 1 < ny ? nx : 0;
  const dk = k + 1 < nz ? nx * ny : 0;
  const o = i + nx * (j + ny * k);
  const d = v.data;
  const at = (offset: number): number => d[o + offset] as number;
  const low =
    (at(0) * (1 - fx) + at(di) * fx) * (1 - fy) + (at(dj) * (1 - fx) + at(dj + di) * fx) * fy;
  const high =
    (at(dk) * (1 - fx) + at(dk + di) * fx) * (1 - fy) +
    (at(dk + dj) * (1 - fx) + at(dk + dj + di) * fx) * fy;
  return low * (1 - fz) + high * fz;
}
