import { ImageVolume, utilities } from '@cornerstonejs/core';
import type vtkImageData from '@kitware/vtk.js/Common/DataModel/ImageData';
import type vtkOpenGLTexture from '@kitware/vtk.js/Rendering/OpenGL/Texture';
import {
  cross,
  dot,
  norm,
  origin,
  scale,
  stepI,
  stepJ,
  stepK,
  type Vec3,
  type Volume,
  type VoxelArray,
  type VoxelType,
  voxelTypeOf,
} from '@yuepian/geometry';
import type { GlWindow } from './stage.ts';

const arrayName: Record<VoxelType, 'Uint8Array' | 'Int16Array' | 'Uint16Array' | 'Float32Array'> = {
  uint8: 'Uint8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  float32: 'Float32Array',
};

interface StreamingTexture {
  setOpenGLRenderWindow(w: unknown): void;
  enableUseHalfFloat(on: boolean): void;
  setOglNorm16Ext(extension: unknown): void;
  resetFormatAndType(): void;
  setTextureParameters(p: object): void;
  create3DFromRaw(p: object): void;
  getUpdatedFrames(): unknown[];
  getHandle(): WebGLTexture | 0 | null;
  getOpenGLDataType(type: string): number;
  releaseGraphicsResources(w: unknown): void;
  setMinificationFilter(f: number): void;
  setMagnificationFilter(f: number): void;
}

const linear = 1;

/**
 * One level of a volume on the graphics card: Cornerstone's volume object, whose texture the planes
 * and the 3D view share. The voxels are uploaded by us, a slab at a time, because Cornerstone's own
 * `modified()` uploads everything again; it is not put into Cornerstone's cache, so its texture
 * update finds nothing to do. Nothing is copied: `volume.data` stays the only copy in memory.
 */
export class VolumeTexture {
  readonly volume: Volume;
  readonly type: VoxelType;
  readonly #image: ImageVolume;
  readonly #window: GlWindow;
  #allocated = false;

  constructor(id: string, volume: Volume, window: GlWindow, norm16: boolean) {
    this.volume = volume;
    this.type = voxelTypeOf(volume.data);
    this.#window = window;
    const { affine, size } = volume;
    const [i, j, k] = [stepI(affine), stepJ(affine), stepK(affine)];
    this.#image = new ImageVolume({
      volumeId: id,
      imageIds: [],
      dataType: arrayName[this.type],
      dimensions: [size[0], size[1], size[2]],
      spacing: [norm(i), norm(j), norm(k)],
      origin: [...origin(affine)],
      direction: [i, j, k].flatMap((s) => [...scale(s, 1 / norm(s))]),
      metadata: { FrameOfReferenceUID: volume.frameOfReferenceUid },
      voxelManager: utilities.VoxelManager.createScalarVolumeVoxelManager({
        dimensions: [size[0], size[1], size[2]],
        scalarData: volume.data,
        numberOfComponents: 1,
      }),
    } as unknown as ConstructorParameters<typeof ImageVolume>[0]);
    this.#allocate(norm16);
  }

  get imageData(): vtkImageData {
    const { imageData } = this.#image;
    if (!imageData) throw new Error('the volume was released');
    return imageData;
  }
  get texture(): vtkOpenGLTexture {
    return this.#image.vtkOpenGLTexture;
  }
  get handle(): WebGLTexture | null {
    return this.#streaming.getHandle() || null;
  }
  /** Texture sample → voxel value: normalised formats come back as 0…1 or −1…1. */
  get sampleScale(): number {
    const gl = this.#window.getContext();
    switch (this.#streaming.getOpenGLDataType(arrayName[this.type])) {
      case gl.UNSIGNED_BYTE:
        return 255;
      case gl.SHORT:
        return 32767;
      case gl.UNSIGNED_SHORT:
        return 65535;
      default:
        return 1;
    }
  }

  /** Puts slices [first, first + count) on the card; a few ms for 8 MB. */
  upload(first: number, count: number): void {
    const gl = this.#window.getContext();
    const [nx, ny] = this.volume.size;
    const part = this.volume.data.subarray(nx * ny * first, nx * ny * (first + count));
    const glType = this.#streaming.getOpenGLDataType(arrayName[this.type]);
    const pixels: VoxelArray =
      glType === gl.FLOAT && !(part instanceof Float32Array) ? Float32Array.from(part) : part;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, this.handle);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, first, nx, ny, count, gl.RED, glType, pixels);
    gl.bindTexture(gl.TEXTURE_3D, null);
  }

  release(): void {
    if (!this.#allocated) return;
    this.#allocated = false;
    this.#streaming.releaseGraphicsResources(this.#window);
    this.#image.imageData?.delete();
  }

  get #streaming(): StreamingTexture {
    return this.#image.vtkOpenGLTexture as unknown as StreamingTexture;
  }

  #allocate(norm16: boolean): void {
    const gl = this.#window.getContext();
    const [width, height, depth] = this.volume.size;
    const dataType = arrayName[this.type];
    const t = this.#streaming;
    t.setOpenGLRenderWindow(this.#window);
    t.enableUseHalfFloat(false);
    t.setOglNorm16Ext(norm16 ? gl.getExtension('EXT_texture_norm16') : null);
    t.resetFormatAndType();
    t.setTextureParameters({ width, height, depth, numberOfComponents: 1, dataType });
    t.setMinificationFilter(linear);
    t.setMagnificationFilter(linear);
    t.create3DFromRaw({ width, height, depth, numComps: 1, dataType, data: null });
    t.getUpdatedFrames().length = 0;
    this.#allocated = true;
  }
}

/** True where the grid is left-handed (k against i × j). */
export const leftHanded = (v: Volume): boolean =>
  dot(cross(stepI(v.affine), stepJ(v.affine)) as Vec3, stepK(v.affine)) < 0;
