import {
  affineFromSteps,
  patientPoint,
  stepI,
  stepJ,
  stepK,
  toPatient,
  toVoxel,
  type Volume,
} from '@yuepian/geometry';
import type { Camera } from './camera.ts';
import { type Grid, parallelAxis } from './grid.ts';

/** A slice as it is stored: all voxels of a volume that have one index along one axis of its grid. */
export interface StoredSlice {
  readonly volume: Volume;
  readonly axis: 0 | 1 | 2;
  readonly index: number;
}

/** Voxels a plane may lie beside a slice's centre and still show that slice. */
const beside = 0.01;

/** The slice a plane shows; undefined where the plane is oblique or lies between two or outside. */
export function storedSlice(volume: Volume, c: Camera): StoredSlice | undefined {
  const axis = parallelAxis(volume, c.normal);
  if (axis === undefined) return undefined;
  const at = toVoxel(volume.affine, patientPoint(...c.centre))[axis];
  const index = Math.round(at);
  if (Math.abs(at - index) > beside || index < 0 || index >= volume.size[axis]) return undefined;
  return { volume, axis, index };
}

/** Its own grid: one voxel thick, in its place in the patient. */
export function gridOf({ volume, axis, index }: StoredSlice): Grid {
  const { affine: a, size } = volume;
  const along = (n: number, there: number, else_: number): number => (n === axis ? there : else_);
  return {
    size: [along(0, 1, size[0]), along(1, 1, size[1]), along(2, 1, size[2])],
    affine: affineFromSteps(
      stepI(a),
      stepJ(a),
      stepK(a),
      toPatient(a, [along(0, index, 0), along(1, index, 0), along(2, index, 0)]),
    ),
  };
}

/** Its voxels, in the volume's order. */
export function voxelsOf(s: StoredSlice): Float32Array<ArrayBuffer> {
  const { data, size } = s.volume;
  const [nx, ny, nz] = size;
  const { axis, index } = s;
  if (axis === 2) return Float32Array.from(data.subarray(nx * ny * index, nx * ny * (index + 1)));
  const voxels = new Float32Array(axis === 1 ? nx * nz : ny * nz);
  if (axis === 1) {
    for (let k = 0; k < nz; k++) {
      const row = nx * (index + ny * k);
      voxels.set(data.subarray(row, row + nx), nx * k);
    }
    return voxels;
  }
  for (let n = 0, o = index; n < voxels.length; n++, o += nx) voxels[n] = data[o] ?? 0;
  return voxels;
}

/** One slice on the card at a time; the next one takes its place. */
export class SliceTexture {
  /** Whether the card blends fractions between texels. */
  readonly isUsable: boolean;
  readonly #gl: WebGL2RenderingContext;
  readonly #handle: WebGLTexture | null;
  #size = '';
  #axis: number | undefined;
  #index: number | undefined;
  /** Not held on to: a volume that was closed must be free to go. */
  #volume: WeakRef<Volume> | undefined;

  constructor(gl: WebGL2RenderingContext) {
    this.isUsable = gl.getExtension('OES_texture_float_linear') !== null;
    this.#gl = gl;
    this.#handle = gl.createTexture();
  }

  /** Brings the slice to the card unless it is there. */
  show(s: StoredSlice): WebGLTexture | null {
    const isThere =
      this.#axis === s.axis && this.#index === s.index && this.#volume?.deref() === s.volume;
    if (!isThere) this.#upload(s);
    return this.#handle;
  }

  release(): void {
    this.#gl.deleteTexture(this.#handle);
  }

  #upload(s: StoredSlice): void {
    const gl = this.#gl;
    const [w, h, d] = gridOf(s).size;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, this.#handle);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    if (this.#size !== `${w}×${h}×${d}`) {
      for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R])
        gl.texParameteri(gl.TEXTURE_3D, wrap, gl.CLAMP_TO_EDGE);
      gl.texImage3D(gl.TEXTURE_3D, 0, gl.R32F, w, h, d, 0, gl.RED, gl.FLOAT, voxelsOf(s));
      this.#size = `${w}×${h}×${d}`;
    } else {
      gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, w, h, d, gl.RED, gl.FLOAT, voxelsOf(s));
    }
    gl.bindTexture(gl.TEXTURE_3D, null);
    this.#axis = s.axis;
    this.#index = s.index;
    this.#volume = new WeakRef(s.volume);
  }
}
