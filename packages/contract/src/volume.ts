import { z } from 'zod';
import { frameOfReferenceUid, seriesInstanceUid, sopInstanceUid, volumeId } from './ids.ts';
import { voiLut, voiWindow } from './voi.ts';
import { warning } from './warnings.ts';

const finite = z.number();
export const vec3 = z.tuple([finite, finite, finite]);
/** Row-major 3×4, voxel centre → LPS mm; see geometry/affine. */
export const affine = z.tuple([
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
  finite,
]);
export const voxelType = z.enum(['uint8', 'int16', 'uint16', 'float32']);

export const slabCoding = z.enum(['delta-planes+zstd', 'zstd', 'delta-planes+gzip', 'gzip']);
export type SlabCoding = z.infer<typeof slabCoding>;

/**
 * One level of the resolution pyramid. Level 0 is full resolution; a higher level averages
 * `factor` voxels per axis. A slab is `slabSlices` slices (the last may be shorter), fetched as one
 * opaque chunk and coded as `coding` says.
 */
export const volumeLevel = z.object({
  level: z.number().int().nonnegative(),
  factor: vec3,
  size: vec3,
  affine,
  slabSlices: z.number().int().positive(),
  /** Byte length of each coded slab, in order; tells progress. */
  slabBytes: z.array(z.number().int().positive()),
  /**
   * `delta-planes+zstd`: difference along x, zig-zag to unsigned, low-byte plane then high-byte
   * plane, Zstandard (16-bit types); `zstd`: the plain little-endian voxels, Zstandard (other types).
   * With `gzip` in the place of `zstd`: the coarsest level, and pyramids of earlier versions.
   */
  coding: slabCoding,
});
export type VolumeLevel = z.infer<typeof volumeLevel>;

/** What a client needs to show one volume. The grid is always rectangular and uniform. */
export const volumeManifest = z.object({
  version: z.literal(1),
  id: volumeId,
  /**
   * Names this content of the volume. A client adds it to the address of a slab as `?r=…`: the
   * answer may then be kept for ever, and never mixes with a series that has grown since (404).
   */
  revision: z.string().optional(),
  seriesInstanceUid,
  frameOfReferenceUid,
  modality: z.string(),
  /** What tells this volume from its siblings in the series, e.g. "echo 2"; empty when alone. */
  label: z.string(),
  voxelType,
  /** Unit of a voxel value after rescale: HU, BQML, SUVBW… or empty where it has none (MR). */
  unit: z.string(),
  /**
   * Where voxels are SUVbw (g/mL) that the file holds as Bq/mL: SUVbw of 1 Bq/mL, so that dividing by
   * it gives Bq/mL back.
   */
  suvFactor: finite.positive().optional(),
  /** Smallest and largest value of level 0. */
  valueRange: z.tuple([finite, finite]),
  size: vec3,
  affine,
  warnings: z.array(warning),
  windows: z.array(voiWindow),
  invert: z.boolean().default(false),
  levels: z.array(volumeLevel).min(1),
  /** True when the shown grid is resampled from the stored slices (tilt, unequal gaps). */
  resampled: z.boolean(),
  /** For each stored slice, in order along +k: where it came from. Empty for imported NIfTI. */
  source: z.array(
    z.object({ sopInstanceUid, frame: z.number().int().positive(), distance: finite }),
  ),
});
export type VolumeManifest = z.infer<typeof volumeManifest>;

const edge = z.string().regex(/^[APLRHF]{1,3}$/);

/** A series that is no volume: its frames are shown one at a time. */
export const frameStack = z.object({
  seriesInstanceUid,
  frames: z.array(
    z.object({
      sopInstanceUid,
      frame: z.number().int().positive(),
      rows: z.number().int().positive(),
      columns: z.number().int().positive(),
      colour: z.boolean(),
      /** mm between rows and columns; absent where it cannot be trusted. */
      pixelSpacing: z.tuple([finite.positive(), finite.positive()]).optional(),
      /** Letters of the patient's side at each edge (PS3.3 C.7.6.1.1.1); absent where the file says none. */
      edges: z.object({ left: edge, right: edge, top: edge, bottom: edge }).optional(),
      windows: z.array(voiWindow),
      invert: z.boolean(),
      /** Why it cannot be displayed, when it cannot. */
      problem: warning.optional(),
      /** `GET` gives the decoded frame: header JSON in `x-frame`, body = raw little-endian samples. */
      url: z.string(),
    }),
  ),
  /** VOI LUTs that windows of the frames name by number. */
  voiLuts: z.array(voiLut).optional(),
  /** Frames per second from the file, else 10. */
  cineRate: finite.positive(),
  warnings: z.array(warning),
});
export type FrameStack = z.infer<typeof frameStack>;

/** The `x-frame` header of a decoded frame. Samples are little-endian, after rescale, row by row. */
export const decodedFrame = z.object({
  rows: z.number().int().positive(),
  columns: z.number().int().positive(),
  /** 1 grey; 3 RGB interleaved, always uint8. */
  samplesPerPixel: z.union([z.literal(1), z.literal(3)]),
  voxelType,
  /** Smallest and largest sample; a default window where the file has none. */
  valueRange: z.tuple([finite, finite]).optional(),
});
export type DecodedFrame = z.infer<typeof decodedFrame>;
