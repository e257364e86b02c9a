import { constants, zstdCompressSync } from 'node:zlib';
import {
  encodePlanes,
  type VoiWindow,
  type VolumeManifest,
  volumeManifest,
} from '@yuepian/contract';
import {
  type Affine,
  createVoxels,
  downsampledAffine,
  toPatient,
  type Vec3,
  type VoxelArray,
  type VoxelType,
} from '@yuepian/geometry';

export interface Synthetic {
  readonly manifest: VolumeManifest;
  /** Coded slabs by level and number. */
  readonly slabs: ReadonlyMap<string, Buffer>;
  /** Full level, for comparison. */
  readonly data: VoxelArray;
}

interface Options {
  readonly id: string;
  readonly size: Vec3;
  readonly affine: Affine;
  readonly voxelType?: VoxelType;
  readonly modality?: string;
  readonly factors?: readonly number[];
  readonly windows?: readonly VoiWindow[];
  readonly invert?: boolean;
  readonly slabSlices?: number;
  value(p: Vec3): number;
}

/** A volume from a formula of patient space, with its pyramid, coded as the server codes it. */
export function synthesise(o: Options): Synthetic {
  const type = o.voxelType ?? 'int16';
  const [nx, ny, nz] = o.size;
  const data = createVoxels(type, nx * ny * nz);
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) data[at++] = o.value(toPatient(o.affine, [i, j, k]));
    }
  }
  const slabs = new Map<string, Buffer>();
  const factors = [1, ...(o.factors ?? [2, 4])];
  const levels = factors.map((f, level) => {
    const grid = f === 1 ? { size: o.size, data } : average(data, o.size, f, type);
    const affine = f === 1 ? o.affine : downsampledAffine(o.affine, [f, f, f]);
    const slabSlices = o.slabSlices ?? 16;
    const [mx, my, mz] = grid.size;
    const slabBytes: number[] = [];
    for (let first = 0, n = 0; first < mz; first += slabSlices, n++) {
      const part = grid.data.subarray(mx * my * first, mx * my * Math.min(mz, first + slabSlices));
      const raw =
        part instanceof Int16Array || part instanceof Uint16Array
          ? encodePlanes(part, mx)
          : Buffer.from(part.buffer, part.byteOffset, part.byteLength);
      const coded = zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
      slabs.set(`${level}/${n}`, coded);
      slabBytes.push(coded.length);
    }
    const coding = type === 'int16' || type === 'uint16' ? 'delta-planes+zstd' : 'zstd';
    return { level, factor: [f, f, f], size: grid.size, affine, slabSlices, slabBytes, coding };
  });
  const [low, high] = range(data);
  const manifest = volumeManifest.parse({
    version: 1,
    id: o.id,
    seriesInstanceUid: '2.25.1',
    frameOfReferenceUid: '2.25.2',
    modality: o.modality ?? 'CT',
    label: '',
    voxelType: type,
    unit: 'HU',
    valueRange: [low, high],
    size: o.size,
    affine: o.affine,
    warnings: [],
    windows: o.windows ?? [],
    invert: o.invert ?? false,
    levels,
    resampled: false,
    source: [],
  });
  return { manifest, slabs, data };
}

function average(
  data: VoxelArray,
  size: Vec3,
  f: number,
  type: VoxelType,
): { size: Vec3; data: VoxelArray } {
  const n = size.map((x) => Math.max(1, Math.floor(x / f))) as [number, number, number];
  const out = createVoxels(type, n[0] * n[1] * n[2]);
  for (let k = 0, at = 0; k < n[2]; k++) {
    for (let j = 0; j < n[1]; j++) {
      for (let i = 0; i < n[0]; i++) {
        let sum = 0;
        for (let c = 0; c < f * f * f; c++) {
          const x = i * f + (c % f);
          const y = j * f + (Math.floor(c / f) % f);
          const z = k * f + Math.floor(c / (f * f));
          sum += data[x + size[0] * (y + size[1] * z)] as number;
        }
        out[at++] = type === 'float32' ? sum / f ** 3 : Math.round(sum / f ** 3);
      }
    }
  }
  return { size: n, data: out };
}

function range(data: VoxelArray): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

const inSphere = (p: Vec3, c: Vec3, r: number): boolean =>
  Math.hypot(p[0] - c[0], p[1] - c[1], p[2] - c[2]) < r;

/**
 * A patient whose sides cannot be confused. LPS mm, centre (0, 0, 0): body of water, spine behind,
 * a kidney on the LEFT only, a marker in the head end and a small one on the right front.
 */
export const landmarks = {
  spine: { centre: [0, 50, 0], value: 700 },
  kidney: { centre: [45, 15, -10], radius: 22, value: 200 },
  head: { centre: [0, 0, 70], radius: 14, value: 400 },
  rightFront: { centre: [-50, -40, 0], radius: 10, value: -500 },
} as const;

export function patientValue(p: Vec3): number {
  const l = landmarks;
  if (Math.hypot(p[0] - l.spine.centre[0], p[1] - l.spine.centre[1]) < 12) return l.spine.value;
  if (inSphere(p, l.kidney.centre, l.kidney.radius)) return l.kidney.value;
  if (inSphere(p, l.head.centre, l.head.radius)) return l.head.value;
  if (inSphere(p, l.rightFront.centre, l.rightFront.radius)) return l.rightFront.value;
  const body = (p[0] / 90) ** 2 + (p[1] / 75) ** 2 + (p[2] / 95) ** 2;
  return body < 1 ? 40 : -1000;
}
