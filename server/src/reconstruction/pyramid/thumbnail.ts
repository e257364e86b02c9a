import { type GreyTable, greyCurve, type VoiWindow } from '@yuepian/contract';
import {
  invert,
  spacing,
  stepI,
  stepJ,
  toPatient,
  type Vec3,
  type Volume,
} from '@yuepian/geometry';
import { encodePng } from './png.ts';

export const thumbnailSide = 256;

export interface ThumbnailOptions {
  modality: string;
  window: VoiWindow;
  invert: boolean;
}

/**
 * A square PNG of the middle of a volume: coronal where a CT covers a stretch of the trunk, the
 * slices as acquired where they are thick, axial else. Patient right is on the left, the head is up.
 */
export function volumeThumbnail(volume: Volume, options: ThumbnailOptions): Uint8Array {
  const { right, down } = viewDirections(volume, options.modality);
  const centre = toPatient(volume.affine, middle(volume.size));
  const side = extent(volume, right, down);
  const inverse = invert(volume.affine);
  const pixels = new Uint8Array(thumbnailSide ** 2);
  const shade = grey(options.window, options.invert, !(volume.data instanceof Float32Array));
  const [nx, ny, nz] = volume.size;
  for (let y = 0, p = 0; y < thumbnailSide; y++) {
    const v = ((y + 0.5) / thumbnailSide - 0.5) * side;
    for (let x = 0; x < thumbnailSide; x++, p++) {
      const u = ((x + 0.5) / thumbnailSide - 0.5) * side;
      const [i, j, k] = toPatient(inverse, [
        centre[0] + right[0] * u + down[0] * v,
        centre[1] + right[1] * u + down[1] * v,
        centre[2] + right[2] * u + down[2] * v,
      ]);
      if (i < -0.5 || j < -0.5 || k < -0.5 || i > nx - 0.5 || j > ny - 0.5 || k > nz - 0.5)
        continue;
      pixels[p] = shade(trilinear(volume, i, j, k));
    }
  }
  return encodePng(pixels, thumbnailSide, thumbnailSide, 1);
}

/**
 * A single frame, fitted into the square. `samples` are grey values after the Modality LUT, or
 * interleaved RGB bytes.
 */
export function frameThumbnail(
  samples: ArrayLike<number>,
  frame: { rows: number; columns: number; colour: boolean },
  options: { window: VoiWindow; invert: boolean; table?: GreyTable | undefined },
): Uint8Array {
  const channels = frame.colour ? 3 : 1;
  const pixels = new Uint8Array(thumbnailSide ** 2 * channels);
  const wholeNumbers = !(samples instanceof Float32Array);
  const shade = grey(options.window, options.invert, wholeNumbers, options.table);
  const scale = Math.max(frame.rows, frame.columns) / thumbnailSide;
  const left = (thumbnailSide - frame.columns / scale) / 2;
  const top = (thumbnailSide - frame.rows / scale) / 2;
  for (let y = 0, p = 0; y < thumbnailSide; y++) {
    const row = Math.floor((y + 0.5 - top) * scale);
    for (let x = 0; x < thumbnailSide; x++, p += channels) {
      const column = Math.floor((x + 0.5 - left) * scale);
      if (row < 0 || column < 0 || row >= frame.rows || column >= frame.columns) continue;
      const source = (row * frame.columns + column) * channels;
      for (let c = 0; c < channels; c++) {
        const value = samples[source + c] ?? 0;
        pixels[p + c] = frame.colour ? value : shade(value);
      }
    }
  }
  return encodePng(pixels, thumbnailSide, thumbnailSide, channels);
}

/** To 0…255 (PS3.3 C.11.2). */
function grey(
  window: VoiWindow,
  inverted: boolean,
  wholeNumbers: boolean,
  table?: GreyTable,
): (value: number) => number {
  const curve = greyCurve(window, wholeNumbers, table);
  return (value) => {
    const level = Math.round(255 * curve(value));
    return inverted ? 255 - level : level;
  };
}

const middle = (size: Vec3): Vec3 => [(size[0] - 1) / 2, (size[1] - 1) / 2, (size[2] - 1) / 2];

function viewDirections(volume: Volume, modality: string): { right: Vec3; down: Vec3 } {
  const mm = spacing(volume.affine);
  const corners = corner(volume);
  const height = span(corners, [0, 0, 1]);
  if (modality === 'CT' && height > 260) return { right: [1, 0, 0], down: [0, 0, -1] };
  if (Math.max(...mm) > 2.5 * Math.min(...mm)) {
    return { right: unit(stepI(volume.affine)), down: unit(stepJ(volume.affine)) };
  }
  return { right: [1, 0, 0], down: [0, 1, 0] };
}

const unit = (v: Vec3): Vec3 => {
  const n = Math.hypot(...v);
  return [v[0] / n, v[1] / n, v[2] / n];
};

function corner(volume: Volume): Vec3[] {
  const [nx, ny, nz] = volume.size;
  const ends = (n: number): number[] => [-0.5, n - 0.5];
  return ends(nx).flatMap((i) =>
    ends(ny).flatMap((j) => ends(nz).map((k) => toPatient(volume.affine, [i, j, k]))),
  );
}

function span(points: readonly Vec3[], direction: Vec3): number {
  const along = points.map((p) => p[0] * direction[0] + p[1] * direction[1] + p[2] * direction[2]);
  return Math.max(...along) - Math.min(...along);
}

const extent = (volume: Volume, right: Vec3, down: Vec3): number => {
  const corners = corner(volume);
  return Math.max(span(corners, right), span(corners, down));
};

function trilinear(volume: Volume, i: number, j: number, k: number): number {
  const [nx, ny, nz] = volume.size;
  const place = (v: number, n: number): readonly [number, number, number] => {
    const c = Math.max(0, Math.min(n - 1, v));
    const low = Math.floor(c);
    return [low, Math.min(n - 1, low + 1), c - low];
  };
  const [i0, i1, fi] = place(i, nx);
  const [j0, j1, fj] = place(j, ny);
  const [k0, k1, fk] = place(k, nz);
  const at = (a: number, b: number, c: number): number =>
    volume.data[a + nx * (b + ny * c)] as number;
  const row = (b: number, c: number): number => at(i0, b, c) * (1 - fi) + at(i1, b, c) * fi;
  const plane = (c: number): number => row(j0, c) * (1 - fj) + row(j1, c) * fj;
  return plane(k0) * (1 - fk) + plane(k1) * fk;
}
