import { type LabelMap, spacing, toPatient, type Vec3 } from '@yuepian/geometry';
import { type NiftiFile, type NiftiImage, niftiImage } from './nifti.ts';

/** Bytes of label voxels held until the images of the import are known. */
const mostHeld = 2 ** 30;

export interface WaitingLabels {
  /** Without its voxels: those of the file are held no longer than it takes to find the labels. */
  readonly nifti: Pick<NiftiFile, 'file' | 'title' | 'digest'>;
  readonly labels: LabelMap;
}

/**
 * Images and label maps of one import. Which image a label map was drawn on is known only when all
 * files are here: `seg.nii` may come before `t1.nii`.
 */
export class NiftiLabels {
  readonly #images: NiftiImage[] = [];
  readonly #waiting: WaitingLabels[] = [];
  readonly #mostHeld: number;
  #held = 0;

  constructor(bytesAtMost = mostHeld) {
    this.#mostHeld = bytesAtMost;
  }

  image(nifti: NiftiFile): void {
    this.#images.push(niftiImage(nifti));
  }

  /** @returns false when there is no room for it. */
  wait({ file, title, digest }: NiftiFile, labels: LabelMap): boolean {
    const bytes = labels.data.byteLength;
    if (this.#held + bytes > this.#mostHeld) return false;
    this.#held += bytes;
    this.#waiting.push({ nifti: { file, title, digest }, labels });
    return true;
  }

  /** Each label map with its image: the one on the same grid whose name is the most alike. */
  *matched(): Generator<WaitingLabels & { readonly image: NiftiImage | undefined }> {
    for (const one of this.#waiting.splice(0)) {
      const fitting = this.#images.filter((image) => sameGrid(image.grid, one.labels));
      const [image] = fitting.sort(
        (a, b) => alike(b.title, one.nifti.title) - alike(a.title, one.nifti.title),
      );
      yield { ...one, image };
    }
  }
}

type Grid = Pick<LabelMap, 'size' | 'affine'>;

/** The same voxels, up to the rounding of a header's floats: no corner off by a tenth of a voxel. */
function sameGrid(a: Grid, b: Grid): boolean {
  if (a.size.some((n, axis) => n !== b.size[axis])) return false;
  const edge = Math.min(...spacing(a.affine));
  const [nx, ny, nz] = a.size;
  const corners: Vec3[] = [
    [0, 0, 0],
    [nx, 0, 0],
    [0, ny, 0],
    [0, 0, nz],
  ];
  return corners.every((corner) => {
    const [p, q] = [toPatient(a.affine, corner), toPatient(b.affine, corner)];
    return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) < 0.1 * edge;
  });
}

/** Length of the common beginning. */
function alike(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}
